"""`gatekeeper key export` and `publish`: the public keys to hand out."""

import os
from pathlib import Path

import pytest

from gatekeeper.config.importing import take
from gatekeeper.config.rotation import rotate
from gatekeeper.pgp import packets
from gatekeeper.pgp.armor import Kind, armor, dearmor
from gatekeeper.pgp.keys import fingerprint_of
from tests.cli.conftest import Shell
from tests.config.installation import advise, armored
from tests.house import START, person_key
from tests.keys import Key, gpg, key_of, short_home


def advisory_key() -> Key:
    return key_of("Example advisories <advisories@example.org>")


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


def test_former_and_advisory_keys_are_exported(shell: Shell) -> None:
    """A former key by its fingerprint; without an advisory key, status 4 and what to do."""
    old = shell.site.load().alias
    said = shell("key", "export", "advisory")
    assert 4 == said.status
    assert "advisory.fingerprint" in said.err
    rotate(shell.site.load(), now=START)
    assert old.certificate.decode() == shell("key", "export", old.fingerprint).out
    assert old.certificate.decode() != shell("key", "export").out
    advise(shell.site, advisory_key())
    assert armored(advisory_key()).decode() == shell("key", "export", "advisory").out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The document root of a web server."""
    folder = tmp_path / "www"
    folder.mkdir()
    return folder


HASH = "t5s8ztdbon8yzntexy6oz5y48etqsnbb"
"""What `gpg-wks-client --print-wkd-hash` prints for the alias."""


def files_in(root: Path) -> set[str]:
    """Return every file below a folder."""
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_everything_a_web_server_must_serve_is_written(shell: Shell, root: Path) -> None:
    """Both methods, the policies, the armored key and security.txt; readable by everyone."""
    before = os.umask(0o077)
    try:
        said = shell("key", "publish", str(root), "--languages", "en, de")
    finally:
        os.umask(before)
    assert 0 == said.status, said.err
    assert {
        ".well-known/security.txt",
        f".well-known/openpgpkey/hu/{HASH}",
        ".well-known/openpgpkey/policy",
        f".well-known/openpgpkey/example.org/hu/{HASH}",
        ".well-known/openpgpkey/example.org/policy",
        "openpgp/security.asc",
    } == files_in(root)
    for path in (root / ".well-known").rglob("*"):
        assert (0o755 if path.is_dir() else 0o644) == path.stat().st_mode & 0o777
    text = (root / ".well-known" / "security.txt").read_text()
    assert "Contact: mailto:security@example.org\n" in text
    assert "Preferred-Languages: en, de\n" in text
    assert (
        f"https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/{HASH}" in said.out
    )


def test_a_program_that_fetches_the_key_can_use_it(shell: Shell, root: Path) -> None:
    """The binary file is the alias's certificate with the alias's user ID, and nothing secret."""
    shell("key", "publish", str(root))
    kept = root / ".well-known" / "openpgpkey" / "hu" / HASH
    assert b"-----" not in kept.read_bytes()
    assert kept.read_bytes() == dearmor((root / "openpgp/security.asc").read_bytes())[0].data
    with short_home() as home:
        gpg(home, "--import", str(kept))
        listed = gpg(home, "--list-secret-keys").decode() + gpg(home, "--list-keys").decode()
        assert shell.site.load().alias.fingerprint in listed
        assert "<security@example.org>" in listed
        assert "sec " not in listed
        assert gpg(home, "--encrypt", "--recipient", "security@example.org", given=b"x")


def test_again_nothing_changes_and_a_day_later_only_what_must(shell: Shell, root: Path) -> None:
    shell("key", "publish", str(root))
    marks = {path: (root / path).stat().st_ino for path in files_in(root)}
    again = shell("key", "publish", str(root), "--json").json
    assert [False] * 6 == [page["changed"] for page in again["files"]]
    assert marks == {path: (root / path).stat().st_ino for path in files_in(root)}
    (root / "openpgp" / "security.asc").write_text("an older key")
    later = shell("key", "publish", str(root), "--host", "www.example.org", "--json").json
    changed = {page["path"] for page in later["files"] if page["changed"]}
    assert {".well-known/security.txt", "openpgp/security.asc"} == changed
    assert 6 == len(files_in(root)), "no draft is left behind"


def test_a_changed_key_is_published_with_its_statement(shell: Shell, root: Path) -> None:
    """The directory hands out the new key alone; a person can check the statement with both."""
    old = shell.site.load().alias
    shell("key", "publish", str(root))
    done = rotate(shell.site.load(), now=START)
    said = shell("key", "publish", str(root), "--json").json
    name = f"openpgp/transition-{old.fingerprint}-{done.new}.asc"
    changed = {page["path"] for page in said["files"] if page["changed"]}
    assert {
        *("openpgp/security.asc", f".well-known/openpgpkey/hu/{HASH}"),
        *(f".well-known/openpgpkey/example.org/hu/{HASH}", ".well-known/security.txt", name),
    } == changed
    assert f"https://example.org/{name}" in {page["url"] for page in said["files"]}
    assert done.new.lower() in (root / ".well-known" / "security.txt").read_text()
    with short_home() as home:
        kept = root / ".well-known" / "openpgpkey" / "hu" / HASH
        gpg(home, "--import", str(kept))
        assert old.fingerprint not in gpg(home, "--list-keys").decode()
        gpg(home, "--import", given=old.certificate)
        status = gpg(home, "--status-fd", "1", "--verify", str(root / name)).decode()
        assert 2 == status.count("] GOODSIG ")


def test_a_revoked_former_key_is_handed_out_behind_the_new_one(shell: Shell, root: Path) -> None:
    """So that whoever looks for the key learns that the old one is void (draft-koch §3.1)."""
    old = shell.site.load().alias
    revocation = (shell.site.folder / "alias" / "revocation.asc").read_bytes()
    rotate(shell.site.load(), now=START)
    with short_home() as home:
        gpg(home, "--trust-model", "pgp", "--import-ownertrust")
        gpg(home, "--import", given=old.certificate)
        gpg(home, "--import", given=revocation)
        revoked = gpg(home, "--export", old.fingerprint)
    take(shell.site.load(), revoked, now=START)
    shell("key", "publish", str(root))
    kept = root / ".well-known" / "openpgpkey" / "hu" / HASH
    with short_home() as home:
        gpg(home, "--import", str(kept))
        listed = gpg(home, "--with-colons", "--list-keys").decode()
        assert 2 == listed.count("\npub:") + listed.startswith("pub:")
        assert 1 == listed.count("pub:r:")
        assert gpg(home, "--encrypt", "--recipient", "security@example.org", given=b"x")
    first = next(packets.walk(kept.read_bytes()))
    assert shell.site.load().alias.fingerprint == fingerprint_of(kept.read_bytes(), first)


def test_the_advisory_key_is_published(shell: Shell, root: Path) -> None:
    advise(shell.site, advisory_key())
    said = shell("key", "publish", str(root))
    assert "https://example.org/openpgp/advisory.asc" in said.out
    assert armored(advisory_key()) == (root / "openpgp" / "advisory.asc").read_bytes()


def test_a_directory_that_serves_others_too_keeps_its_policy(shell: Shell, root: Path) -> None:
    policy = root / ".well-known" / "openpgpkey" / "policy"
    policy.parent.mkdir(parents=True)
    policy.write_text("mailbox-only\n")
    shell("key", "publish", str(root))
    assert "mailbox-only\n" == policy.read_text()


def test_a_security_txt_of_others_is_not_replaced(shell: Shell, root: Path) -> None:
    """Somebody wrote or signed it by hand: nothing at all is written."""
    kept = root / ".well-known" / "security.txt"
    kept.parent.mkdir()
    kept.write_text("Contact: mailto:security@example.org\n")
    said = shell("key", "publish", str(root))
    assert 1 == said.status
    assert "was not written by this command" in said.err
    assert {".well-known/security.txt"} == files_in(root)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--languages", "english please"], "languages are tags"),
        (["--host", "https://example.org"], "not a domain name"),
    ],
)
def test_wrong_words_are_told(words: list[str], told: str, shell: Shell, root: Path) -> None:
    said = shell("key", "publish", str(root), *words)
    assert 2 == said.status
    assert told in said.err
    assert set() == files_in(root)


def test_a_folder_that_is_not_there_is_not_made(shell: Shell, root: Path) -> None:
    said = shell("key", "publish", str(root / "typo"))
    assert 2 == said.status
    assert "is no folder" in said.err


def test_a_folder_that_cannot_be_written_is_told(shell: Shell, root: Path) -> None:
    """A file stands where a folder must be."""
    (root / "openpgp").write_text("in the way")
    said = shell("key", "publish", str(root))
    assert 75 == said.status
    assert "cannot be written" in said.err


def test_a_key_that_is_of_no_use_is_not_published(shell: Shell, root: Path) -> None:
    """Another key in the certificate's place would send reports to nobody."""
    certificate = shell.site.folder / "alias" / "certificate.asc"
    certificate.write_bytes(armor(Kind.PUBLIC_KEY, person_key(0).public))
    said = shell("key", "publish", str(root))
    assert 1 == said.status
    assert "nothing was published" in said.err
    assert set() == files_in(root)
