"""Certificates that are dead, weak, under hostile names, or carry what is not theirs."""

from collections.abc import Collection
from typing import Final

from gatekeeper.pgp import packets
from tests.corpus import people
from tests.corpus.blocks import (
    CONTROLS,
    LEE,
    MADE,
    NONE,
    TAKEN,
    made,
    make_in,
    public,
    refused,
    useless,
)
from tests.corpus.classes import Class
from tests.corpus.expecting import Cases, Certificate
from tests.corpus.pen import Pen
from tests.keys import gpg, make_key, read_key, short_home
from tests.pgp.crafting import CraftedKey

CASES: Final = Cases(".asc")


def _named(user_id: bytes) -> bytes:
    """Return a certificate under any octets, which can be encrypted to."""
    crafted = CraftedKey(user_id, created=MADE)
    return public(crafted.adopting(made(LEE).public, subkey=1))


@CASES.add(refused(CONTROLS, load=TAKEN), Class.USER_ID, Class.STATUS)
def _status_lf(pen: Pen) -> bytes:
    """A user ID with status lines of a good signature, in lines that end with LF."""
    return _named(people.forged(b"\n", pen.keys["andrea"].fingerprint))


@CASES.add(refused(CONTROLS, load=TAKEN), Class.USER_ID, Class.STATUS)
def _status_cr(pen: Pen) -> bytes:
    """The same in lines that end with CR."""
    return _named(people.forged(b"\r", pen.keys["andrea"].fingerprint))


@CASES.add(refused(CONTROLS, load=TAKEN), Class.USER_ID, Class.STATUS)
def _status_nel(pen: Pen) -> bytes:
    """The same with the C1 control NEL."""
    return _named(people.forged("\x85".encode(), pen.keys["andrea"].fingerprint))


@CASES.add(refused(CONTROLS, load=TAKEN), Class.USER_ID, Class.STATUS)
def _status_u2028(pen: Pen) -> bytes:
    """The same with the line separator U+2028."""
    return _named(people.forged("\u2028".encode(), pen.keys["andrea"].fingerprint))


@CASES.add(refused(CONTROLS, load=TAKEN), Class.USER_ID, Class.STATUS)
def _listing_lines(pen: Pen) -> bytes:
    """A user ID with lines of gpg's listing, which claim another fingerprint."""
    full = pen.keys["andrea"].fingerprint
    lines = (
        f"x\nfpr:::::::::{full}:\npub:u:255:22:{full[-16:]}:1767225600:::u:::scESC::::::23::0:\n"
    )
    return _named(lines.encode())


@CASES.add(refused(CONTROLS, load=TAKEN), Class.USER_ID)
def _escapes_of_terminals(_: Pen) -> bytes:
    """A user ID with a terminal's control sequences."""
    return _named(b"\x1b[2J\x1b]0;owned\x07Lee <lee@finder.example>")


@CASES.add(refused(CONTROLS, load=TAKEN), Class.USER_ID)
def _nul(_: Pen) -> bytes:
    """A user ID with a NUL."""
    return _named(b"Lee <lee@finder.example>\x00<andrea@team.example>")


@CASES.add(Certificate(problems=("cannot be printed",)), Class.USER_ID)
def _bidi(_: Pen) -> bytes:
    """A user ID with controls of the writing direction."""
    return _named("\u202eaerdnA\u202c <lee@finder.example>".encode())


@CASES.add(Certificate(), Class.USER_ID)
def _not_utf8(_: Pen) -> bytes:
    """A user ID in ISO 8859-1, as old keys have."""
    return _named("Jürgen Example <lee@finder.example>".encode("latin-1"))


@CASES.add(Certificate(), Class.USER_ID, Class.PARTNERS_KEY)
def _of_a_colleague(_: Pen) -> bytes:
    """A stranger's key under a colleague's name and address; names prove nothing."""
    return public(made(people.ANDREA).public)


@CASES.add(refused(NONE, load="nothing usable"), Class.USER_ID, Class.BINDING)
def _nameless(_: Pen) -> bytes:
    """A key without any user ID."""
    key = made(LEE).public
    kept = _without(key, {packets.USER_ID}, kinds={0x10, 0x11, 0x12, 0x13})
    return public(kept)


def _without(key: bytes, tags: Collection[int], *, kinds: Collection[int] = ()) -> bytes:
    """Return a certificate without packets of these tags and signatures of these kinds."""
    return b"".join(
        key[p.start : p.end]
        for p in packets.walk(key)
        if p.tag not in tags and not (p.tag == packets.SIGNATURE and key[p.body + 1] in kinds)
    )


@CASES.add(refused(NONE, load="nothing usable"), Class.BINDING)
def _unsigned_name(_: Pen) -> bytes:
    """A key whose user ID is signed by nobody."""
    return public(_without(made(LEE).public, set(), kinds={0x10, 0x11, 0x12, 0x13}))


@CASES.add(refused(NONE, load="nothing usable"), Class.BINDING)
def _name_signed_by_another(pen: Pen) -> bytes:
    """A key whose user ID is signed by somebody else's key only."""
    key = made(LEE).public
    bare = _without(key, set(), kinds={0x10, 0x11, 0x12, 0x13})
    at = next(p for p in packets.walk(bare) if p.tag == packets.USER_ID).end
    return public(bare[:at] + pen.mallory.signature(b"x", kind=0x13) + bare[at:])


