"""The alias's key lasts longer after one command, also when it had ended, whatever is killed."""

from pathlib import Path

import pytest

from gatekeeper.config import extending
from gatekeeper.config.certificates import examine
from gatekeeper.config.extending import extend
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of, open_keys
from gatekeeper.config.replacing import put
from gatekeeper.domain.errors import Misconfigured, Refusal
from gatekeeper.domain.instants import DAY, later
from gatekeeper.pgp import health
from tests.config.installation import Installation, use_offline_key
from tests.house import START
from tests.keys import key_of

END = later(START, 2 * 365 * DAY)
LATE = later(START, 800 * DAY)
UNTIL = later(START, 1500 * DAY)


def healthy(site: Installation) -> bool:
    """Say whether the service would start and use the key at LATE."""
    settings = site.load()
    problems = [p for p in examine(settings, now=LATE) if not p.warning]
    with open_keys(settings, codec_of(settings)) as keys:
        wrong = health.check(keys.keyring, settings.alias.fingerprint, now=LATE)
    assert bool(wrong) == bool(problems)
    return not problems


def test_a_key_that_has_ended_works_again(site: Installation) -> None:
    """The service did not start any more; the fingerprint stays, and so do the modes."""
    assert not healthy(site)
    before = site.load().alias
    done = extend(site.load(), until=UNTIL, now=LATE)
    assert (before.fingerprint, END, UNTIL) == (done.fingerprint, done.before, done.after)
    assert healthy(site)
    assert () == examine(site.load(), now=LATE)
    folder = site.folder / "alias"
    assert {"certificate.asc": 0o644, "secret.sealed": 0o600, "revocation.asc": 0o600} == {
        path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()
    }


def test_a_key_is_extended_before_it_ends(site: Installation) -> None:
    done = extend(site.load(), until=UNTIL, now=later(START, DAY))
    assert (END, UNTIL) == (done.before, done.after)
    again = extend(site.load(), until=later(UNTIL, DAY), now=later(START, 2 * DAY))
    assert (UNTIL, later(UNTIL, DAY)) == (again.before, again.after)


def test_nothing_changes_where_it_lasts_that_long(site: Installation) -> None:
    before = [path.read_bytes() for path in sorted((site.folder / "alias").iterdir())]
    with pytest.raises(Refusal, match="that long already"):
        extend(site.load(), until=later(START, DAY), now=later(START, DAY))
    assert before == [path.read_bytes() for path in sorted((site.folder / "alias").iterdir())]


def test_a_key_whose_primary_is_offline_is_extended_elsewhere(site: Installation) -> None:
    use_offline_key(site, until="2028-09-02")
    with pytest.raises(Refusal, match="primary key is not here") as refused:
        extend(site.load(), until=UNTIL, now=START)
    assert "gatekeeper key import" in refused.value.diagnostics()


def test_files_of_another_key_are_not_extended(site: Installation) -> None:
    settings = site.load()
    other = key_of("Mallory <mallory@example.net>")
    sealed = codec_of(settings).wrap(ALIAS_SECRET, other.secret)
    settings.alias.secret.path.write_bytes(sealed)
    with pytest.raises(Misconfigured, match="hold another key"):
        extend(settings, until=UNTIL, now=START)


class Killed(BaseException):
    """The process is gone."""


def test_killed_between_the_two_files_it_works_already(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate counts, and is written first; the secret beside it may be older."""
    written: list[Path] = []

    def once(path: Path, content: bytes, *, secret: bool = False) -> None:
        if written:
            raise Killed
        written.append(path)
        put(path, content, secret=secret)

    monkeypatch.setattr(extending, "put", once)
    with pytest.raises(Killed):
        extend(site.load(), until=UNTIL, now=LATE)
    monkeypatch.undo()
    assert ["certificate.asc"] == [path.name for path in written]
    assert healthy(site)
    done = extend(site.load(), until=later(UNTIL, DAY), now=later(LATE, DAY))
    assert (UNTIL, later(UNTIL, DAY)) == (done.before, done.after)
    assert healthy(site)


def test_killed_before_the_first_file_nothing_has_changed(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(extending, "put", never)
    with pytest.raises(Killed):
        extend(site.load(), until=UNTIL, now=LATE)
    monkeypatch.undo()
    assert not healthy(site)
    extend(site.load(), until=UNTIL, now=LATE)
    assert healthy(site)
