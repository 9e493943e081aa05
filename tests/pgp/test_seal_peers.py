"""What is sealed is read by the programs that recipients have, whatever kind of key is theirs."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pysequoia
import pytest

from gatekeeper.pgp import armor, fanout, packets
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.fanout import Fanout, Recipient
from tests.keys import Key, gpg, key_of, read_key, short_home
from tests.peers import require
from tests.pgp.conftest import NOW, Desk, open_desk
from tests.pgp.offline import offline_key
from tests.pgp.reading_programs import PROGRAMS, Reader, reader

LETTER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nf\xc3\xbcr dich \xe2\x80\xa8.\r\n" * 50
LINES = LETTER.split(b"\r\n")
KINDS = ("Curve25519", "RSA-3072", "P-256")
FLIPS = 6
"""How many octets are changed, one at a time, spread over a message."""


@cache
def key_of_kind(kind: str) -> Key:
    """Return a key of that kind: of gpg's making, or for P-256 of another implementation's."""
    if kind == "Curve25519":
        return key_of("Curve <curve@example.org>")
    if kind == "RSA-3072":
        with short_home() as home:
            gpg(home, "--quick-gen-key", "RSA <rsa@example.org>", "rsa3072", "cert,sign", "never")
            shown = gpg(home, "--with-colons", "--list-keys").decode()
            fingerprint = shown.partition("\nfpr:::::::::")[2][:40]
            gpg(home, "--quick-add-key", fingerprint, "rsa3072", "encr", "never")
            return read_key(home, fingerprint)
    suite = pysequoia.CipherSuite.P256
    made = pysequoia.Tsk.generate("Curve <p256@example.org>", cipher_suite=suite)
    certificate = made.extract_certificate()
    return Key(
        fingerprint=certificate.fingerprint.upper(), public=bytes(certificate), secret=bytes(made)
    )


@pytest.fixture(scope="module")
def everybody() -> dict[str, Key]:
    return {kind: key_of_kind(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def desk(everybody: dict[str, Key], alias_key: Key) -> Iterator[Desk]:
    publics = [key.public for key in everybody.values()]
    with open_desk(*publics, secret=alias_key.secret) as opened:
        opened.keyring.load_secret(offline_key("Offline <offline@example.org>").subkeys.secret)
        yield opened


def sealed_by(desk: Desk, everybody: dict[str, Key], signer: str) -> Fanout:
    recipients = [
        Recipient(ref=kind, fingerprints=(key.fingerprint,)) for kind, key in everybody.items()
    ]
    found = fanout.seal(
        desk.engine, desk.keyring, plaintext=LETTER, recipients=recipients, signer=signer, now=NOW
    )
    assert {} == dict(found.blocked)
    return found


@pytest.fixture(scope="module")
def sealed(desk: Desk, everybody: dict[str, Key], alias_key: Key) -> Fanout:
    return sealed_by(desk, everybody, alias_key.fingerprint)


def lines(text: bytes | None) -> list[bytes]:
    """Return the lines of a text: gosop ends them in its own way."""
    return (text or b"").replace(b"\r\n", b"\n").split(b"\n")


def program(name: str) -> Path:
    return Path("gpg") if name == "gpg" else require(name)[name]


def reading(name: str, folder: Path, own: Key, signer: Key) -> Reader:
    return reader(name, program(name), folder, own=own, signer=signer)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_each_recipient_reads_the_own_copy(
    sealed: Fanout,
    everybody: dict[str, Key],
    alias_key: Key,
    tmp_path: Path,
    name: str,
    kind: str,
) -> None:
    """It decrypts, and the signature is that of the alias."""
    mail = fanout.assemble(
        frame_head=b"", key_packets=sealed.key_packets[kind], shared=sealed.shared, frame_tail=b""
    )
    read = reading(name, tmp_path, everybody[kind], alias_key)
    assert LINES == lines(read(mail.content))


@pytest.mark.parametrize("name", PROGRAMS)
def test_one_octet_changed_anywhere_is_read_by_none(
    sealed: Fanout, everybody: dict[str, Key], alias_key: Key, tmp_path: Path, name: str
) -> None:
    """In the encrypted session key as in the encrypted data; in sound armor each time."""
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        read = reading(name, folder, everybody[kind], alias_key)
        own, data = sealed.key_packets[kind], sealed.shared
        (first,), (body,) = packets.walk(own), packets.walk(data)
        places = [first.end - 5]
        step = (len(data) - body.body - 1) // FLIPS
        places += [len(own) + body.body + number * step for number in range(FLIPS)]
        for at in [*places, len(own) + len(data) - 1]:
            changed = bytearray(own + data)
            changed[at] ^= 0x20
            assert read(armor.armor(Kind.MESSAGE, bytes(changed))) is None, (kind, at)


@pytest.mark.parametrize("name", PROGRAMS)
def test_another_signer_is_not_taken_for_ours(
    sealed: Fanout, everybody: dict[str, Key], tmp_path: Path, name: str
) -> None:
    """The ground these tests stand on: a program that does not check would read it."""
    stranger = key_of("Stranger <stranger@example.org>")
    read = reading(name, tmp_path, everybody["Curve25519"], stranger)
    assert read(sealed.key_packets["Curve25519"] + sealed.shared) is None


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_one_recipient_is_seen(
    sealed: Fanout, everybody: dict[str, Key], kind: str
) -> None:
    message = sealed.key_packets[kind] + sealed.shared
    with short_home() as home:
        gpg(home, "--import", given=everybody[kind].secret)
        listed = gpg(home, "--list-packets", given=message)
    assert 1 == listed.count(b":pubkey enc packet:")
    assert 1 == listed.count(b":encrypted data packet:")
    (split,) = (packets.screen(message),)
    assert isinstance(split, packets.SplitMessage)
    for other in set(KINDS) - {kind}:
        theirs = packets.screen(sealed.key_packets[other] + sealed.shared)
        assert isinstance(theirs, packets.SplitMessage)
        assert bytes.fromhex(theirs.key_ids[0]) not in message
        assert theirs.data == split.data


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_key_whose_primary_secret_is_elsewhere_signs_by_its_subkey(
    desk: Desk, everybody: dict[str, Key], tmp_path: Path, name: str
) -> None:
    offline = offline_key("Offline <offline@example.org>")
    found = sealed_by(desk, everybody, offline.fingerprint)
    read = reading(name, tmp_path, everybody["P-256"], offline.whole)
    assert LINES == lines(read(found.key_packets["P-256"] + found.shared))
