"""A guest's certificate is lent for one run, and never takes the place of another."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import fanout, guests, opening
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.fanout import Fanout, Recipient
from gatekeeper.pgp.keys import CertRefused
from gatekeeper.pgp.opening import Opened
from tests.keys import Key, gpg, key_of, make_key, read_key, short_home
from tests.pgp import crafting
from tests.pgp.conftest import NOW, Desk, open_desk, revoked
from tests.pgp.crafting import CraftedKey, literal, session_for
from tests.pgp.test_keys import changed

TEXT = b"Content-Type: text/plain\r\n\r\nyes\r\n"
LATER = Instant(1_900_000_000 * SECOND)
"""A day in 2030, when a key that ends with 2029 has ended."""


@pytest.fixture(scope="module")
def guest() -> Key:
    """Someone outside whose certificate is in no home of ours."""
    return key_of("Ann Outside <ann@outside.example>")


@pytest.fixture(scope="module")
def guests_desk(guest: Key, alias_key: Key) -> Iterator[Desk]:
    with open_desk(alias_key.public, secret=guest.secret) as opened:
        yield opened


def signed_to_us(desk: Desk, by: Key, to: Key) -> bytes:
    """Return a message that is signed and encrypted in one."""
    words = ("--local-user", by.fingerprint, "--sign", "--encrypt", "--recipient", to.fingerprint)
    return desk.engine.run(*words, given=TEXT).output


def detached(desk: Desk, by: Key) -> bytes:
    return desk.engine.run("--local-user", by.fingerprint, "--detach-sign", given=TEXT).output


def opened(desk: Desk, message: bytes, *lent: bytes) -> tuple[SignatureState, str | None]:
    """Return the state and the signer of the one signature in a message."""
    outcome = opening.open_message(desk.engine, message, guests=lent)
    assert isinstance(outcome, Opened), outcome
    (signature,) = outcome.signatures
    return signature.state, signature.fingerprint


def verified(
    desk: Desk, signature: bytes, *lent: bytes, now: Instant | None = None
) -> tuple[SignatureState, str | None]:
    (found,) = opening.verify_detached(desk.engine, TEXT, signature, guests=lent, now=now)
    return found.state, found.fingerprint


def seal(
    desk: Desk, alias_key: Key, to: dict[str, str], *lent: bytes, now: Instant = NOW
) -> Fanout:
    return fanout.seal(
        desk.engine,
        desk.keyring,
        plaintext=TEXT,
        recipients=[Recipient(ref=ref, fingerprints=(key,)) for ref, key in to.items()],
        signer=alias_key.fingerprint,
        now=now,
        guests=lent,
    )


def message_to(sealed: Fanout, ref: str) -> bytes:
    mail = fanout.assemble(
        frame_head=b"",
        key_packets=sealed.key_packets[ref],
        shared=sealed.shared,
        frame_tail=b"",
    )
    return mail.content


def files(home: Path) -> set[Path]:
    return set(home.rglob("*"))


def test_a_guests_signature_is_good_while_it_is_lent_and_unknown_after(
    alias: Desk, alias_key: Key, guest: Key, guests_desk: Desk
) -> None:
    """Each way to verify knows the guest when asked to, and has forgotten it in the next call."""
    message = signed_to_us(guests_desk, guest, alias_key)
    signature = detached(guests_desk, guest)
    clear = guests_desk.engine.run("--clear-sign", given=b"yes\n").output
    before = files(alias.engine.home)
    for lent, expected in (
        ((guest.public,), (SignatureState.GOOD, guest.fingerprint)),
        ((), (SignatureState.UNKNOWN_SIGNER, None)),
    ):
        assert expected == opened(alias, message, *lent)
        assert expected == verified(alias, signature, *lent)
        _, (inline,) = opening.verify_inline(alias.engine, clear, guests=lent)
        assert expected == (inline.state, inline.fingerprint)
    assert before == files(alias.engine.home)
    assert guest.fingerprint.encode() not in alias.engine.run("--list-keys").output


def test_a_guest_opens_what_was_sealed_to_it_and_sees_our_signature(
    alias: Desk, alias_key: Key, guest: Key, guests_desk: Desk
) -> None:
    """The agent signs by the alias's key in the same run in which the guest's is lent."""
    before = files(alias.engine.home)
    sealed = seal(alias, alias_key, {"a": guest.fingerprint}, guest.public)
    assert {} == dict(sealed.blocked)
    assert {"a": (guest.fingerprint,)} == dict(sealed.fingerprints)
    outcome = opening.open_message(guests_desk.engine, message_to(sealed, "a"))
    assert isinstance(outcome, Opened)
    assert TEXT == outcome.plaintext
    assert [(SignatureState.GOOD, alias_key.fingerprint)] == [
        (one.state, one.fingerprint) for one in outcome.signatures
    ]
    assert before == files(alias.engine.home)


def test_a_guest_that_is_not_lent_is_blocked(alias: Desk, alias_key: Key, guest: Key) -> None:
    sealed = seal(alias, alias_key, {"a": guest.fingerprint})
    assert {"a": f"{guest.fingerprint}: {fanout.MISSING}"} == dict(sealed.blocked)


def test_nothing_stays_when_gpg_is_killed(alias: Desk, guest: Key, tmp_path: Path) -> None:
    """What is lent has no name in any folder, so there is nothing to be swept up."""
    program = tmp_path / "gpg"
    program.write_text(
        '#!/bin/sh\ncase "$*" in *--verify*) kill -9 $$;; *) exec gpg "$@";; esac\n',
        encoding="ascii",
    )
    program.chmod(0o700)
    engine = Engine(binary=program, home=alias.engine.home, wait=20 * SECOND, output_limit=10_000)
    before = files(alias.engine.home)
    with pytest.raises(OurFault, match="was killed"):
        opening.verify_detached(engine, TEXT, crafting.packet(2, b"x"), guests=[guest.public])
    assert before == files(alias.engine.home)


def test_a_member_of_the_team_can_be_a_guest(alias: Desk, reporter_key: Key) -> None:
    """Colleagues report too; their certificate in the home is the one that is used."""
    found = guests.examine(alias.engine, reporter_key.public, NOW)
    assert reporter_key.fingerprint == found.info.fingerprint
    ring = guests.for_encrypting(alias.engine, [found.certificate], NOW)
    assert (b"", ()) == (ring.packets, ring.certs)
    assert (b"",) == guests.for_verifying(alias.engine, [found.certificate], NOW)


def test_a_signature_by_a_guests_subkey_is_the_guests(alias: Desk) -> None:
    key = changed(("--quick-add-key", "{key}", "ed25519", "sign", "never"))
    found = guests.examine(alias.engine, key.public, NOW)
    with open_desk(secret=key.secret) as theirs:
        by = ("--local-user", f"{found.info.signing_keys[-1]}!", "--detach-sign")
        signature = theirs.engine.run(*by, given=TEXT).output
    assert (SignatureState.GOOD, key.fingerprint) == verified(alias, signature, key.public)


@pytest.mark.parametrize("flags", [2, 12, 14])
def test_a_key_that_did_not_consent_signs_for_nobody(
    alias: Desk, guest: Key, guests_desk: Desk, flags: int
) -> None:
    """A subkey that signs has to sign its own binding (RFC 9580 §5.2.1.8); no thief can do that."""
    thief = CraftedKey(b"Thief").adopting(guest.public, flags=flags)
    state, signer = verified(alias, detached(guests_desk, guest), thief)
    assert SignatureState.GOOD is not state
    assert None is signer


def test_hostile_user_ids_of_a_guest_are_not_believed(
    alias: Desk, alias_key: Key, reporter_key: Key
) -> None:
    """One that came by anyway, say from an older database, signs as itself alone."""
    victim = reporter_key.fingerprint.encode()
    forged = b"M\n[GNUPG:] VALIDSIG %b 2026-01-01 1767225600 0 4 0 22 10 00 %b" % (victim, victim)
    signer = CraftedKey(forged)
    message = session_for(alias_key).protected(signer.signed(TEXT))
    expected = (SignatureState.GOOD, signer.fingerprint)
    assert expected == opened(alias, message, signer.certificate)


@pytest.mark.parametrize("whose", ["ours", "the team's"])
@pytest.mark.parametrize("subkey", [0, 1])
def test_a_certificate_that_carries_a_key_of_ours_is_refused(
    alias: Desk, alias_key: Key, reporter_key: Key, whose: str, subkey: int
) -> None:
    """With it, what is sealed to a stranger would open at our desk, or at a colleague's."""
    stolen = (alias_key if whose == "ours" else reporter_key).public
    thief = CraftedKey(b"Thief")
    block = thief.adopting(stolen, subkey=subkey)
    with pytest.raises(CertRefused, match="another certificate"):
        guests.examine(alias.engine, block, NOW)
    sealed = seal(alias, alias_key, {"a": thief.fingerprint}, block)
    reason = guests.NOT_OURS if subkey else "the key has no encryption subkey"
    assert {"a": f"{thief.fingerprint}: {reason}"} == dict(sealed.blocked)


