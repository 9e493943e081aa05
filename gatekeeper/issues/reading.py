"""Open one message: what it holds, what protected it, and what stayed closed.

It stands here, below both ends of the path, because stage 3 reads a message to handle it and
stage 7 reads it again to put it into a letter: beside the message as it came the store keeps no
second, decrypted message, only a summary with the beginning of its text, sealed like all content.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.errors import GatekeeperError, OurFault
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import (
    Coverage,
    PartSignature,
    Protection,
    Signature,
    SignatureState,
    UnreadableReason,
)
from gatekeeper.mail import (
    covered,
    legacy_display,
    offers,
    openpgp,
    parse,
    pieces,
    protect,
    structure,
    text,
)
from gatekeeper.mail.openpgp import Encrypted, InlineEncrypted, InlineSigned, Signed
from gatekeeper.mail.parse import Mail
from gatekeeper.mail.pieces import PieceSpan, SignedSpan
from gatekeeper.mail.protect import ProtectedHeaders
from gatekeeper.mail.reading import Piece, Reading
from gatekeeper.mail.structure import Part
from gatekeeper.pgp import listing, opening
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.opening import Closed, Opened

_LOG: Final = logging.getLogger("gatekeeper.issues")

UNREAD: Final = "this program failed to read it, which is a fault of the program"
"""Stands among the problems of a mail whose reading broke off: nothing is known of its inside."""

OUTSIDE_ONLY: Final = "only its outside was looked at"
"""Stands among the problems of a mail that was left closed on purpose."""

NOT_OPENED: Final = (
    "holds an encrypted message, quoted or in a forwarded mail, that was NOT opened; ask the sender"
    " to send it as an attachment or by itself"
)
SIGNED_OUTSIDE: Final = "signed outside of the encryption, which proves no author"
PARTS_MAX: Final = 8
"""Signatures over parts of one mail that are looked at."""

MORE_SIGNED: Final = "more of its parts are signed than were looked at"
_NO_TIME_LEFT: Final = "left closed: the pieces before it took all the time allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads messages with the alias's keys; safe to use from several threads."""

    engine: Engine
    limits: ReadingLimits

    def read(self, raw: bytes, guests: Sequence[bytes] = ()) -> Reading:
        """Return what `raw` holds; whatever cannot be read is said in the value, never raised.

        `guests` are certificates to verify by beside the team's, for this message alone. Only a
        failure of our own (gpg cannot be run, no space) raises OurFault: the message then stays
        where it is and is tried again. So does MemoryError.
        """
        try:
            end = time.monotonic() + self.limits.gpg_wait / SECOND
            work = _Work(engine=self.engine, limits=self.limits, guests=tuple(guests), end=end)
            return work.read(raw)
        except (GatekeeperError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - a mail that cannot be read is still a report
            _LOG.error("a message could not be read: unexpected %s", type(error).__name__)
            return self._closed(raw, UNREAD)

    def outside(self, raw: bytes) -> Reading:
        """Return what the outside of `raw` says; nothing in it is decrypted or verified."""
        return self._closed(raw, OUTSIDE_ONLY)

    def _closed(self, raw: bytes, problem: str) -> Reading:
        """Return the reading of a mail that stays closed, with as much as its outside tells."""
        mail = self._outside(raw)
        return Reading(
            mail=mail,
            subject=mail.subject,
            content=mail.root,
            protection=Protection(),
            problems=(*mail.problems, problem),
            references=mail.references,
            loop_tokens=mail.loop_tokens,
        )

    def _outside(self, raw: bytes) -> Mail:
        try:
            return parse.read(raw, self.limits)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - the last resort that makes every mail arrive
            _LOG.error("a header could not be read: unexpected %s", type(error).__name__)
            whole = Part(source=raw, start=0, body_start=0, end=len(raw))
            return Mail(raw=raw, root=whole, problems=("nothing of its header could be read",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """The signatures over the whole, the SHA-256 of what they cover, and the entity inside.

    `root_too` says that they are in no layer of the content's root, which may be signed besides.
    """

    signatures: tuple[Signature, ...] = ()
    covered: bytes | None = None
    inner: Part
    root_too: bool = False

    @property
    def is_good(self) -> bool:
        """Whether exactly one signature covers the whole, and it is good."""
        return [one.state for one in self.signatures] == [SignatureState.GOOD]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The reading of one message, which ends its runs of gpg at `end` (a monotonic time)."""

    engine: Engine
    limits: ReadingLimits
    guests: tuple[bytes, ...]
    end: float

    def read(self, raw: bytes) -> Reading:
        mail = parse.read(raw, self.limits)
        layer = openpgp.layer(mail.root)
        if isinstance(layer, Encrypted):
            return self._encrypted(mail, layer, _said(layer.problem))
        if isinstance(layer, InlineEncrypted):
            return self._encrypted(mail, layer, ())
        if isinstance(layer, Signed):
            inside = openpgp.layer(layer.inner)
            if isinstance(inside, Encrypted):
                # Whoever carries the mail can take such a signature off and put on the own.
                return self._encrypted(mail, inside, (SIGNED_OUTSIDE,))
            return self._clear(mail, self._verified(layer), _said(layer.problem))
        if isinstance(layer, InlineSigned):
            content, signatures = self._inline(layer)
            self._ensure_checked(signatures)
            digest = covered.digest(content)
            whole = _Signed(signatures=signatures, covered=digest, inner=mail.root)
            return self._clear(mail, whole)
        return self._clear(mail, _Signed(inner=mail.root))

    def _clear(self, mail: Mail, signed: _Signed, notes: tuple[str, ...] = ()) -> Reading:
        return self._finish(
            mail, mail.root, Protection(signatures=signed.signatures), signed, notes
        )

    def _encrypted(
        self, mail: Mail, layer: Encrypted | InlineEncrypted, notes: tuple[str, ...]
    ) -> Reading:
        ciphertext = layer.ciphertext if isinstance(layer, Encrypted) else layer.armor
        outcome = self._open(ciphertext)
        if isinstance(outcome, Closed):
            closed = Protection(encrypted=Coverage.ALL, unreadable=outcome.reason)
            return Reading(
                mail=mail,
                subject=mail.subject,
                content=mail.root,
                protection=closed,
                problems=(*mail.problems, *notes),
                references=mail.references,
                loop_tokens=mail.loop_tokens,
                ciphertext=outcome.digest,
                offers=offers.offered(mail.root, mail),
            )
        if isinstance(layer, Encrypted):
            scanned = structure.scan(outcome.plaintext, self.limits)
        else:
            root = structure.text_entity(outcome.plaintext, charset=layer.charset)
            scanned = structure.Scanned(root=root)
        signed = self._signatures(outcome, scanned.root)
        protection = Protection(
            encrypted=Coverage.ALL,
            own_key=outcome.own_key,
            cipher=outcome.cipher,
            integrity=outcome.integrity,
            signatures=signed.signatures,
        )
        found = self._finish(mail, scanned.root, protection, signed, (*notes, *scanned.problems))
        return replace(found, ciphertext=outcome.digest)

    def _signatures(self, opened: Opened, root: Part) -> _Signed:
        """Return the signatures over the whole content: in the message, or RFC 3156 §6.1 inside."""
        if opened.signatures:
            digest = covered.digest(opened.plaintext)
            return _Signed(signatures=opened.signatures, covered=digest, inner=root, root_too=True)
        layer = openpgp.layer(root)
        if isinstance(layer, Signed):
            return self._verified(layer)
        return _Signed(inner=root, root_too=True)

    def _open(self, ciphertext: bytes, limit: int | None = None) -> Opened | Closed:
        outcome = opening.open_message(self.engine, ciphertext, guests=self.guests, limit=limit)
        if isinstance(outcome, Closed) and outcome.reason is UnreadableReason.MALFORMED:
            self._ensure_gpg_works()
        return outcome

    def _verified(self, layer: Signed) -> _Signed:
        found = self._detached(layer)
        self._ensure_checked(found)
        return _Signed(signatures=found, covered=covered.digest(layer.content), inner=layer.inner)

    def _detached(self, layer: Signed) -> tuple[Signature, ...]:
        return opening.verify_detached(
            self.engine, content=layer.content, signature=layer.signature, guests=self.guests
        )

    def _inline(self, layer: InlineSigned) -> tuple[bytes, tuple[Signature, ...]]:
        """Verify a clear-signed text as it came, and if that is bad, without stuffed blanks."""
        found = opening.verify_inline(self.engine, layer.armor, guests=self.guests)
        bad = any(one.state is SignatureState.BAD for one in found[1])
        if not bad or layer.unstuffed is None:
            return found
        other = opening.verify_inline(self.engine, layer.unstuffed, guests=self.guests)
        return found if any(one.state is SignatureState.BAD for one in other[1]) else other

    def _ensure_checked(self, signatures: tuple[Signature, ...]) -> None:
        if any(each.state is SignatureState.UNCHECKED for each in signatures):
            self._ensure_gpg_works()

    def _ensure_gpg_works(self) -> None:
        """Raise OurFault when gpg fails at anything: then the mail is not what is broken.

        A gpg that ends at once, as one does that lacks a library, says as little as about noise.
        """
        if not listing.secret_keys(self.engine.run("--list-secret-keys")):
            raise OurFault(
                "gpg holds no secret key of ours",
                remedy="it is tried again; run `gatekeeper doctor`",
            )

    def _finish(
        self,
        mail: Mail,
        content: Part,
        protection: Protection,
        signed: _Signed,
        problems: tuple[str, ...] = (),
    ) -> Reading:
        found = pieces.pieces(content, self.limits)
        opened, parts = self._apart(found.spans)
        parts, more = self._parts(content, signed, parts)
        if opened and protection.encrypted is Coverage.NONE:
            labels = tuple(piece.label for piece in opened)
            protection = replace(protection, encrypted=Coverage.PART, pieces=labels)
        inside = self._protected(content, protection, signed)
        return Reading(
            mail=mail,
            subject=mail.subject if inside is None or inside.subject is None else inside.subject,
            content=content,
            protection=replace(protection, parts=parts),
            pieces=opened,
            problems=(
                *mail.problems,
                *problems,
                *(protect.differences(mail, inside) if inside else ()),
                *more,
                *((NOT_OPENED,) if found.others else ()),
            ),
            references=(inside.references if inside else ()) or mail.references,
            text=text.first_text(content),
            loop_tokens=(*mail.loop_tokens, *(inside.loop_tokens if inside else ())),
            signed=signed.covered,
            # The part that holds the signature is covered by none.
            offers=offers.offered(signed.inner, mail),
            protected=inside,
        )

    def _protected(
        self, content: Part, protection: Protection, signed: _Signed
    ) -> ProtectedHeaders | None:
        """Return the header fields inside, as long as anything protects them.

        In clear that is one good signature over the whole, and over them.
        """
        inner = protect.protected(signed.inner, self.limits)
        if protection.encrypted is Coverage.ALL:
            others = (legacy_display.payload(content), content)
            found = (inner, *(protect.protected(each, self.limits) for each in others))
            return next((each for each in found if each is not None), None)
        return inner if signed.is_good and signed.inner is not content else None

    def _apart(
        self, spans: Sequence[PieceSpan]
    ) -> tuple[tuple[Piece, ...], tuple[PartSignature, ...]]:
        """Return each encrypted piece, opened as long as time and size last, and who signed it."""
        found: list[Piece] = []
        parts: list[PartSignature] = []
        left = self.limits.plaintext_bytes
        for number, span in enumerate(spans):
            if number and time.monotonic() > self.end:
                # What is not opened now may be opened when the letter is composed.
                digest = opening.digest_of(span.data) if span.data else None
                found.append(
                    Piece(label=span.label, data=None, problem=_NO_TIME_LEFT, digest=digest)
                )
                continue
            piece, signatures = self._piece(span, left)
            left -= len(piece.data or b"")
            found.append(piece)
            label = f"piece {sum(each.data is not None for each in found)}"
            parts += (PartSignature(label=label, signature=one) for one in signatures)
        return tuple(found), tuple(parts)

    def _piece(self, span: PieceSpan, limit: int) -> tuple[Piece, tuple[Signature, ...]]:
        label, problem = span.label, span.problem
        if not span.data:
            return Piece(label=label, data=None, problem=problem), ()
        outcome = self._open(span.data, limit)
        if isinstance(outcome, Closed):
            problem = f"NOT READABLE: {problem or outcome.reason}"
            return Piece(label=label, data=None, problem=problem, digest=outcome.digest), ()
        data, digest = outcome.plaintext, outcome.digest
        piece = Piece(label=label, data=data, problem=problem, digest=digest, is_mail=span.is_mail)
        inside = openpgp.layer(structure.scan(data, self.limits).root) if span.is_mail else None
        if not outcome.signatures and isinstance(inside, Signed):
            return piece, self._detached(inside)
        return piece, outcome.signatures

    def _parts(
        self, content: Part, signed: _Signed, before: tuple[PartSignature, ...]
    ) -> tuple[tuple[PartSignature, ...], tuple[str, ...]]:
        """Return the signatures over parts, and in words that there are more than these."""
        found = list(before)
        for span in pieces.signed_parts(content, but_root=not signed.root_too):
            if len(found) >= PARTS_MAX or (found and time.monotonic() > self.end):
                return tuple(found[:PARTS_MAX]), (MORE_SIGNED,)
            found += (PartSignature(label=span.label, signature=one) for one in self._of(span))
        return tuple(found[:PARTS_MAX]), (MORE_SIGNED,) if len(found) > PARTS_MAX else ()

    def _of(self, span: SignedSpan) -> tuple[Signature, ...]:
        if isinstance(span.layer, Signed):
            return self._detached(span.layer)
        return self._inline(span.layer)[1]


def stays_whole(reading: Reading) -> bool:
    """Say whether people get the mail as it came, because nothing of it could be opened."""
    return reading.protection.unreadable is not None or UNREAD in reading.problems


def _said(problem: str) -> tuple[str, ...]:
    return (problem,) if problem else ()
