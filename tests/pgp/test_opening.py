"""Sound messages are opened and their signatures told apart; nothing is asked of anybody."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import DAY, SECOND, Instant, later
from gatekeeper.domain.protection import Integrity, Signature, SignatureState, UnreadableReason
from gatekeeper.pgp import armor, opening, packets
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.opening import Closed, Opened
from tests.keys import Key, gpg, key_of, make_key, read_key, short_home
from tests.pgp import crafting
from tests.pgp.conftest import NOW, Desk, gpg_path, revoked

TEXT = b"Content-Type: text/plain\r\n\r\nthere is a bug\r\n"


def encrypt(desk: Desk, to: Key, *options: str, text: bytes = TEXT) -> bytes:
    run = desk.engine.run("--recipient", to.fingerprint, *options, "--encrypt", given=text)
    run.ensure_done("making a test message")
    return run.output


def signed_by(desk: Desk, by: Key, to: Key, *options: str) -> bytes:
    return encrypt(desk, to, "--sign", "--local-user", by.fingerprint, *options)


def opened(desk: Desk, message: bytes, now: Instant | None = None) -> Opened:
    outcome = opening.open_message(desk.engine, message, now=now)
    assert isinstance(outcome, Opened)
    return outcome


def only_signature(desk: Desk, message: bytes, now: Instant | None = None) -> Signature:
    (signature,) = opened(desk, message, now).signatures
    return signature


def test_a_signed_message_from_a_known_person(
    alias: Desk, reporter: Desk, alias_key: Key, reporter_key: Key
) -> None:
    outcome = opened(alias, signed_by(reporter, reporter_key, alias_key))
    (signature,) = outcome.signatures
    assert outcome.plaintext == TEXT
    assert (SignatureState.GOOD, reporter_key.fingerprint) == (
        signature.state,
        signature.fingerprint,
    )
    assert signature.made_at is not None
    assert abs(signature.made_at - NOW) < DAY


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("AES", "AES128"),
        ("AES192", "AES192"),
        ("AES256", "AES256"),
        ("TWOFISH", "TWOFISH"),
        ("CAMELLIA128", "CAMELLIA128"),
        ("CAMELLIA192", "CAMELLIA192"),
        ("CAMELLIA256", "CAMELLIA256"),
    ],
)
def test_the_cipher_and_the_integrity_protection_are_named(
    alias: Desk, reporter: Desk, alias_key: Key, asked: str, named: str
) -> None:
    outcome = opened(alias, encrypt(reporter, alias_key, "--cipher-algo", asked))
    assert (named, Integrity.MDC) == (outcome.cipher, outcome.integrity)


def test_our_subkey_that_opened_it_is_named(alias: Desk, reporter: Desk, alias_key: Key) -> None:
    own = opened(alias, encrypt(reporter, alias_key)).own_key
    (cert,) = (one for one in alias.keyring.list(NOW) if one.secret)
    assert [own] == [key.fingerprint for key in cert.encryption_keys]
    assert own != alias_key.fingerprint


def test_an_armored_message_opens_like_a_binary_one(
    alias: Desk, reporter: Desk, alias_key: Key
) -> None:
    message = encrypt(reporter, alias_key)
    text = b"\r\n" + armor.armor(Kind.MESSAGE, message, newline=b"\r\n")
    assert opened(alias, message).plaintext == opened(alias, text).plaintext == TEXT


def test_an_unsigned_message_has_no_signatures(alias: Desk, reporter: Desk, alias_key: Key) -> None:
    assert () == opened(alias, encrypt(reporter, alias_key)).signatures


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 3_000_000])
def test_content_of_any_size_arrives_as_it_was(
    alias: Desk, reporter: Desk, alias_key: Key, size: int
) -> None:
    text = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert text == opened(alias, encrypt(reporter, alias_key, text=text)).plaintext


def test_a_message_in_text_mode_is_opened(alias: Desk, reporter: Desk, alias_key: Key) -> None:
    """There gpg drops carriage returns, so what arrives may be shorter than it says."""
    outcome = opened(alias, encrypt(reporter, alias_key, "--textmode"))
    assert TEXT.replace(b"\r", b"") == outcome.plaintext


def test_hidden_recipients_are_tried(alias: Desk, reporter: Desk, alias_key: Key) -> None:
    message = encrypt(reporter, alias_key, "--throw-keyids")
    assert TEXT == opened(alias, message).plaintext


def test_a_message_to_others_too_is_opened(
    alias: Desk, reporter: Desk, alias_key: Key, reporter_key: Key
) -> None:
    message = encrypt(reporter, alias_key, "--recipient", reporter_key.fingerprint)
    assert TEXT == opened(alias, message).plaintext


def test_an_unknown_signer_is_the_usual_reporter(desk: Callable[..., Desk], alias_key: Key) -> None:
    stranger = key_of("Stranger <stranger@example.org>")
    theirs, ours = desk(alias_key.public, secret=stranger.secret), desk(secret=alias_key.secret)
    signature = only_signature(ours, signed_by(theirs, stranger, alias_key))
    assert (SignatureState.UNKNOWN_SIGNER, None) == (signature.state, signature.fingerprint)
    assert stranger.fingerprint[-16:] == signature.key_id


def test_a_signature_with_sha1_is_weak(
    alias: Desk, reporter: Desk, alias_key: Key, reporter_key: Key
) -> None:
    message = signed_by(reporter, reporter_key, alias_key, "--digest-algo", "SHA1")
    signature = only_signature(alias, message)
    assert (SignatureState.WEAK, reporter_key.fingerprint) == (
        signature.state,
        signature.fingerprint,
    )


def test_a_signature_with_md5_is_weak(desk: Callable[..., Desk], alias_key: Key) -> None:
    signer = crafting.CraftedKey(b"Old <old@example.org>")
    ours = desk(signer.certificate, secret=alias_key.secret)
    message = crafting.session_for(alias_key).protected(signer.signed(b"x", digest=1))
    assert SignatureState.WEAK is only_signature(ours, message).state


def test_a_bad_signature_in_sound_encryption_is_kept_and_bad(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    """There gpg stops before the integrity check; content with no valid check stays closed."""
    signer = crafting.CraftedKey(b"Sig Ner <signer@example.org>")
    ours = desk(signer.certificate, secret=alias_key.secret)
    session = crafting.session_for(alias_key)
    content = signer.signed(b"content", covered=b"other content")
    outcome = opened(ours, session.protected(content))
    assert b"content" == outcome.plaintext
    assert [SignatureState.BAD] == [one.state for one in outcome.signatures]
    broken = opening.open_message(ours.engine, session.protected(content, mdc=b"\xd3\x14" * 11))
    assert isinstance(broken, Closed)
    assert UnreadableReason.NO_INTEGRITY is broken.reason


def test_a_signature_that_does_not_come_last_is_none(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    """A second literal after a signed one must not borrow its signature."""
    signer = crafting.CraftedKey(b"Sig Ner <signer@example.org>")
    ours = desk(signer.certificate, secret=alias_key.secret)
    session = crafting.session_for(alias_key)
    content = signer.signed(b"signed") + crafting.literal(b"smuggled")
    assert isinstance(opening.open_message(ours.engine, session.protected(content)), Closed)


def test_what_follows_a_compressed_packet_is_neither_read_nor_signed(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    signer = crafting.CraftedKey(b"Sig Ner <signer@example.org>")
    ours = desk(signer.certificate, secret=alias_key.secret)
    signed = crafting.compressed(signer.signed(b"signed"))
    content = signed + crafting.literal(b"smuggled")
    outcome = opened(ours, crafting.session_for(alias_key).protected(content))
    assert b"signed" == outcome.plaintext


def test_two_signatures_are_two(
    desk: Callable[..., Desk], alias_key: Key, reporter_key: Key
) -> None:
    second = key_of("Second <second@example.org>")
    with short_home() as home:
        for secret in (reporter_key.secret, second.secret, alias_key.secret):
            gpg(home, "--import", given=secret)
        by = ("--local-user", reporter_key.fingerprint, "--local-user", second.fingerprint)
        to = ("--recipient", alias_key.fingerprint)
        message = gpg(home, *by, *to, "--sign", "--encrypt", given=TEXT)
    ours = desk(reporter_key.public, second.public, secret=alias_key.secret)
    found = opened(ours, message).signatures
    assert {reporter_key.fingerprint, second.fingerprint} == {one.fingerprint for one in found}
    assert [SignatureState.GOOD] * 2 == [one.state for one in found]


def test_the_fingerprint_is_the_primary_keys(desk: Callable[..., Desk], alias_key: Key) -> None:
    with short_home() as home:
        key = make_key(home, "Sub Signer <sub@example.org>")
        gpg(home, "--quick-add-key", key.fingerprint, "ed25519", "sign", "never")
        key = read_key(home, key.fingerprint)
    theirs = desk(alias_key.public, secret=key.secret)
    ours = desk(key.public, secret=alias_key.secret)
    signature = only_signature(ours, signed_by(theirs, key, alias_key))
    assert (SignatureState.GOOD, key.fingerprint) == (signature.state, signature.fingerprint)
    assert key.fingerprint[-16:] != signature.key_id


def test_an_expired_signer_is_told_at_the_given_instant(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    with short_home() as home:
        made = make_key(home, "Brief <brief@example.org>")
        gpg(home, "--quick-set-expire", made.fingerprint, "1w")
        key = read_key(home, made.fingerprint)
    theirs = desk(alias_key.public, secret=key.secret)
    ours = desk(key.public, secret=alias_key.secret)
    message = signed_by(theirs, key, alias_key)
    after = later(NOW, 30 * DAY)
    assert SignatureState.GOOD is only_signature(ours, message).state
    assert SignatureState.EXPIRED_KEY is only_signature(ours, message, after).state


def test_an_expired_signature_is_told(
    alias: Desk, reporter: Desk, alias_key: Key, reporter_key: Key
) -> None:
    message = signed_by(reporter, reporter_key, alias_key, "--default-sig-expire", "1d")
    state = only_signature(alias, message, later(NOW, 3 * DAY)).state
    assert SignatureState.EXPIRED_SIGNATURE is state


def test_a_revoked_signer_is_told(desk: Callable[..., Desk], alias_key: Key) -> None:
    key = key_of("Gone <gone@example.org>")
    theirs = desk(alias_key.public, secret=key.secret)
    ours = desk(revoked(key), secret=alias_key.secret)
    state = only_signature(ours, signed_by(theirs, key, alias_key)).state
    assert SignatureState.REVOKED_KEY is state


def test_a_message_to_another_key_names_it(alias: Desk, reporter: Desk, reporter_key: Key) -> None:
    message = encrypt(reporter, reporter_key)
    closed = opening.open_message(alias.engine, message)
    split = packets.screen(message)
    assert isinstance(split, packets.SplitMessage)
    assert isinstance(closed, Closed)
    assert (UnreadableReason.NO_KEY, split.key_ids) == (closed.reason, closed.key_ids)


def test_detached_signatures(alias: Desk, reporter: Desk, reporter_key: Key) -> None:
    by = ("--local-user", reporter_key.fingerprint, "--detach-sign")
    block = reporter.engine.run(*by, given=TEXT).output
    for spelling in (block, armor.armor(Kind.SIGNATURE, block)):
        (good,) = opening.verify_detached(alias.engine, TEXT, spelling)
        (bad,) = opening.verify_detached(alias.engine, TEXT + b"!", spelling)
        assert (SignatureState.GOOD, reporter_key.fingerprint) == (good.state, good.fingerprint)
        assert (SignatureState.BAD, None) == (bad.state, bad.fingerprint)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"no signature",
        b"\xffgarbage",
        crafting.literal(b"x"),
        crafting.packet(2, b"\x04\x00"),
        crafting.packet(2, b"\x04\x00") * 9,
        armor.armor(Kind.MESSAGE, crafting.packet(2, b"\x04\x00")),
        armor.armor(Kind.SIGNATURE, b"\x88")[:-30],
    ],
)
def test_what_is_no_signature_could_not_be_checked(alias: Desk, block: bytes) -> None:
    (signature,) = opening.verify_detached(alias.engine, TEXT, block)
    assert SignatureState.UNCHECKED is signature.state


def test_a_whole_signed_message_is_no_detached_signature(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    signer = crafting.CraftedKey(b"Sig Ner <signer@example.org>")
    ours = desk(signer.certificate, secret=alias_key.secret)
    (signature,) = opening.verify_detached(ours.engine, TEXT, signer.signed(b"other"))
    assert SignatureState.UNCHECKED is signature.state


def test_a_key_certification_is_no_signature_of_a_document(
    desk: Callable[..., Desk], alias_key: Key
) -> None:
    signer = crafting.CraftedKey(b"Sig Ner <signer@example.org>")
    ours = desk(signer.certificate, secret=alias_key.secret)
    for kind in (0x02, 0x10, 0x40, 0x50):
        block = signer.signature(b"" if kind == 0x02 else TEXT, kind=kind)
        (signature,) = opening.verify_detached(ours.engine, TEXT, block)
        assert SignatureState.GOOD is not signature.state


def test_a_home_without_any_secret_key_is_our_fault(
    desk: Callable[..., Desk], reporter: Desk, alias_key: Key
) -> None:
    with pytest.raises(OurFault, match="no secret key"):
        opening.open_message(desk(alias_key.public).engine, encrypt(reporter, alias_key))


def test_a_lost_secret_file_is_our_fault(
    desk: Callable[..., Desk], reporter: Desk, alias_key: Key, reporter_key: Key
) -> None:
    """The agent cannot use the key it should hold: tried again, never called unreadable."""
    ours = desk(secret=alias_key.secret)
    for path in (ours.engine.home / "private-keys-v1.d").iterdir():
        path.unlink()
    with pytest.raises(OurFault):
        opening.open_message(ours.engine, encrypt(reporter, alias_key))


@pytest.mark.parametrize("signal", ["KILL", "SEGV"])
def test_a_killed_gpg_is_our_fault(tmp_path: Path, alias: Desk, signal: str) -> None:
    program = tmp_path / "gpg"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--list-config*) exec {gpg_path()} "$@";; esac\n'
        f"kill -{signal} $$\n"
    )
    program.chmod(0o755)
    engine = Engine(binary=program, home=alias.engine.home, wait=20 * SECOND, output_limit=10_000)
    message = crafting.packet(1, b"\x03" + bytes(12)) + crafting.packet(18, b"\x01" + bytes(40))
    with pytest.raises(OurFault, match="killed"):
        opening.open_message(engine, message)


def test_content_of_unknown_length_is_opened(alias: Desk, alias_key: Key) -> None:
    """A literal packet in partial lengths has no length that gpg could tell."""
    content = crafting.partial(11, b"b\x00" + bytes(4) + b"x" * 5000)
    outcome = opened(alias, crafting.session_for(alias_key).protected(content))
    assert b"x" * 5000 == outcome.plaintext


def test_many_threads_use_one_home_at_once(
    alias: Desk, reporter: Desk, alias_key: Key, reporter_key: Key
) -> None:
    messages = [signed_by(reporter, reporter_key, alias_key) for _ in range(3)] * 8
    with ThreadPoolExecutor(max_workers=8) as pool:
        outcomes = list(pool.map(lambda one: opened(alias, one), messages))
    assert {TEXT} == {one.plaintext for one in outcomes}
    assert {SignatureState.GOOD} == {one.signatures[0].state for one in outcomes}
