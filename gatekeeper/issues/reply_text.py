"""What of a team mail may go to a reporter: its writer's own words, and nothing that was quoted.

The mail that is answered is a copy for the team: it holds our block, other people's words, other
issues. Where a line may be one of these, nothing is sent and the objection says what to do.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.identity import IssueId
from gatekeeper.issues.column import INDENT, quoted
from gatekeeper.issues.quoting import TEXT_MAX, Origin, Sorted, sort
from gatekeeper.mail.charset import printable_text

_SHOWN: Final = 60
_OBJECTIONS_MAX: Final = 20
_LABELS: Final = (
    *("Subject", "From", "To", "Cc", "Written", "Received", "Encryption", "Signature", "Piece"),
    *("Attached", "Done", "Waiting", "Note", "Event log"),
)
_OURS: Final = re.compile(
    "|".join(rf"(?<!\w){re.escape(f'{label}:'.ljust(INDENT))}\S" for label in _LABELS)
    + r"|The lines above are gatekeeper's|All that follows is the sender's[,;]"
    r"|An answer to this mail reaches the response team"
    r"|Commands stand at the top of a signed answer"
)
"""What our lines hold, as they stand in mail to the team (`config/templates/team-copy.txt`)."""

_PROGRAMS: Final = "Outlook|Mail|Yahoo|Proton|Gmail|Samsung|Spark|FairEmail|K-9|Thunderbird"
_DEVICE: Final = re.compile(
    rf"\s*(?:Sent (?:from|using|via|with) (?:my|{_PROGRAMS})\b|Get Outlook for"
    rf"|Von mein\w+ .*gesendet|Gesendet (?:von|mit|über) (?:mein\w+|{_PROGRAMS})\b"
    rf"|Envoyé (?:de|depuis|à partir de) (?:mon|ma|{_PROGRAMS})\b"
    rf"|Enviado (?:desde|do|de) (?:mi|meu|{_PROGRAMS})\b|Inviato (?:dal mio|da {_PROGRAMS})\b"
    r"|Verzonden vanaf mijn\b|Skickat från min\b|Sendt fra min\b|Отправлено \w+ мо)",
    re.IGNORECASE,
)
_DEVICE_MAX: Final = 80
_SEPARATORS: Final = r"[\s\-_/.\u00ad\u2010-\u2015\u2212\uff0d]{0,3}"
_NUMBER: Final = rf"{_SEPARATORS}([0-9]{{4}}){_SEPARATORS}([0-9]{{4,9}})(?![0-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """The text that may go out, how many lines were taken out, and why nothing may go at all."""

    text: str
    removed: int
    objections: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What may not be heard outside: how the team's people are called, and what was said.

    `named` returns whom of the team a text names, "" if nobody · `repeated` the numbers of those
    lines, from 0, that stand in another message.
    """

    named: Callable[[str], str]
    repeated: Callable[[Sequence[str]], Iterable[int]]


def cleaned(
    text: str, *, issue: IssueId, prefix: str, html_only: bool = False, inside: Inside | None = None
) -> Cleaned:
    """Return what of a writer's `text` may go to the correspondent of `issue`.

    Quoted lines, the lines that say who wrote them, what stands below a divider of mail programs,
    and the signature are taken out; `removed` counts those that were not blank. With any
    objection nothing may be sent; each names the line, the fault and the remedy. `html_only` says
    that `text` is a rendering of HTML, which is never sent; `inside` knows what else must stay.
    Never raises.
    """
    if len(text) > TEXT_MAX:
        words = f"the text is longer than {TEXT_MAX} characters; send the long part as a file"
        return Cleaned(text="", removed=0, objections=(words,))
    lines = printable_text(text).split("\n")
    found = sort(lines)
    kept = _kept(lines, found)
    own = "\n".join(lines[at].rstrip() for at in kept).strip("\n")
    removed = sum(bool(line.strip()) for line in lines) - sum(
        bool(lines[at].strip()) for at in kept
    )
    objections: list[str] = []
    if html_only:
        objections.append("the mail has its text in HTML only; send it as plain text")
    elif not own.strip():
        objections.append(
            "without quoted lines and signature the text is empty; write it below the command"
        )
    objections += (f"{_line(lines, doubt.line)} {doubt.words}" for doubt in found.doubts)
    objections += _lines_of_ours(lines, kept)
    objections += _other_issues(own, issue, prefix)
    if inside is not None:
        objections += _of_the_team(lines, kept, inside)
    if len(objections) > _OBJECTIONS_MAX:
        objections = [*objections[:_OBJECTIONS_MAX], "and more"]
    return Cleaned(text=own, removed=removed, objections=tuple(objections))


