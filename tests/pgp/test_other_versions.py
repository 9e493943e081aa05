"""Keys, messages and signatures of versions that gpg does not read are refused, not guessed at."""

from collections.abc import Callable
from functools import cache

import pysequoia
import pytest

from gatekeeper.domain.protection import SignatureState, UnreadableReason
from gatekeeper.pgp import guests, keys, opening, packets
from gatekeeper.pgp.keys import CertRefused
from gatekeeper.pgp.opening import Closed, Opened
from tests.keys import Key
from tests.pgp import crafting
from tests.pgp.conftest import NOW, Desk, open_desk
from tests.pgp.crafting import CraftedKey, literal, session_for


@cache
def modern() -> pysequoia.Tsk:
    """Return a key of version 6 (RFC 9580) of another implementation."""
    return pysequoia.Tsk.generate("Six <six@example.org>", profile=pysequoia.Profile.RFC9580)


def versions(message: bytes) -> list[tuple[int, int]]:
    """Return each packet's tag and the version in its first octet."""
    return [(one.tag, message[one.body]) for one in packets.walk(message)]


@pytest.mark.parametrize("door", ["inspect", "load", "examine"])
def test_a_certificate_of_version_6_is_refused_with_that_reason(alias: Desk, door: str) -> None:
    certificate = bytes(modern().extract_certificate())
    assert (packets.PUBLIC_KEY, 6) == versions(certificate)[0]
    doors: dict[str, Callable[[], object]] = {
        "inspect": lambda: keys.inspect(alias.engine, certificate, NOW),
        "load": lambda: alias.keyring.load([certificate]),
        "examine": lambda: guests.examine(alias.engine, certificate, NOW),
    }
    with pytest.raises(CertRefused, match="not of version 4"):
        doors[door]()


@pytest.mark.parametrize("version", [2, 3, 5])
def test_certificates_of_other_versions_are_refused_too(alias: Desk, version: int) -> None:
    """Version 3, of the nineties, and 5, of a draft that gpg 2.4 can make."""
    old = (
        bytes([version])
        + bytes(4)
        + b"\x00\x00\x01"
        + b"\x08\x00"
        + b"\x80" * 256
        + b"\x00\x11\x01"
    )
    certificate = crafting.packet(6, old) + crafting.packet(13, b"Old <old@example.org>")
    with pytest.raises(CertRefused, match="not of version 4"):
        keys.inspect(alias.engine, certificate, NOW)


def test_a_message_of_version_6_stays_closed(alias: Desk) -> None:
    message = pysequoia.encrypt(b"x", recipients=[modern().extract_certificate()], armor=False)
    assert [(packets.SESSION_KEY, 6), (packets.PROTECTED, 2)] == versions(message)
    closed = opening.open_message(alias.engine, message)
    assert isinstance(closed, Closed)
    assert UnreadableReason.MALFORMED is closed.reason


def test_a_message_to_us_and_to_a_key_of_version_6_is_opened(alias: Desk, alias_key: Key) -> None:
    """Whoever writes to both chooses a form that all of them read."""
    ours = pysequoia.Cert.from_bytes(alias_key.public)
    theirs = modern().extract_certificate()
    message = pysequoia.encrypt(b"x", recipients=[ours, theirs], armor=False)
    outcome = opening.open_message(alias.engine, message)
    assert isinstance(outcome, Opened)
    assert b"x" == outcome.plaintext


def test_a_message_signed_by_a_key_of_version_6_stays_closed(alias: Desk, alias_key: Key) -> None:
    """There gpg writes nothing at all: what it calls two plaintexts is one that it did not read."""
    ours = pysequoia.Cert.from_bytes(alias_key.public)
    message = pysequoia.encrypt(b"x", recipients=[ours], signer=modern().signer(), armor=False)
    closed = opening.open_message(alias.engine, message)
    assert isinstance(closed, Closed)
    assert UnreadableReason.MALFORMED is closed.reason


@pytest.mark.parametrize("mode", ["DETACHED", "CLEAR"])
def test_a_signature_of_version_6_cannot_be_checked(alias: Desk, mode: str) -> None:
    how = getattr(pysequoia.SignatureMode, mode)
    block = pysequoia.sign(modern().signer(), b"text\n", mode=how)
    found = (
        opening.verify_detached(alias.engine, b"text\n", block)
        if mode == "DETACHED"
        else opening.verify_inline(alias.engine, block)[1]
    )
    assert [SignatureState.UNCHECKED] == [one.state for one in found]


def test_a_signature_of_version_6_beside_a_known_one(alias: Desk) -> None:
    """Neither makes the other worth more or less."""
    signer = CraftedKey(b"Person")
    how = pysequoia.SignatureMode.DETACHED
    block = pysequoia.sign(modern().signer(), b"x", mode=how, armor=False)
    with open_desk(signer.certificate) as ours:
        both = [block + signer.signature(b"x"), signer.signature(b"x") + block]
        found = [opening.verify_detached(ours.engine, b"x", one) for one in both]
    good, none = SignatureState.GOOD, SignatureState.UNCHECKED
    assert [[none, good], [good, none]] == [[one.state for one in two] for two in found]


def test_a_key_packet_of_another_version_beside_ours(alias: Desk, alias_key: Key) -> None:
    """It may be somebody else's business, but gpg would be shown what it does not know."""
    message = session_for(alias_key).protected(literal(b"x"))
    closed = opening.open_message(alias.engine, crafting.packet(1, b"\x06" + bytes(40)) + message)
    assert isinstance(closed, Closed)
    assert UnreadableReason.MALFORMED is closed.reason


@pytest.mark.parametrize(
    ("content", "state"), [(b"x", SignatureState.GOOD), (b"y", SignatureState.BAD)]
)
def test_a_signature_of_version_3_is_checked(content: bytes, state: SignatureState) -> None:
    """Old programs make it; it says as much as one of version 4."""
    signer = CraftedKey(b"Person")
    with open_desk(signer.certificate) as ours:
        (found,) = opening.verify_detached(ours.engine, content, signer.old_signature(b"x"))
    assert state is found.state
