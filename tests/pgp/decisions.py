"""What is believed of a message as a whole: each decision a case with its verdict.

The cases follow design 04, "Believing"; those of signatures and of text that poses as gpg's status
stand beside this, and test_believing.py puts each to the real gpg.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.protection import UnreadableReason
from gatekeeper.pgp import packets
from tests.keys import Key, gpg, short_home
from tests.pgp.believing import BOUND, CONTENT, People
from tests.pgp.crafting import compressed, literal, packet, partial

Maker = Callable[[People], bytes]

_R: Final = UnreadableReason
_QUICK: Final = ("--passphrase", "known to all", "--s2k-mode", "3", "--s2k-count", "65536")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A message to make and what is to come of it; `newer` when gpg 2.4 puts it otherwise."""

    name: str
    verdict: str
    make: Maker
    newer: str = ""


def opened(signatures: str) -> str:
    """Return the verdict on sound content with these signatures."""
    return f"opened 'content' AES256 MDC: {signatures}"


def closed(reason: UnreadableReason) -> str:
    """Return the verdict on a message that stays closed."""
    return f"closed: {reason}"


def inside(make: Maker) -> Maker:
    """Return a maker that encrypts to the alias what `make` makes."""
    return lambda people: people.session.protected(make(people))


def cases(*rows: tuple[str, str, Maker]) -> Iterable[Case]:
    """Return cases from their names, verdicts and makers."""
    return (Case(name=name, verdict=told, make=make) for name, told, make in rows)


def _nested(depth: int) -> bytes:
    content = literal(CONTENT)
    for _ in range(depth):
        content = compressed(content)
    return content


def _without_key(message: bytes) -> bytes:
    """Return a message without its session key packet."""
    first = next(packets.walk(message))
    return message[first.end :]


def _encrypt(*to: Key, hidden: bool = False) -> tuple[str, ...]:
    option = "--hidden-recipient" if hidden else "--recipient"
    return ("--encrypt", *(word for key in to for word in (option, key.fingerprint)))


def _by_cipher(name: str) -> Maker:
    """Return a maker of messages by a cipher that newer gpgs write only when told to."""

    def make(people: People) -> bytes:
        with short_home() as home:
            known = gpg(home, "--dump-options").split()
        allowed = [one.decode() for one in known if one == b"--allow-old-cipher-algos"]
        return people.by_gpg(*allowed, "--cipher-algo", name, *_encrypt(people.alias))

    return make


def _to(key_id: bytes) -> bytes:
    return packet(1, b"\x03" + key_id + b"\x01\x00\x08\xff")


def _others(count: int) -> bytes:
    return b"".join(_to(b"\xfe" + number.to_bytes(7, "big")) for number in range(count))