def own_words(text: str) -> str:
    """Return the lines of `text` that nobody else wrote, up to the first doubtful one."""
    lines = printable_text(text[:TEXT_MAX]).split("\n")
    found = sort(lines)
    end = min((doubt.line for doubt in found.doubts), default=len(lines))
    return "\n".join(lines[at] for at in _kept(lines, found) if at < end)


def _kept(lines: Sequence[str], found: Sorted) -> list[int]:
    """Return which lines stay: the own ones, and of the blank ones those that part them."""
    kept: list[int] = []
    gap = False
    for at, origin in enumerate(found.origins):
        if origin is Origin.OWN:
            kept.append(at)
            gap = False
        elif origin is not Origin.BLANK:
            gap = True
        elif not gap or (kept and lines[kept[-1]].strip()):
            kept.append(at)
    while kept and not lines[kept[-1]].strip():
        kept.pop()
    if kept and len(lines[kept[-1]]) <= _DEVICE_MAX and _DEVICE.match(lines[kept[-1]]):
        kept.pop()
    return kept


def _line(lines: Sequence[str], at: int) -> str:
    return f"line {at + 1}, {quoted(lines[at], _SHOWN)},"


def _lines_of_ours(lines: Sequence[str], kept: Sequence[int]) -> Iterator[str]:
    for at in kept:
        if _OURS.search(lines[at]):
            yield (
                f"{_line(lines, at)} is of the block in a team's copy and not marked as quoted;"
                " delete everything that you did not write"
            )
        elif lines[at].lstrip().startswith(("!", "\uff01")):
            yield (
                f"{_line(lines, at)} begins like a command, and commands stand at the top; move it"
                " there, or begin the line with another word"
            )


def _of_the_team(lines: Sequence[str], kept: Sequence[int], inside: Inside) -> Iterator[str]:
    """Name the lines that tell who the team is, or what it said."""
    if someone := inside.named("\n".join(lines[at] for at in kept)):
        naming = [(at, who) for at in kept if (who := inside.named(lines[at]))]
        for at, who in naming:
            yield f"{_line(lines, at)} names {who}, of the team; leave it out"
        if not naming:
            yield f"the text names {someone}, of the team, over two lines; leave it out"
    for number in inside.repeated([lines[at] for at in kept]):
        yield (
            f"{_line(lines, kept[number])} stands in another message of the issue and is not"
            " marked as quoted; delete it, or say it in other words"
        )


def other_issues(text: str, issue: IssueId, prefix: str) -> tuple[str, ...]:
    """Return the ids of other issues in `text`, however they are written or broken over lines."""
    pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(prefix)}{_NUMBER}", re.IGNORECASE)
    found = {
        f"{prefix}-{match[1]}-{match[2]}": None
        for match in pattern.finditer(text)
        if (int(match[1]), int(match[2])) != (issue.year, issue.number)
    }
    return tuple(found)


def _other_issues(text: str, issue: IssueId, prefix: str) -> Iterator[str]:
    for other in other_issues(text, issue, prefix):
        yield f"the text names another issue, {other}; nobody outside is told of it: leave it out"
