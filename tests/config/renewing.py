"""Keys as their owners change them elsewhere, and files that they sign."""

from functools import cache

from gatekeeper.pgp.armor import Kind, armor
from tests.keys import Key, gpg, key_of, read_key, short_home

MADE = "20260201T000000!"


def changed(key: Key, *commands: tuple[str, ...], made: str = MADE) -> Key:
    """Return a key after gpg ran these commands on it at that time; {key} is its fingerprint."""
    faked = ("--faked-system-time", made)
    with short_home() as home:
        gpg(home, "--import", given=key.secret)
        for command in commands:
            gpg(home, *faked, *(word.replace("{key}", key.fingerprint) for word in command))
        return read_key(home, key.fingerprint)


@cache
def grown(key: Key, part: int) -> Key:
    """Return a key with 18 more subkeys, other ones for each `part`: two are more than may be."""
    more = ("--quick-add-key", "{key}", "ed25519", "sign", "never")
    return changed(key, *[more] * 18, made=f"2026020{part}T000000!")


def ending(key: Key, year: int) -> Key:
    """Return a key, subkeys too, that ends when that year begins; a later end was set later."""
    end = ("--quick-set-expire", "{key}", f"{year}0101T000000")
    return changed(key, end, (*end, "*"), made=f"202602{year - 2010}T000000!")


def signed(key: Key, content: bytes, *, at: str = "20260901T000000!", digest: str = "") -> bytes:
    """Return a detached signature over a file by a key, made at that time."""
    with short_home() as home:
        gpg(home, "--import", given=key.secret)
        weak = ("--digest-algo", digest) if digest else ()
        made = ("--faked-system-time", at, *weak, "--local-user", key.fingerprint)
        return gpg(home, *made, "--armor", "--detach-sign", given=content)


def flooded(key: Key, signers: int = 3) -> bytes:
    """Return a certificate that others signed, which is no reason to keep their signatures."""
    with short_home() as home:
        gpg(home, "--import", given=key.public)
        for number in range(signers):
            signer = key_of(f"Signer {number} <s{number}@example.net>")
            gpg(home, "--import", given=signer.secret)
            gpg(home, "--local-user", signer.fingerprint, "--quick-sign-key", key.fingerprint)
        found = gpg(home, "--export", key.fingerprint)
    assert len(found) > len(key.public)
    return found


def public(key: Key) -> bytes:
    """Return a key's certificate, armored."""
    return armor(Kind.PUBLIC_KEY, key.public)
