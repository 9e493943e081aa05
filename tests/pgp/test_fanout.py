"""One run of gpg for all, and each recipient gets a message that only the own keys open."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import armor, fanout, opening, packets
from gatekeeper.pgp.fanout import Fanout, Recipient
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.keys import CertInfo
from gatekeeper.pgp.opening import Closed, Opened
from gatekeeper.pgp.packets import SplitMessage
from tests.keys import Key, gpg, key_of, make_key, read_key, short_home
from tests.pgp.conftest import NOW, Desk, open_desk, revoked

LETTER = b"Content-Type: text/plain\r\n\r\nfor your eyes\r\n"


def seal(desk: Desk, recipients: Sequence[Recipient], signer: Key) -> Fanout:
    return fanout.seal(
        desk.engine,
        desk.keyring,
        plaintext=LETTER,
        recipients=recipients,
        signer=signer.fingerprint,
        now=NOW,
    )


def to(*keys: Key, ref: str = "") -> Recipient:
    prints = tuple(key.fingerprint for key in keys)
    return Recipient(ref=ref or prints[0], fingerprints=prints)


def split(message: bytes) -> SplitMessage:
    found = packets.screen(message)
    assert isinstance(found, SplitMessage)
    return found


def test_each_of_many_opens_the_own_copy_with_one_key_packet(
    sender: Desk, alias_key: Key, members: list[Key]
) -> None:
    sealed = seal(sender, [to(member) for member in members], alias_key)
    assert {} == dict(sealed.blocked)
    assert {member.fingerprint for member in members} == set(sealed.key_packets)
    for member in members:
        mail = fanout.assemble(
            frame_head=b"",
            key_packets=sealed.key_packets[member.fingerprint],
            shared=sealed.shared,
            frame_tail=b"",
        )
        (block,) = armor.dearmor(mail.content)
        assert 1 == len(split(block.data).key_packets)
        with open_desk(alias_key.public, secret=member.secret) as theirs:
            outcome = opening.open_message(theirs.engine, mail.content)
            assert isinstance(outcome, Opened)
            assert LETTER == outcome.plaintext
            (signature,) = outcome.signatures
            assert (SignatureState.GOOD, alias_key.fingerprint) == (
                signature.state,
                signature.fingerprint,
            )


def test_the_order_of_packets_is_not_the_order_of_recipients(
    sender: Desk, alias_key: Key, members: list[Key]
) -> None:
    """Each packet is its owner's, in whatever order and however often members are named."""
    owners = {
        key.key_id: cert.fingerprint
        for cert in sender.keyring.list(NOW)
        for key in cert.encryption_keys
    }
    for order in (members, members[::-1], members[10:] + members[:10] + members[5:15]):
        sealed = seal(sender, [to(member) for member in order], alias_key)
        for ref, key_packets in sealed.key_packets.items():
            (packet,) = split(key_packets + sealed.shared).key_packets
            assert ref == owners[packet.key_id]


def test_nobody_opens_anothers_copy(sender: Desk, alias_key: Key, members: list[Key]) -> None:
    first, second = members[:2]
    sealed = seal(sender, [to(first), to(second)], alias_key)
    with open_desk(secret=second.secret) as theirs:
        message = sealed.key_packets[first.fingerprint] + sealed.shared
        assert isinstance(opening.open_message(theirs.engine, message), Closed)