@pytest.mark.parametrize("flags", [2, 12, 14])
@pytest.mark.parametrize("subkey", [0, 1])
def test_a_stolen_key_does_not_touch_its_owners_signatures_and_mail(
    alias: Desk, alias_key: Key, reporter: Desk, reporter_key: Key, flags: int, subkey: int
) -> None:
    """A colleague's signature, and mail to us, are read as ever with the thief's key lent."""
    for stolen in (reporter_key, alias_key):
        block = CraftedKey(b"Thief").adopting(stolen.public, subkey=subkey, flags=flags)
        message = signed_to_us(reporter, reporter_key, alias_key)
        expected = (SignatureState.GOOD, reporter_key.fingerprint)
        assert expected == opened(alias, message, block)
        assert expected == verified(alias, detached(reporter, reporter_key), block)


@pytest.fixture(scope="module")
def rsa_guest() -> Key:
    """Someone with a key of a kind that can sign and be encrypted to."""
    with short_home() as home:
        gpg(home, "--quick-gen-key", "Rsa <rsa@outside.example>", "rsa2048", "cert,sign", "never")
        listing = gpg(home, "--with-colons", "--list-keys").decode()
        fingerprint = listing.partition("fpr:::::::::")[2][:40]
        gpg(home, "--quick-add-key", fingerprint, "cv25519", "encr", "never")
        return read_key(home, fingerprint)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (2, "the key has no encryption subkey"),
        (12, guests.AMONG_GUESTS),
        (14, guests.AMONG_GUESTS),
    ],
)
def test_a_guest_that_carries_another_guests_key_takes_nothing_from_it(
    alias: Desk, alias_key: Key, rsa_guest: Key, flags: int, reason: str
) -> None:
    """Whichever comes first: the owner's signature counts, and the owner's copy is the owner's."""
    thief = CraftedKey(b"Thief")
    stolen = thief.adopting(rsa_guest.public, subkey=0, flags=flags)
    own = CraftedKey(b"Own").adopting(rsa_guest.public, subkey=1)
    to = {"thief": thief.fingerprint, "owner": rsa_guest.fingerprint}
    expected = (SignatureState.GOOD, rsa_guest.fingerprint)
    with open_desk(alias_key.public, secret=rsa_guest.secret) as theirs:
        signature = detached(theirs, rsa_guest)
        for lent in ((stolen, rsa_guest.public), (rsa_guest.public, own, stolen)):
            assert expected == verified(alias, signature, *lent)
            sealed = seal(alias, alias_key, to, *lent)
            assert {"thief": f"{thief.fingerprint}: {reason}"} == dict(sealed.blocked)
            outcome = opening.open_message(theirs.engine, message_to(sealed, "owner"))
            assert isinstance(outcome, Opened)


