"""Every number an operator may set, as one value with defaults that work unedited."""

from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND
from gatekeeper.domain.process_policy import (
    APPROVALS,
    EMBARGO,
    NO_TEXT,
    REMINDERS,
    ApprovalPolicy,
    EmbargoPolicy,
    ProcessText,
    ReminderPolicy,
)

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """What one client and one message may use; sizes in bytes, times in microseconds.

    `reserved_percent` of `connections` and `bytes_in_flight` is kept for the team and for answers
    to our own addresses · `data_rate` in bytes a second · the `client_` limits are one address's
    (IPv6: one /64's), rates in a minute.
    """

    message_bytes: int = 50 * MIB
    line_bytes: int = 1 * MIB
    header_bytes: int = 1 * MIB
    received_headers: int = 50
    recipients: int = 100
    connections: int = 200
    command_wait: int = 5 * MINUTE
    data_wait: int = 10 * MINUTE
    bytes_in_flight: int = 256 * MIB
    reserved_percent: int = 20
    client_connections: int = 20
    client_connection_rate: int = 60
    client_message_rate: int = 100
    client_recipient_rate: int = 300
    client_bytes: int = 100 * MIB
    errors: int = 50
    commands: int = 1000
    unknown_recipients: int = 20
    session_wait: int = HOUR
    handshake_wait: int = 30 * SECOND
    data_rate: int = 1024

    @property
    def open_connections(self) -> int:
        """Connections that anybody may have; the rest of `connections` is kept."""
        return self.connections - self.connections * self.reserved_percent // 100

    @property
    def reserved_bytes(self) -> int:
        """Bytes in flight that are kept."""
        return self.bytes_in_flight * self.reserved_percent // 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SpacePolicy:
    """How much of the state folder's volume stays free, in bytes.

    Below `stop_below` only mail of the team and answers to our own addresses are taken, below
    `reserve` nothing.
    """

    stop_below: int = 512 * MIB
    reserve: int = 128 * MIB

    def __post_init__(self) -> None:
        """Refuse a reserve that would end all mail before others' mail is put off."""
        if not 0 < self.reserve <= self.stop_below:
            message = "the reserve is at least a byte and not more than stop_below"
            raise ValueError(message)


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
    """How deliveries are claimed and sent; times in microseconds, `per_minute` 0 for no limit."""

    lease: int = 60 * SECOND
    relay_wait: int = 25 * SECOND
    connections: int = 4
    batch: int = 64
    per_minute: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPolicy:
    """How many automatic answers go out in an hour: to a sender, to a domain, to all together."""

    per_sender: int = 5
    per_domain: int = 60
    per_hour: int = 300

    def __post_init__(self) -> None:
        """Refuse limits under which nobody would ever be answered."""
        if not 1 <= self.per_sender <= self.per_hour or self.per_domain < 1:
            message = "at least one answer to a sender, and no fewer to all together"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncePolicy:
    """How mail that came back is counted against its recipient; times in microseconds.

    A bounce adds `permanent` or `temporary` points, once a UTC day; at `limit` the recipient is
    suspended. Points are forgotten `forget_after` the last bounce, or when a mail sent after it
    has not come back for `settled_after`.
    """

    permanent: int = 2
    temporary: int = 1
    limit: int = 6
    forget_after: int = 30 * DAY
    settled_after: int = 7 * DAY

    def __post_init__(self) -> None:
        """Refuse numbers by which nobody, or everybody, would be suspended."""
        if not 1 <= self.temporary <= self.permanent <= self.limit:
            message = "at least one point for a bounce, no more than for a permanent one or at all"
            raise ValueError(message)
        if self.forget_after < DAY or self.settled_after < DAY:
            message = "bounces are counted once a day, so they are remembered for one at least"
            raise ValueError(message)


KEPT_AT_LEAST: Final = 7 * DAY
"""Anything that was received is kept as long as its duplicates are known (design: mail engine)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long what is done with is kept, in microseconds; None for ever.

    `mail` what was received and written in a closed issue, since its last change, and `issues`
    all else of it · `automatic` bounces, automatic answers and loops, since they came ·
    `postmaster` mail that belongs to no issue · `commands` by what a signed command is known.
    """

    mail: int | None = 365 * DAY
    issues: int | None = 5 * 365 * DAY
    automatic: int | None = 90 * DAY
    postmaster: int | None = 365 * DAY
    commands: int | None = 30 * DAY

    def __post_init__(self) -> None:
        """Refuse to forget what is still needed."""
        given = (self.mail, self.issues, self.automatic, self.postmaster, self.commands)
        if any(each is not None and each < KEPT_AT_LEAST for each in given):
            message = "nothing is erased within seven days"
            raise ValueError(message)
        if self.issues is not None and (self.mail is None or self.mail > self.issues):
            message = "an issue's mail is erased no later than the rest of it"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All numbers together."""

    intake: IntakeLimits = IntakeLimits()
    space: SpacePolicy = SpacePolicy()
    reading: ReadingLimits = ReadingLimits()
    outbox: OutboxPolicy = OutboxPolicy()
    process: ProcessText = NO_TEXT
    embargo: EmbargoPolicy = EMBARGO
    approvals: ApprovalPolicy = APPROVALS
    reminders: ReminderPolicy = REMINDERS
    answers: AnswerPolicy = AnswerPolicy()
    bounces: BouncePolicy = BouncePolicy()
    retention: RetentionPolicy = RetentionPolicy()
