"""Read the commands of somebody outside, and what proves them to be theirs (promise P-9).

What changes a date or a credit is signed, as a whole, by the pinned key; without one, it begins
with the code that we mailed to the stored address. `!status` needs neither, for it is answered to
that address only.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from gatekeeper.domain.codes import begins_with_code
from gatekeeper.domain.date_forms import Fault, OrderFault
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.participants import LINE_MAX
from gatekeeper.domain.wording import Doubt, Read, read
from gatekeeper.issues import authority
from gatekeeper.issues.case import Case
from gatekeeper.issues.commands import plain_line
from gatekeeper.issues.quoting import TEXT_MAX, Origin, sort
from gatekeeper.issues.written import written
from gatekeeper.store import seen
from gatekeeper.store.correspondents import Correspondent

_MOST: Final = 5
_ID: Final = re.compile(r"(?i:[A-Z][A-Z0-9]{0,15}-[0-9]{4}-[0-9]{4,9})(?:@\S+)?", re.ASCII)
_CODE: Final = re.compile(r"(?i:code ?: ?)?[A-Z2-7]{4}(?:-[A-Z2-7]{4}){4}", re.ASCII)
_WORD: Final = re.compile(r"!\s*([A-Za-z][A-Za-z-]{1,20})", re.ASCII)


class OrderVerb(StrEnum):
    """What people outside can order."""

    STATUS = "status"
    AGREE = "agree"
    PROPOSE = "propose"
    CREDIT = "credit"
    NO_CREDIT = "no-credit"


_DATED: Final = frozenset({OrderVerb.AGREE, OrderVerb.PROPOSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReporterOrder:
    """One command: `instant` of one about a date, `text` of a credit; `line` where it stood."""

    verb: OrderVerb
    line: int
    instant: Instant | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a mail of somebody outside orders, before anything is done.

    `orders` is empty where `faults` are: when one is wrong, none is done · `proven` that the mail
    is `author`'s, as far as a date may depend on it.
    """

    author: Correspondent
    orders: tuple[ReporterOrder, ...] = ()
    faults: tuple[Fault, ...] = ()
    proven: bool = False


def hear(case: Case, author: Correspondent, issue: IssueId) -> Heard:
    """Return what a mail orders; to be asked before the code that it begins with is used up."""
    said = written(case.reading)
    by_code = _by_code(author, said.text, html=said.html_only)
    found, faults = _parsed(case, said.text, issue, skips_code=by_code)
    if not found and not faults:
        return Heard(author=author, proven=by_code)
    needs_proof = any(each.verb is not OrderVerb.STATUS for each in found)
    if said.html_only:
        faults.insert(0, Fault(fault=OrderFault.HTML))
    if needs_proof and not by_code:
        faults[:0] = _unproven(case, author, named=_names(said.text, issue))
    orders = () if faults else tuple(found)
    return Heard(author=author, orders=orders, faults=tuple(faults), proven=not faults)


def _by_code(author: Correspondent, text: str, *, html: bool) -> bool:
    """Say whether it begins with the code; who has a key signs, whatever code they were sent."""
    if author.nonce is None or author.fingerprint is not None or html:
        return False
    return begins_with_code(text, author.nonce)


def _unproven(case: Case, author: Correspondent, *, named: bool) -> Iterator[Fault]:
    """Yield why a mail without the code is not proven to be its author's; nothing when it is."""
    if author.fingerprint is None:
        yield Fault(fault=OrderFault.NOT_PROVEN)
        return
    if not any(signer.id == author.id for signer in case.signers):
        yield Fault(fault=OrderFault.NOT_SIGNED)
        return
    made_at = case.verdict.made_at
    if made_at is None or not authority.is_fresh(made_at, case.arrival.received_at):
        yield Fault(fault=OrderFault.STALE)
    # One key may be pinned in several issues: what was signed for one says nothing in another.
    if len(case.signers) > 1 and not named:
        yield Fault(fault=OrderFault.NO_ISSUE)
    digest = authority.signed_digest(case.reading)
    if digest is None or not seen.first_time(
        case.tx,
        digest=hashlib.sha256(b"order\n" + digest).digest(),
        message=case.arrival.id,
        now=case.now,
    ):
        yield Fault(fault=OrderFault.REPEATED)


def _names(text: str, issue: IssueId) -> bool:
    return re.search(rf"\b{re.escape(str(issue))}\b", text, re.IGNORECASE) is not None


