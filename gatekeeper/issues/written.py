"""What the writer of a mail wrote and signed: the one text in which commands are looked for.

A reading shows people everything there is; a command must come from exactly the bytes that the
signature covers, and from a text that the writer saw as it is read here.
"""

from dataclasses import dataclass, replace

from gatekeeper.domain.address import Address
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import Coverage
from gatekeeper.issues.flowed import unflowed
from gatekeeper.issues.quoting import TEXT_MAX
from gatekeeper.mail import covered, legacy_display, openpgp
from gatekeeper.mail.charset import decode_in, printable_text
from gatekeeper.mail.openpgp import InlineEncrypted, InlineSigned, Signed
from gatekeeper.mail.parse import mailboxes_of
from gatekeeper.mail.reading import Reading
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import has_words, own_text, read_text
from gatekeeper.pgp import cleartext


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A mail's own text, of what the signature over the whole covers; of all, without one.

    `text` has LF line ends · `html_only` when it is a rendering of HTML, which people may have
    seen otherwise · `doubts` why the text may not be all that was written, or not as it was, one
    sentence each · `recipients` the addresses in a To or Cc inside the signature.
    """

    text: str
    html_only: bool = False
    doubts: tuple[str, ...] = ()
    recipients: tuple[Address, ...] = ()


def written(reading: Reading) -> Written:
    """Return what was written in the mail behind `reading`; nothing of it is believed here.

    Whether the signature is good, and whose, is for `authority` to say.
    """
    is_whole = reading.protection.encrypted is Coverage.ALL
    if is_whole and isinstance(openpgp.layer(reading.mail.root), InlineEncrypted):
        return _in_utf8(reading.content.body)
    root = reading.content if is_whole else reading.mail.root
    layer = openpgp.layer(root)
    if isinstance(layer, InlineSigned) and not is_whole:
        return _inline(layer, reading.signed)
    inner = layer.inner if isinstance(layer, Signed) else root
    found = _entity(inner)
    # The header of a mail itself is covered by nothing.
    is_covered = bool(reading.protection.signatures) and (is_whole or inner is not root)
    return replace(found, recipients=_recipients(inner)) if is_covered else found


def _inline(layer: InlineSigned, signed: bytes | None) -> Written:
    """Return the text between the frame's lines: blanks at line ends are not covered, nor kept.

    Of the two forms a flowed text may be signed in, it is the one that the signature covers.
    """
    armors = (layer.armor, layer.unstuffed or layer.armor)
    frames = [frame for frame in map(cleartext.unframed, armors) if frame is not None]
    texts = [content for content, _ in frames]
    found = next((text for text in texts if covered.digest(text) == signed), None)
    if found is None:
        return _in_utf8(texts[0]) if texts else Written(text="")
    return _in_utf8(found)


def _in_utf8(text: bytes) -> Written:
    """Read a text that came without a header of its own (RFC 4880 §3.4).

    A charset named outside, or in the armor, is not covered and could make other letters of it.
    """
    found = decode_in(text, "utf-8")
    doubts = (_charset(found.problem),) if found.problem else ()
    return Written(text=printable_text(found.text), doubts=doubts)


def _entity(root: Part) -> Written:
    leaves = [part for part in root.walk() if not part.children and _is_body(part, root)]
    texts = [part for part in leaves if part.content_type == "text/plain" and _is_filled(part)]
    if not texts:
        html = [part for part in leaves if part.content_type == "text/html" and _is_filled(part)]
        return Written(text=own_text(html[0], root) if html else "", html_only=bool(html))
    found = read_text(texts[0])
    doubts = [_charset(found.problem)] if found.problem else []
    if len(texts) > 1:
        doubts.append("its text is in several parts; write all of it in one, before any attachment")
    return Written(text=_as_typed(texts[0], found.text, root), doubts=tuple(doubts))


def _charset(problem: str) -> str:
    return f"it holds {problem}; send it as UTF-8"


def _is_body(part: Part, root: Part) -> bool:
    """Say whether a part is text of the mail; a file, or a copy of the subject, is not."""
    is_file = part.disposition == "attachment" or part.filename is not None
    shows_header = part is not root and "protected-headers" in part.params
    return not is_file and not shows_header


def _is_filled(part: Part) -> bool:
    return has_words(part)


def _as_typed(part: Part, text: str, root: Part) -> str:
    """Undo what the writer's program did: line breaks, and header fields shown above the text.

    Those are copies for programs that do not know header protection (RFC 9788 §4.5.3).
    """
    text = legacy_display.without_copy(text, part, root)
    if part.params.get("format", "").lower() != "flowed" or len(text) > TEXT_MAX:
        return text
    return unflowed(text, delsp=part.params.get("delsp", "").lower() == "yes")


def _recipients(root: Part) -> tuple[Address, ...]:
    """Return the addresses of To and Cc inside the signature, in whatever way they came there."""
    limit = ReadingLimits().header_value_bytes
    boxes = (*mailboxes_of(root, "To", limit), *mailboxes_of(root, "Cc", limit))
    return tuple(box.address for box in boxes if box.address is not None)
