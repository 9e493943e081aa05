"""What the writer of a mail wrote and signed: the one text in which commands are looked for.

A reading shows people everything there is; a command must come from exactly the bytes that the
signature covers, and from a text that the writer saw as it is read here.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import Coverage
from gatekeeper.issues.flowed import unflowed
from gatekeeper.issues.quoting import TEXT_MAX
from gatekeeper.mail import openpgp
from gatekeeper.mail.charset import decode_in, printable_text
from gatekeeper.mail.openpgp import InlineSigned, Signed
from gatekeeper.mail.parse import mailboxes_of
from gatekeeper.mail.reading import Reading
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import as_plain, read_text
from gatekeeper.pgp import cleartext

_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")


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
    root = reading.content if is_whole else reading.mail.root
    layer = openpgp.layer(root)
    if isinstance(layer, InlineSigned) and not is_whole:
        return _inline(layer.armor)
    inner = layer.inner if isinstance(layer, Signed) else root
    found = _entity(inner)
    # The header of a mail itself is covered by nothing.
    is_covered = bool(reading.protection.signatures) and (is_whole or inner is not root)
    return replace(found, recipients=_recipients(inner)) if is_covered else found


def _inline(armor: bytes) -> Written:
    """Return the text between the frame's lines: blanks at line ends are not covered, nor kept.

    It is read as UTF-8 (RFC 4880 §3.4): a charset named outside is not covered and could make
    other letters of it.
    """
    frame = cleartext.unframed(armor)
    if frame is None:
        return Written(text="")
    found = decode_in(frame[0], "utf-8")
    doubts = (_charset(found.problem),) if found.problem else ()
    return Written(text=printable_text(found.text), doubts=doubts)


def _entity(root: Part) -> Written:
    leaves = [part for part in root.walk() if not part.children and _is_body(part, root)]
    texts = [part for part in leaves if part.content_type == "text/plain" and _is_filled(part)]
    if not texts:
        html = [part for part in leaves if part.content_type == "text/html" and _is_filled(part)]
        return Written(text=as_plain(html[0]) if html else "", html_only=bool(html))
    found = read_text(texts[0])
    doubts = [_charset(found.problem)] if found.problem else []
    if len(texts) > 1:
        doubts.append("its text is in several parts; write all of it in one, before any attachment")
    return Written(text=_as_typed(texts[0], found.text), doubts=tuple(doubts))


def _charset(problem: str) -> str:
    return f"it holds {problem}; send it as UTF-8"


def _is_body(part: Part, root: Part) -> bool:
    """Say whether a part is text of the mail; a file, or a copy of the subject, is not."""
    is_file = part.disposition == "attachment" or part.filename is not None
    shows_header = part is not root and "protected-headers" in part.params
    return not is_file and not shows_header


def _is_filled(part: Part) -> bool:
    return bool(as_plain(part).strip())


def _as_typed(part: Part, text: str) -> str:
    """Undo what the writer's program did: line breaks, and the subject shown above the text."""
    if part.params.get("hp-legacy-display", "") == "1":
        # RFC 9788 §4.10.2: the copy of protected header fields ends at the first empty line.
        blank = _BLANK_LINE.search(text)
        text = text[blank.end() :] if blank else text
    if part.params.get("format", "").lower() != "flowed" or len(text) > TEXT_MAX:
        return text
    return unflowed(text, delsp=part.params.get("delsp", "").lower() == "yes")


def _recipients(root: Part) -> tuple[Address, ...]:
    """Return the addresses of To and Cc inside the signature, in whatever way they came there."""
    limit = ReadingLimits().header_value_bytes
    boxes = (*mailboxes_of(root, "To", limit), *mailboxes_of(root, "Cc", limit))
    return tuple(box.address for box in boxes if box.address is not None)
