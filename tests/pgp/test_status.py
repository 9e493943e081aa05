"""Status lines are split at line feeds alone and counted; nothing else is taken from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import signatures
from gatekeeper.pgp.status import DECRYPTION, SIGNATURES, Line, Status

_FPR = "0123456789ABCDEF0123456789ABCDEF01234567"
_ID = _FPR[-16:]
_GOOD = f"[GNUPG:] GOODSIG {_ID} Name"
_VALID = f"[GNUPG:] VALIDSIG {_FPR} 2026-01-01 1767225600 0 4 0 22 10 00 {_FPR}"


def parse(*lines: str) -> Status:
    return Status.parse("\n".join(lines).encode() + b"\n")


@given(st.binary(max_size=60).filter(lambda text: b"\n" not in text))
def test_foreign_text_stays_on_its_line(text: bytes) -> None:
    status = Status.parse(b"[GNUPG:] BADSIG 0 " + text + b"\n[GNUPG:] END_DECRYPTION\n")
    assert ("BADSIG", "END_DECRYPTION") == tuple(line.word for line in status.lines)


@given(st.binary(max_size=200))
def test_any_octets_are_parsed(raw: bytes) -> None:
    status = Status.parse(raw)
    assert raw.replace(b"\n", b"") == b"" or status.lines
    assert isinstance(signatures.read(status), tuple)


def test_a_line_that_is_no_status_is_within_nothing() -> None:
    assert not parse("gpg: hello").within(DECRYPTION | SIGNATURES)
    assert not parse("[GNUPG:] SOMETHING_NEW").within(DECRYPTION)
    assert parse("[GNUPG:] GOODMDC", "", "[GNUPG:] END_DECRYPTION").within(DECRYPTION)


def test_words_are_counted() -> None:
    status = parse("[GNUPG:] PLAINTEXT 62 0 a", "[GNUPG:] PLAINTEXT 62 0 b", "[GNUPG:] GOODMDC")
    assert (2, 1, 0) == tuple(status.count(word) for word in ("PLAINTEXT", "GOODMDC", "X"))
    assert status.only("PLAINTEXT") is None
    assert Line(word="GOODMDC") == status.only("GOODMDC")


@pytest.mark.parametrize(
    ("rest", "number"),
    [(b"12 x", 12), (b"x", None), (b"", None), ("١".encode(), None), (b"9" * 30, None)],
)
def test_a_number_is_plain_digits(rest: bytes, number: int | None) -> None:
    assert number == Line(word="W", rest=rest).number(0)


@pytest.mark.parametrize(
    ("line", "transient"),
    [
        ("[GNUPG:] ERROR pkdecrypt_failed 16777226", False),
        ("[GNUPG:] ERROR pkdecrypt_failed 67109141", True),
        ("[GNUPG:] ERROR pkdecrypt_failed 67141718", True),
        ("[GNUPG:] FAILURE gpg-exit 33554433", False),
        ("[GNUPG:] FAILURE sign 67108941", True),
        ("[GNUPG:] ERROR get_passphrase 85", False),
        ("[GNUPG:] ERROR keydb_search", False),
    ],
)
def test_only_errors_of_the_machine_are_transient(line: str, transient: bool) -> None:
    assert transient is parse(line).transient


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ((_GOOD, _VALID), SignatureState.GOOD),
        ((_GOOD.replace("GOOD", "EXPKEY"), _VALID), SignatureState.EXPIRED_KEY),
        ((_GOOD.replace("GOOD", "REVKEY"), _VALID), SignatureState.REVOKED_KEY),
        ((_GOOD.replace("GOOD", "EXP"), _VALID), SignatureState.EXPIRED_SIGNATURE),
        ((_GOOD.replace("GOOD", "BAD"),), SignatureState.BAD),
        ((_GOOD, _VALID.replace(" 10 00 ", " 2 00 ")), SignatureState.WEAK),
        ((_GOOD, _VALID.replace(" 10 00 ", " 99 00 ")), SignatureState.WEAK),
        ((_GOOD, _VALID.replace(" 10 00 ", " 10 10 ")), SignatureState.UNCHECKED),
        ((_GOOD,), SignatureState.UNCHECKED),
        ((_VALID,), SignatureState.UNCHECKED),
        ((_GOOD, _VALID, _VALID), SignatureState.UNCHECKED),
        ((_GOOD, _GOOD, _VALID), SignatureState.UNCHECKED),
        ((_GOOD, _VALID[:60]), SignatureState.UNCHECKED),
        (("[GNUPG:] GOODSIG nonsense", _VALID), SignatureState.UNCHECKED),
        ((_GOOD.replace(_ID, "F" * 16), _VALID), SignatureState.UNCHECKED),
        ((f"[GNUPG:] ERRSIG {_ID} 22 10 00 1767225600 9",), SignatureState.UNKNOWN_SIGNER),
        ((f"[GNUPG:] ERRSIG {_ID} 22 1 00 1767225600 5",), SignatureState.WEAK),
        ((f"[GNUPG:] ERRSIG {_ID} 99 10 00 1767225600 4",), SignatureState.UNCHECKED),
        (("[GNUPG:] ERRSIG",), SignatureState.UNCHECKED),
        ((), SignatureState.UNCHECKED),
    ],
)
def test_only_whole_groups_count(lines: tuple[str, ...], state: SignatureState) -> None:
    (signature,) = signatures.read(parse("[GNUPG:] NEWSIG", *lines))
    assert state is signature.state
    assert (signature.fingerprint is None) or signature.fingerprint == _FPR


def test_a_verdict_outside_any_group_spoils_all() -> None:
    status = parse(_GOOD, _VALID, "[GNUPG:] NEWSIG", _GOOD, _VALID)
    assert (signatures.UNCHECKED,) == signatures.read(status)


def test_when_and_by_whom_it_was_made() -> None:
    (signature,) = signatures.read(parse("[GNUPG:] NEWSIG", _GOOD, _VALID))
    assert (_FPR, _ID, 1767225600 * SECOND) == (
        signature.fingerprint,
        signature.key_id,
        signature.made_at,
    )
