"""What is near a sound message, signature or certificate is put to the real gpg, and fools nobody.

Whoever changes a message gets it closed, or opened to what it was; whoever arranges packets inside
encryption gets a good signature shown only over what was signed; whoever changes a certificate gets
no key of an own into it.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import armor, guests, keys, opening, packets
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.guests import Guest
from gatekeeper.pgp.keys import CertInfo, CertRefused
from gatekeeper.pgp.opening import Closed, Opened
from tests.fuzz import seeds
from tests.fuzz.changing import changed
from tests.keys import key_of
from tests.pgp import crafting
from tests.pgp.conftest import NOW, Desk, open_desk
from tests.pgp.crafting import CraftedKey, Session, compressed, literal, packet, session_for
from tests.sampling import tries

ALIAS = "Example Security <security@example.org>"
SIGNED = b"signed text\r\n-second line\r\n"
OTHER = b"other text\r\n"
WITHOUT_RETURNS = SIGNED.replace(b"\r", b"")
"""The same as gpg writes it in text mode, which is chosen outside the signature."""

GOOD = SignatureState.GOOD


def _signers() -> tuple[CraftedKey, CraftedKey, CraftedKey]:
    return seeds.person(), CraftedKey(b"Second <second@example.org>"), CraftedKey(b"Stranger")


PERSON, SECOND, STRANGER = _signers()


@pytest.fixture(scope="module")
def ours() -> Iterator[Desk]:
    secret = key_of(ALIAS).secret
    with open_desk(PERSON.certificate, SECOND.certificate, secret=secret) as desk:
        yield desk


@pytest.fixture(scope="module")
def session() -> Session:
    return session_for(key_of(ALIAS))


_PIECES = {
    "signed": literal(SIGNED),
    "signed as text": literal(SIGNED, mode=b"t"),
    "other": literal(OTHER),
    "empty": literal(b""),
    "signature": PERSON.signature(SIGNED),
    "signature of text": PERSON.signature(SIGNED, kind=1),
    "bad signature": PERSON.signature(OTHER + b"x"),
    "second signature": SECOND.signature(SIGNED),
    "weak signature": SECOND.signature(SIGNED, digest=2),
    "strange signature": STRANGER.signature(SIGNED),
    **{
        f"announcement {number}": one
        for number, one in enumerate(
            key.announced(kind=kind, last=last)
            for key in (PERSON, SECOND, STRANGER)
            for kind in (0, 1)
            for last in (True, False)
        )
    },
    "marker": packet(10, b"PGP"),
    "user ID": packet(13, b"user"),
    "trust": packet(12, b"\x00\x03"),
    "padding": packet(21, b"xx"),
    "private": packet(60, b"xx"),
    "integrity check": packet(19, bytes(20)),
    "key": packet(6, PERSON.body),
    "password": packet(3, b"\x04\x09\x00\x08"),
    "no packet": b"\x00\x01\x02",
}
_SEQUENCES = st.recursive(
    st.sampled_from(sorted(_PIECES)),
    lambda inner: st.lists(inner, min_size=1, max_size=5),
    max_leaves=10,
)


def built(sequence: str | list[object]) -> bytes:
    """Return a packet by its name, or the compressed packet of those in a list."""
    if isinstance(sequence, str):
        return _PIECES[sequence]
    return compressed(b"".join(built(one) for one in sequence if isinstance(one, str | list)))


@tries(400)
@given(st.lists(_SEQUENCES, min_size=1, max_size=6))
def test_packets_in_any_order_show_no_signature_over_anything_else(
    ours: Desk, session: Session, sequences: list[str | list[object]]
) -> None:
    content = b"".join(map(built, sequences))
    outcome = opening.open_message(ours.engine, session.protected(content))
    if isinstance(outcome, Opened):
        assert outcome.plaintext in {SIGNED, WITHOUT_RETURNS, OTHER, b""}
        if GOOD in {one.state for one in outcome.signatures}:
            assert outcome.plaintext in {SIGNED, WITHOUT_RETURNS}


CONTENTS = changed(
    (
        PERSON.signed(SIGNED),
        compressed(PERSON.signed(SIGNED)),
        PERSON.signature(SIGNED) + literal(SIGNED),
        crafting.partial(11, b"b\0" + bytes(4) + SIGNED * 40, 9),
        literal(OTHER),
        SECOND.announced(last=False) + PERSON.signed(SIGNED) + SECOND.signature(SIGNED),
    )
)


@tries(400)
@given(CONTENTS)
def test_changed_packets_inside_encryption_show_no_signature_over_anything_else(
    ours: Desk, session: Session, content: bytes
) -> None:
    outcome = opening.open_message(ours.engine, session.protected(content))
    assert isinstance(outcome, Opened | Closed)
    if isinstance(outcome, Opened) and GOOD in {one.state for one in outcome.signatures}:
        assert SIGNED.replace(b"\r", b"") == outcome.plaintext.replace(b"\r", b"")


@tries(400)
@given(data=st.data())
def test_a_changed_message_stays_closed_or_opens_to_what_it_was(
    ours: Desk, session: Session, data: st.DataObject
) -> None:
    sound = session.protected(PERSON.signed(SIGNED))
    anonymous = sound[:3] + bytes(8) + sound[11:]
    block = armor.armor(Kind.MESSAGE, sound)
    message = data.draw(changed((sound, anonymous, block)))
    outcome = opening.open_message(ours.engine, message)
    if isinstance(outcome, Opened):
        assert (SIGNED, [(GOOD, PERSON.fingerprint)]) == (
            outcome.plaintext,
            [(one.state, one.fingerprint) for one in outcome.signatures],
        )


@tries(400)
@given(
    content=changed((SIGNED,)),
    block=changed((PERSON.signature(SIGNED), PERSON.signature(SIGNED, kind=1))),
)
def test_a_changed_signature_or_text_is_not_good(ours: Desk, content: bytes, block: bytes) -> None:
    found = opening.verify_detached(ours.engine, content, block)
    if GOOD in {one.state for one in found}:
        assert WITHOUT_RETURNS.split(b"\n") == [line.rstrip(b"\r") for line in content.split(b"\n")]


SUBKEY = CraftedKey(b"")
CERTIFICATES = changed(
    (
        seeds.person().certificate,
        seeds.person().certificate + seeds.person().owning(SUBKEY),
        seeds.person().adopting(key_of("Inside <inside@example.org>").public, subkey=1),
        STRANGER.certificate + packet(12, b"\x00\x03"),
    )
)


@tries(60)
@given(CERTIFICATES)
def test_a_changed_certificate_gets_no_other_keys(ours: Desk, certificate: bytes) -> None:
    """Whatever it is taken for: what counts below somebody's primary key was bound by that."""
    known = _keys_of(seeds.person())
    for info in (_inspected(ours, certificate), _examined(ours, certificate)):
        if info is not None and info.fingerprint == PERSON.fingerprint:
            assert {key.fingerprint for key in info.encryption_keys} <= known
            assert set(info.signing_keys) <= known
    block = PERSON.signature(SIGNED)
    (found,) = opening.verify_detached(ours.engine, SIGNED, block, guests=[certificate])
    assert (GOOD, PERSON.fingerprint) == (found.state, found.fingerprint)


def _keys_of(key: CraftedKey) -> set[str]:
    inside = key_of("Inside <inside@example.org>").public
    bodies = [one for one in packets.walk(inside) if one.tag == 14]
    return {
        key.fingerprint,
        SUBKEY.fingerprint,
        *(keys.fingerprint_of(inside, one) for one in bodies),
    }


def _inspected(desk: Desk, certificate: bytes) -> CertInfo | None:
    try:
        return keys.inspect(desk.engine, certificate, NOW)
    except CertRefused:
        return None


def _examined(desk: Desk, certificate: bytes) -> CertInfo | None:
    try:
        guest: Guest = guests.examine(desk.engine, certificate, NOW)
    except CertRefused:
        return None
    return guest.info