def _parsed(
    case: Case, text: str, issue: IssueId, *, skips_code: bool
) -> tuple[list[ReporterOrder], list[Fault]]:
    """Return the commands at the top of a text and what is wrong with them.

    Lines that begin with a mark and hold no word of ours are no commands: people write so.
    """
    lines = text[:TEXT_MAX].split("\n")
    top = list(islice(_top(lines, skips_code=skips_code), _MOST + 1))
    if not any(_verb(line) or _near(line) for _, line in top):
        return [], []
    if len(top) > _MOST:
        return [], [Fault(fault=OrderFault.MANY)]
    found: list[ReporterOrder] = []
    faults: list[Fault] = []
    for number, line in top:
        order = _order(case, number, line, issue)
        if isinstance(order, Fault):
            faults.append(order)
        else:
            found.append(order)
    return found, faults


def _top(lines: Sequence[str], *, skips_code: bool) -> Iterator[tuple[int, str]]:
    """Yield the lines at the top that begin with `!`, with their numbers from 1.

    A code may stand before them, be it right or not.
    """
    passed, begun = {Origin.BLANK, Origin.QUOTED, Origin.ATTRIBUTION}, False
    for number, (line, origin) in enumerate(zip(lines, sort(lines).origins, strict=True), 1):
        plain = plain_line(line)
        if plain.startswith("!"):
            begun = True
            yield number, plain
        elif plain and not begun and (skips_code or _CODE.fullmatch(plain.upper())):
            begun = True
        elif plain and origin not in passed:
            return


def _bare(line: str) -> tuple[str, str]:
    """Return the id that stands first, "" when none does, and the rest of a command."""
    rest = line.removeprefix("!").strip()
    first, _, after = rest.partition(" ")
    return (first, after.strip()) if _ID.fullmatch(first) else ("", rest)


def _verb(line: str) -> OrderVerb | None:
    word = _bare(line)[1].partition(" ")[0].lower()
    return next((verb for verb in OrderVerb if verb == word), None)


def _near(line: str) -> bool:
    """Say whether a line seems to be meant as a command that there is not."""
    word = _WORD.match("!" + _bare(line)[1])
    return word is not None and bool(
        difflib.get_close_matches(word[1].lower(), [*OrderVerb, "help", "commands"], n=1)
    )


def _order(case: Case, number: int, line: str, issue: IssueId) -> ReporterOrder | Fault:
    named, rest = _bare(line)
    verb, operand = _verb(line), rest.partition(" ")[2].strip()
    if verb is None:
        return Fault(fault=OrderFault.UNKNOWN, line=number)
    if named and named.partition("@")[0].upper() != str(issue):
        return Fault(fault=OrderFault.MALFORMED, line=number)
    if verb in _DATED:
        return _dated(case, verb, operand, number)
    if verb is OrderVerb.CREDIT:
        words = " ".join(operand.strip('"').split())
        if not words or len(words) > LINE_MAX or not words.isprintable() or '"' in words:
            return Fault(fault=OrderFault.MALFORMED, line=number)
        return ReporterOrder(verb=verb, line=number, text=words)
    if operand:
        return Fault(fault=OrderFault.MALFORMED, line=number)
    return ReporterOrder(verb=verb, line=number)


def _dated(case: Case, verb: OrderVerb, operand: str, number: int) -> ReporterOrder | Fault:
    """Read a date: an agreement names the whole instant, of a wish a day is enough."""
    found = read(operand.strip('"'), case.now)
    if found.when is None:
        return _doubted(case, found, number)
    instant = found.exact
    if instant is None and verb is OrderVerb.AGREE:
        return Fault(fault=OrderFault.NO_TIME, line=number)
    if instant is None:
        instant = found.when.at(case.desk.policy.embargo.calendar)
    return ReporterOrder(verb=verb, line=number, instant=instant)


_DOUBTS: Final = {
    Doubt.NO_ZONE: OrderFault.NO_ZONE,
    Doubt.AMBIGUOUS: OrderFault.AMBIGUOUS,
    Doubt.NO_YEAR: OrderFault.AMBIGUOUS,
    Doubt.WRONG_WEEKDAY: OrderFault.AMBIGUOUS,
    Doubt.PAST: OrderFault.PAST_DATE,
}


def _doubted(case: Case, found: Read, number: int) -> Fault:
    calendar = case.desk.policy.embargo.calendar
    fault = OrderFault.NO_DATE if found.doubt is None else _DOUBTS.get(found.doubt)
    if fault is None:
        return Fault(fault=OrderFault.NO_DATE, line=number)
    asks = fault in {OrderFault.NO_ZONE, OrderFault.AMBIGUOUS}
    may = tuple(each.at(calendar) for each in found.readings) if asks else ()
    return Fault(fault=fault, line=number, may=may)
