"""What gpg's status says of each signature, as values; only whole, consistent groups count."""

from typing import Final

from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.domain.protection import Signature, SignatureState
from gatekeeper.pgp.status import VERDICTS, Line, Status

_S: Final = SignatureState
_STATES: Final = {
    "GOODSIG": _S.GOOD,
    "EXPSIG": _S.EXPIRED_SIGNATURE,
    "EXPKEYSIG": _S.EXPIRED_KEY,
    "REVKEYSIG": _S.REVOKED_KEY,
}
_STRONG: Final = frozenset({"8", "9", "10", "11", "12", "14"})
"""Digests of the SHA-2 and SHA-3 families (RFC 9580 §9.5)."""

_WEAK: Final = frozenset({"1", "2", "3"})
"""MD5, SHA-1, RIPEMD-160."""

_DOCUMENT: Final = frozenset({"00", "01"})
"""Signature types of binary and text documents (RFC 4880 §5.2.1)."""

_NO_PUBLIC_KEY: Final = "9"
UNCHECKED: Final = Signature(state=_S.UNCHECKED)


def read(status: Status) -> tuple[Signature, ...]:
    """Return the signatures of a run in order, one for each NEWSIG."""
    groups: list[list[Line]] = []
    for line in status.lines:
        if line.word == "NEWSIG":
            groups.append([])
        elif line.word in VERDICTS or line.word == "VALIDSIG":
            if not groups:
                return (UNCHECKED,)
            groups[-1].append(line)
    return tuple(_signature(group) for group in groups)


def _signature(group: list[Line]) -> Signature:
    verdicts = [line for line in group if line.word in VERDICTS]
    valid = [line for line in group if line.word == "VALIDSIG"]
    if len(verdicts) != 1 or len(valid) > 1:
        return UNCHECKED
    verdict = verdicts[0]
    key_id = _key_id(verdict)
    if verdict.word == "BADSIG":
        return Signature(state=_S.BAD, key_id=key_id)
    if verdict.word == "ERRSIG":
        return _unverified(verdict, key_id)
    return _verified(verdict, valid[0], key_id) if valid else UNCHECKED


def _unverified(line: Line, key_id: str | None) -> Signature:
    """ERRSIG <keyid> <pkalgo> <hashalgo> <class> <time> <rc> [<fpr>]."""
    arguments = (*line.arguments, *[""] * 6)
    if arguments[5] == _NO_PUBLIC_KEY:
        state = _S.UNKNOWN_SIGNER
    else:
        state = _S.WEAK if arguments[2] in _WEAK else _S.UNCHECKED
    return Signature(state=state, key_id=key_id, made_at=_instant(line, 4))


def _verified(verdict: Line, valid: Line, key_id: str | None) -> Signature:
    """VALIDSIG <fpr> <date> <time> <expires> <version> 0 <pkalgo> <hashalgo> <class> <primary>."""
    arguments = valid.arguments
    if len(arguments) < 10 or not arguments[0].endswith(key_id or " "):
        return UNCHECKED
    state = _STATES[verdict.word]
    if arguments[8] not in _DOCUMENT:
        state = _S.UNCHECKED
    elif state is _S.GOOD and arguments[7] not in _STRONG:
        state = _S.WEAK
    return Signature(
        state=state, fingerprint=arguments[9], key_id=key_id, made_at=_instant(valid, 2)
    )


def _key_id(line: Line) -> str | None:
    first = (*line.arguments, "")[0]
    hexadecimal = len(first) >= 16 and all(digit in "0123456789ABCDEF" for digit in first)
    return first[-16:] if hexadecimal else None


def _instant(line: Line, position: int) -> Instant | None:
    seconds = line.number(position)
    return Instant(seconds * SECOND) if seconds else None
