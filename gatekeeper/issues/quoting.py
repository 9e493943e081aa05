"""Tell the lines a person wrote from those a mail program put below or between them.

Everything here is a guess about habits of mail programs; no standard says how an answer quotes.
What is certain is removed by the caller, what is only likely is a `doubt`: then nothing is sent.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Origin(StrEnum):
    """Where a line of a mail's text comes from."""

    OWN = "own"
    BLANK = "blank"
    QUOTED = "quoted"
    ATTRIBUTION = "attribution"
    SIGNATURE = "signature"
    BELOW = "below a divider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A line, counted from 0, that may be somebody else's, and what its writer can do."""

    line: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The origin of each line in order, and the lines that could not be told apart."""

    origins: tuple[Origin, ...]
    doubts: tuple[Doubt, ...]


TEXT_MAX: Final = 256 * 1024
"""Characters of a text that are looked at line by line; what is longer belongs in a file."""

_ATTRIBUTION_LINES: Final = 3
_ATTRIBUTION_MAX: Final = 600
_SIGNATURE_MAX: Final = 15
_HEADERS: Final = 8
_BEGUN: Final = re.compile(
    r"(?:On\b.*\bwrote|(?:Am|Den|Um)\b.*\b(?:schrieb|geschrieben)\b.*|Le\b.*\ba [ée]crit"
    r"|El\b.*\bescribi[óo]\b.*|Il\b.*\bha scritto|Em\b.*\bescreveu|Op\b.*\bschreef\b.*"
    r"|(?:Den|På)\b.*\bskrev\b.*|(?:W dniu|Dnia)\b.*\bnapisał\S*)\s*[:\uff1a]",
    re.IGNORECASE,
)
"""An attribution that begins with a word for a date, and so may be broken over several lines."""

_SAID: Final = re.compile(
    r".*(?:\b(?:wrote|writes|schrieb|schreibt|geschrieben|a écrit|escribió|ha scritto|escreveu"
    r"|schreef|skrev|napisał|пишет|написал)\b|写道|寫道|書きました).*[:\uff1a]",
    re.IGNORECASE,
)
_SOMEBODY: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+|\d{1,2}[:.]\d{2}|\d{4}")
_TITLES: Final = """
original message|original e-?mail|reply message|forwarded message|begin forwarded message
ursprüngliche (?:nachricht|e-?mail)|originalnachricht|original-nachricht
weitergeleitete nachricht|anfang der weitergeleiteten (?:nachricht|e-?mail)
message d['\u2019]origine|message original|message transféré
début du message (?:transféré|réexpédié)
mensaje original|mensaje reenviado|inicio del mensaje reenviado
messaggio originale|messaggio inoltrato|inizio messaggio inoltrato
mensagem original|mensagem encaminhada|início da mensagem reencaminhada
oorspronkelijk bericht|doorgestuurd bericht|begin doorgestuurd bericht
ursprungligt meddelande|vidarebefordrat meddelande|oprindelig meddelelse|opprinnelig melding
wiadomość oryginalna|исходное сообщение|пересылаемое сообщение|原始邮件|轉寄的郵件|元のメッセージ
"""
_TITLE: Final = re.compile(
    r"[\s*_-]*(?:" + "|".join(_TITLES.split("\n")[1:-1]) + r")\s*[:\uff1a]?[\s*_-]*", re.IGNORECASE
)
_FRAMED: Final = re.compile(r"\s*[*_-]{2,}.*[*_-]{2,}\s*|.*[:\uff1a][\s*]*")
_FROM: Final = "from|von|de|da|van|från|fra|od|от|发件人|寄件者|差出人"
_SENT: Final = (
    "sent|date|gesendet|datum|envoyé|fecha|enviado|enviado el|inviato|data|verzonden|skickat|sendt"
    "|dato|wysłano|дата|отправлено|发送时间|日期|送信日時|日付"
)
_TO: Final = (
    "to|an|à|para|a|aan|till|til|do|кому|收件人|宛先|subject|betreff|objet|asunto|oggetto|assunto"
    "|onderwerp|ämne|emne|temat|тема|主题|件名"
)
_FIELD: Final = re.compile(
    rf"[\s*]*(?:(?P<from>{_FROM})|(?P<sent>{_SENT})|(?P<to>{_TO}))[\s*]*[:\uff1a][\s*]*\S.*",
    re.IGNORECASE,
)
_ANY_FIELD: Final = re.compile(r"[\s*]*[^\s:]{1,25}(?: [^\s:]{1,15})?[\s*]*[:\uff1a].*")
_RULE: Final = re.compile(r"\s*(?:_{10,}|-{10,}|={10,}|\*{10,})\s*")
_INITIALS: Final = re.compile(r"\s{0,3}[A-Z]{1,4}>(?:\s|$)")
_ESCAPED_FROM: Final = re.compile(r">+From ")

_UNMARKED: Final = (
    "says that somebody wrote what follows, but no line after it is marked as quoted;"
    " delete the old text, or mark it with > in front of each line"
)
_HALF_A_HEADER: Final = (
    "looks like the head of an older mail; delete it with the text below it, or indent it by"
    " some words of yours if it is your own"
)
_LIKE_INITIALS: Final = "looks quoted by initials; delete it, or begin it with another word"
_LIKE_ESCAPED: Final = (
    "begins with >From, as mail systems write a line that begins with From; begin it otherwise"
)
_LONG_SIGNATURE: Final = (
    "begins a signature, but much text follows; delete the line, or the text after it"
)


def is_quoted(line: str) -> bool:
    """Say whether `line` begins with the mark that quotes, blanks before it allowed."""
    return line.lstrip().startswith(">")


def is_signature_mark(line: str) -> bool:
    """Say whether `line` begins a signature (RFC 3676 §4.3), its blank possibly lost on the way."""
    return line.rstrip() == "--"


def sort(lines: Sequence[str]) -> Sorted:
    """Return the origin of each line; in time linear in their length.

    An attribution counts as one only where quoted lines follow it. All lines after a divider of
    mail programs, and after the mark of a signature, count as not written here.
    """
    origins: list[Origin] = []
    doubts: list[Doubt] = []
    while len(origins) < len(lines):
        at = len(origins)
        line = lines[at]
        if not line.strip():
            origins.append(Origin.BLANK)
        elif is_quoted(line):
            origins.append(Origin.QUOTED)
        elif is_signature_mark(line):
            doubts += _long_signature(lines, at)
            origins += [Origin.SIGNATURE] * (len(lines) - at)
        elif _is_divider(lines, at):
            origins += [Origin.BELOW] * (len(lines) - at)
        elif count := _attribution(lines, at):
            if _quoted_next(lines, at + count):
                origins += [Origin.ATTRIBUTION] * count
            else:
                doubts.append(Doubt(line=at, words=_UNMARKED))
                origins += [Origin.OWN] * count
        else:
            origins.append(Origin.OWN)
    doubts += _doubts(lines, origins)
    return Sorted(origins=tuple(origins), doubts=tuple(doubts))


def _is_divider(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    if len(line) > _ATTRIBUTION_MAX:
        return False
    if _TITLE.fullmatch(line) and _FRAMED.fullmatch(line):
        return True
    if _RULE.fullmatch(line):
        following = next((n for n in range(at + 1, min(at + 4, len(lines))) if lines[n].strip()), 0)
        return bool(following) and "sent" in _header_fields(lines, following)
    return "sent" in _header_fields(lines, at)


def _header_fields(lines: Sequence[str], at: int) -> frozenset[str]:
    """Return which fields stand in the head that begins with a From at `at`; none without it."""
    found: set[str] = set()
    for line in lines[at : at + _HEADERS]:
        field = _FIELD.fullmatch(line) if len(line) <= _ATTRIBUTION_MAX else None
        kind = field.lastgroup if field else ""
        if not found and kind != "from":
            break
        if kind:
            found.add(kind)
        elif not line.startswith((" ", "\t")) and not _ANY_FIELD.match(line[:_ATTRIBUTION_MAX]):
            break
    return frozenset(found)


def _attribution(lines: Sequence[str], at: int) -> int:
    """Return how many lines from `at` on say who wrote what follows, 0 if they do not.

    One of the words of twelve languages, or, in any other, a line that ends with a colon directly
    before a quoted one; both name an address, a time or a year. Some programs name the writer only
    (`Robin Finder wrote:`): such a line counts where a quoted one follows.
    """
    joined = ""
    for count, line in enumerate(lines[at : at + _ATTRIBUTION_LINES], start=1):
        if not line.strip() or is_quoted(line) or line.lstrip().startswith("!"):
            return 0
        if count > 1 and _BEGUN.match(line[:_ATTRIBUTION_MAX]):
            return 0
        joined = f"{joined} {line.strip()}".lstrip()
        if len(joined) > _ATTRIBUTION_MAX or joined.endswith((".", "!", "?")):
            return 0
        if not joined.endswith((":", "\uff1a")):
            continue
        quoted = at + count < len(lines) and is_quoted(lines[at + count])
        said = count == 1 and _SAID.fullmatch(joined) is not None
        if said and at + count < len(lines) and _quoted_next(lines, at + count):
            return count
        if not _SOMEBODY.search(joined):
            continue
        single = count == 1 and (quoted or said)
        return count if single or _BEGUN.fullmatch(joined) else 0
    return 0


def _quoted_next(lines: Sequence[str], at: int) -> bool:
    """Say whether the next line that is not blank is quoted, or there is none."""
    following = next((line for line in lines[at:] if line.strip()), ">")
    return is_quoted(following)


def _long_signature(lines: Sequence[str], at: int) -> list[Doubt]:
    """Doubt a signature that is longer than any should be (RFC 3676 does not bound it)."""
    count = 0
    for number in range(at + 1, len(lines)):
        if is_quoted(lines[number]) or _is_divider(lines, number):
            break
        count += bool(lines[number].strip())
    return [Doubt(line=at, words=_LONG_SIGNATURE)] if count > _SIGNATURE_MAX else []


def _doubts(lines: Sequence[str], origins: Sequence[Origin]) -> list[Doubt]:
    found: list[Doubt] = []
    for at, (line, origin) in enumerate(zip(lines, origins, strict=True)):
        if origin is Origin.QUOTED and _ESCAPED_FROM.match(line) and not _has_quoted(origins, at):
            found.append(Doubt(line=at, words=_LIKE_ESCAPED))
        if origin is not Origin.OWN:
            continue
        if _INITIALS.match(line):
            found.append(Doubt(line=at, words=_LIKE_INITIALS))
        if {"from", "to"} <= _header_fields(lines, at):
            found.append(Doubt(line=at, words=_HALF_A_HEADER))
    return found


def _has_quoted(origins: Sequence[Origin], at: int) -> bool:
    """Say whether a line beside the one at `at` is quoted, too."""
    beside = (*origins[max(0, at - 1) : at], *origins[at + 1 : at + 2])
    return Origin.QUOTED in beside
