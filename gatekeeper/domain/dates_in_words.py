"""Dates, times and spans as people write them in English text; found, and not judged yet."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR, MINUTE

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_WEEKDAYS: Final = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
_SMALL: Final = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_NUMBERS: Final = {word: number for number, word in enumerate(_SMALL, 1)} | {
    "a": 1,
    "an": 1,
    "thirty": 30,
    "forty-five": 45,
    "sixty": 60,
    "ninety": 90,
}


def _month(name: str) -> str:
    """Return the pattern of a month; `may` in small letters is more often another word."""
    words = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS if month[3:])
    return rf"(?P<{name}>{words}|sept|(?-i:May|MAY))\b\.?"


def _clock(name: str) -> str:
    """Return the pattern of a time of day with its zone, all its groups named after `name`."""
    return rf"""
        (?: (?P<{name}_hour>[0-9]{{1,2}}) : (?P<{name}_minute>[0-9]{{2}})
            (?: :(?P<{name}_second>[0-9]{{2}}) (?:\.[0-9]{{1,9}})? )?
            (?: \s? (?P<{name}_half>[ap]\.?m\b\.?) )?
          | (?P<{name}_round>[0-9]{{1,2}}) \s? (?P<{name}_which>[ap]\.?m\b\.?)
          | (?P<{name}_four>[0-9]{{4}}) (?=\s?(?:z|utc|gmt)\b)
          | (?P<{name}_noon>(?:12\s)?noon)
        )
        (?: \s? (?P<{name}_zone>
              (?:utc|gmt)?\s?[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?
            | (?-i:[A-Z][A-Za-z]+/[A-Za-z_/]+)
            | (?-i:[A-Z]{{2,5}}) \b | utc\b | gmt\b | z\b ) )?
    """


_DATE: Final = rf"""
    (?: (?P<weekday>(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)\b\.?,?\s )?
    (?: (?P<iso_year>[0-9]{{4}}) (?P<iso_by>[-/]) (?P<iso_month>[0-9]{{1,2}}) (?P=iso_by)
        (?P<iso_day>[0-9]{{1,2}})
      | (?P<first>[0-9]{{1,2}}) (?P<by>[-/.]) (?P<second>[0-9]{{1,2}}) (?P=by)
        (?P<year>[0-9]{{4}}|[0-9]{{2}})
      | (?:the\s)? (?P<dm_day>[0-9]{{1,2}}) (?:st|nd|rd|th)? (?:\sof)? [\s-] {_month("dm_month")}
        (?: ,?[\s-](?P<dm_year>[0-9]{{4}}) )?
      | {_month("md_month")} \s? (?P<md_day>[0-9]{{1,2}}) (?:st|nd|rd|th)? (?![0-9:])
        (?: ,?\s(?P<md_year>[0-9]{{4}}) )?
    )
"""
_ABSOLUTE: Final = re.compile(
    rf"""
    (?<![\w=/.:+-])
    (?: {_clock("before")} ,? \s (?:on\s)? )?
    {_DATE}
    (?: (?: t | ,?\s (?:at\s)? ) {_clock("after")} )?
    (?![\w=/]|[-:]\w|\.[0-9])
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_WORDS: Final = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_SPAN: Final = re.compile(
    rf"""
    (?<![\w./:+-])
    (?: (?P<lead>in|within|after) \s (?:(?:the\snext|about|roughly|around)\s)? )?
    \+? (?P<number>[0-9]{{1,9}}|{_WORDS}) (?: \s | - )?
    (?: (?P<working>working|business) [\s-] | (?:calendar|full|whole) [\s-] )?
    (?P<unit>hours?|hrs?|days?|weeks?|fortnights?|months?|years?|(?-i:[hdw]))
    (?! [\w] )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time of day as written: microseconds after midnight, None when there is none such.

    `zone` is as written, "" for none.
    """

    at: int | None
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """A date as written, at `[start, end)` of its text.

    `days` are the days it may mean, none when there is no such day; without a `year` they are of
    the year that was given to the search. `weekday` (Monday is 0) is what was written beside it.
    """

    start: int
    end: int
    days: tuple[date, ...]
    year: bool
    short_year: bool
    weekday: int | None
    clock: Clock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span as written, such as `in 14 days`: a number of `unit`s (h, d, w, m, y).

    `working` says that its days are working days, `leads` that a word before it (in, within) makes
    it one that begins now, `counted` that the number is not merely `a` or `one`.
    """

    start: int
    end: int
    number: int
    unit: str
    working: bool
    leads: bool
    counted: bool


def dates(text: str, *, year: int) -> Iterator[Date]:
    """Yield the dates in `text` in their order; one without a year is of `year`."""
    for found in _ABSOLUTE.finditer(text):
        given = found.groupdict()
        days, written = _days(given, year)
        clock = _time(given, "before") or _time(given, "after")
        word = (given["weekday"] or "").lower()[:3]
        weekday = next((n for n, name in enumerate(_WEEKDAYS) if word and name[:3] == word), None)
        yield Date(
            start=found.start(),
            end=found.end(),
            days=days,
            year=bool(written),
            short_year=len(written) == 2,
            weekday=weekday,
            clock=clock,
        )


def spans(text: str) -> Iterator[Span]:
    """Yield the spans in `text` in their order."""
    for found in _SPAN.finditer(text):
        word = found["number"].lower()
        unit = found["unit"].lower()
        number = int(word) if word.isdigit() else _NUMBERS[word]
        fortnight = unit.startswith("fortnight")
        yield Span(
            start=found.start(),
            end=found.end(),
            number=2 * number if fortnight else number,
            unit="w" if fortnight else unit[0],
            working=bool(found["working"]),
            leads=bool(found["lead"]) and found["lead"].lower() != "after",
            counted=word not in {"a", "an", "one"},
        )


def _days(given: dict[str, str | None], year: int) -> tuple[tuple[date, ...], str]:
    """Return the days that a match may mean, and the year as written."""
    if given["iso_year"]:
        parts = [(given["iso_year"], given["iso_month"], given["iso_day"])]
        written = given["iso_year"]
    elif given["by"]:
        written = given["year"] or ""
        full = written if len(written) == 4 else f"20{written}"
        parts = [(full, given["second"], given["first"]), (full, given["first"], given["second"])]
    else:
        form = "dm" if given["dm_month"] else "md"
        name = (given[f"{form}_month"] or "").lower()[:3]
        month = next(number for number, long in enumerate(_MONTHS, 1) if long[:3] == name)
        written = given[f"{form}_year"] or ""
        parts = [(written or str(year), str(month), given[f"{form}_day"])]
    days = (_day(*(int(one or 0) for one in part)) for part in parts)
    return tuple(dict.fromkeys(day for day in days if day is not None)), written


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _time(given: dict[str, str | None], name: str) -> Clock | None:
    """Return the time of day of the groups named after `name`; None when there is none."""
    start = f"{name}_"
    groups = {key.removeprefix(start): given[key] or "" for key in given if key.startswith(start)}
    zone = groups["zone"].strip()
    if groups["noon"]:
        return Clock(at=12 * HOUR, zone=zone)
    if groups["four"]:
        hour, minute, second, half = groups["four"][:2], groups["four"][2:], "", ""
    elif groups["round"]:
        hour, minute, second, half = groups["round"], "0", "", groups["which"]
    elif groups["hour"]:
        hour, minute, second, half = (groups[key] for key in ("hour", "minute", "second", "half"))
    else:
        return None
    at = _after_midnight(int(hour), int(minute), half)
    return Clock(at=None if int(second or 0) else at, zone=zone)


def _after_midnight(hour: int, minute: int, half: str) -> int | None:
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower().startswith("p") else 0)
    at = hour * HOUR + minute * MINUTE
    return at if minute < 60 and at < DAY else None
