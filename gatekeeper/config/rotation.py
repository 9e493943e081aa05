"""The alias's key replaced by a new one, whole or not at all; the old one stays for old mail.

Everything new is made in the folder `alias/.rotation` and put in its place from there. Nothing in
use is changed by that: the new key has files of its own name. Then gatekeeper.yaml is replaced in
one step, which is the change. Whoever dies on the way leaves the old configuration or the new one,
and the folder. The next run goes on from there, or begins anew when the old key was renewed since.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from gatekeeper.config import former
from gatekeeper.config.alias_section import FILE, require_unchanged, section
from gatekeeper.config.founding import REVOCATION_NOTE
from gatekeeper.config.judging import scratch_engine
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of, former_name
from gatekeeper.config.models import GatekeeperFile
from gatekeeper.config.newkeys import AliasKeys, make_alias
from gatekeeper.config.positions import read
from gatekeeper.config.problems import Path as Setting
from gatekeeper.config.replacing import changing, make_folder, put, remove, sync
from gatekeeper.config.rewriting import given, listed_first
from gatekeeper.config.settings import Settings
from gatekeeper.config.validation import validate
from gatekeeper.domain.errors import GatekeeperError, Misconfigured, Refusal
from gatekeeper.domain.identity import fingerprint as checked
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.signing import clearsigned
from gatekeeper.publication import transition
from gatekeeper.publication.transition import Change
from gatekeeper.store.seal import Codec

FOLDER: Final = Path("alias")
STAGING: Final = FOLDER / ".rotation"
_READY: Final = "ready.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What was done: fingerprints, and files as seen from the configuration's folder.

    `transition` is the statement of the change, signed by the old key too when `old_signed` ·
    `replaced` are the certificate and the secret that the old key had while it was in use ·
    `resumed` whether an earlier run had made the key and ended before all was done.
    """

    old: str
    new: str
    certificate: Path
    secret: Path
    revocation: Path
    transition: Path
    replaced: tuple[Path, Path]
    old_signed: bool
    resumed: bool = False


def unfinished(folder: Path) -> bool:
    """Say whether a rotation was begun in this configuration and not brought to its end."""
    return (folder / STAGING).exists()


def rotate(settings: Settings, *, now: Instant) -> Rotated:
    """Give the alias a new key, and keep the old one among the former keys.

    Goes on with what an earlier run left, if the old key is still as it was then. Refusal while
    another command changes keys, OurFault when something cannot be made or written; then the old
    configuration is as it was, or the new one is whole.
    """
    folder = settings.folder
    with changing(folder):
        require_unchanged(settings)
        planned = _left(settings)
        if planned is None:
            _withdraw(settings)
            planned = _prepare(settings, now)
        if planned.new != settings.alias.fingerprint:
            _place(folder, planned)
            put(folder / FILE, _rewritten(folder, planned))
        _tidy(settings, planned)
        return planned


def _place(folder: Path, planned: Rotated) -> None:
    """Put every file but the settings in its place, where nothing uses it yet."""
    make_folder(folder / former.FOLDER)
    public = {planned.certificate, planned.transition, former.certificate(planned.old)}
    for place, staged in _places(planned).items():
        content = (folder / STAGING / staged).read_bytes()
        put(folder / place, content, secret=place not in public)


def _places(planned: Rotated) -> Mapping[Path, str]:
    """Return where each file goes, and its name in the staging folder."""
    return {
        former.certificate(planned.old): "former.asc",
        former.secret(planned.old): "former.sealed",
        planned.certificate: "certificate.asc",
        planned.secret: "secret.sealed",
        planned.revocation: "revocation.asc",
        planned.transition: "transition.asc",
    }


def _left(settings: Settings) -> Rotated | None:
    """Return what an earlier run planned, when it had made everything and it still fits."""
    planned = _noted(settings.folder / STAGING)
    alias = settings.alias
    if planned is None:
        return None
    if planned.new == alias.fingerprint:
        return planned if planned.old in {key.fingerprint for key in alias.former} else None
    return planned if planned.old == alias.fingerprint and _fits(settings) else None


