"""What is true of an installation whose alias has a new key."""

from pathlib import Path

from gatekeeper.config import former
from gatekeeper.config.certificates import examine
from gatekeeper.config.keyhome import codec_of, open_keys
from gatekeeper.config.rotation import Rotated
from gatekeeper.pgp.opening import Opened, open_message
from tests.config.installation import Installation
from tests.house import ALIAS, START
from tests.keys import gpg, short_home


def sealed_for(certificate: bytes) -> bytes:
    """Return a message as a sender encrypts it to the alias."""
    with short_home() as home:
        gpg(home, "--import", given=certificate)
        return gpg(home, "--encrypt", "--recipient", str(ALIAS), given=b"a report")


def opens(site: Installation, *messages: bytes) -> bool:
    """Say whether the service would open all of these messages."""
    settings = site.load()
    with open_keys(settings, codec_of(settings)) as keys:
        found = [open_message(keys.engine, message, now=START) for message in messages]
    return all(isinstance(one, Opened) and one.plaintext == b"a report" for one in found)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def ensure_whole(site: Installation, old: str, done: Rotated) -> None:
    """See that the new key is in use, the old one kept, and nothing else is lying about."""
    settings = site.load()
    assert () == examine(settings, now=START)
    assert (done.new, (old,)) == (
        settings.alias.fingerprint,
        tuple(key.fingerprint for key in settings.alias.former),
    )
    assert {
        *(f"{done.new}.asc", f"{done.new}.sealed", f"revocation-{done.new}.asc"),
        *(f"transition-{old}-{done.new}.asc", "former", "revocation.asc"),
    } == names(site.folder / "alias")
    assert {f"{old}.asc", f"{old}.sealed"} == names(site.folder / former.FOLDER)
    assert not [name for name in names(site.folder) if name.startswith(".")]
