"""Take off what a mailing system put beside a signed or encrypted mail, so that it is read alone.

Gateways and lists append a notice outside of the OpenPGP layer. People are shown the whole mail,
which is then not signed as a whole; for commands the notice is ignored, and never read.
"""

import re
from typing import Final

from gatekeeper.mail import inline, openpgp
from gatekeeper.mail.openpgp import Clear
from gatekeeper.mail.parse import Mail
from gatekeeper.mail.structure import Part

_PARTS_MAX: Final = 4
_FRAME: Final = re.compile(
    rb"-----BEGIN PGP (SIGNED MESSAGE|MESSAGE)-----[ \t\r]*\n.*?\n"
    rb"-----END PGP (?:SIGNATURE|MESSAGE)-----(?=[ \t\r]*\n)",
    re.DOTALL,
)


def without_appended(mail: Mail) -> bytes | None:
    """Return `mail` with its one OpenPGP layer alone and the same outer header fields.

    None when nothing was appended, or it is unclear what: then the mail is what it is. The bytes
    of the layer are the same; what stood beside it are only texts without a file name.
    """
    root = mail.root
    if root.content_type == "multipart/mixed" and 2 <= len(root.children) <= _PARTS_MAX:
        layered = [part for part in root.children if not isinstance(openpgp.layer(part), Clear)]
        others = [part for part in root.children if part not in layered]
        if len(layered) == 1 and all(_is_notice(part) for part in others):
            return _outer(root) + layered[0].entity
    if root.content_type == "text/plain" and isinstance(openpgp.layer(root), Clear):
        body = inline.ascii_text(root).lstrip()
        found = _FRAME.match(body)
        if found and body.count(b"-----BEGIN PGP ") == found[0].count(b"-----BEGIN PGP "):
            kind = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
            return _outer(root) + kind + b"\r\n" + found[0] + b"\r\n"
    return None


def _is_notice(part: Part) -> bool:
    is_text = part.content_type in {"text/plain", "text/html"}
    return is_text and part.filename is None and part.disposition != "attachment"


def _outer(root: Part) -> bytes:
    """Return the header fields that are not about the content, as they were, in order."""
    kept = [each for each in root.fields if not each.name.lower().startswith("content-")]
    return b"".join(each.name.encode() + b":" + each.raw + b"\r\n" for each in kept)
