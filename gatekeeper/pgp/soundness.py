"""Whether what gpg wrote as a message's content is to be believed: its status, word by word."""

from typing import Final

from gatekeeper.domain.protection import Integrity, UnreadableReason
from gatekeeper.pgp.engine import Run
from gatekeeper.pgp.process import End
from gatekeeper.pgp.status import DECRYPTION, Status

_R: Final = UnreadableReason
_WIDE: Final = {
    7: "AES128",
    8: "AES192",
    9: "AES256",
    10: "TWOFISH",
    11: "CAMELLIA128",
    12: "CAMELLIA192",
    13: "CAMELLIA256",
}
"""Ciphers with 128-bit blocks, by their number (RFC 9580 §9.3)."""

_NO_SECRET_KEY: Final = 17
"""GPG_ERR_NO_SECKEY of libgpg-error."""

_NONE: Final = frozenset[int]()
_SIGNED: Final = frozenset({1, 2})
"""Exit codes of a run that met a signature which is not good, such as one of an unknown signer."""

_FRUITLESS: Final = frozenset({2})
"""The exit code of one that tried keys in vain for a hidden recipient, beside the right one."""

_TEXT_MODES: Final = frozenset({"74", "75"})


def unsound(run: Run, *, signed: bool, hidden: bool) -> UnreadableReason | None:
    """Return why what gpg wrote is not believed, None when everything is as it must be.

    `signed` says that it met signatures, and `hidden` that the message has hidden recipients: both
    are causes of an exit code that is not 0, which is then none of the content's.
    """
    if run.end is End.TOO_LARGE:
        return _R.TOO_LARGE
    if run.end is End.TOO_SLOW:
        return _R.TOO_SLOW
    status = run.status
    excused = (_SIGNED if signed else _NONE) | (_FRUITLESS if hidden else _NONE)
    return _not_decrypted(status, hidden) or _not_whole(status) or _not_exact(run, excused)


def _not_decrypted(status: Status, hidden: bool) -> UnreadableReason | None:
    if not status.count("DECRYPTION_INFO"):
        missing = status.count("NO_SECKEY") and (hidden or not tried(status))
        return _R.NO_KEY if missing else _R.MALFORMED
    if status.count("BEGIN_DECRYPTION") != 1 or status.count("DECRYPTION_INFO") != 1:
        return _R.AMBIGUOUS
    info = status.all("DECRYPTION_INFO")[0]
    if info.number(1) not in _WIDE:
        return _R.WEAK_CIPHER
    # gpg 2.2 names no mode for an OCB packet (draft-koch-librepgp §5.16), and says GOODMDC even
    # when its checks fail.
    if not info.number(0) and not info.number(2):
        return _R.NO_INTEGRITY
    return None


def protection(status: Status) -> tuple[str, Integrity]:
    """Return the cipher of a sound message (RFC 9580 §9.3), and its protection against changes."""
    info = status.all("DECRYPTION_INFO")[0]
    return _WIDE[info.number(1) or 0], Integrity.AEAD if info.number(2) else Integrity.MDC


def tried(status: Status) -> bool:
    """Say whether a key of ours was tried in vain; gpg 2.4 also reports keys that are not ours."""
    numbers = [line.number(1) or 0 for line in status.all("ERROR")]
    return any(number & 0xFFFF != _NO_SECRET_KEY for number in numbers)


def _not_whole(status: Status) -> UnreadableReason | None:
    errors = [line.arguments[:1] for line in status.all("ERROR")]
    plaintexts = status.count("PLAINTEXT")
    # Without any, gpg says so of a single one, behind a signature of a version it does not know.
    if plaintexts > 1 or (plaintexts and ("proc_pkt.plaintext",) in errors):
        return _R.AMBIGUOUS
    broken = status.count("BADMDC") or status.count("DECRYPTION_FAILED")
    if broken or status.count("GOODMDC") != 1:
        return _R.NO_INTEGRITY
    whole = status.count("DECRYPTION_OKAY") == 1 and status.count("PLAINTEXT") == 1
    return None if whole and status.count("END_DECRYPTION") == 1 else _R.MALFORMED


def _not_exact(run: Run, excused: frozenset[int]) -> UnreadableReason | None:
    if run.exit_code != 0 and run.exit_code not in excused:
        return _R.MALFORMED
    if not run.status.within(DECRYPTION):
        return _R.MALFORMED
    lengths = run.status.all("PLAINTEXT_LENGTH")
    if not lengths:
        return None
    said, got = lengths[0].number(0), len(run.output)
    mode = run.status.all("PLAINTEXT")[0].arguments[:1]
    if mode and mode[0] in _TEXT_MODES:
        return None if said is not None and got <= said else _R.MALFORMED
    return None if said == got and len(lengths) == 1 else _R.MALFORMED
