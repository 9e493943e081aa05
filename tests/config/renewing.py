"""Keys as their owners change them elsewhere, and files that they sign."""

from gatekeeper.pgp.armor import Kind, armor
from tests.keys import Key, gpg, read_key, short_home

MADE = "20260201T000000!"


def changed(key: Key, *commands: tuple[str, ...], made: str = MADE) -> Key:
    """Return a key after gpg ran these commands on it at that time; {key} is its fingerprint."""
    faked = ("--faked-system-time", made)
    with short_home() as home:
        gpg(home, "--import", given=key.secret)
        for command in commands:
            gpg(home, *faked, *(word.replace("{key}", key.fingerprint) for word in command))
        return read_key(home, key.fingerprint)


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


def public(key: Key) -> bytes:
    """Return a key's certificate, armored."""
    return armor(Kind.PUBLIC_KEY, key.public)
