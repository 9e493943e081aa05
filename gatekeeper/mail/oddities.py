"""Say what about a mail may look otherwise in another program than it is shown here."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.mail.attachments import attachments
from gatekeeper.mail.charset import decode_in
from gatekeeper.mail.parse import Mail
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import HTML_MAX, bare, has_words

_ONCE: Final = ("From", "Subject", "Date", "To", "Reply-To", "Message-ID")
"""Fields that may stand in a header once (RFC 5322 §3.6)."""

_WORD: Final = re.compile(r"\w{3,}")
_LINK_MARKS: Final = ("://", "@", "www.")
_WORDS_MAX: Final = 20_000
_WORDS_READ_OF_ONE: Final = 256 * 1024
_WORDS_READ_MAX: Final = 2 * 1024 * 1024
_DIFFERENT: Final = 5
_ADDRESS: Final = re.compile(r"[^\s<>\"'(),;:@]{1,64}@[^\s<>\"'(),;:@]{1,255}")
_REMOTE: Final = re.compile(
    r"\b(?:src|srcset|background|poster|data|code|archive|lowsrc)\s{0,9}=\s{0,9}[\"']?\s{0,9}"
    r"(?:https?:)?//"
    r"|\burl\(\s{0,9}[\"']?\s{0,9}(?:https?:)?//"
    r"|<link\b[^<>]{0,500}\bhref\s{0,9}=\s{0,9}[\"']?\s{0,9}(?:https?:)?//"
    r"|@import\b",
    re.IGNORECASE,
)
_HIDDEN: Final = re.compile(
    r"\bdisplay\s{0,9}:\s{0,9}none\b|\bvisibility\s{0,9}:\s{0,9}(?:hidden|collapse)\b"
    r"|\bfont-size\s{0,9}:\s{0,9}0(?:\.0{1,9})?(?:px|pt|em|rem|%)?\s{0,9}(?=[;\"'}!]|$)"
    r"|\bopacity\s{0,9}:\s{0,9}0(?:\.0{1,9})?\s{0,9}(?=[;\"'}!]|$)"
    r"|\bmso-hide\s{0,9}:\s{0,9}all\b|<[a-z][a-z0-9]{0,15}\s(?:[^<>]{0,500}\s)?hidden(?=[\s=>/])",
    re.IGNORECASE,
)

ONLY_HTML: Final = "it has HTML only; the text that is shown was made from it"
OTHER_HTML: Final = "its HTML says other things than its text, and many programs show only the HTML"
REMOTE: Final = "its HTML has a program load something from elsewhere when it is shown"
CONCEALED: Final = "its HTML holds text that a program would not show"
NAME_AS_ADDRESS: Final = "the name in its From looks like another address than the one it is from"
SENDERS: Final = "its From names several senders"
ELSEWHERE: Final = "it asks for answers to another address than its sender's (Reply-To)"
NOT_IN_CHARSET: Final = "a text is not in the character set it names"
UNKNOWN_CHARSET: Final = "a text is in a character set that is unknown here"

SMIME: Final = "it is encrypted with S/MIME, which is not opened here"
_SMIME_TYPES: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_ENVELOPED: Final = frozenset({"", "enveloped-data", "authenveloped-data"})
"""Values of smime-type that mean encryption (RFC 8551 §3.2.2), or that may, when it is absent."""


def oddities(mail: Mail, content: Part) -> tuple[str, ...]:
    """Return what is odd about a mail and about `content`, which people see of it.

    Each is one line in words of ours, which quotes nothing.
    """
    bodies = _bodies(content)
    found = (*_header(mail), *_html(bodies), *_charsets(bodies), *_smime(content))
    return tuple(dict.fromkeys(found))


def _header(mail: Mail) -> Iterator[str]:
    for name in _ONCE:
        if (count := len(mail.root.every(name))) > 1:
            yield f"its header has {count} {name} fields, and programs show one or another"
    senders = {box.address.key for box in mail.from_ if box.address is not None}
    if len(mail.from_) > 1:
        yield SENDERS
    named = {each.lower() for box in mail.from_ for each in _ADDRESS.findall(box.display)}
    if named - senders:
        yield NAME_AS_ADDRESS
    asked = {box.address.key for box in mail.reply_to if box.address is not None}
    if asked - senders:
        yield ELSEWHERE


def _bodies(content: Part) -> list[Part]:
    """Return the texts that are shown, without the files."""
    files = {id(each.part) for each in attachments(content)}
    texts = (p for p in content.walk() if not p.children and p.content_type.startswith("text/"))
    return [part for part in texts if id(part) not in files]


def _html(bodies: list[Part]) -> Iterator[str]:
    pages = [part for part in bodies if part.content_type == "text/html"]
    if not pages:
        return
    texts = [part for part in bodies if part.content_type != "text/html"]
    if not any(has_words(part) for part in texts):
        yield ONLY_HTML
    elif differs(texts, pages):
        yield OTHER_HTML
    sources = [_source(part) for part in pages]
    if any(_REMOTE.search(source) for source in sources):
        yield REMOTE
    if any(_HIDDEN.search(source) for source in sources):
        yield CONCEALED


def _source(part: Part) -> str:
    return decode_in(part.decoded(HTML_MAX), part.params.get("charset", "utf-8")).text


def differs(texts: Sequence[Part], pages: Sequence[Part]) -> bool:
    """Say whether pages and texts use other words than a program does that makes one of the other.

    Words are compared as they stand, hidden ones too.
    """
    return differ(words_of(texts), words_of(pages))


def words_of(parts: Sequence[Part]) -> frozenset[str]:
    """Return the words that texts and pages use, without links; of much text those of the first."""
    found: set[str] = set()
    room = _WORDS_READ_MAX
    for part in parts:
        if room > 0:
            found |= _words(part)
        room -= min(part.size, _WORDS_READ_OF_ONE)
    return frozenset(found)


def _words(part: Part) -> set[str]:
    said = bare(part, at_most=_WORDS_READ_OF_ONE).lower().split()
    plain = " ".join(each for each in said if not any(mark in each for mark in _LINK_MARKS))
    return set(_WORD.findall(plain)[:_WORDS_MAX])


def differ(text: frozenset[str], page: frozenset[str]) -> bool:
    """Say whether more words differ than mail programs add when they write one from the other."""
    different = len(text ^ page)
    return different > _DIFFERENT and different * 5 > len(text | page)


def _charsets(bodies: list[Part]) -> Iterator[str]:
    for part in bodies:
        problem = decode_in(part.decoded(), part.params.get("charset", "utf-8")).problem
        if problem:
            what = UNKNOWN_CHARSET if "unknown" in problem else NOT_IN_CHARSET
            yield f"{what}; it is shown as {_shown_as(part)}"


def _smime(content: Part) -> Iterator[str]:
    for part in content.walk():
        kind = part.params.get("smime-type", "").lower()
        if part.content_type in _SMIME_TYPES and kind in _ENVELOPED:
            yield SMIME


def _shown_as(part: Part) -> str:
    try:
        part.decoded().decode("utf-8")
    except UnicodeDecodeError:
        return "Western (windows-1252)"
    return "UTF-8"
