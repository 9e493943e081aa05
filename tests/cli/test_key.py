"""`gatekeeper key`: what keys there are, until when, and the public ones to hand out."""

import pytest

from gatekeeper.config.keyhome import codec_of
from tests.cli.conftest import Shell
from tests.house import PEOPLE, person_key


def test_all_keys_are_listed(shell: Shell) -> None:
    """The alias's first, with the end of its two years; the team's in its order."""
    said = shell("key", "list")
    head, alias, *people = [line.split("\t") for line in said.out.splitlines()]
    assert ["FINGERPRINT", "EXPIRES", "STATE", "OWNER"] == head
    assert ["2028-09-02", "usable", "alias"] == alias[1:]
    expected = [
        [person_key(index).fingerprint, "never", "usable", name]
        for index, (name, _) in enumerate(PEOPLE)
    ]
    assert expected == people


def test_as_json(shell: Shell) -> None:
    alias, *people = shell("key", "list", "--json").json
    assert ("alias", True, "2028-09-02T12:00:00Z") == (
        alias["owner"],
        alias["usable"],
        alias["expires_at"],
    )
    assert ["Example security <security@example.org>"] == alias["user_ids"]
    assert [None] * 3 == [person["expires_at"] for person in people]


def test_a_key_that_cannot_be_used_says_why(shell: Shell) -> None:
    fingerprint = person_key(0).fingerprint
    other = shell.site.folder / "keys" / f"{person_key(1).fingerprint}.asc"
    (shell.site.folder / "keys" / f"{fingerprint}.asc").write_bytes(other.read_bytes())
    found = {key["owner"]: key["state"] for key in shell("key", "list", "--json").json}
    assert "another key" == found["Andrea Example"]
    assert "usable" == found["Wei Example"]


@pytest.mark.parametrize("who", [(), ("alias",), ("security@example.org",)], ids=str)
def test_the_alias_key_is_exported(who: tuple[str, ...], shell: Shell) -> None:
    """As it lies there, and nothing secret beside it."""
    said = shell("key", "export", *who)
    assert (shell.site.folder / "alias" / "certificate.asc").read_text() == said.out
    assert "PRIVATE" not in said.out


def test_a_persons_key_is_exported(shell: Shell) -> None:
    fingerprint = person_key(1).fingerprint
    kept = (shell.site.folder / "keys" / f"{fingerprint}.asc").read_text()
    spaced = " ".join(fingerprint[i : i + 4] for i in range(0, 40, 4)).lower()
    assert kept == shell("key", "export", "WEI@team.example").out
    assert kept == shell("key", "export", spaced).out
    found = shell("key", "export", fingerprint, "--json").json
    assert {"fingerprint": fingerprint, "certificate": kept} == found


def test_a_key_that_is_not_there_is_status_4(shell: Shell) -> None:
    said = shell("key", "export", "nobody@example.net")
    assert (4, "") == (said.status, said.out)
    assert "see: gatekeeper key list" in said.err


def test_listing_needs_no_secret(shell: Shell) -> None:
    """Whoever may not read the master key's content may still see which keys there are."""
    master = shell.site.folder / "master.key"
    before = codec_of(shell.site.load())
    master.write_bytes(b"nonsense\n")
    assert repr(before)
    assert 0 == shell("key", "list").status
