"""Write what a web server must serve, so that people and programs find the alias and its key."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.config.judging import Judged, judged, scratch_engine
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import Misconfigured, OurFault, Refusal
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.armor import Kind, armor
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import single
from gatekeeper.pgp.trimming import trimmed
from gatekeeper.publication import security_txt, wkd
from gatekeeper.publication.security_txt import SecurityTxt

ARMORED: Final = "openpgp/security.asc"
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
    with scratch_engine(settings) as engine:
        alias = judged(settings, engine, now)[0]
        _require_usable(alias)
        keyring = Keyring(engine)
        keyring.load([settings.alias.certificate])
        key = trimmed(single(keyring.export(alias.fingerprint)), address)
    expires = security_txt.expiry(now, alias.expires_at)
    try:
        directories = (wkd.advanced(address), wkd.direct(address))
        about = SecurityTxt(
            contact=address,
            host=wkd.host_name(host or address.domain),
            key=ARMORED,
            fingerprint=alias.fingerprint,
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
        Page(path=ARMORED, content=armor(Kind.PUBLIC_KEY, key), url=root + ARMORED),
        *(
            page
            for place in directories
            for page in (
                Page(path=place.key(address), content=key, url=place.url(address)),
                Page(
                    path=place.policy,
                    content=b"",
                    url=f"https://{place.host}/{place.policy}",
                    keep=True,
                ),
            )
        ),
    )


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
