"""Key blocks that are doubled, secret, large, dead, weak, hostile, or no keys."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pysequoia

from gatekeeper.pgp import packets
from gatekeeper.pgp.armor import Kind
from tests.corpus import people
from tests.corpus.classes import Class
from tests.corpus.expecting import BODY, Cases, Certificate
from tests.corpus.pen import Pen, armored
from tests.keys import Key, gpg, read_key, short_home
from tests.pgp import crafting

CASES: Final = Cases(".asc")
LEE: Final = "Lee Example <lee@finder.example>"
ONE: Final = "exactly one key"
NONE: Final = "no usable key"
VERSION: Final = "not of version 4"
NO_OPENPGP: Final = "no OpenPGP key"
CONTROLS: Final = "control characters"
MADE: Final = 1_767_225_600
"""2026-01-01T00:00:00Z, when crafted keys were made."""


TAKEN: Final = "taken"


def refused(why: str, *, examine: str = "", load: str = "") -> Certificate:
    """Return the verdict on a block that every door refuses, each by these words."""
    return Certificate(inspect=why, examine=examine or why, load=load or why, encrypts=False)


def useless(problem: str, *, encrypts: bool = False, load: str = "taken") -> Certificate:
    """Return the verdict on a key that can be read and not be encrypted to."""
    return Certificate(
        inspect="taken", examine=problem, load=load, encrypts=encrypts, problems=(problem,)
    )


def made(user_id: str, *kinds: str, made_at: str = people.MADE, ends: str = "never") -> Key:
    """Return a new key of gpg's; `kinds` are its algorithm and its subkeys'."""
    first, *others = kinds or ("ed25519", "cv25519")
    with short_home() as home:
        return make_in(home, user_id, first, others, made_at, ends)


def make_in(
    home: Path, user_id: str, first: str, others: Sequence[str], made_at: str, ends: str
) -> Key:
    """Make such a key in a home, where it stays."""
    faked = ("--faked-system-time", made_at)
    words = ("--status-fd", "1", "--quick-gen-key", user_id, first, "cert,sign", ends)
    status = gpg(home, *faked, *words)
    fingerprint = status.rpartition(b"KEY_CREATED P ")[2][:40].decode("ascii")
    for kind in others:
        gpg(home, *faked, "--quick-add-key", fingerprint, kind, "encr", ends)
    return read_key(home, fingerprint)


def public(data: bytes) -> bytes:
    """Return a certificate in armor."""
    return armored(data, Kind.PUBLIC_KEY)


@CASES.add(Certificate(), Class.GOOD_KEY)
def _ordinary(_: Pen) -> bytes:
    """An ordinary key: Ed25519 with a Curve25519 encryption subkey."""
    return public(made(LEE).public)


@CASES.add(Certificate(), Class.GOOD_KEY, suffix=".bin")
def _binary(_: Pen) -> bytes:
    """The same without armor."""
    return made(LEE).public


@CASES.add(Certificate(), Class.GOOD_KEY)
def _rsa_3072(_: Pen) -> bytes:
    """An RSA key with an RSA encryption subkey."""
    return public(made(LEE, "rsa3072", "rsa3072").public)


@CASES.add(Certificate(), Class.GOOD_KEY)
def _of_sequoia(_: Pen) -> bytes:
    """A key of another program's: signing, encryption and authentication subkeys."""
    key = pysequoia.Tsk.generate(LEE)
    return str(key.extract_certificate()).encode()


@CASES.add(Certificate(), Class.GOOD_KEY, Class.EXPIRED)
def _one_subkey_expired(_: Pen) -> bytes:
    """A key with one encryption subkey that has expired and one that has not."""
    with short_home() as home:
        key = make_in(home, LEE, "ed25519", (), people.LONG_AGO, "never")
        for at, ends in ((people.LONG_AGO, people.ENDED), (people.MADE, "never")):
            words = ("--faked-system-time", at, "--quick-add-key", key.fingerprint, "cv25519")
            gpg(home, *words, "encr", ends)
        return public(read_key(home, key.fingerprint).public)


@CASES.add(refused(ONE), Class.ONE_KEY)
def _two_keys(_: Pen) -> bytes:
    """Two certificates in one block."""
    return public(made(LEE).public + made(people.ROBIN).public)