def _noted(staging: Path) -> Rotated | None:
    try:
        raw = json.loads((staging / _READY).read_bytes())
        certificate, secret = raw["replaced"]
        return Rotated(
            old=checked(raw["old"]),
            new=checked(raw["new"]),
            certificate=Path(raw["certificate"]),
            secret=Path(raw["secret"]),
            revocation=Path(raw["revocation"]),
            transition=Path(raw["transition"]),
            old_signed=raw["old_signed"],
            replaced=(Path(certificate), Path(secret)),
            resumed=True,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _fits(settings: Settings) -> bool:
    """Say whether the new key can be opened, and the copy of the old one is as that is now.

    What was imported or extended since would be lost with an older copy, and the statement's
    signature might be one that the renewed key would not make.
    """
    alias, staging = settings.alias, settings.folder / STAGING
    try:
        codec = codec_of(settings)
        codec.unwrap(ALIAS_SECRET, (staging / "secret.sealed").read_bytes())
        if (staging / "former.asc").read_bytes() != alias.certificate:
            return False
    except (OSError, GatekeeperError):
        return False
    kept = staging / "former.sealed"
    return _same_secret(codec, alias.fingerprint, alias.secret.path, kept)


def _same_secret(codec: Codec, fingerprint: str, used: Path, kept: Path) -> bool:
    """Say whether a secret as it is wrapped in use is the one that is wrapped as a former one."""
    try:
        one = codec.unwrap(ALIAS_SECRET, used.read_bytes())
        return one == codec.unwrap(former_name(fingerprint), kept.read_bytes())
    except (OSError, GatekeeperError):
        return False


def _withdraw(settings: Settings) -> None:
    """Remove what an earlier run made of a new key that never came into use."""
    folder, alias = settings.folder, settings.alias
    left = _noted(folder / STAGING)
    in_use = {alias.fingerprint, *(key.fingerprint for key in alias.former)}
    if left is not None and left.old == alias.fingerprint and left.new not in in_use:
        own = _planned(folder, left.old, left.new, old_signed=left.old_signed)
        for path in (own.certificate, own.secret, own.revocation, own.transition):
            remove(folder / path)
    _discard(folder / STAGING)


def _prepare(settings: Settings, now: Instant) -> Rotated:
    """Make the key and every file of the change in the staging folder, the note of it last."""
    codec, alias = codec_of(settings), settings.alias
    old_secret = codec.unwrap(ALIAS_SECRET, alias.secret.read())
    with scratch_engine(settings) as engine:
        engine.require_version()
        keys = make_alias(
            engine, name=settings.product_name, address=settings.own.security, now=now
        )
        statement, signed = _statement(settings, engine, old_secret, keys, now)
    planned = _planned(settings.folder, alias.fingerprint, keys.fingerprint, old_signed=signed)
    _rewritten(settings.folder, planned)
    staging = settings.folder / STAGING
    make_folder(staging.parent)
    make_folder(staging)
    for name, content in _contents(settings, codec, old_secret, keys, statement).items():
        put(staging / name, content, secret=True)
    note = asdict(planned)
    del note["resumed"]
    put(staging / _READY, json.dumps(note, default=str, indent=2).encode("ascii"), secret=True)
    return planned


def _contents(
    settings: Settings, codec: Codec, old_secret: bytes, keys: AliasKeys, statement: bytes
) -> Mapping[str, bytes]:
    alias = settings.alias
    return {
        "former.asc": alias.certificate,
        "former.sealed": codec.wrap(former_name(alias.fingerprint), old_secret),
        "certificate.asc": keys.certificate,
        "secret.sealed": codec.wrap(ALIAS_SECRET, keys.secret),
        "revocation.asc": REVOCATION_NOTE + keys.revocation,
        "transition.asc": statement,
    }


def _statement(
    settings: Settings, engine: Engine, old_secret: bytes, keys: AliasKeys, now: Instant
) -> tuple[bytes, bool]:
    """Return the signed statement, and whether the old key signed it: an ended one cannot."""
    alias, keyring = settings.alias, Keyring(engine)
    keyring.load_secret(old_secret)
    keyring.load([alias.certificate])
    old = keyring.find(alias.fingerprint, now)
    signs = old is not None and old.signs
    change = Change(
        address=settings.own.security,
        old=alias.fingerprint,
        new=keys.fingerprint,
        at=now,
        old_signs=signs,
    )
    signers = [alias.fingerprint, keys.fingerprint] if signs else [keys.fingerprint]
    text = transition.text(change)
    return clearsigned(engine, text, signer=signers[0], also=signers[1:], now=now), signs


def _planned(folder: Path, old: str, new: str, *, old_signed: bool) -> Rotated:
    now = section(folder)
    return Rotated(
        old=old,
        new=new,
        certificate=now.certificate.with_name(f"{new}.asc"),
        secret=now.secret.with_name(f"{new}.sealed"),
        revocation=FOLDER / f"revocation-{new}.asc",
        transition=FOLDER / transition.name(old, new),
        replaced=(now.certificate, now.secret),
        old_signed=old_signed,
    )


def _rewritten(folder: Path, planned: Rotated) -> bytes:
    """Return gatekeeper.yaml with the new key in use and the old one first of the former."""
    text = (folder / FILE).read_bytes().decode("utf-8-sig")
    wanted: Mapping[Setting, str] = {
        ("alias", "fingerprint"): planned.new,
        ("alias", "certificate"): str(planned.certificate),
        ("alias", "secret"): str(planned.secret),
    }
    before = section(folder)
    try:
        for setting, value in wanted.items():
            text = given(text, setting, value, file=FILE)
        text = listed_first(text, ("alias", "former"), planned.old, file=FILE)
        document, problems = read(FILE, text.encode())
    except ValueError as error:
        raise _unwritable(str(error)) from None
    file = validate(GatekeeperFile, document)[0] if document and not problems else None
    expected = {
        "fingerprint": planned.new,
        "certificate": planned.certificate,
        "secret": planned.secret,
        "former": (planned.old, *before.former),
    }
    if file is None or file.alias.model_dump() != expected:
        raise _unwritable("the result would not be what it should")
    return text.encode()


def _unwritable(reason: str) -> Misconfigured:
    message = f"{FILE} cannot be changed by this command"
    remedy = "write the group `alias:` as the shipped file has it, one setting a line"
    return Misconfigured(message, reason=reason, remedy=remedy)


def _tidy(settings: Settings, planned: Rotated) -> None:
    """Remove the files that the old key had while it was in use, and at last the staging.

    Refusal when its secret there is not the one that is kept: it may be the only one of a subkey.
    """
    folder = settings.folder
    certificate, secret = planned.replaced
    kept = folder / former.secret(planned.old)
    if secret not in _places(planned) and (folder / secret).exists():
        if not _same_secret(codec_of(settings), planned.old, folder / secret, kept):
            message = f"{folder / secret} is no copy of {kept}, so it is not removed"
            remedy = "the new key is in use; see which of the two opens your mail, move this one"
            raise Refusal(message, remedy=f"{remedy} away, and run: gatekeeper key rotate")
        remove(folder / secret)
    if certificate not in _places(planned):
        remove(folder / certificate)
    _discard(folder / STAGING)


def _discard(staging: Path) -> None:
    """Remove the staging folder, what says that it is whole as the last of its files."""
    if not staging.is_dir():
        return
    for path in sorted(staging.iterdir(), key=lambda path: path.name == _READY):
        path.unlink()
    staging.rmdir()
    sync(staging.parent)
