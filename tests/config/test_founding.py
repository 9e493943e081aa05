"""A configuration is made whole or not at all: files, keys, modes, the first people."""

import errno
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.config import BadConfiguration, founding, load, shipped
from gatekeeper.config.certificates import examine
from gatekeeper.config.founding import Founding, Recruit, found
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of
from gatekeeper.config.roster import EMPTY
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import GatekeeperError, Misconfigured, OurFault
from gatekeeper.domain.instants import DAY, SECOND
from gatekeeper.pgp.armor import dearmor
from tests.config.installation import armored, recruits
from tests.config.renewing import flooded
from tests.house import PEOPLE, START, person_key
from tests.keys import Key, gpg, key_of, short_home

FAKED = ("--faked-system-time", str(START // SECOND + 60))


def wish(tmp_path: Path) -> Founding:
    """Return the plainest wish."""
    return Founding(folder=tmp_path / "config", domain="example.org", prefix="SEC")


def mode(path: Path) -> int:
    """Return a path's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_there_with_its_mode(tmp_path: Path) -> None:
    """Secrets 0600, folders 0700, whatever the umask; nothing else lies beside."""
    before = os.umask(0)
    try:
        found(wish(tmp_path), now=START)
    finally:
        os.umask(before)
    folder = tmp_path / "config"
    modes = {path.relative_to(folder).as_posix(): mode(path) for path in folder.rglob("*")}
    secrets = {"master.key", "alias/secret.sealed", "alias/revocation.asc"}
    folders = {"alias", "keys", "presets", "state", "templates", "witness"}
    shown = {*shipped.NAMES, *shipped.presets(), *shipped.templates()}
    plain = {*shown, "alias/certificate.asc"}
    assert secrets | folders | plain == set(modes)
    assert {0o600} == {modes[name] for name in secrets}
    assert {0o700} == {modes[name] for name in folders} | {mode(folder)}
    assert {0o644} == {modes[name] for name in plain}
    assert [folder] == list(tmp_path.iterdir())


def test_with_a_team_it_is_sound_as_it_is(tmp_path: Path) -> None:
    """It loads, gpg finds nothing wrong with any key, and says what was wished."""
    made = found(
        replace(
            wish(tmp_path),
            name="Example: a project",
            listen=("::1", "2525"),
            relay=("mail.example.org", "587"),
            database="postgresql://gk@db.example.org/gk",
            team=recruits(tmp_path),
        ),
        now=START,
    )
    settings = load(made.folder)
    assert () == examine(settings, now=START)
    assert "Example: a project" == settings.product_name
    assert ("::1", 2525) == (settings.listeners[0].host, settings.listeners[0].port)
    assert ("mail.example.org", 587) == (settings.relay.host, settings.relay.port)
    assert "postgresql://gk@db.example.org/gk" == settings.database.url
    assert made.fingerprint == settings.alias.fingerprint
    assert Address.parse("security@example.org") == made.address == settings.own.security
    assert [p for _, p in PEOPLE] == [str(person.address) for person in settings.team.people]
    assert {"Example"} == {person.employer for person in settings.team.people}


def test_without_a_team_only_the_team_is_missing(tmp_path: Path) -> None:
    made = found(wish(tmp_path), now=START)
    with pytest.raises(BadConfiguration) as caught:
        load(made.folder)
    assert [EMPTY] == [problem.text for problem in caught.value.problems]


def test_the_comments_stay(tmp_path: Path) -> None:
    """All but the values is the shipped text, byte for byte."""
    made = found(replace(wish(tmp_path), domain="team.example", prefix="GK"), now=START)
    for name in (
        "policy.yaml",
        "team.yaml",
        "keys/README",
        *shipped.presets(),
        *shipped.templates(),
    ):
        assert (shipped.folder() / name).read_bytes() == (made.folder / name).read_bytes()
    old = (shipped.folder() / "gatekeeper.yaml").read_text().splitlines()
    new = (made.folder / "gatekeeper.yaml").read_text().splitlines()
    changed = [after for before, after in zip(old, new, strict=True) if before != after]
    expected = ["domain: team.example", "  issue_prefix: GK", f"  fingerprint: {made.fingerprint}"]
    assert expected == changed


def test_the_alias_key_is_what_it_should_be(tmp_path: Path) -> None:
    """Ed25519 with Curve25519, two years, opened only by the master key."""
    made = found(replace(wish(tmp_path), team=recruits(tmp_path)), now=START)
    settings = load(made.folder)
    with short_home() as home:
        gpg(home, "--import", given=settings.alias.certificate)
        listed = gpg(home, *FAKED, "--with-colons", "--list-keys").decode()
        secret = codec_of(settings).unwrap(ALIAS_SECRET, settings.alias.secret.read())
        gpg(home, "--import", given=secret)
        signed = gpg(home, *FAKED, "--clear-sign", given=b"hello\n")
    rows = [line.split(":") for line in listed.splitlines()]
    primary = next(row for row in rows if row[0] == "pub")
    subkey = next(row for row in rows if row[0] == "sub")
    assert ("22", "ed25519") == (primary[3], primary[16])
    assert ("18", "cv25519", "e") == (subkey[3], subkey[16], subkey[11])
    assert 729 * DAY < int(primary[6]) * SECOND - START < 731 * DAY
    assert "Example Project security <security@example.org>" == next(
        row[9] for row in rows if row[0] == "uid"
    )
    assert b"BEGIN PGP SIGNATURE" in signed
    assert secret not in settings.alias.secret.read()


def test_the_revocation_certificate_revokes(tmp_path: Path) -> None:
    """Imported beside the certificate as it lies there, note and all, it makes the key void."""
    made = found(wish(tmp_path), now=START)
    revocation = (made.folder / founding.REVOCATION).read_bytes()
    assert revocation.startswith(b"Revocation certificate")
    with short_home() as home:
        gpg(home, "--import", given=(made.folder / founding.CERTIFICATE).read_bytes())
        before = gpg(home, *FAKED, "--with-colons", "--list-keys")
        gpg(home, *FAKED, "--trust-model", "pgp", "--import", given=revocation)
        after = gpg(home, *FAKED, "--with-colons", "--list-keys")
    assert b"pub:r:" not in before
    assert b"pub:r:" in after


def test_a_binary_key_file_is_taken_too(tmp_path: Path) -> None:
    """What `gpg --export` writes without --armor; it is kept armored."""
    file = tmp_path / "andrea.gpg"
    file.write_bytes(person_key(0).public)
    person = Recruit(
        name="Andrea Example",
        address=Address.parse("andrea@team.example"),
        employer="Example",
        key_file=file,
    )
    made = found(replace(wish(tmp_path), team=(person,)), now=START)
    kept = (made.folder / "keys" / f"{person_key(0).fingerprint}.asc").read_bytes()
    assert person_key(0).public == dearmor(kept)[0].data


def test_a_flood_of_signatures_is_cut_down(tmp_path: Path) -> None:
    """What others signed is no reason to keep their signatures."""
    made = found(_with_key_file(tmp_path, flooded(person_key(0))), now=START)
    kept = (made.folder / "keys" / f"{person_key(0).fingerprint}.asc").read_bytes()
    assert armored(person_key(0)) == kept


def test_a_state_folder_elsewhere(tmp_path: Path) -> None:
    """It is made with mode 0700 and named with its whole path; a nested one lies inside."""
    made = found(
        replace(wish(tmp_path), state=tmp_path / "state", team=recruits(tmp_path)), now=START
    )
    assert tmp_path / "state" == made.state == load(made.folder).state_folder
    assert 0o700 == mode(tmp_path / "state")
    other = tmp_path / "other"
    inner = replace(wish(tmp_path), folder=other, state=other / "a" / "b", team=recruits(tmp_path))
    made = found(inner, now=START)
    assert other / "a" / "b" == made.state == load(other).state_folder


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    found(wish(tmp_path), now=START)
    assert (tmp_path / "config" / "gatekeeper.yaml").is_file()


def _not_empty(tmp_path: Path) -> Founding:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mine").write_text("keep me")
    return wish(tmp_path)


def _a_file(tmp_path: Path) -> Founding:
    (tmp_path / "config").write_text("keep me")
    return wish(tmp_path)


def _no_parent(tmp_path: Path) -> Founding:
    return replace(wish(tmp_path), folder=tmp_path / "a" / "b")


def _state_in_use(tmp_path: Path) -> Founding:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "gatekeeper.sqlite").write_text("keep me")
    return replace(wish(tmp_path), state=tmp_path / "state")


def _state_is_the_folder(tmp_path: Path) -> Founding:
    return replace(wish(tmp_path), state=tmp_path / "config")


def _state_without_parent(tmp_path: Path) -> Founding:
    return replace(wish(tmp_path), state=tmp_path / "a" / "state")


def _bad_values(tmp_path: Path) -> Founding:
    return replace(wish(tmp_path), domain="exa mple", prefix="sec", name="a\nb", relay=("x", "0"))


def _bad_database(tmp_path: Path) -> Founding:
    return replace(
        wish(tmp_path), database="postgresql://gk:hunter2@db/gk", state=tmp_path / "state"
    )


def _with_key_file(tmp_path: Path, content: bytes | None) -> Founding:
    file = tmp_path / "key.asc"
    if content is not None:
        file.write_bytes(content)
    person = replace(recruits(tmp_path)[0], key_file=file)
    return replace(wish(tmp_path), team=(person,))


def _no_key_file(tmp_path: Path) -> Founding:
    return _with_key_file(tmp_path, None)


def _no_key(tmp_path: Path) -> Founding:
    return _with_key_file(tmp_path, b"hello")


def _secret_key(tmp_path: Path) -> Founding:
    return _with_key_file(tmp_path, person_key(0).secret)


def _signing_key(tmp_path: Path) -> Founding:
    with short_home() as home:
        gpg(home, "--quick-gen-key", "x@example.net", "ed25519", "cert,sign", "never")
        return _with_key_file(tmp_path, gpg(home, "--export"))


def _one_key_for_two(tmp_path: Path) -> Founding:
    one, two, _ = recruits(tmp_path)
    return replace(wish(tmp_path), team=(one, replace(two, key_file=one.key_file)))


REFUSED: Mapping[Callable[[Path], Founding], str] = {
    _not_empty: "is not empty: choose another place; nothing was changed there",
    _a_file: "is in the way",
    _no_parent: "does not exist: make it first",
    _state_in_use: "a database in it belongs to another master key",
    _state_is_the_folder: "the master key may not lie in it",
    _state_without_parent: "cannot be made (No such file or directory)",
    _bad_values: "gatekeeper init: product.issue_prefix: 'sec' cannot stand before a number",
    _bad_database: "gatekeeper init: database.url: contains a password",
    _no_key_file: "key.asc cannot be read",
    _no_key: "key.asc cannot be used",
    _secret_key: "the block holds a SECRET key",
    _signing_key: "the key has no encryption subkey",
    _one_key_for_two: "people[1].keys[0]: is Andrea Example's key already",
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: str(make.__name__).strip("_"))
def test_what_cannot_be_is_refused_and_leaves_nothing(
    make: Callable[[Path], Founding], tmp_path: Path
) -> None:
    """One clear message, and the place is as it was."""
    asked = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(GatekeeperError) as caught:
        found(asked, now=START)
    assert REFUSED[make] in caught.value.diagnostics()
    assert "hunter2" not in caught.value.diagnostics()
    assert before == sorted(tmp_path.rglob("*"))


def test_bad_values_are_told_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration) as caught:
        found(_bad_values(tmp_path), now=START)
    expected = ["domain", "product.name", "product.issue_prefix", "relay.port"]
    assert sorted(expected) == sorted(problem.path for problem in caught.value.problems)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up half-way: one sentence, exit 75, no folder, no state folder."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    asked = replace(wish(tmp_path), state=tmp_path / "state")
    with pytest.raises(OurFault, match="cannot be made") as caught:
        found(asked, now=START)
    assert "No space left" in caught.value.diagnostics()
    assert [] == list(tmp_path.iterdir())


def test_without_gpg_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="gpg is not installed") as caught:
        found(wish(tmp_path), now=START)
    assert "apt-get install gnupg" in caught.value.remedy
    assert [] == list(tmp_path.iterdir())


def test_two_keys_of_a_stranger_are_not_one(tmp_path: Path) -> None:
    stranger: Key = key_of("Stranger <stranger@example.net>")
    asked = _with_key_file(tmp_path, armored(stranger) + armored(person_key(0)))
    with pytest.raises(Misconfigured, match="cannot be used"):
        found(asked, now=START)