@CASES.add(refused("exactly one key block"), Class.ONE_KEY)
def _two_blocks(_: Pen) -> bytes:
    """Two blocks in one file."""
    return public(made(LEE).public) + public(made(people.ROBIN).public)


@CASES.add(refused("SECRET"), Class.SECRET)
def _secret(_: Pen) -> bytes:
    """A secret key."""
    return armored(made(LEE).secret, Kind.PRIVATE_KEY)


@CASES.add(refused("SECRET"), Class.SECRET)
def _secret_in_public_armor(_: Pen) -> bytes:
    """A secret key in the armor of a public one."""
    return public(made(LEE).secret)


@CASES.add(refused("SECRET"), Class.SECRET)
def _secret_subkey(_: Pen) -> bytes:
    """A public key with the secret packet of its subkey."""
    key = made(LEE)
    secret = [key.secret[p.start : p.end] for p in packets.walk(key.secret) if p.tag == 7]
    return public(key.public + secret[0])


@CASES.add(Certificate(), Class.SECRET)
def _public_in_secret_armor(_: Pen) -> bytes:
    """A public key in the armor of a secret one; its packets say what it is."""
    return armored(made(LEE).public, Kind.PRIVATE_KEY)


@CASES.add(refused("larger than 256"), Class.SIZE, Class.FLOOD)
def _too_large(_: Pen) -> bytes:
    """A key with 260 KB of attributes, as floods and portraits make them."""
    filler = crafting.packet(17, b"\x01" * 65_000) * 4
    return public(made(LEE).public + filler)


@CASES.add(Certificate(), Class.FLOOD)
def _flooded_1500(pen: Pen) -> bytes:
    """1,500 certifications by a stranger, of which none is looked at."""
    key = made(LEE).public
    name = next(p for p in packets.walk(key) if p.tag == packets.USER_ID)
    flood = pen.mallory.signature(b"not over this", kind=0x10) * 1500
    rest = key[name.end :]
    own = next(packets.walk(rest))
    return public(key[: name.end] + rest[: own.end] + flood + rest[own.end :])


@CASES.add(refused("more than 64 user IDs", load=TAKEN), Class.FLOOD)
def _user_ids_100(_: Pen) -> bytes:
    """A hundred user IDs."""
    key = made(LEE).public
    name = next(p for p in packets.walk(key) if p.tag == packets.USER_ID)
    more = b"".join(crafting.packet(13, b"Name %d <n@finder.example>" % n) for n in range(100))
    return public(key[: name.start] + more + key[name.start :])


@CASES.add(refused("more than 32 keys", load=TAKEN), Class.FLOOD)
def _subkeys_40(_: Pen) -> bytes:
    """Forty subkeys, which nobody bound."""
    key = made(LEE).public
    subkey = next(p for p in packets.walk(key) if p.tag == packets.PUBLIC_SUBKEY)
    return public(key + key[subkey.start : subkey.end] * 40)


@CASES.add(refused(VERSION), Class.KEY_VERSION)
def _version_6(_: Pen) -> bytes:
    """A key of version 6 (RFC 9580)."""
    key = pysequoia.Tsk.generate(LEE, profile=pysequoia.Profile.RFC9580)
    return str(key.extract_certificate()).encode()


def _of_version(number: int) -> bytes:
    data = made(LEE).public
    first = next(packets.walk(data))
    body = bytes([number]) + data[first.body + 1 : first.end]
    return public(crafting.packet(6, body) + data[first.end :])


@CASES.add(refused(VERSION), Class.KEY_VERSION)
def _version_5(_: Pen) -> bytes:
    """A key that says it is of version 5."""
    return _of_version(5)


@CASES.add(refused(VERSION), Class.KEY_VERSION)
def _version_3(_: Pen) -> bytes:
    """A key that says it is of version 3, whose key ids can be chosen."""
    return _of_version(3)


@CASES.add(refused(VERSION), Class.KEY_VERSION)
def _subkey_of_version_6(_: Pen) -> bytes:
    """A key of version 4 with a subkey of version 6."""
    data = made(LEE).public
    return public(data + crafting.packet(14, b"\x06" + bytes(40)))