WHOLE: Final = tuple(
    cases(
        ("sound", opened("unsigned"), inside(lambda _: literal(CONTENT))),
        ("sound, compressed", opened("unsigned"), inside(lambda _: _nested(1))),
        (
            "sound, in partial lengths",
            opened("unsigned"),
            inside(lambda _: partial(11, b"b\0" + bytes(4) + CONTENT, 1)),
        ),
        (
            "for your eyes only",
            opened("unsigned"),
            inside(lambda _: literal(CONTENT, name=b"_CONSOLE")),
        ),
        (
            "bomb",
            closed(_R.TOO_LARGE),
            inside(lambda _: compressed(literal(bytes(30_000_000)))),
        ),
        (
            "bomb in a bomb",
            closed(_R.TOO_LARGE),
            inside(lambda _: compressed(compressed(literal(bytes(30_000_000))))),
        ),
        (
            "one octet too many",
            closed(_R.TOO_LARGE),
            inside(lambda _: literal(bytes(BOUND + 1))),
        ),
        (
            "data appended",
            closed(_R.AMBIGUOUS),
            lambda p: p.session.protected(literal(CONTENT)) + literal(b"more"),
        ),
        (
            "a message appended",
            closed(_R.AMBIGUOUS),
            lambda p: p.session.protected(literal(CONTENT)) * 2,
        ),
        (
            "data put before",
            closed(_R.MALFORMED),
            lambda p: literal(b"before") + p.session.protected(literal(CONTENT)),
        ),
        (
            "two plaintexts",
            closed(_R.AMBIGUOUS),
            inside(lambda _: literal(CONTENT) + literal(b"more")),
        ),
        (
            "two plaintexts, compressed",
            closed(_R.AMBIGUOUS),
            inside(lambda _: compressed(literal(CONTENT) + literal(b"more"))),
        ),
        (
            "a signed plaintext and another",
            closed(_R.AMBIGUOUS),
            inside(lambda p: p.person.signed(CONTENT) + literal(b"more")),
        ),
        (
            "another plaintext and a signed one",
            closed(_R.AMBIGUOUS),
            inside(lambda p: literal(b"more") + p.person.signed(CONTENT)),
        ),
        (
            "encryption in encryption",
            closed(_R.AMBIGUOUS),
            inside(lambda p: p.session.protected(literal(CONTENT))),
        ),
        (
            "encryption in compression in encryption",
            closed(_R.AMBIGUOUS),
            inside(lambda p: compressed(p.session.protected(literal(CONTENT)))),
        ),
        (
            "no integrity check at all",
            closed(_R.NO_INTEGRITY),
            lambda p: p.session.unprotected(literal(CONTENT)),
        ),
        (
            "integrity check missing",
            closed(_R.NO_INTEGRITY),
            lambda p: p.session.protected(literal(CONTENT), mdc=b""),
        ),
        (
            "integrity check wrong",
            closed(_R.NO_INTEGRITY),
            lambda p: p.session.protected(literal(CONTENT), mdc=b"\xd3\x14" + bytes(20)),
        ),
        (
            "integrity check wrong, signature good",
            closed(_R.NO_INTEGRITY),
            lambda p: p.session.protected(p.person.signed(CONTENT), mdc=b"\xd3\x14" + bytes(20)),
        ),
        (
            "integrity check wrong, signature bad",
            closed(_R.NO_INTEGRITY),
            lambda p: p.session.protected(
                p.person.signed(CONTENT, covered=b"other"), mdc=b"\xd3\x14" + bytes(20)
            ),
        ),
        ("literal data posing as encrypted", closed(_R.MALFORMED), lambda _: literal(CONTENT)),
        (
            "signed data posing as encrypted",
            closed(_R.MALFORMED),
            lambda p: p.person.signed(CONTENT),
        ),
        (
            "literal data behind a session key",
            closed(_R.MALFORMED),
            lambda p: p.session.key_packet + literal(CONTENT),
        ),
        (
            "encrypted data without a session key",
            closed(_R.MALFORMED),
            lambda p: _without_key(p.session.protected(literal(CONTENT))),
        ),
        ("many nested compressions", closed(_R.MALFORMED), inside(lambda _: _nested(200))),
        (
            "to a password only",
            closed(_R.PASSWORD_ONLY),
            lambda p: p.by_gpg(*_QUICK, "--symmetric"),
        ),
        (
            "to a password beside our key",
            opened("unsigned"),
            lambda p: p.by_gpg(*_QUICK, "--symmetric", *_encrypt(p.alias)),
        ),
        (
            "a password inside",
            closed(_R.AMBIGUOUS),
            inside(lambda p: p.by_gpg(*_QUICK, "--symmetric")),
        ),
        *(
            (f"by a cipher of small blocks: {name}", closed(_R.WEAK_CIPHER), _by_cipher(name))
            for name in ("3DES", "CAST5", "BLOWFISH", "IDEA")
        ),
        (
            "more than 200 session keys",
            closed(_R.TOO_MANY_KEYS),
            lambda p: _others(201) + p.session.protected(literal(CONTENT)),
        ),
        (
            "200 session keys, the last one ours",
            opened("unsigned"),
            lambda p: _others(199) + p.session.protected(literal(CONTENT)),
        ),
        (
            "to hidden recipients, one of them us",
            opened("unsigned"),
            lambda p: p.by_gpg(*_encrypt(p.other, p.alias, p.other, hidden=True)),
        ),
        (
            "to hidden recipients, none of them us",
            closed(_R.NO_KEY),
            lambda p: p.by_gpg(*_encrypt(p.other, p.other, hidden=True)),
        ),
        (
            "to somebody else",
            closed(_R.NO_KEY),
            lambda p: p.by_gpg(*_encrypt(p.other)),
        ),
        (
            "more than 4 hidden recipients",
            closed(_R.TOO_MANY_KEYS),
            lambda p: _to(bytes(8)) * 5 + p.session.protected(literal(CONTENT)),
        ),
        (
            "more than 2 session keys for one key",
            closed(_R.TOO_MANY_KEYS),
            lambda p: p.session.key_packet * 2 + p.session.protected(literal(CONTENT)),
        ),
        (
            "encryption of a newer version",
            closed(_R.MALFORMED),
            lambda p: p.session.key_packet + packet(18, b"\x02\x09\x02\x06" + bytes(80)),
        ),
    )
)
"""Decisions about the whole message."""
