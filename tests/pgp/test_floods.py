"""Certificates flooded with signatures cost little, and nothing of the flood is kept."""

from collections.abc import Callable

import pytest

from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import guests, keys, opening
from gatekeeper.pgp.keys import BLOCK_MAX, CertRefused
from tests.keys import Key, key_of
from tests.pgp.conftest import NOW, Desk
from tests.pgp.crafting import CraftedKey, packet

UID = b"Flooded <flooded@example.org>"
MANY = 1_700
"""Signatures of others that fit into what one certificate may have."""


def _others(key: CraftedKey, number: int) -> bytes:
    stranger = CraftedKey(b"Stranger %d" % number)
    return stranger.signature(_covered(key), kind=0x10)


def _own(key: CraftedKey, number: int) -> bytes:
    made = 1_700_000_000 - number
    return key.signature(_covered(key), kind=0x13, made=made, more=b"\x02\x1b\x03")


def _false(key: CraftedKey, number: int) -> bytes:
    return key.signature(b"something else %d" % number, kind=0x13)


def _covered(key: CraftedKey) -> bytes:
    return key.framed + b"\xb4" + len(UID).to_bytes(4, "big") + UID


def flooded(make: Callable[[CraftedKey, int], bytes], count: int) -> tuple[CraftedKey, bytes]:
    """Return a key, and its certificate with a flood between its user ID and the true signature."""
    key = CraftedKey(UID)
    encryption = key_of("Flooded Inside <inside@example.org>").public
    head = packet(6, key.body) + packet(13, UID)
    rest = key.adopting(encryption, subkey=1).removeprefix(head)
    return key, head + b"".join(make(key, number) for number in range(count)) + rest


FLOODS = [
    pytest.param(_others, MANY, id="of others"),
    pytest.param(_own, 400, id="of its owner"),
    pytest.param(_false, 400, id="that are false"),
]


@pytest.mark.parametrize(("make", "count"), FLOODS)
@pytest.mark.timeout(60)
def test_under_the_bound_a_flood_is_passed_over(
    desk: Callable[..., Desk],
    alias_key: Key,
    make: Callable[[CraftedKey, int], bytes],
    count: int,
) -> None:
    """Each door takes the certificate within its deadline and keeps a small one."""
    key, certificate = flooded(make, count)
    assert 40_000 < len(certificate) <= BLOCK_MAX
    ours = desk(secret=alias_key.secret)
    assert keys.inspect(ours.engine, certificate, NOW).can_encrypt
    assert len(guests.examine(ours.engine, certificate, NOW).certificate) < 1000
    ours.keyring.load([certificate])
    assert len(ours.keyring.export(key.fingerprint)) < 2000
    (found,) = opening.verify_detached(ours.engine, b"x", key.signature(b"x"))
    assert (SignatureState.GOOD, key.fingerprint) == (found.state, found.fingerprint)


def test_over_the_bound_it_is_refused_unread(desk: Callable[..., Desk], alias_key: Key) -> None:
    _, certificate = flooded(_others, MANY * 2)
    ours = desk(secret=alias_key.secret)
    doors: list[Callable[[], object]] = [
        lambda: keys.inspect(ours.engine, certificate, NOW),
        lambda: guests.examine(ours.engine, certificate, NOW),
        lambda: ours.keyring.load([certificate]),
    ]
    for door in doors:
        with pytest.raises(CertRefused, match="larger than 256 KiB"):
            door()
