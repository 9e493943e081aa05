"""Every number an operator may set, as one value with defaults that work unedited."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """What one client and one message may use; sizes in bytes, times in microseconds."""

    message_bytes: int = 50 * MIB
    line_bytes: int = 1 * MIB
    header_bytes: int = 1 * MIB
    received_headers: int = 50
    recipients: int = 100
    connections: int = 200
    command_wait: int = 5 * MINUTE
    data_wait: int = 10 * MINUTE
    bytes_in_flight: int = 256 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLimits:
    """What reading one message may use; sizes in bytes, times in microseconds."""

    depth: int = 50
    parts: int = 200
    header_value_bytes: int = 16 * 1024
    plaintext_bytes: int = 10 * MIB
    gpg_wait: int = 30 * SECOND
    pieces: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPolicy:
    """How deliveries are claimed and sent; times in microseconds."""

    lease: int = 60 * SECOND
    relay_wait: int = 25 * SECOND
    connections: int = 4
    batch: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePolicy:
    """From which days a disclosure timeline is proposed (R-1, R-7).

    A working day is one of `weekdays` (Monday is 0) that is not among `holidays`.
    `predisclosure_days` working days lie between the report and the pre-disclosure, and
    `public_days` between that and the disclosure; both are at `at`, microseconds after midnight
    UTC in whole minutes, and at least `minimum_lead` microseconds apart.
    """

    predisclosure_days: int = 5
    public_days: int = 10
    at: int = 12 * HOUR
    weekdays: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()
    minimum_lead: int = 5 * DAY

    def __post_init__(self) -> None:
        """Refuse a calendar from which no timeline could be computed."""
        if self.predisclosure_days < 1 or self.public_days < 1:
            message = "each span of a timeline is at least one working day"
            raise ValueError(message)
        if not 0 <= self.at < DAY or self.at % MINUTE:
            message = "the time of day is a whole minute between 00:00 and 23:59"
            raise ValueError(message)
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            message = "a timeline needs at least one weekday, Monday is 0 and Sunday 6"
            raise ValueError(message)
        if self.minimum_lead < 0:
            message = "the minimum lead is not negative"
            raise ValueError(message)

    def works_on(self, day: date) -> bool:
        """Say whether `day` (a day in UTC) is a working day."""
        return day.weekday() in self.weekdays and day not in self.holidays


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPolicy:
    """How many automatic answers may go to one sender in an hour, and to all senders together."""

    per_sender: int = 5
    per_hour: int = 300

    def __post_init__(self) -> None:
        """Refuse limits under which nobody would ever be answered."""
        if not 1 <= self.per_sender <= self.per_hour:
            message = "at least one answer to a sender, and no fewer to all together"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All numbers together."""

    intake: IntakeLimits = IntakeLimits()
    reading: ReadingLimits = ReadingLimits()
    outbox: OutboxPolicy = OutboxPolicy()
    timeline: TimelinePolicy = TimelinePolicy()
    answers: AnswerPolicy = AnswerPolicy()
