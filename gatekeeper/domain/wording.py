"""Wordings of a date in mails and commands, read without assuming anything (R-5).

What can be meant in one way only becomes a day or an instant; everything else says why not, with
what it may mean. A day without a time of day stays a day: the policy's hour makes it an instant.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import chain, islice
from typing import Final

from gatekeeper.domain.calendar import Calendar, day_of
from gatekeeper.domain.dates_in_words import Date, Span, dates, spans
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, from_datetime, later, spoken
from gatekeeper.domain.zones import offsets

OPERAND_MAX: Final = 100
"""Characters of an operand; a longer one is no date."""

_TEXT_MAX: Final = 50_000
"""Characters of a mail that are searched; who proposes a date does not do it below them."""
_FOUND_MAX: Final = 20
_FIRST: Final = date(1970, 1, 1)
_FARTHEST: Final = timedelta(days=3660)
"""Nothing is agreed on for longer than ten years: such a number is a mistake."""

_QUOTED: Final = re.compile(r"(?m)^[ \t]*[>|].*$")
_ELSEWHEN: Final = re.compile(
    r"\W{1,3}(?:ago|old|earlier|later|longer|more|before|since|after|following|prior"
    r"|of\s(?!embargo|silence))\b",
    re.IGNORECASE,
)
"""What follows a span that does not begin now."""
_BEHIND: Final = re.compile(
    r"(?:last|past|every|each|per|previous|took|spent|since|over|during|uptime:?)\s(?:the\s)?"
    r"(?:last\s|past\s)?$",
    re.IGNORECASE,
)
"""What stands before a span that is over, or that comes again and again."""
_LASTING: Final = re.compile(r"\bfor\s(?:the\s)?(?:next\s)?$", re.IGNORECASE)
_OF_SECRETS: Final = re.compile(
    r"embargo|disclos|publi[cs]|deadline|advisor|releas|propos|announce|private|confidential|secret"
    r"|silen|withhold|\bwait|\bhold|\bblog|\btalk|\bpresent|go(?:es|ing)? live",
    re.IGNORECASE,
)
_OF_ANSWERS: Final = re.compile(
    r"respon[ds]|repl(?:y|ies)|acknowledg|answer|hear from|get back|confirm\b|receipt|contact",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[.!?]\s|\n\s*\n")
_AROUND: Final = 300
"""Characters before and after a wording in which its sentence is looked for."""
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Doubt(StrEnum):
    """Why a wording is no date that anybody could rely on."""

    NOT_A_DATE = "not a date"
    NO_SUCH_DAY = "no such day"
    NO_SUCH_TIME = "no such time"
    NO_YEAR = "no year"
    NO_ZONE = "no zone"
    UNKNOWN_ZONE = "unknown zone"
    WRONG_WEEKDAY = "wrong weekday"
    AMBIGUOUS = "ambiguous"
    PAST = "past"
    TOO_FAR = "too far"


_NO_PROPOSAL: Final = frozenset({Doubt.PAST, Doubt.TOO_FAR, Doubt.NO_SUCH_DAY, Doubt.NO_SUCH_TIME})
"""Doubts that nobody is asked about whose mail is no command: logs are full of such dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What a wording means: an instant, or a day in UTC; `working` days after `day` if there are.

    Instants are whole minutes.
    """

    day: date
    instant: Instant | None = None
    working: int = 0

    def __post_init__(self) -> None:
        """Refuse an instant that no text could show exactly."""
        if self.instant is not None and self.instant % MINUTE:
            message = "an instant that was read is a whole minute"
            raise ValueError(message)

    def at(self, calendar: Calendar) -> Instant:
        """Return the instant: on a day without a time of day, that of the calendar's hour.

        It need not be an allowed one. OverflowError beyond the year 9999.
        """
        if self.instant is not None:
            return self.instant
        return calendar.on(calendar.after(self.day, self.working))

    def __str__(self) -> str:
        """Return it for people."""
        if self.instant is not None:
            return spoken(self.instant)
        if self.working:
            return f"{self.working} working days after {self.day}"
        return f"{_WEEKDAYS[self.day.weekday()]} {self.day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A wording and what it means: one reading and no doubt, or a doubt and what it may mean."""

    text: str
    readings: tuple[When, ...] = ()
    doubt: Doubt | None = None

    def __post_init__(self) -> None:
        """Refuse certainty without exactly one reading."""
        if self.doubt is None and len(self.readings) != 1:
            message = "what is certain has exactly one reading"
            raise ValueError(message)

    @property
    def when(self) -> When | None:
        """What it means; None when that is in doubt."""
        return None if self.doubt else self.readings[0]

    @property
    def exact(self) -> Instant | None:
        """The instant that is written, to the minute and with its zone; None for a mere day."""
        return self.when.instant if self.when else None

    def nearest(self, calendar: Calendar, now: Instant) -> tuple[Instant, ...]:
        """Return the allowed instants after `now` that are next to what it may mean, in order."""
        given = [calendar.nearest(one.at(calendar)) for one in self.readings]
        around = {instant for pair in given for instant in pair if instant > now}
        return tuple(sorted(around or {calendar.next_allowed(later(now, 1))}))

    def why(self) -> str:
        """Say in one line what is in doubt and what to write; "" when nothing is."""
        if self.doubt is None:
            return ""
        what = f"'{self.text}'" if self.text.isprintable() else "this"
        may = " or ".join(map(str, self.readings))
        return _WHY[self.doubt].format(what=what, may=may)