@CASES.add(useless("has expired"), Class.EXPIRED)
def _expired(_: Pen) -> bytes:
    """A key that expired in 2021."""
    return public(made(LEE, made_at=people.LONG_AGO, ends=people.ENDED).public)


@CASES.add(useless("encryption subkey"), Class.EXPIRED)
def _expired_subkey(_: Pen) -> bytes:
    """A key whose one encryption subkey expired in 2021."""
    with short_home() as home:
        key = make_in(home, LEE, "ed25519", (), people.LONG_AGO, "never")
        faked = ("--faked-system-time", people.LONG_AGO)
        gpg(home, *faked, "--quick-add-key", key.fingerprint, "cv25519", "encr", people.ENDED)
        return public(read_key(home, key.fingerprint).public)


@CASES.add(useless("is revoked"), Class.REVOKED)
def _revoked(_: Pen) -> bytes:
    """A key that was revoked."""
    with short_home() as home:
        key = make_key(home, LEE)
        people.revoke(home, key.fingerprint)
        return public(read_key(home, key.fingerprint).public)


@CASES.add(useless("encryption subkey"), Class.REVOKED)
def _revoked_subkey(_: Pen) -> bytes:
    """A key whose one encryption subkey was revoked."""
    with short_home() as home:
        key = make_key(home, LEE)
        words = ("--no-tty", "--command-fd", "0", "--yes", "--edit-key", key.fingerprint)
        gpg(home, *words, given=b"key 1\nrevkey\ny\n0\n\ny\nsave\n")
        return public(read_key(home, key.fingerprint).public)


@CASES.add(useless("is revoked"), Class.REVOKED)
def _revoked_and_flooded(pen: Pen) -> bytes:
    """A revoked key whose revocation stands among signatures of strangers."""
    with short_home() as home:
        key = make_key(home, LEE)
        people.revoke(home, key.fingerprint)
        data = read_key(home, key.fingerprint).public
    first = next(packets.walk(data))
    flood = pen.mallory.signature(b"x", kind=0x20) * 100
    return public(data[: first.end] + flood + data[first.end :])


@CASES.add(Certificate(), Class.REVOKED)
def _revoked_by_a_stranger(pen: Pen) -> bytes:
    """A sound key with a revocation that is a stranger's."""
    data = made(LEE).public
    first = next(packets.walk(data))
    return public(data[: first.end] + pen.mallory.signature(b"x", kind=0x20) + data[first.end :])


@CASES.add(useless("no encryption subkey"), Class.NO_SUBKEY)
def _signs_only(_: Pen) -> bytes:
    """A key that can only sign, as `gpg --quick-gen-key UID rsa3072 default` makes it."""
    return public(made(LEE, "rsa3072").public)


@CASES.add(Certificate(examine="another certificate"), Class.BINDING, Class.PARTNERS_KEY)
def _adopts_a_colleagues_subkey(pen: Pen) -> bytes:
    """A stranger's key that carries a colleague's encryption subkey."""
    crafted = CraftedKey(b"Lee <lee@finder.example>", created=MADE)
    return public(crafted.adopting(pen.keys["andrea"].public, subkey=1))


@CASES.add(Certificate(examine="another certificate"), Class.BINDING)
def _adopts_our_subkey(pen: Pen) -> bytes:
    """A stranger's key that carries our own encryption subkey."""
    crafted = CraftedKey(b"Lee <lee@finder.example>", created=MADE)
    return public(crafted.adopting(pen.keys["alias"].public, subkey=2))


@CASES.add(useless("no encryption subkey"), Class.BINDING, Class.NO_SUBKEY)
def _subkey_bound_by_another(_: Pen) -> bytes:
    """A key that can only sign, with a subkey that another key bound."""
    other = CraftedKey(b"Other <other@finder.example>", created=MADE)
    bound = other.adopting(made(LEE).public, subkey=1)
    at = [*packets.walk(bound)][-2].start
    return public(CraftedKey(b"Lee <lee@finder.example>", created=MADE).certificate + bound[at:])


@CASES.add(Certificate(examine="another certificate"), Class.BINDING, Class.FROM)
def _claims_a_signing_subkey(pen: Pen) -> bytes:
    """A stranger's key that claims a colleague's primary key as signing subkey, unconfirmed."""
    crafted = CraftedKey(b"Lee <lee@finder.example>", created=MADE)
    usable = crafted.adopting(made(LEE).public, subkey=1)
    claimed = crafted.adopting(pen.keys["andrea"].public, flags=2)
    return public(usable + claimed[len(crafted.certificate) :])


@CASES.add(refused("less than 2048", load=TAKEN), Class.WEAK_KEY)
def _rsa_1024(_: Pen) -> bytes:
    """An RSA key of 1,024 bits."""
    return public(made(LEE, "rsa1024", "rsa1024").public)


@CASES.add(refused(NONE, load="nothing usable"), Class.WEAK_KEY)
def _md5_name(_: Pen) -> bytes:
    """A key whose user ID is signed with MD5."""
    return public(_self_signed(digest=1))


def _self_signed(*, digest: int) -> bytes:
    crafted = CraftedKey(b"Lee <lee@finder.example>", created=MADE)
    (key, name, _) = packets.walk(crafted.certificate)
    body, user = (crafted.certificate[p.body : p.end] for p in (key, name))
    covered = b"\x99" + len(body).to_bytes(2, "big") + body
    covered += b"\xb4" + len(user).to_bytes(4, "big") + user
    signature = crafted.signature(covered, kind=0x13, digest=digest, more=b"\x02\x1b\x03")
    return crafted.certificate[: name.end] + signature
