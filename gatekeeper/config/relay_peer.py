"""The relay as gatekeeper.yaml names it: how it is trusted, and who we are to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from gatekeeper.config import guarded
from gatekeeper.config.models import RelaySection
from gatekeeper.config.problems import Path as Setting
from gatekeeper.config.settings import RelayPeer, SecretFile
from gatekeeper.outbound.trust import Tls, Trust

_CA_GONE: Final = "put the certificates of the authority there, or leave ca_file out"
_PASSWORD_GONE: Final = "put the password there, alone on its line, with mode 0600"  # noqa: S105 - words


class Places(Protocol):
    """Makes a path absolute."""

    def of(self, path: Path) -> Path:
        """Return a path as the service will use it."""


def complaints(section: RelaySection, places: Places) -> Iterator[tuple[Setting, str]]:
    """Yield what is wrong with the files that the section names."""
    if section.password_file is not None:
        file = places.of(section.password_file)
        before = list(guarded.secret_file(file, gone=_PASSWORD_GONE))
        if not before and _password(file) == "":
            before = [f"{file} holds no password in UTF-8 on its first line; write one"]
        yield from ((("relay", "password_file"), text) for text in before)
    if section.ca_file is not None:
        file = places.of(section.ca_file)
        before = list(guarded.plain_file(file, gone=_CA_GONE))
        if not before and not _authorities(file):
            before = [f"{file} holds no certificates in PEM; {_CA_GONE}"]
        yield from ((("relay", "ca_file"), text) for text in before)


def peer(section: RelaySection, places: Places) -> RelayPeer:
    """Return the relay; `complaints` has found nothing."""
    password = section.password_file
    authorities = _authorities(places.of(section.ca_file)) if section.ca_file else ""
    return RelayPeer(
        host=section.host,
        port=section.port,
        clear_port=section.clear_port,
        tls=section.protection,
        authorities=authorities,
        pins=frozenset(section.pinned_certificates),
        user=section.user or "",
        password=SecretFile(path=places.of(password)) if password else None,
    )


def _password(file: Path) -> str:
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError:
        return ""
    return text.rstrip("\r\n") if "\0" not in text else ""


def _authorities(file: Path) -> str:
    try:
        text = file.read_bytes().decode("ascii")
        Trust(tls=Tls.STARTTLS, authorities=text).context()
    except ValueError:
        return ""
    return text if text.strip() else ""
