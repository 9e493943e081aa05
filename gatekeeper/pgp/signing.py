"""Sign content of ours: detached, or as cleartext that people read and check by themselves."""

from collections.abc import Sequence
from typing import Final

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import MIB
from gatekeeper.pgp import armor, listing, packets
from gatekeeper.pgp.armor import BadArmor, Kind
from gatekeeper.pgp.cleartext import unframed
from gatekeeper.pgp.engine import Engine, Run
from gatekeeper.pgp.status import COMMON, Line

_DIGEST: Final = "--digest-algo=SHA512"
_SHA512: Final = 10
_KINDS: Final = {"D": "00", "C": "01"}
"""Kinds of SIG_CREATED, detached and cleartext, with their signature type (RFC 4880 §5.2.1)."""

_ALLOWED: Final = COMMON | {"BEGIN_SIGNING", "SIG_CREATED", "PINENTRY_LAUNCHED"}
_REPORT: Final = "nothing was signed; run `gatekeeper doctor`"


def sign_detached(engine: Engine, content: bytes, *, signer: str, now: Instant) -> bytes:
    """Return an armored signature over exactly these octets (RFC 4880 §5.2.1, type 0x00).

    `signer` is the primary fingerprint of a secret key in the home; a signing subkey of it may
    sign. The digest is SHA-512. OurFault when gpg did not sign so.
    """
    run = _signed(engine, content, "--detach-sign", signers=[signer], now=now)
    _require(engine, run, kind="D", signers=[signer])
    try:
        found = tuple(packets.walk(run.output))
    except packets.NotPackets:
        raise OurFault("gpg's signature is cut short", remedy=_REPORT) from None
    if [packet.tag for packet in found] != [packets.SIGNATURE]:
        raise OurFault("gpg made something else than one signature", remedy=_REPORT)
    return armor.armor(Kind.SIGNATURE, run.output)


def clearsigned(
    engine: Engine, text: bytes, *, signer: str, now: Instant, also: Sequence[str] = ()
) -> bytes:
    """Return `text` in the frame of a cleartext signature (RFC 4880 §7), for people to check.

    `text` is lines of 7-bit characters without blanks at their ends, else ValueError. Signed by
    `signer` as for `sign_detached`, and in the same frame by each of `also`: gpg shows a signature
    of each. OurFault when gpg did not sign so.
    """
    if not _is_plain(text):
        message = "the text is not lines of 7-bit characters without blanks at their ends"
        raise ValueError(message)
    signers = [signer, *also]
    run = _signed(engine, text, "--armor", "--clear-sign", signers=signers, now=now)
    _require(engine, run, kind="C", signers=signers)
    frame = unframed(run.output)
    if frame is None or frame[0] != text.removesuffix(b"\n").replace(b"\n", b"\r\n"):
        raise OurFault("gpg signed another text than it was given", remedy=_REPORT)
    try:
        (block,) = armor.dearmor(frame[1])
        tags = [packet.tag for packet in packets.walk(block.data)]
    except (BadArmor, packets.NotPackets):
        raise OurFault("gpg's signature is cut short", remedy=_REPORT) from None
    if tags != [packets.SIGNATURE] * len(signers):
        raise OurFault("gpg made something else than the signatures", remedy=_REPORT)
    return run.output


def _is_plain(text: bytes) -> bool:
    lines = text.split(b"\n")
    printable = all(0x20 <= octet < 0x7F for line in lines for octet in line)
    return printable and not any(line.endswith(b" ") for line in lines)


def _signed(engine: Engine, content: bytes, *how: str, signers: Sequence[str], now: Instant) -> Run:
    by = [word for signer in signers for word in ("--local-user", signer)]
    limit = 2 * len(content) + MIB
    run = engine.run(_DIGEST, *by, *how, given=content, limit=limit, now=now)
    run.ensure_done("signing")
    return run


def _require(engine: Engine, run: Run, *, kind: str, signers: Sequence[str]) -> None:
    """Raise OurFault unless the status says one signature of each signer, as it was told."""
    made = run.status.all("SIG_CREATED")
    wrong = OurFault("gpg did not sign as it was told", remedy=_REPORT)
    if not run.status.within(_ALLOWED) or len(made) != len(signers):
        raise wrong
    listed = engine.run("--list-secret-keys")
    listed.ensure_done("listing secret keys")
    known = {
        record.primary.fingerprint: {key.fingerprint for key in record.keys}
        for record in listing.records(listed.output)
    }
    makers = [_maker(line, kind) for line in made]
    for signer in signers:
        if sum(maker in known.get(signer, ()) for maker in makers) != 1:
            raise wrong


def _maker(line: Line, kind: str) -> str:
    """Return who made a signature, "" for any but one that is as it was asked for.

    SIG_CREATED <kind> <public-key algorithm> <digest> <type> <time> <fingerprint>.
    """
    words = (*line.arguments, *[""] * 6)
    as_asked = words[0] == kind and words[3] == _KINDS[kind] and line.number(2) == _SHA512
    return words[5] if as_asked else ""
