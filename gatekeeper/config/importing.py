"""Certificates taken into the configuration: keys that are known, renewed, and new ones of people.

What is known is joined by gpg with what comes, so that nothing is lost by a file that is older, and
a revocation stays.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.config.alias_section import require_unchanged
from gatekeeper.config.judging import (
    Judged,
    Standing,
    end_of,
    named,
    require_sound,
    scratch_engine,
)
from gatekeeper.config.keyfiles import arriving
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of
from gatekeeper.config.replacing import changing, put
from gatekeeper.config.settings import Settings
from gatekeeper.config.succession import Claim, admit
from gatekeeper.domain.errors import Misconfigured, NotThere, Refusal
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.guests import NOT_OURS, key_ids
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertInfo, CertRefused, inspect, single

_ROTATE: Final = "give the alias another key: gatekeeper key rotate"
_ANOTHER: Final = "ask its owner for another key"
_SECRET: Final = "import its secret subkeys instead: gatekeeper key import --secret FILE"  # noqa: S105 - words


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A key as it is now: whose, where it lies, and when it ended or ends, before and after.

    `changed` says whether anything of the key is new, `added` whether the key was not known before,
    `offline` whether the primary key's secret is kept elsewhere from now on, and `state` why the
    key is of no use now, "" when it is.
    """

    owner: str
    standing: Standing
    fingerprint: str
    path: Path
    before: Instant | None
    after: Instant | None
    state: str = ""
    changed: bool = True
    added: bool = False
    offline: bool = False


def take(settings: Settings, block: bytes, *, claim: Claim | None = None, now: Instant) -> Imported:
    """Take the one certificate in `block`, armored or binary, into the configuration.

    `claim` brings in a new key of a person; when it came in before, all is well. Refusal for
    whatever may not come in, with the reason; then nothing is changed.
    """
    with changing(settings.folder), scratch_engine(settings) as engine:
        require_unchanged(settings)
        engine.require_version()
        try:
            info = inspect(engine, block, now)
            known = {key.fingerprint: key for key in named(settings)}
            others = [key for key in known.values() if key.fingerprint != info.fingerprint]
            _require_own(block, others)
            if info.fingerprint not in known:
                return _added(settings, engine, block, info=info, claim=claim, now=now)
            return _renewed(settings, engine, block, known[info.fingerprint], claim=claim, now=now)
        except CertRefused as error:
            raise Refusal(error.public, remedy=error.remedy) from None


def require_working(cert: CertInfo, *, signing: str = _SECRET, opening: str = _SECRET) -> None:
    """Refuse a key of the alias that could not be used: its secrets are in the same home.

    `signing` and `opening` are what to do when the secret for that is not here.
    """
    if unfit := _state(cert):
        message = f"with it the alias's key could not be used: {unfit}"
        raise Refusal(message, remedy="look at the file with gpg --show-keys")
    if not cert.signs:
        message = "with it the alias's key could not sign: no secret of a signing key is here"
        raise Refusal(message, remedy=signing)
    if cert.unopened:
        message = (
            f"mail could be encrypted to its subkey {cert.unopened[0]}, whose secret is not here"
        )
        raise Refusal(message, remedy=opening)


def _require_own(block: bytes, others: Iterable[Judged]) -> None:
    """Refuse a certificate below which somebody bound a key of another one that is known here."""
    ids = set(key_ids(single(block)))
    for other in others:
        try:
            shared = ids & set(key_ids(single(other.block)))
        except CertRefused:
            continue
        if shared:
            remedy = f"ask its owner and {other.owner} whose key {min(shared)} is"
            raise Refusal(NOT_OURS, remedy=remedy)


def _require_of(key: Judged, claim: Claim, settings: Settings) -> None:
    """Refuse what is claimed of a known key, unless it is that person's already."""
    owners = {p.address.key for p in settings.team.people if key.fingerprint in p.keys}
    named = owners if claim.address is None else owners & {claim.address.key}
    if key.standing is not Standing.TEAM or not named:
        raise _known(f"as {key.owner}'s")


def _known(words: str) -> Misconfigured:
    message = f"the key is known {words}, so nobody has to vouch for it"
    return Misconfigured(message, remedy="leave out --signature and --for")


def _renewed(
    settings: Settings,
    engine: Engine,
    block: bytes,
    key: Judged,
    *,
    claim: Claim | None,
    now: Instant,
) -> Imported:
    if claim is not None:
        _require_of(key, claim, settings)
    keyring = Keyring(engine)
    ours = key.standing is Standing.CURRENT
    if ours:
        secret = codec_of(settings).unwrap(ALIAS_SECRET, settings.alias.secret.read())
        keyring.load_secret(secret)
    keyring.load_sound([key.block])
    before = keyring.find(key.fingerprint, now)
    keyring.load([block])
    after = keyring.find(key.fingerprint, now)
    if after is None:
        raise NotThere("gpg finds nothing of the key", remedy="look at it with gpg --show-keys")
    if ours:
        require_working(after)
    merged = keyring.export(key.fingerprint)
    require_sound(settings, merged, now, remedy=_ROTATE if ours else _ANOTHER)
    changed = single(merged) != _packets(key.block)
    if changed and claim is not None:
        raise _known("and renewed in this file")
    if changed or not key.path.exists():
        put(key.path, merged)
    if key.standing is Standing.TEAM:
        arriving(settings.folder, key.fingerprint).unlink(missing_ok=True)
    return Imported(
        owner=key.owner,
        standing=key.standing,
        fingerprint=key.fingerprint,
        path=key.path,
        before=None if before is None else end_of(before, key.standing),
        after=end_of(after, key.standing),
        state=after.dead if key.standing is Standing.ADVISORY else _state(after),
        changed=changed,
    )


def _added(
    settings: Settings,
    engine: Engine,
    block: bytes,
    *,
    info: CertInfo,
    claim: Claim | None,
    now: Instant,
) -> Imported:
    if unfit := _state(info):
        raise Refusal(unfit, remedy=_ANOTHER)
    person, path = admit(settings, engine, block, info=info, claim=claim or Claim(), now=now)
    return Imported(
        owner=person.name,
        standing=Standing.TEAM,
        fingerprint=info.fingerprint,
        path=path,
        before=None,
        after=end_of(info, Standing.TEAM),
        added=True,
    )


def _state(cert: CertInfo) -> str:
    """Return why a key takes no mail, "" when it does."""
    return "" if cert.can_encrypt else (*cert.problems, "the key cannot be encrypted to")[0]


def _packets(block: bytes) -> bytes:
    try:
        return single(block)
    except CertRefused:
        return b""