_WHY: Final = {
    Doubt.NOT_A_DATE: "{what} is not a date; write it such as 2026-12-08T12:00Z",
    Doubt.NO_SUCH_DAY: "{what} is a day that no calendar has; look at year, month and day",
    Doubt.NO_SUCH_TIME: "{what} has no time of day in whole minutes; write it such as 12:00Z",
    Doubt.NO_YEAR: "{what} has no year in four digits, so it may be {may}; write the year",
    Doubt.NO_ZONE: "{what} has no zone; in UTC it would be {may}, so write that or your offset",
    Doubt.UNKNOWN_ZONE: "{what} has a zone that is not known here; write the time in UTC",
    Doubt.WRONG_WEEKDAY: "{what} names another weekday than that of {may}; write which is meant",
    Doubt.AMBIGUOUS: "{what} may be {may}; write year, month and day, and the time in UTC",
    Doubt.PAST: "{what} is {may}, which is past",
    Doubt.TOO_FAR: "{what} is more than ten years away; write a nearer date",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A wording at `[start, end)` of a text; `relative` if it is a span that begins now."""

    start: int
    end: int
    read: Read
    relative: bool


def read(text: str, now: Instant) -> Read:
    """Return what an operand of a command means: a date, a date with a time, a span from now.

    Nothing may stand beside it. A date without a year is in doubt here.
    """
    said = " ".join(text.split())
    if len(said) > OPERAND_MAX:
        return Read(text=f"{said[:OPERAND_MAX]}…", doubt=Doubt.NOT_A_DATE)
    for one in dates(said, year=day_of(now).year):
        if (one.start, one.end) == (0, len(said)):
            return _judged(said, one, now)
    for span in spans(said):
        if (span.start, span.end) == (0, len(said)):
            return _counted(said, span, now)
    return Read(text=said, doubt=Doubt.NOT_A_DATE)


def find(text: str, now: Instant) -> tuple[Found, ...]:
    """Return the wordings of a date to come in the text of a mail, in their order.

    Each is at most a proposal, to be echoed as an instant and confirmed. Quoted lines are left
    out, and what is past or only looks like a date. A date without a year is the next such day.
    """
    own = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text[:_TEXT_MAX])
    both = (islice(each(own, now), _FOUND_MAX) for each in (_dates, _spans))
    found = sorted(chain.from_iterable(both), key=lambda one: one.start)
    return tuple(found[:_FOUND_MAX])


def _dates(text: str, now: Instant) -> Iterator[Found]:
    for one in dates(text, year=day_of(now).year):
        said = " ".join(text[one.start : one.end].split())
        result = _judged(said, one, now)
        if result.doubt is Doubt.NO_YEAR and not one.short_year:
            result = _this_year_or_next(said, one, now)
        version = one.short_year and "." in said
        if version or _stamp(one, result, now):
            continue
        if result.doubt not in _NO_PROPOSAL:
            yield Found(start=one.start, end=one.end, read=result, relative=False)


def _stamp(one: Date, result: Read, now: Instant) -> bool:
    """Say whether a date is rather when something happened: today or before, and in doubt."""
    return result.doubt is not None and all(day <= day_of(now) for day in one.days)


def _this_year_or_next(said: str, one: Date, now: Instant) -> Read:
    for year in (day_of(now).year, day_of(now).year + 1):
        for again in dates(said, year=year):
            result = _judged(said, again, now, dated=True)
            if result.doubt is not Doubt.PAST:
                return result
    return Read(text=said, doubt=Doubt.PAST) if one.days else Read(text=said, doubt=Doubt.NO_YEAR)


def _spans(text: str, now: Instant) -> Iterator[Found]:
    for span in spans(text):
        said = " ".join(text[span.start : span.end].split())
        if not _begins_now(text, span):
            continue
        result = _counted(said, span, now)
        if result.doubt is None:
            yield Found(start=span.start, end=span.end, read=result, relative=True)


def _begins_now(text: str, span: Span) -> bool:
    """Say whether a span in a mail may be meant as the time until something becomes public.

    `90 days` may be. How long something took, or how soon somebody wants an answer, is not.
    """
    before = text[max(0, span.start - 20) : span.start]
    if _BEHIND.search(before) or _ELSEWHEN.match(text, span.end):
        return False
    if not span.leads and not span.counted:
        return False
    sentence = _sentence_around(text, span)
    if _OF_SECRETS.search(sentence):
        return True
    loose = span.unit == "h" or _LASTING.search(before) or _OF_ANSWERS.search(sentence)
    return not loose


def _sentence_around(text: str, span: Span) -> str:
    before = text[max(0, span.start - _AROUND) : span.start]
    ends = [found.end() for found in _SENTENCE.finditer(before)]
    after = _SENTENCE.search(text, span.end, span.end + _AROUND)
    return (
        before[ends[-1] if ends else 0 :]
        + text[span.start : after.start() if after else span.end + _AROUND]
    )


def _judged(said: str, one: Date, now: Instant, *, dated: bool = False) -> Read:
    """Return what a date means; `dated` when its year is taken as given."""
    if not one.days or min(one.days) < _FIRST:
        return Read(text=said, doubt=Doubt.NO_SUCH_DAY)
    if max(one.days) > day_of(now) + _FARTHEST:
        return Read(text=said, doubt=Doubt.TOO_FAR)
    readings = tuple(_moments(one))
    if one.clock and one.clock.at is None:
        return Read(text=said, doubt=Doubt.NO_SUCH_TIME)
    if one.clock and not readings:
        return Read(text=said, doubt=Doubt.UNKNOWN_ZONE)
    return Read(text=said, readings=readings, doubt=_doubt(one, readings, now, dated=dated))


def _doubt(one: Date, readings: tuple[When, ...], now: Instant, *, dated: bool) -> Doubt | None:
    if one.short_year or not (one.year or dated):
        return Doubt.NO_YEAR
    if one.weekday is not None and all(day.weekday() != one.weekday for day in one.days):
        return Doubt.WRONG_WEEKDAY
    if one.clock and not one.clock.zone:
        return Doubt.NO_ZONE
    if len(readings) > 1:
        return Doubt.AMBIGUOUS
    return Doubt.PAST if _past(readings[0], now) else None


def _moments(one: Date) -> Iterator[When]:
    """Yield what a date may mean; with a time of day that has no zone, as if it were in UTC."""
    fitting = [day for day in one.days if day.weekday() == one.weekday]
    for day in fitting or one.days:
        if one.clock is None:
            yield When(day=day)
        elif one.clock.at is not None:
            midnight = from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
            for offset in offsets(one.clock.zone or "UTC", day.month):
                instant = later(midnight, one.clock.at - offset)
                yield When(day=day, instant=instant)


def _counted(said: str, span: Span, now: Instant) -> Read:
    """Return what a span from now means; hours to the minute, days as days in UTC."""
    days = span.number * {"h": 0, "d": 1, "w": 7, "m": 31, "y": 366}[span.unit]
    if days > _FARTHEST.days or span.number * HOUR > _FARTHEST.days * DAY:
        return Read(text=said, doubt=Doubt.TOO_FAR)
    if span.number == 0:
        return Read(text=said, doubt=Doubt.NOT_A_DATE)
    today = day_of(now)
    if span.unit == "h":
        end = later(now, span.number * HOUR)
        when = When(day=day_of(end), instant=later(end, -(end % MINUTE)))
    elif span.working:
        when = When(day=today, working=span.number * (5 if span.unit == "w" else 1))
    elif span.unit in {"d", "w"}:
        when = When(day=today + timedelta(days=days))
    else:
        when = When(day=_months_after(today, span.number * (12 if span.unit == "y" else 1)))
    return Read(text=said, readings=(when,))


def _months_after(day: date, months: int) -> date:
    """Return the same day so many months later; the month's last one where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _past(when: When, now: Instant) -> bool:
    if when.instant is not None:
        return when.instant <= now
    return when.day < day_of(now)