@CASES.add(Certificate(examine="address itself"), Class.PARTNERS_KEY)
def _our_own(pen: Pen) -> bytes:
    """Our own alias's key, sent back to us."""
    return pen.block("alias")


@CASES.add(refused("does not hold exactly one key"), Class.NO_KEY)
def _a_message(pen: Pen) -> bytes:
    """An encrypted message in the armor of a key."""
    return public(pen.encrypt_binary(BODY.encode()))


@CASES.add(refused("does not hold exactly one key"), Class.NO_KEY)
def _a_subkey_alone(_: Pen) -> bytes:
    """A subkey without its primary key."""
    data = made(LEE).public
    at = next(p for p in packets.walk(data) if p.tag == packets.PUBLIC_SUBKEY).start
    return public(data[at:])


@CASES.add(refused(NO_OPENPGP), Class.NO_KEY)
def _noise(_: Pen) -> bytes:
    """Octets that are no packets, in armor."""
    return public(hashlib.shake_128(b"noise").digest(500))


@CASES.add(refused(NO_OPENPGP), Class.NO_KEY, suffix=".bin")
def _noise_binary(_: Pen) -> bytes:
    """Octets that are no packets."""
    return b"\xff" + hashlib.shake_128(b"noise").digest(500)


@CASES.add(refused("key block"), Class.NO_KEY)
def _words(_: Pen) -> bytes:
    """A text."""
    return b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA lee@finder.example\n"


@CASES.add(refused("key block"), Class.NO_KEY)
def _nothing(_: Pen) -> bytes:
    """Nothing at all."""
    return b""


@CASES.add(refused("no end"), Class.NO_KEY, Class.ARMOR)
def _cut_short(_: Pen) -> bytes:
    """A key in armor whose end was cut off."""
    return public(made(LEE).public).partition(b"-----END")[0]


@CASES.add(refused("checksum"), Class.NO_KEY, Class.ARMOR)
def _wrong_checksum(_: Pen) -> bytes:
    """A key in armor with a wrong checksum."""
    text = public(made(LEE).public)
    at = text.rindex(b"\r\n=") + 3
    return text[:at] + b"AAAA" + text[at + 4 :]


@CASES.add(refused(NO_OPENPGP), Class.NO_KEY, suffix=".bin")
def _packet_cut_short(_: Pen) -> bytes:
    """A binary key whose last packet was cut short."""
    return made(LEE).public[:-20]


@CASES.add(refused(NO_OPENPGP), Class.NO_KEY, Class.CHARSET)
def _utf16(_: Pen) -> bytes:
    """A key in armor in UTF-16, as a program of Windows saves it."""
    return public(made(LEE).public).decode().encode("utf-16")


@CASES.add(Certificate(), Class.GOOD_KEY)
def _portrait(_: Pen) -> bytes:
    """A key with a portrait that nobody signed."""
    key = made(LEE).public
    at = next(p for p in packets.walk(key) if p.tag == packets.PUBLIC_SUBKEY).start
    image = crafting.packet(17, b"\x80\x01\x10\x00\x01\x01" + bytes(120))
    return public(key[:at] + image + key[at:])


@CASES.add(Certificate(), Class.GOOD_KEY, Class.BINDING)
def _trust_packets(_: Pen) -> bytes:
    """A key with trust packets that say each signature was checked (RFC 9580 §5.10)."""
    key = made(LEE).public
    trust = crafting.packet(12, b"\x01\x03gpg\x00")
    parts = (key[p.start : p.end] + trust for p in packets.walk(key))
    return public(b"".join(parts))


@CASES.add(Certificate(), Class.GOOD_KEY, Class.VERSION_6)
def _unknown_packet(_: Pen) -> bytes:
    """A key with a packet of a kind that is not known, and may be passed over."""
    return public(made(LEE).public + crafting.packet(60, b"private use"))


@CASES.add(Certificate(), Class.GOOD_KEY)
def _of_the_future(_: Pen) -> bytes:
    """A key that says it was made in 2060; whose clock is wrong is not asked."""
    return public(made(LEE, made_at="20600101T000000!").public)