def test_whoever_claims_a_signing_subkey_of_another_does_not_harm_it(alias: Desk) -> None:
    """Any number of thieves before or after the owner: one run of gpg finds the owner's key."""
    key = changed(("--quick-add-key", "{key}", "ed25519", "sign", "never"))
    with open_desk(secret=key.secret) as theirs:
        signature = detached(theirs, key)
    thieves = [CraftedKey(b"Thief").adopting(key.public, subkey=2, flags=2) for _ in range(3)]
    assert SignatureState.GOOD is not verified(alias, signature, *thieves)[0]
    for lent in ((*thieves, key.public), (key.public, *thieves)):
        assert (SignatureState.GOOD, key.fingerprint) == verified(alias, signature, *lent)


def test_a_message_is_opened_again_with_the_next_guests_until_its_signature_is_good(
    alias: Desk, alias_key: Key
) -> None:
    """Whoever claims the signer's key; when none makes it good, the first finding counts."""
    signer, stranger = CraftedKey(b"Owner"), CraftedKey(b"Somebody else")
    thieves = [CraftedKey(b"Thief").adopting(signer.certificate, flags=2) for _ in range(2)]
    message = session_for(alias_key).protected(signer.signed(b"x"))
    for lent in ((*thieves, signer.certificate), (signer.certificate, *thieves)):
        outcome = opening.open_message(alias.engine, message, guests=lent)
        assert isinstance(outcome, Opened)
        assert [(SignatureState.GOOD, signer.fingerprint)] == [
            (one.state, one.fingerprint) for one in outcome.signatures
        ]
    outcome = opening.open_message(alias.engine, message, guests=[*thieves, stranger.certificate])
    assert isinstance(outcome, Opened)
    assert SignatureState.GOOD not in {one.state for one in outcome.signatures}


