"""`gatekeeper key extend`, `rotate` and `import`: what people are told, and the exit status."""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatekeeper.config import rotation
from gatekeeper.config.certificates import examine
from gatekeeper.domain.instants import DAY, Instant, later
from tests.cli.conftest import Said, Shell
from tests.config.installation import use_alias_key, use_offline_key
from tests.config.renewing import ending, public, signed
from tests.house import PEOPLE, START, person_key, uid
from tests.keys import key_of
from tests.pgp.offline import offline_key

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"
NEW = uid("Andrea with a new key", PEOPLE[0][1])
NOW = later(START, 30 * DAY)


@pytest.fixture(autouse=True)
def _at_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands of this process find the time that the keys of tests are made for."""
    monkeypatch.setattr("gatekeeper.clock.now", lambda: NOW)


def told(shell: Shell, said: Said) -> str:
    """Return what a command printed, what differs in each run replaced by a word."""
    text = said.out.replace(str(shell.site.folder), "DIR")
    keys = dict.fromkeys(re.findall(r"\b[0-9A-F]{40}\b", text.replace("transition-", " ")))
    for number, key in enumerate(keys):
        text = text.replace(key, f"KEY-{number}")
    return text


def commands(shell: Shell, folder: Path) -> Iterator[tuple[str, Callable[[], Said]]]:
    """Yield each command whose words are reviewed, by the name of its golden text."""

    def file(name: str, content: bytes) -> str:
        (folder / name).write_bytes(content)
        return str(folder / name)

    new = public(key_of(NEW))
    andrea = file("andrea.asc", new)
    signature = file("andrea.asc.sig", signed(person_key(0), new, at="20260920T000000!"))
    wei = file("wei.asc", public(ending(person_key(1), 2029)))
    yield "key-extend", lambda: shell("key", "extend", "--until", "2029-06-01")
    yield "key-rotate", lambda: shell("key", "rotate")
    yield "key-import-new", lambda: shell("key", "import", andrea, "--signature", signature)
    yield "key-import-renewed", lambda: shell("key", "import", wei)
    yield "key-import-again", lambda: shell("key", "import", wei)


def secret_commands(shell: Shell, folder: Path) -> Iterator[tuple[str, Callable[[], Said]]]:
    key = offline_key("Example security <security@example.org>")
    use_alias_key(shell.site, key.whole)
    file = folder / "subkeys"
    file.write_bytes(key.subkeys.secret)
    yield "key-import-secret", lambda: shell("key", "import", "--secret", str(file))


@pytest.mark.parametrize("which", [commands, secret_commands], ids=["all", "secret"])
def test_what_people_are_told_is_as_reviewed(
    which: Callable[[Shell, Path], Iterator[tuple[str, Callable[[], Said]]]],
    shell: Shell,
    tmp_path: Path,
) -> None:
    """One after the other on one installation, which is sound after each."""
    for name, run in which(shell, tmp_path):
        said = run()
        assert (0, "") == (said.status, said.err), name
        expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
        assert expected == told(shell, said), name
        assert max(map(len, said.out.replace(str(shell.site.folder), "DIR").splitlines())) <= 110
        assert [] == [p for p in examine(shell.site.load(), now=NOW) if not p.warning]


def test_every_change_has_json(shell: Shell, tmp_path: Path) -> None:
    """Stable keys for programs; instants as RFC 3339."""
    before = shell.site.load().alias.fingerprint
    extended = shell("key", "extend", "--days", "900", "--json").json
    assert (before, "2028-09-02T12:00:00Z", "2029-03-21T12:00:00Z") == (
        extended["fingerprint"],
        extended["expires_at_before"],
        extended["expires_at"],
    )
    rotated = shell("key", "rotate", "--json").json
    assert (before, shell.site.load().alias.fingerprint) == (rotated["old"], rotated["new"])
    assert (True, False) == (rotated["old_key_signed"], rotated["resumed"])
    for name in ("certificate", "secret", "revocation", "transition"):
        assert Path(rotated[name]).is_file()
    file = tmp_path / "wei.asc"
    file.write_bytes(public(ending(person_key(1), 2029)))
    imported = shell("key", "import", str(file), "--json").json
    assert {
        "owner": "Wei Example",
        "standing": "team",
        "fingerprint": person_key(1).fingerprint,
        "file": str(shell.site.folder / "keys" / f"{person_key(1).fingerprint}.asc"),
        "changed": True,
        "added": False,
        "expires_at_before": None,
        "expires_at": "2029-01-01T00:00:00Z",
        "state": "usable",
        "primary_offline": False,
    } == imported


def test_a_key_that_has_ended_is_extended(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two years from now, when nothing else is said; the service then starts again."""
    monkeypatch.setattr("gatekeeper.clock.now", lambda: later(START, 800 * DAY))
    assert "expired" == shell("key", "list", "--json").json[0]["state"]
    assert 0 == shell("key", "extend").status
    alias = shell("key", "list", "--json").json[0]
    assert ("usable", "2030-11-11T12:00:00Z") == (alias["state"], alias["expires_at"])
    assert 0 == shell("check").status


