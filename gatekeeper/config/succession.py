"""A new key of a person of the team, believed when one of the person's known keys signs it.

A changed fingerprint needs the old key's signature or a second person (design: OpenPGP, "Keys").
Without the signature the team decides, and writes it into team.yaml itself.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.config.judging import require_sound
from gatekeeper.config.keyfiles import FOLDER, arriving
from gatekeeper.config.positions import read
from gatekeeper.config.replacing import put, sync
from gatekeeper.config.rewriting import listed_first
from gatekeeper.config.roster import people
from gatekeeper.config.settings import Settings
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Misconfigured, NotThere, Refusal
from gatekeeper.domain.instants import DAY, Instant, later, spoken
from gatekeeper.domain.protection import Signature, SignatureState
from gatekeeper.domain.team import Person
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertInfo
from gatekeeper.pgp.opening import verify_detached

SIGNED_WITHIN: Final = 30 * DAY
"""How long ago a person may have signed a new key; and it may not be later than tomorrow."""

KEYS_MAX: Final = 8
"""Of one person (design: OpenPGP, "Keys")."""

TEAM: Final = "team.yaml"
_S: Final = SignatureState
_WHY: Final = {
    _S.BAD: "it was made over something else than this file",
    _S.UNKNOWN_SIGNER: "it was made by a key that is not this person's in team.yaml",
    _S.EXPIRED_KEY: "the key that made it has ended",
    _S.REVOKED_KEY: "the key that made it is revoked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What speaks for a new key: a detached signature over its file, and whose it is said to be.

    Without an address the person is found by the key's user IDs.
    """

    signature: bytes | None = None
    address: Address | None = None


def admit(
    settings: Settings,
    engine: Engine,
    block: bytes,
    *,
    info: CertInfo,
    claim: Claim,
    now: Instant,
) -> tuple[Person, Path]:
    """Give a person of the team the new key in `block` and return who, and the key's file.

    The engine's home must be empty. The file gets its name after team.yaml names it, and is found
    before that under another: whoever dies on the way leaves the old team or the new one. Refusal
    when nobody known vouches for the key, or the person has eight already.
    """
    index, person = _person(settings, info, claim.address)
    by_hand = (
        f"or compare the fingerprint with {person.name} in another way, have a second person"
        f" agree, save the key as {FOLDER}/{info.fingerprint}.asc and add it to {TEAM}"
    )
    if claim.signature is None:
        message = (
            f"the key is a new one of {person.name}, and no known key of theirs vouches for it"
        )
        remedy = (
            f"ask for FILE.sig, made by gpg --detach-sign, and add --signature FILE.sig; {by_hand}"
        )
        raise Refusal(message, remedy=remedy)
    known = Keyring(engine).load_sound(settings.certificates[key] for key in person.keys)
    found = verify_detached(engine, block, claim.signature, now=now)
    if why := _doubt(found, known & set(person.keys), now):
        message = f"the signature does not vouch for the key: {why}"
        raise Refusal(message, remedy=f"ask {person.name} for another one; {by_hand}")
    if len(person.keys) >= KEYS_MAX:
        message = f"{person.name} has {KEYS_MAX} keys already"
        raise Refusal(message, remedy=f"take one out of {TEAM}, and its file out of {FOLDER}/")
    keyring = Keyring(engine)
    (fingerprint,) = keyring.load([block])
    certificate = keyring.export(fingerprint)
    require_sound(settings, certificate, now, remedy=f"ask {person.name} for another key")
    team = _rewritten(settings.folder, fingerprint, index, person)
    return person, _write(settings.folder, fingerprint, certificate, team)


def _person(settings: Settings, info: CertInfo, address: Address | None) -> tuple[int, Person]:
    people = settings.team.people
    if address is not None:
        for index, person in enumerate(people):
            if person.address.key == address.key:
                return index, person
        raise NotThere(f"nobody of the team has the address {address}", remedy=f"see {TEAM}")
    names = {f"<{user.lower()}>" for user in info.user_ids}
    found = [
        (index, person)
        for index, person in enumerate(people)
        if any(f"<{person.address.key}>" in name for name in names)
    ]
    if len(found) != 1:
        message = "the user IDs of the key do not say whose of the team it is"
        raise Refusal(message, remedy="add --for ADDRESS, with the person's address in team.yaml")
    return found[0]


def _doubt(found: tuple[Signature, ...], keys: frozenset[str], now: Instant) -> str:
    """Return why signatures say nothing for a key, "" when one good one of `keys` is all."""
    if len(found) != 1:
        return "there is more than one signature in it"
    signature = found[0]
    if signature.state is not _S.GOOD or signature.fingerprint not in keys:
        return _WHY.get(signature.state, "it could not be checked")
    made = signature.made_at
    if made is None or not later(now, -SIGNED_WITHIN) <= made <= later(now, DAY):
        when = spoken(made) if made is not None else "at no time that it says"
        return f"it was made {when}, and counts for {SIGNED_WITHIN // DAY} days"
    return ""


def _write(folder: Path, fingerprint: str, certificate: bytes, team: bytes) -> Path:
    target, hidden = folder / FOLDER / f"{fingerprint}.asc", arriving(folder, fingerprint)
    put(hidden, certificate)
    put(folder / TEAM, team)
    hidden.replace(target)
    sync(folder / FOLDER)
    return target


def _rewritten(folder: Path, fingerprint: str, index: int, person: Person) -> bytes:
    text = (folder / TEAM).read_bytes().decode("utf-8-sig")
    try:
        text = listed_first(text, ("people", index, "keys"), fingerprint, file=TEAM)
        document, _ = read(TEAM, text.encode())
    except ValueError as error:
        raise _unwritable(str(error)) from None
    team = people(document)[0] if document is not None else ()
    if index >= len(team) or team[index].keys != (fingerprint, *person.keys):
        raise _unwritable("the result would not be what it should")
    if team[index].name != person.name:
        raise _unwritable("it changed meanwhile")
    return text.encode()


def _unwritable(reason: str) -> Misconfigured:
    message = f"{TEAM} cannot be changed by this command"
    return Misconfigured(message, reason=reason, remedy="add the fingerprint and its file yourself")
