"""A new key of a person comes in by an old one's signature, and by nothing less."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.config import succession
from gatekeeper.config.certificates import examine
from gatekeeper.config.importing import Imported, take
from gatekeeper.config.judging import Standing
from gatekeeper.config.replacing import put
from gatekeeper.config.succession import Claim
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Misconfigured, NotThere, Refusal
from tests.config.installation import Installation
from tests.config.renewing import changed, public, signed
from tests.house import PEOPLE, START, person_key, uid
from tests.keys import Key, key_of
from tests.pgp.conftest import revoked

ANDREA = Address.parse(PEOPLE[0][1])
NEW = uid("Andrea with a new key", PEOPLE[0][1])


def new_key() -> Key:
    return key_of(NEW)


def come(site: Installation, signature: bytes | None, *, of: Key | None = None) -> Imported:
    """Import a new key of Andrea's with that signature."""
    file = public(of or new_key())
    return take(site.load(), file, claim=Claim(signature=signature), now=START)


def contents(site: Installation) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("armored", [True, False])
def test_a_new_key_that_the_old_one_signed_comes_in(armored: bool, site: Installation) -> None:
    """Beside the old one, and team.yaml keeps its comments."""
    before = (site.folder / "team.yaml").read_text()
    file = public(new_key()) if armored else new_key().public
    claim = Claim(signature=signed(person_key(0), file))
    done = take(site.load(), file, claim=claim, now=START)
    assert ("Andrea Example", Standing.TEAM, True) == (done.owner, done.standing, done.added)
    settings = site.load()
    assert (new_key().fingerprint, person_key(0).fingerprint) == settings.team.people[0].keys
    assert () == examine(settings, now=START)
    after = (site.folder / "team.yaml").read_text()
    assert before == after.replace(f"{new_key().fingerprint}, ", "")
    assert {f"{new_key().fingerprint}.asc"} == {
        path.name for path in (site.folder / "keys").iterdir() if new_key().fingerprint in path.name
    }
    assert 0o644 == done.path.stat().st_mode & 0o777


def test_the_person_is_named_where_the_key_does_not_say(site: Installation) -> None:
    """By no user ID, or by those of two people; --for decides."""
    key = key_of("Somebody <somebody@elsewhere.example>")
    signature = signed(person_key(0), public(key))
    with pytest.raises(Refusal, match="do not say whose") as refused:
        come(site, signature, of=key)
    assert "--for ADDRESS" in refused.value.diagnostics()
    claim = Claim(signature=signature, address=Address.parse("ANDREA@team.example"))
    assert "Andrea Example" == take(site.load(), public(key), claim=claim, now=START).owner
    nobody = Claim(signature=signature, address=Address.parse("nobody@team.example"))
    with pytest.raises(NotThere, match=r"nobody of the team has the address"):
        take(site.load(), public(new_key()), claim=nobody, now=START)


def by_a_colleague() -> bytes:
    return signed(person_key(1), public(new_key()))


DOUBTFUL: dict[str, tuple[Callable[[], bytes], str]] = {
    "a colleague's": (by_a_colleague, "is not this person's"),
    "its own": (lambda: signed(new_key(), public(new_key())), "is not this person's"),
    "over the key in another form": (
        lambda: signed(person_key(0), new_key().public),
        "something else than this file",
    ),
    "too old": (
        lambda: signed(person_key(0), public(new_key()), at="20260801T000000!"),
        "counts for 30 days",
    ),
    "of next week": (
        lambda: signed(person_key(0), public(new_key()), at="20260910T000000!"),
        "counts for 30 days",
    ),
    "two": (
        lambda: signed(person_key(0), public(new_key())) * 2,
        "could not be checked",
    ),
    "of a weak digest": (
        lambda: signed(person_key(0), public(new_key()), digest="SHA1"),
        "could not be checked",
    ),
    "no signature": (lambda: b"hello", "could not be checked"),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_another_signature_brings_nothing_in(name: str, site: Installation) -> None:
    make, words = DOUBTFUL[name]
    before = contents(site)
    with pytest.raises(Refusal, match=words) as refused:
        come(site, make())
    assert "ask Andrea Example for another one" in refused.value.diagnostics()
    assert "second person" in refused.value.diagnostics()
    assert before == contents(site)


@pytest.mark.parametrize("state", ["ended", "revoked"])
def test_an_old_key_that_is_of_no_use_vouches_for_nothing(state: str, site: Installation) -> None:
    old = person_key(0)
    signature = signed(old, public(new_key()))
    ended = public(changed(old, ("--quick-set-expire", "{key}", "2026-08-01")))
    block = (
        ended
        if state == "ended"
        else public(Key(fingerprint=old.fingerprint, public=revoked(old), secret=b""))
    )
    (site.folder / "keys" / f"{old.fingerprint}.asc").write_bytes(block)
    with pytest.raises(Refusal, match="has ended" if state == "ended" else "is revoked"):
        come(site, signature)


def test_without_a_signature_it_is_said_what_to_do(site: Installation) -> None:
    """An address in a key proves nothing: anybody can make such a one."""
    before = contents(site)
    with pytest.raises(Refusal, match="no known key of theirs vouches") as refused:
        come(site, None)
    told = refused.value.diagnostics()
    assert "--signature FILE.sig" in told
    assert f"keys/{new_key().fingerprint}.asc" in told
    assert before == contents(site)


def test_a_person_has_eight_keys_at_most(site: Installation) -> None:
    for number in range(7):
        key = key_of(uid(f"Andrea {number}", PEOPLE[0][1]))
        take(
            site.load(),
            public(key),
            claim=Claim(signature=signed(person_key(0), public(key))),
            now=START,
        )
    assert 8 == len(site.load().team.people[0].keys)
    with pytest.raises(Refusal, match="has 8 keys already"):
        come(site, signed(person_key(0), public(new_key())))


def test_a_team_that_cannot_be_changed_in_place_is_told(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "listed_first", lambda text, *_, **__: text)
    before = contents(site)
    with pytest.raises(Misconfigured, match="cannot be changed by this command"):
        come(site, signed(person_key(0), public(new_key())))
    assert before == contents(site)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(3))
def test_whoever_dies_on_the_way_leaves_one_team_or_the_other(
    step: int, site: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before the first file, before team.yaml, and before the key has its name."""
    signature = signed(person_key(0), public(new_key()))
    done: list[str] = []

    def write(path: Path, content: bytes, *, secret: bool = False) -> None:
        if len(done) == step:
            raise Killed
        done.append(path.name)
        put(path, content, secret=secret)

    def rename(self: Path, target: Path) -> Path:
        if self.name.startswith(".") and self.name.endswith(".asc"):
            raise Killed
        shutil.move(self, target)
        return target

    monkeypatch.setattr(succession, "put", write)
    monkeypatch.setattr(Path, "replace", rename)
    with pytest.raises(Killed):
        come(site, signature)
    monkeypatch.undo()
    settings = site.load()
    assert () == examine(settings, now=START)
    assert (step == 2) == (new_key().fingerprint in settings.certificates)
    assert (step < 2) == come(site, signature).added
    assert (False, False) == ((again := come(site, signature)).added, again.changed)
    settings = site.load()
    assert () == examine(settings, now=START)
    assert (new_key().fingerprint, person_key(0).fingerprint) == settings.team.people[0].keys
    assert not list(site.folder.rglob(".*"))