def test_copies_of_one_key_of_different_ages(alias: Desk) -> None:
    """The one that lasts longest counts, in any order; a revoked one counts before all."""
    with short_home() as home:
        made = make_key(home, "Old Friend <old@outside.example>")
        gpg(home, "--quick-set-expire", made.fingerprint, "20300101T000000")
        old = read_key(home, made.fingerprint).public
    new, gone = made.public, revoked(made)
    signature = _signature_of(made)
    assert SignatureState.EXPIRED_KEY is verified(alias, signature, old, now=LATER)[0]
    for lent in ((old, new), (new, old)):
        expected = (SignatureState.GOOD, made.fingerprint)
        assert expected == verified(alias, signature, *lent, now=LATER)
        assert guests.for_encrypting(alias.engine, lent, LATER).certs[0].can_encrypt
    for lent in ((new, gone), (gone, new)):
        assert (SignatureState.REVOKED_KEY, made.fingerprint) == verified(alias, signature, *lent)
        assert not guests.for_encrypting(alias.engine, lent, NOW).certs[0].can_encrypt


def _signature_of(key: Key) -> bytes:
    with open_desk(secret=key.secret) as theirs:
        return detached(theirs, key)


def test_what_is_no_certificate_is_not_lent(alias: Desk, guest: Key, guests_desk: Desk) -> None:
    """Neither does it keep others from being lent."""
    broken = guest.public[: guest.public.index(b"Ann") - 2]
    signature = detached(guests_desk, guest)
    unknown = crafting.packet(6, b"\x04" + bytes(4) + b"\x63" + bytes(40))
    unread = unknown + crafting.packet(13, b"x") + unknown.replace(b"\xc6", b"\xce", 1)
    empty = crafting.packet(6, b"\x04" + bytes(4))
    for lent in ((b"", b"x", broken), (broken,), (guest.secret,), (unread, empty), (empty,)):
        assert (SignatureState.UNKNOWN_SIGNER, None) == verified(alias, signature, *lent)
        expected = (SignatureState.GOOD, guest.fingerprint)
        assert expected == verified(alias, signature, *lent, guest.public)


def test_an_expired_guest_is_blocked_with_the_reason(alias: Desk, alias_key: Key) -> None:
    key = changed(("--quick-set-expire", "{key}", "20300101T000000"))
    to = {"a": key.fingerprint}
    assert {} == dict(seal(alias, alias_key, to, key.public).blocked)
    late = seal(alias, alias_key, to, key.public, now=LATER)
    assert {"a": f"{key.fingerprint}: the key has expired"} == dict(late.blocked)


def test_a_message_of_nobody_opens_with_guests_lent(
    alias: Desk, alias_key: Key, guest: Key
) -> None:
    message = session_for(alias_key).protected(literal(TEXT))
    outcome = opening.open_message(alias.engine, message, guests=[guest.public])
    assert isinstance(outcome, Opened)
    assert (TEXT, ()) == (outcome.plaintext, outcome.signatures)


def test_a_trust_packet_does_not_vouch_for_a_key_that_was_never_bound(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    """It tells gpg that a signature was checked before, and in a ring gpg believes that.

    So a certificate of the victim, with the thief's key below it and a trust packet behind the
    worthless signature that should bind it, would make the thief's signatures the victim's.
    """
    victim, thief = CraftedKey(b"Vic Tim"), CraftedKey(b"Thief")
    checked = crafting.packet(12, b"\x00\x03")
    forged = victim.certificate + victim.owning(thief, bound=False) + checked
    ours = desk(secret=alias_key.secret)
    message = session_for(alias_key).protected(thief.signed(b"x"))
    assert 0 == ours.engine.run("--decrypt", given=message, ring=forged).status.count("GOODSIG")
    outcome = opening.open_message(ours.engine, message, guests=[forged])
    assert isinstance(outcome, Opened)
    assert [SignatureState.UNKNOWN_SIGNER] == [one.state for one in outcome.signatures]
    true = victim.certificate + victim.owning(thief)
    assert 1 == ours.engine.run("--decrypt", given=message, ring=true).status.count("GOODSIG")


def test_gpg_would_believe_that_trust_packet(alias: Desk, alias_key: Key) -> None:
    """Why it is taken out: as a ring that lies in a file, the same bytes are believed."""
    victim, thief = CraftedKey(b"Vic Tim"), CraftedKey(b"Thief")
    checked = crafting.packet(12, b"\x00\x03")
    message = session_for(alias_key).protected(thief.signed(b"x"))
    with short_home() as folder:
        ring = folder / "ring"
        ring.write_bytes(victim.certificate + victim.owning(thief, bound=False) + checked)
        run = alias.engine.run(f"--keyring={ring}", "--decrypt", given=message)
    (valid,) = run.status.all("VALIDSIG")
    assert victim.fingerprint == valid.arguments[9]
