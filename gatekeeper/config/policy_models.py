"""What may stand in policy.yaml, with the defaults."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from gatekeeper.config.process_models import ApprovalsSection, EmbargoSection, RemindersSection
from gatekeeper.config.scalars import Duration, PresetName, Prose, Size
from gatekeeper.config.section import Section, misplaced
from gatekeeper.domain.instants import DAY
from gatekeeper.domain.policy import (
    KEPT_AT_LEAST,
    AnswerPolicy,
    BouncePolicy,
    IntakeLimits,
    OutboxPolicy,
    ReadingLimits,
    RetentionPolicy,
    SpacePolicy,
)

_INTAKE: Final = IntakeLimits()
_SPACE: Final = SpacePolicy()
_READING: Final = ReadingLimits()
_OUTBOX: Final = OutboxPolicy()
_ANSWERS: Final = AnswerPolicy()
_BOUNCES: Final = BouncePolicy()
_RETENTION: Final = RetentionPolicy()

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Percent = Annotated[int, Field(ge=0, le=90)]


class IntakeSection(Section):
    """What one client and one message may use."""

    message_bytes: Size = _INTAKE.message_bytes
    line_bytes: Size = _INTAKE.line_bytes
    header_bytes: Size = _INTAKE.header_bytes
    received_headers: Count = _INTAKE.received_headers
    recipients: Count = _INTAKE.recipients
    connections: Count = _INTAKE.connections
    command_wait: Duration = _INTAKE.command_wait
    data_wait: Duration = _INTAKE.data_wait
    bytes_in_flight: Size = _INTAKE.bytes_in_flight
    reserved_percent: Percent = _INTAKE.reserved_percent
    client_connections: Count = _INTAKE.client_connections
    client_connection_rate: Count = _INTAKE.client_connection_rate
    client_message_rate: Count = _INTAKE.client_message_rate
    client_recipient_rate: Count = _INTAKE.client_recipient_rate
    client_bytes: Size = _INTAKE.client_bytes
    errors: Count = _INTAKE.errors
    commands: Count = _INTAKE.commands
    unknown_recipients: Count = _INTAKE.unknown_recipients
    session_wait: Duration = _INTAKE.session_wait
    handshake_wait: Duration = _INTAKE.handshake_wait
    data_rate: Size = _INTAKE.data_rate

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for field in ("bytes_in_flight", "client_bytes"):
            if getattr(self, field) < self.message_bytes:
                text = "is smaller than message_bytes, so the largest message never fits; raise it"
                raise misplaced(field, text)
        limits = IntakeLimits(**self.model_dump())
        if self.bytes_in_flight - limits.reserved_bytes < self.message_bytes:
            text = (
                "leaves less of bytes_in_flight than message_bytes, so the largest message never "
                "fits; lower it"
            )
            raise misplaced("reserved_percent", text)
        return self


class SpaceSection(Section):
    """How much of the state folder's volume stays free."""

    stop_below: Size = _SPACE.stop_below
    reserve: Size = _SPACE.reserve

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.reserve > self.stop_below:
            text = "is more than stop_below, so nobody would be favoured; lower it"
            raise misplaced("reserve", text)
        return self


class ReadingSection(Section):
    """What reading one message may use."""

    depth: Count = _READING.depth
    parts: Count = _READING.parts
    header_value_bytes: Size = _READING.header_value_bytes
    plaintext_bytes: Size = _READING.plaintext_bytes
    gpg_wait: Duration = _READING.gpg_wait
    pieces: Count = _READING.pieces


class OutboxSection(Section):
    """How deliveries are claimed and sent."""

    lease: Duration = _OUTBOX.lease
    relay_wait: Duration = _OUTBOX.relay_wait
    connections: Count = _OUTBOX.connections
    batch: Count = _OUTBOX.batch
    per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = _OUTBOX.per_minute

    @model_validator(mode="after")
    def _outlives(self) -> Self:
        if self.lease <= 2 * self.relay_wait:
            text = "must be more than twice relay_wait, or a delivery is claimed twice; raise it"
            raise misplaced("lease", text)
        return self


class AnswersSection(Section):
    """How many automatic answers may go out."""

    per_sender: Count = _ANSWERS.per_sender
    per_domain: Count = _ANSWERS.per_domain
    per_hour: Count = _ANSWERS.per_hour

    @model_validator(mode="after")
    def _enough_for_one(self) -> Self:
        if self.per_hour < self.per_sender:
            text = "is less than per_sender, so no sender could ever get that many; raise it"
            raise misplaced("per_hour", text)
        return self


class BouncesSection(Section):
    """How mail that came back is counted against its recipient."""

    permanent: Count = _BOUNCES.permanent
    temporary: Count = _BOUNCES.temporary
    limit: Count = _BOUNCES.limit
    forget_after: Duration = _BOUNCES.forget_after
    settled_after: Duration = _BOUNCES.settled_after

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.permanent < self.temporary:
            raise misplaced("permanent", "is less than temporary; raise it")
        if self.limit < self.permanent:
            raise misplaced("limit", "is less than permanent; raise it")
        for field in ("forget_after", "settled_after"):
            if getattr(self, field) < DAY:
                raise misplaced(field, "is shorter than a day; write 1d or more")
        return self


class RetentionSection(Section):
    """How long what is done with is kept; without a value, for ever."""

    mail: Duration | None = _RETENTION.mail
    issues: Duration | None = _RETENTION.issues
    automatic: Duration | None = _RETENTION.automatic
    postmaster: Duration | None = _RETENTION.postmaster
    commands: Duration | None = _RETENTION.commands

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for field in type(self).model_fields:
            given = getattr(self, field)
            if given is not None and given < KEPT_AT_LEAST:
                raise misplaced(field, f"is shorter than {KEPT_AT_LEAST // DAY}d; raise it")
        if self.issues is not None and (self.mail is None or self.mail > self.issues):
            text = "is shorter than mail, which is a part of them; raise it"
            raise misplaced("issues", text)
        return self


class PolicyFile(Section):
    """policy.yaml: every number."""

    moved: ClassVar[Mapping[str, str]] = {"timeline": "its settings stand in embargo now"}

    intake: IntakeSection = IntakeSection()
    space: SpaceSection = SpaceSection()
    reading: ReadingSection = ReadingSection()
    outbox: OutboxSection = OutboxSection()
    preset: PresetName | None = None
    process: Prose | None = None
    embargo: EmbargoSection = EmbargoSection()
    approvals: ApprovalsSection = ApprovalsSection()
    reminders: RemindersSection = RemindersSection()
    answers: AnswersSection = AnswersSection()
    bounces: BouncesSection = BouncesSection()
    retention: RetentionSection = RetentionSection()