@pytest.mark.parametrize(
    "words",
    [
        ("--days", "0"),
        ("--days", "4000"),
        ("--days", "many"),
        ("--until", "2029-13-01"),
        ("--until", "soon"),
        ("--until", "2026-09-01"),
        ("--until", "2039-01-01"),
        ("--days", "5", "--until", "2029-01-01"),
    ],
    ids=" ".join,
)
def test_a_wrong_end_is_wrong_usage(words: tuple[str, ...], shell: Shell) -> None:
    assert 2 == shell("key", "extend", *words).status


def test_an_end_that_is_no_later_is_refused(shell: Shell) -> None:
    said = shell("key", "extend", "--days", "10")
    assert (1, "") == (said.status, said.out)
    assert "lasts that long already: name a later day" in said.err


def test_an_offline_key_is_extended_elsewhere_and_imported(shell: Shell, tmp_path: Path) -> None:
    key = use_offline_key(shell.site, until="20270101T000000")
    refused = shell("key", "extend")
    assert 1 == refused.status
    assert "gatekeeper key import FILE" in refused.err
    file = tmp_path / "extended.asc"
    file.write_bytes(public(ending(key.whole, 2029)))
    said = shell("key", "import", str(file))
    assert (0, "") == (said.status, said.err)
    assert "lasts until Mon 2029-01-01 00:00:00Z; before: Fri 2027-01-01 00:00:00Z" in said.out
    assert "key publish" in said.out


def test_what_is_refused_is_status_1_with_what_to_do(shell: Shell, tmp_path: Path) -> None:
    """A key of nobody's, one without a signature, a secret one; and nothing changes."""
    site = shell.site
    before = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    cases = {
        "add --for ADDRESS": public(key_of("Nobody <nobody@example.net>")),
        "add --signature FILE.sig": public(key_of(NEW)),
        "must be replaced": person_key(0).secret,
        "export it anew": b"x" * 300_000,
    }
    file = tmp_path / "key"
    for words, content in cases.items():
        file.write_bytes(content)
        said = shell("key", "import", str(file))
        assert (1, "") == (said.status, said.out), words
        assert words in said.err
        assert "Traceback" not in said.err
    assert before == {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}


def test_wrong_words_for_an_import(shell: Shell, tmp_path: Path) -> None:
    """A file that is not there, a person that is none, a secret that somebody vouches for."""
    file = tmp_path / "key"
    file.write_bytes(public(key_of(NEW)))
    assert 2 == shell("key", "import", str(tmp_path / "gone")).status
    assert 2 == shell("key", "import", str(file), "--for", "nobody").status
    assert 2 == shell("key", "import", str(file), "--secret", "--signature", str(file)).status
    nobody = shell("key", "import", str(file), "--for", "nobody@team.example")
    assert (4, "") == (nobody.status, nobody.out)


def test_a_persons_key_is_imported_for_an_address(shell: Shell, tmp_path: Path) -> None:
    key = key_of("A key without an address")
    file, signature = tmp_path / "key.asc", tmp_path / "key.sig"
    file.write_bytes(public(key))
    signature.write_bytes(signed(person_key(2), public(key), at="20260920T000000!"))
    words = ("--for", PEOPLE[2][1], "--signature", str(signature))
    said = shell("key", "import", str(file), *words, "--json")
    assert ("Sam Example", True) == (said.json["owner"], said.json["added"])
    assert key.fingerprint in shell.site.load().team.people[2].keys


def test_a_rotation_that_was_cut_short_is_told_and_finished(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` says so, and the next `key rotate` goes on from there."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    old = shell.site.load().alias.fingerprint
    monkeypatch.setattr(rotation, "_place", killed)
    assert 130 == shell("key", "rotate").status
    monkeypatch.undo()
    monkeypatch.setattr("gatekeeper.clock.now", lambda: NOW)
    monkeypatch.setenv("RUNTIME_DIRECTORY", shell.site.environ["RUNTIME_DIRECTORY"])
    assert old == shell.site.load().alias.fingerprint
    assert "run: gatekeeper key rotate" in shell("check").err
    said = shell("key", "rotate")
    assert 0 == said.status
    assert "An earlier run had begun this" in said.out
    assert "begun" not in shell("check").err


def test_only_one_change_at_a_time(shell: Shell, tmp_path: Path) -> None:
    """Each of the commands waits for nobody, and says why."""
    file = tmp_path / "key"
    file.write_bytes(person_key(0).public)
    handle = os.open(shell.site.folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for words in (("rotate",), ("extend",), ("import", str(file))):
            said = shell("key", *words)
            assert (1, "") == (said.status, said.out)
            assert "another command is changing keys" in said.err
    finally:
        os.close(handle)


def test_a_rotation_without_the_old_signature_says_so(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatekeeper.clock.now", lambda: Instant(NOW + 1000 * DAY))
    assert "signed by the new key alone" in shell("key", "rotate").out
