"""Open one message: what it holds, what protected it, and what stayed closed.

It stands here, below both ends of the path, because stage 3 reads a message to handle it and
stage 7 reads it again to put it into a letter: beside the message as it came the store keeps no
second, decrypted message, only a summary with the beginning of its text, sealed like all content.
"""

import hashlib
import io
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.errors import GatekeeperError, OurFault
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import (
    Coverage,
    Protection,
    Signature,
    SignatureState,
    UnreadableReason,
)
from gatekeeper.mail import offers, openpgp, parse, protect, structure, text
from gatekeeper.mail.openpgp import Encrypted, InlineEncrypted, InlineSigned, PieceSpan, Signed
from gatekeeper.mail.parse import Mail
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
_ARMORED: Final = b"-----BEGIN PGP MESSAGE-----"
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
            return _Work(engine=self.engine, limits=self.limits, guests=tuple(guests)).read(raw)
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
    """The signatures over the whole, the SHA-256 of what they cover, and the entity inside."""

    signatures: tuple[Signature, ...] = ()
    covered: bytes | None = None
    inner: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The reading of one message."""

    engine: Engine
    limits: ReadingLimits
    guests: tuple[bytes, ...]

    def read(self, raw: bytes) -> Reading:
        mail = parse.read(raw, self.limits)
        layer = openpgp.layer(mail.root)
        if isinstance(layer, Encrypted):
            notes = (layer.problem,) if layer.problem else ()
            return self._encrypted(mail, layer.ciphertext, notes, is_entity=True)
        if isinstance(layer, InlineEncrypted):
            return self._encrypted(mail, layer.armor, (), is_entity=False)
        if isinstance(layer, Signed):
            inside = openpgp.layer(layer.inner)
            if isinstance(inside, Encrypted):
                # Whoever carries the mail can take such a signature off and put on the own.
                return self._encrypted(mail, inside.ciphertext, (SIGNED_OUTSIDE,), is_entity=True)
            return self._clear(mail, self._verified(layer))
        if isinstance(layer, InlineSigned):
            content, signatures = opening.verify_inline(
                self.engine, layer.armor, guests=self.guests
            )
            self._ensure_checked(signatures)
            covered = _digest(content)
            return self._clear(
                mail, _Signed(signatures=signatures, covered=covered, inner=mail.root)
            )
        return self._clear(mail, _Signed(inner=mail.root))

    def _clear(self, mail: Mail, signed: _Signed) -> Reading:
        protection = Protection(signatures=signed.signatures)
        return self._finish(mail, mail.root, protection, signed)

    def _encrypted(
        self, mail: Mail, ciphertext: bytes, notes: tuple[str, ...], *, is_entity: bool
    ) -> Reading:
        outcome = self._open(ciphertext, self.guests)
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
        if is_entity:
            scanned = structure.scan(outcome.plaintext, self.limits)
        else:
            scanned = structure.Scanned(root=structure.text_entity(outcome.plaintext))
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
            covered = _digest(opened.plaintext)
            return _Signed(signatures=opened.signatures, covered=covered, inner=root)
        layer = openpgp.layer(root)
        return self._verified(layer) if isinstance(layer, Signed) else _Signed(inner=root)

    def _open(self, ciphertext: bytes, guests: Sequence[bytes] = ()) -> Opened | Closed:
        outcome = opening.open_message(self.engine, ciphertext, guests=guests)
        if isinstance(outcome, Closed) and outcome.reason is UnreadableReason.MALFORMED:
            self._ensure_gpg_works()
        return outcome

    def _verified(self, layer: Signed) -> _Signed:
        found = opening.verify_detached(
            self.engine, content=layer.content, signature=layer.signature, guests=self.guests
        )
        self._ensure_checked(found)
        return _Signed(signatures=found, covered=_digest(layer.content), inner=layer.inner)

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
        pieces = tuple(self._pieces(content))
        if pieces and protection.encrypted is Coverage.NONE:
            protection = replace(
                protection,
                encrypted=Coverage.PART,
                pieces=tuple(piece.label for piece in pieces),
            )
        covered = protection.encrypted is Coverage.ALL or bool(protection.signatures)
        headers = protect.protected(signed.inner, self.limits) if covered else None
        subject = headers.subject if headers and headers.subject is not None else mail.subject
        references = headers.references if headers and headers.references else mail.references
        return Reading(
            mail=mail,
            subject=subject,
            content=content,
            protection=protection,
            pieces=pieces,
            problems=(*mail.problems, *problems, *_left_closed(content, pieces)),
            references=references,
            text=text.first_text(content),
            loop_tokens=(*mail.loop_tokens, *(headers.loop_tokens if headers else ())),
            signed=signed.covered,
            # The part that holds the signature is covered by none.
            offers=offers.offered(signed.inner, mail),
        )

    def _pieces(self, content: Part) -> Iterator[Piece]:
        """Yield each encrypted piece, opened as long as the time of one message lasts."""
        end = time.monotonic() + self.limits.gpg_wait / SECOND
        for number, span in enumerate(openpgp.pieces(content, self.limits.pieces)):
            if number and time.monotonic() > end:
                # What is not opened now may be opened when the letter is composed.
                digest = opening.digest_of(span.data) if span.data else None
                yield Piece(label=span.label, data=None, problem=_NO_TIME_LEFT, digest=digest)
            else:
                yield self._piece(span)

    def _piece(self, span: PieceSpan) -> Piece:
        if not span.data:
            return Piece(label=span.label, data=None, problem=span.problem)
        outcome = self._open(span.data)
        if isinstance(outcome, Closed):
            problem = f"NOT READABLE: {span.problem or outcome.reason}"
            return Piece(label=span.label, data=None, problem=problem, digest=outcome.digest)
        return Piece(
            label=span.label, data=outcome.plaintext, problem=span.problem, digest=outcome.digest
        )


def stays_whole(reading: Reading) -> bool:
    """Say whether people get the mail as it came, because nothing of it could be opened."""
    return reading.protection.unreadable is not None or UNREAD in reading.problems


def _digest(covered: bytes) -> bytes:
    """Return the SHA-256 of what a signature covers, by line and without blanks at line ends.

    A signature of text stays good when line ends change on the way, and blanks before them in one
    that is signed in clear, so a copy must not look like another message for it.
    """
    hashed = hashlib.sha256()
    for line in io.BytesIO(covered):
        hashed.update(line.rstrip(b" \t\r\n") + b"\n")
    return hashed.digest()


def _left_closed(content: Part, pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Say that content holds armored messages beside the pieces: quoted, or in a forwarded mail."""
    leaves = (part for part in content.walk() if not part.children)
    texts = (part for part in leaves if part.content_type.startswith(("text/", "message/")))
    armored = sum(part.decoded().count(_ARMORED) for part in texts)
    opened = sum(piece.label.startswith("armored message") for piece in pieces)
    return (NOT_OPENED,) if armored > opened else ()
