"""Write what a web server must serve, so that people and programs find the alias and its key."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from gatekeeper.config import rotation
from gatekeeper.config.judging import Judged, Standing, judged, scratch_engine
from gatekeeper.config.settings import Settings
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Misconfigured, OurFault, Refusal
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.armor import Kind, armor
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertRefused, single
from gatekeeper.pgp.trimming import trimmed
from gatekeeper.publication import security_txt, transition, wkd
from gatekeeper.publication.security_txt import SecurityTxt

ARMORED: Final = "openpgp/security.asc"
ADVISORY: Final = "openpgp/advisory.asc"
_FOLDER_MODE: Final = 0o755
_FILE_MODE: Final = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One file: its path below the document root, its content, where it is then found.

    `mark` is how an older one of ours begins: another file in its place is nobody's to replace.
    `keep` leaves whatever is there already.
    """

    path: str
    content: bytes
    url: str
    mark: bytes = b""
    keep: bool = False


def pages(
    settings: Settings, *, host: str | None, languages: Sequence[str], now: Instant
) -> tuple[Instant, tuple[Page, ...]]:
    """Return until when the files are good, and the files; Refusal when the key is of no use.

    `host` is the web server's name, None for the domain's own.
    """
    address = settings.own.security
    keys = _keys(settings, now)
    expires = security_txt.expiry(now, keys.expires_at)
    try:
        directories = (wkd.advanced(address), wkd.direct(address))
        about = SecurityTxt(
            contact=address,
            host=wkd.host_name(host or address.domain),
            key=ARMORED,
            fingerprint=settings.alias.fingerprint,
            expires=expires,
            languages=tuple(languages),
        )
    except ValueError as error:
        raise Misconfigured(str(error), remedy="see: gatekeeper key publish --help") from None
    root = f"https://{about.host}/"
    return expires, (
        Page(
            path=security_txt.PLACE,
            content=about.text().encode("ascii"),
            url=about.canonical,
            mark=security_txt.HEAD.encode("ascii"),
        ),
        Page(path=ARMORED, content=keys.armored, url=root + ARMORED),
        *(Page(path=ADVISORY, content=block, url=root + ADVISORY) for block in keys.advisory),
        *(_statement(settings, old, new, root) for old, new in _changes_of_key(settings)),
        *(
            page
            for place in directories
            for page in (
                Page(path=place.key(address), content=keys.directory, url=place.url(address)),
                Page(
                    path=place.policy,
                    content=b"",
                    url=f"https://{place.host}/{place.policy}",
                    keep=True,
                ),
            )
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """What is published of our keys: armored, for the key directory, and the advisory key if any.

    `expires_at` is the end of the alias's.
    """

    armored: bytes
    directory: bytes
    advisory: tuple[bytes, ...]
    expires_at: Instant | None


def _keys(settings: Settings, now: Instant) -> _Keys:
    address = settings.own.security
    with scratch_engine(settings) as engine:
        found = judged(settings, engine, now)
        _require_usable(found[0])
        own = [key for key in found if key.standing is not Standing.TEAM and not key.wrong]
        keyring = Keyring(engine)
        loaded = keyring.load_sound(key.block for key in own)
        alias = trimmed(single(keyring.export(found[0].fingerprint)), address)
        return _Keys(
            armored=armor(Kind.PUBLIC_KEY, alias),
            directory=alias + b"".join(_revoked(keyring, own, address)),
            advisory=tuple(
                keyring.export(key.fingerprint)
                for key in own
                if key.standing is Standing.ADVISORY and key.fingerprint in loaded
            ),
            expires_at=found[0].expires_at,
        )


def _revoked(keyring: Keyring, keys: Sequence[Judged], address: Address) -> Iterator[bytes]:
    """Yield the former keys that are revoked, as a directory may serve them behind the new one.

    Others are left out: a program might take one for the key to use
    (draft-koch-openpgp-webkey-service §3.1).
    """
    for key in keys:
        if key.standing is Standing.FORMER and key.info is not None and key.info.revoked:
            with suppress(CertRefused):
                yield trimmed(single(keyring.export(key.fingerprint)), address)


def _changes_of_key(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each change of the alias's key that a statement lies here for, the newest first."""
    keys = [settings.alias.fingerprint, *(key.fingerprint for key in settings.alias.former)]
    for new, old in pairwise(keys):
        if (settings.folder / rotation.FOLDER / transition.name(old, new)).is_file():
            yield old, new


def _statement(settings: Settings, old: str, new: str, root: str) -> Page:
    name = transition.name(old, new)
    path = f"{transition.FOLDER}/{name}"
    content = (settings.folder / rotation.FOLDER / name).read_bytes()
    return Page(path=path, content=content, url=root + path)


def _require_usable(alias: Judged) -> None:
    if not alias.usable:
        message = "the alias's key cannot be used now, so nothing was published"
        raise Refusal(message, remedy="run: gatekeeper check")


def write(folder: Path, files: Sequence[Page]) -> tuple[bool, ...]:
    """Write the files below a folder that exists; say for each whether it changed.

    Refusal, and nothing written, where a file stands in the way that is not ours.
    """
    if not folder.is_dir():
        message = f"{folder} is no folder"
        raise Misconfigured(message, remedy="name the web server's document root, or make it")
    try:
        changed = tuple(_changes(folder / page.path, page) for page in files)
        for page, needed in zip(files, changed, strict=True):
            if needed:
                _write(folder, page)
    except OSError as error:
        message = f"{error.filename} cannot be written"
        remedy = "run as a user who may write there, or publish into another folder and copy it"
        raise OurFault(message, reason=error.strerror or "", remedy=remedy) from None
    return changed


def _changes(path: Path, page: Page) -> bool:
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return True
    if page.keep or found == page.content:
        return False
    if not found.startswith(page.mark):
        message = f"{path} was not written by this command, so nothing was published"
        raise Refusal(message, remedy="move it away, or publish elsewhere and join the two by hand")
    return True


def _write(root: Path, page: Page) -> None:
    """Put a file in its place in one step, readable by everyone, as are the folders made for it."""
    target = root / page.path
    for folder in (*reversed(target.relative_to(root).parents),):
        if not (root / folder).is_dir():
            (root / folder).mkdir()
            (root / folder).chmod(_FOLDER_MODE)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with draft.open("xb") as file:
        try:
            os.fchmod(file.fileno(), _FILE_MODE)
            file.write(page.content)
            file.flush()
            os.fsync(file.fileno())
            draft.replace(target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
