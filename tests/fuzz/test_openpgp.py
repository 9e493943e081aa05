"""The packet screen, the armor reader and the cleartext frame survive whatever is near sound.

Each raises what it says and nothing else, gives the same again for the same, and what it gives is
a part of what it was given.
"""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.pgp import armor, keys, opening, packets
from gatekeeper.pgp.armor import ArmorBlock, BadArmor
from gatekeeper.pgp.cleartext import unframed
from gatekeeper.pgp.keys import CertRefused
from gatekeeper.pgp.packets import NotPackets, Packet, SplitMessage, Unsound
from tests.fuzz import seeds
from tests.fuzz.changing import changed
from tests.sampling import tries

OCTETS = changed(seeds.packets())
TEXTS = changed(seeds.armored())
ANY = st.one_of(OCTETS, TEXTS, changed(seeds.mails()), st.binary(max_size=200))


def walked(data: bytes) -> list[Packet] | None:
    try:
        return list(packets.walk(data))
    except NotPackets:
        return None


@tries(500)
@given(OCTETS)
def test_packets_lie_in_their_source_one_after_the_other(data: bytes) -> None:
    found = walked(data)
    assert found == walked(data)
    at = 0
    for packet in found or ():
        assert at == packet.start < packet.body <= packet.end <= len(data)
        pieces = list(packets.spans(data, packet))
        assert all(packet.start < start <= end <= packet.end for start, end in pieces)
        assert [*pieces] == sorted(pieces)
        assert packet.end == pieces[-1][1]
        at = packet.end
    assert found is None or at == len(data)


@tries(500)
@given(OCTETS)
def test_what_passes_the_screen_is_in_the_message_and_passes_again(data: bytes) -> None:
    outcome = packets.screen(data)
    assert outcome == packets.screen(data)
    if isinstance(outcome, Unsound):
        return
    assert outcome.data == data[-len(outcome.data) :]
    assert all(key.raw in data for key in outcome.key_packets)
    assert 1 <= len(outcome.key_packets) <= packets.KEY_PACKETS_MAX
    assert outcome == packets.screen(outcome.joined())
    tags = [packet.tag for packet in packets.walk(outcome.joined())]
    assert [packets.SESSION_KEY] * len(outcome.key_packets) == tags[:-1]
    assert tags[-1] in packets.DATA - {packets.UNPROTECTED}


@tries(500)
@given(OCTETS)
def test_a_digest_is_of_the_content_alone(data: bytes) -> None:
    """Whoever passes a message on may change its session keys and its lengths, as here."""
    outcome = packets.screen(data)
    assert opening.digest_of(data) == opening.digest_of(data)
    if isinstance(outcome, SplitMessage) and armor.is_binary(data):
        assert opening.digest_of(data) == opening.digest_of(outcome.data)


def dearmored(text: bytes) -> tuple[ArmorBlock, ...] | None:
    try:
        return armor.dearmor(text)
    except BadArmor:
        return None


@tries(500)
@given(TEXTS)
def test_armor_is_read_or_refused(text: bytes) -> None:
    found = dearmored(text)
    assert found == dearmored(text)
    for block in found or ():
        assert block.kind.encode() in text
        assert 4 * len(block.data) <= 3 * len(text)
        (again,) = armor.dearmor(armor.armor(armor.Kind.MESSAGE, block.data))
        assert block.data == again.data
    assert sum(len(block.data) for block in found or ()) <= len(text)


@tries(500)
@given(TEXTS)
def test_a_frame_comes_off_or_does_not(text: bytes) -> None:
    found = unframed(text)
    assert found == unframed(text)
    if found is not None:
        content, signature = found
        assert signature in text.replace(b"\r\n", b"\n")
        assert len(content) <= 2 * len(text)
        assert not any(line.endswith((b" ", b"\t", b"\r")) for line in content.split(b"\r\n"))


@tries(500)
@given(ANY)
def test_a_key_block_is_one_key_or_refused(data: bytes) -> None:
    try:
        found = keys.single(data)
    except CertRefused:
        return
    first, *rest = packets.walk(found)
    assert packets.PUBLIC_KEY == first.tag
    assert {packets.PUBLIC_KEY, packets.SECRET_KEY, packets.SECRET_SUBKEY}.isdisjoint(
        packet.tag for packet in rest
    )
    assert found == keys.single(found)
    assert 40 == len(keys.primary_fingerprint(found))


@tries(500)
@given(ANY)
def test_certificate_packets_are_picked_out_of_anything(data: bytes) -> None:
    try:
        found = packets.only(data, packets.CERTIFICATE)
    except NotPackets:
        assert walked(data) is None
        return
    assert {packet.tag for packet in packets.walk(found)} <= packets.CERTIFICATE
    assert found == packets.only(found, packets.CERTIFICATE)