def test_one_octet_changed_fails(sender: Desk, alias_key: Key, members: list[Key]) -> None:
    member = members[0]
    sealed = seal(sender, [to(member)], alias_key)
    message = sealed.key_packets[member.fingerprint] + sealed.shared
    with open_desk(alias_key.public, secret=member.secret) as theirs:
        for at in (-1, -40, len(message) // 2, len(sealed.key_packets[member.fingerprint]) - 3):
            changed = bytearray(message)
            changed[at] ^= 1
            assert isinstance(opening.open_message(theirs.engine, bytes(changed)), Closed)


def with_old_preferences() -> Key:
    """Return a key that asks for 3DES, SHA-1 and no more, as keys of the nineties do."""
    with short_home() as home:
        made = make_key(home, "Old Timer <old@example.org>")
        answers = b"setpref 3DES SHA1 Uncompressed\ny\nsave\n"
        options = ("--no-batch", "--command-fd", "0", "--edit-key", made.fingerprint)
        gpg(home, *options, given=answers)
        return read_key(home, made.fingerprint)


def test_old_preferences_of_one_member_weaken_nothing(
    desk: Callable[..., Desk], alias_key: Key, members: list[Key]
) -> None:
    old = with_old_preferences()
    ours = desk(old.public, members[0].public, secret=alias_key.secret)
    plain = ours.engine.run("--recipient", old.fingerprint, "--encrypt", given=b"x")
    begun = plain.status.only("BEGIN_ENCRYPTION")
    assert begun is not None
    assert 9 != begun.number(1), "the preferences have no effect, so this test shows nothing"
    sealed = seal(ours, [to(members[0]), to(old)], alias_key)
    theirs = desk(alias_key.public, secret=old.secret)
    message = sealed.key_packets[old.fingerprint] + sealed.shared
    status = theirs.engine.run("--decrypt", given=message).status
    info, valid = status.only("DECRYPTION_INFO"), status.only("VALIDSIG")
    assert info is not None
    assert valid is not None
    assert (9, 10) == (info.number(1), valid.number(7))


def test_a_key_without_encryption_subkey_blocks_only_its_owner(
    desk: Callable[..., Desk], alias_key: Key, members: list[Key]
) -> None:
    with short_home() as home:
        gpg(home, "--quick-gen-key", "Rita <rita@example.org>", "rsa2048", "cert,sign", "never")
        block = gpg(home, "--export")
    ours = desk(block, members[0].public, secret=alias_key.secret)
    (rita,) = (cert for cert in ours.keyring.list(NOW) if not cert.can_encrypt)
    signer_only = Recipient(ref="rita", fingerprints=(rita.fingerprint,))
    sealed = seal(ours, [signer_only, to(members[0])], alias_key)
    assert {"rita": f"{rita.fingerprint}: the key has no encryption subkey"} == sealed.blocked
    assert [members[0].fingerprint] == list(sealed.key_packets)


def test_revoked_expired_and_missing_keys_block_with_their_reason(
    desk: Callable[..., Desk], alias_key: Key, members: list[Key]
) -> None:
    gone, missing, fine = key_of("Gone <gone@example.org>"), members[1], members[0]
    with short_home() as home:
        brief = make_key(home, "Brief <brief@example.org>")
        faked = ("--faked-system-time", "20260102T000000!")
        gpg(home, *faked, "--quick-set-expire", brief.fingerprint, "1w")
        brief = read_key(home, brief.fingerprint)
    ours = desk(revoked(gone), brief.public, fine.public, secret=alias_key.secret)
    nobody = Recipient(ref="nobody", fingerprints=())
    sealed = seal(ours, [to(gone), to(brief), to(missing), to(fine), nobody], alias_key)
    assert {
        gone.fingerprint: f"{gone.fingerprint}: the key is revoked",
        brief.fingerprint: f"{brief.fingerprint}: the key has expired",
        missing.fingerprint: f"{missing.fingerprint}: no certificate for it is loaded",
        "nobody": "it has no key",
    } == sealed.blocked
    assert [fine.fingerprint] == list(sealed.key_packets)


def test_without_any_usable_key_nothing_is_sealed(
    sender: Desk, alias_key: Key, members: list[Key]
) -> None:
    sealed = seal(sender, [Recipient(ref="x", fingerprints=("A" * 40,))], alias_key)
    assert (b"", {}, {"x"}) == (sealed.shared, sealed.key_packets, set(sealed.blocked))
    assert {} == seal(sender, [], alias_key).key_packets


def _with_an_ended_subkey() -> Key:
    """Return a key that lives, with an encryption subkey that does not."""
    with short_home() as home:
        made = make_key(home, "Half Gone <half@example.org>")
        faked = ("--faked-system-time", "20260102T000000!")
        gpg(home, *faked, "--quick-set-expire", made.fingerprint, "1w", "*")
        return read_key(home, made.fingerprint)


def test_nothing_but_reasons_comes_of_recipients_who_have_no_usable_key(
    desk: Callable[..., Desk], alias_key: Key, members: list[Key]
) -> None:
    """Never clear text, never to fewer keys than are told, whatever is wrong with the keys."""
    half, gone = _with_an_ended_subkey(), key_of("Gone <gone@example.org>")
    ours = desk(half.public, revoked(gone), secret=alias_key.secret)
    sealed = seal(ours, [to(half), to(gone), to(members[1])], alias_key)
    assert {
        half.fingerprint: f"{half.fingerprint}: its encryption subkey has expired",
        gone.fingerprint: f"{gone.fingerprint}: the key is revoked",
        members[1].fingerprint: f"{members[1].fingerprint}: {fanout.MISSING}",
    } == sealed.blocked
    assert (b"", {}, {}, {}) == (
        sealed.shared,
        sealed.key_packets,
        sealed.fingerprints,
        sealed.partly,
    )


def test_there_is_room_for_the_key_packets_of_any_number_of_recipients(
    sender: Desk, alias_key: Key, members: list[Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two thousand RSA keys of 4096 bits take a mebibyte, which a short letter has not."""
    monkeypatch.setattr(fanout, "MIB", 600)
    sealed = seal(sender, [to(member) for member in members], alias_key)
    assert len(members) * 94 < sum(len(packet) for packet in sealed.key_packets.values())
    assert {} == sealed.blocked


def test_of_several_keys_the_usable_ones_are_used(
    sender: Desk, alias_key: Key, members: list[Key], desk: Callable[..., Desk]
) -> None:
    first, second = members[:2]
    missing = Key(fingerprint="B" * 40, public=b"", secret=b"")
    sealed = seal(sender, [to(missing, first, second, ref="alias")], alias_key)
    assert {} == sealed.blocked
    assert {"alias": f"{missing.fingerprint}: {fanout.MISSING}"} == sealed.partly
    assert {"alias": (first.fingerprint, second.fingerprint)} == sealed.fingerprints
    message = sealed.key_packets["alias"] + sealed.shared
    assert 2 == len(split(message).key_packets)
    for member in (first, second):
        theirs = desk(alias_key.public, secret=member.secret)
        assert isinstance(opening.open_message(theirs.engine, message), Opened)


def test_two_recipients_with_the_same_key_both_get_its_packet(
    sender: Desk, alias_key: Key, members: list[Key]
) -> None:
    sealed = seal(sender, [to(members[0], ref="a"), to(members[0], ref="b")], alias_key)
    assert sealed.key_packets["a"] == sealed.key_packets["b"] != b""


def test_a_member_with_an_older_usable_subkey_gets_the_newest(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    with short_home() as home:
        made = make_key(home, "Two Subkeys <two@example.org>")
        gpg(home, "--quick-add-key", made.fingerprint, "cv25519", "encr", "never")
        key = read_key(home, made.fingerprint)
    ours = desk(key.public, secret=alias_key.secret)
    sealed = seal(ours, [to(key)], alias_key)
    message = sealed.key_packets[key.fingerprint] + sealed.shared
    assert 1 == len(split(message).key_packets)
    theirs = desk(alias_key.public, secret=key.secret)
    assert isinstance(opening.open_message(theirs.engine, message), Opened)


def test_another_secret_key_in_the_home_never_signs(
    desk: Callable[..., Desk], alias_key: Key, members: list[Key]
) -> None:
    ours = desk(members[0].public, secret=alias_key.secret)
    ours.keyring.load_secret(members[1].secret)
    for signer in (alias_key, members[1]):
        sealed = seal(ours, [to(members[0])], signer)
        theirs = desk(signer.public, secret=members[0].secret)
        message = sealed.key_packets[members[0].fingerprint] + sealed.shared
        outcome = opening.open_message(theirs.engine, message)
        assert isinstance(outcome, Opened)
        assert [signer.fingerprint] == [one.fingerprint for one in outcome.signatures]


@pytest.mark.parametrize("fingerprint", ["A" * 40, "known"])
def test_a_signer_that_cannot_sign_is_our_fault(
    sender: Desk, members: list[Key], fingerprint: str
) -> None:
    signer = members[3] if fingerprint == "known" else replace(members[3], fingerprint=fingerprint)
    with pytest.raises(OurFault):
        seal(sender, [to(members[0])], signer)


def test_the_letter_is_signed_at_the_given_instant(
    desk: Callable[..., Desk], alias_key: Key, members: list[Key]
) -> None:
    ours = desk(members[0].public, secret=alias_key.secret)
    at = later(Instant(NOW // SECOND * SECOND), -5 * 24 * 3600 * SECOND)
    sealed = fanout.seal(
        ours.engine,
        ours.keyring,
        plaintext=LETTER,
        recipients=[to(members[0])],
        signer=alias_key.fingerprint,
        now=at,
    )
    theirs = desk(alias_key.public, secret=members[0].secret)
    message = sealed.key_packets[members[0].fingerprint] + sealed.shared
    outcome = opening.open_message(theirs.engine, message)
    assert isinstance(outcome, Opened)
    assert [at] == [signature.made_at for signature in outcome.signatures]


class _Believing(Keyring):
    """A key ring that is wrong about some certificates: it changes what it lists."""

    def __init__(self, desk: Desk, change: Callable[[CertInfo], CertInfo]) -> None:
        super().__init__(desk.engine)
        self._change = change

    def list(self, now: Instant) -> tuple[CertInfo, ...]:
        return tuple(self._change(cert) for cert in super().list(now))


def seal_believing(
    desk: Desk, change: Callable[[CertInfo], CertInfo], recipients: Sequence[Recipient], by: Key
) -> Fanout:
    wrong = Desk(engine=desk.engine, keyring=_Believing(desk, change))
    return seal(wrong, recipients, by)


def test_keys_that_gpg_names_are_left_out_and_told(
    desk: Callable[..., Desk], alias_key: Key, members: list[Key]
) -> None:
    """Our listing may call a key usable that gpg refuses: the others still get their copy."""
    gone = key_of("Gone <gone@example.org>")
    ours = desk(revoked(gone), members[0].public, members[1].public, secret=alias_key.secret)
    (key,) = (c for c in ours.keyring.list(NOW) if c.fingerprint == members[1].fingerprint)

    def change(cert: CertInfo) -> CertInfo:
        if cert.fingerprint != gone.fingerprint:
            return cert
        return replace(cert, can_encrypt=True, encryption_keys=key.encryption_keys)

    sealed = seal_believing(ours, change, [to(gone), to(members[0])], alias_key)
    assert {gone.fingerprint} == sealed.blocked.keys()
    assert [members[0].fingerprint] == list(sealed.key_packets)


def test_strangers_among_the_packets_are_refused(
    sender: Desk, alias_key: Key, members: list[Key]
) -> None:
    def change(cert: CertInfo) -> CertInfo:
        (key,) = cert.encryption_keys
        return replace(cert, encryption_keys=(replace(key, key_id="F" * 15 + key.key_id[-1:]),))

    with pytest.raises(OurFault, match="other keys"):
        seal_believing(sender, change, [to(members[0])], alias_key)


def test_a_collision_of_key_ids_blocks_both(
    sender: Desk, alias_key: Key, members: list[Key]
) -> None:
    first, second, third = members[:3]

    def change(cert: CertInfo) -> CertInfo:
        if cert.fingerprint not in {first.fingerprint, second.fingerprint}:
            return cert
        (key,) = cert.encryption_keys
        return replace(cert, encryption_keys=(replace(key, key_id="C" * 16),))

    sealed = seal_believing(sender, change, [to(first), to(second), to(third)], alias_key)
    assert {first.fingerprint, second.fingerprint} == sealed.blocked.keys()
    assert all(fanout.COLLISION in reason for reason in sealed.blocked.values())
    assert [third.fingerprint] == list(sealed.key_packets)
