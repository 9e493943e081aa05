"""What may stand in gatekeeper.yaml, policy.yaml and team.yaml, with the defaults."""

from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gatekeeper.config.scalars import (
    Day,
    DomainName,
    Duration,
    Fingerprint,
    Host,
    IssuePrefix,
    Line,
    LocalPart,
    MailAddress,
    PathText,
    Port,
    Size,
    TimeOfDay,
    Weekday,
)
from gatekeeper.domain.address import BOUNCES_MAX, SECURITY_MAX
from gatekeeper.domain.instants import DAY
from gatekeeper.domain.policy import (
    AnswerPolicy,
    IntakeLimits,
    OutboxPolicy,
    ReadingLimits,
    TimelinePolicy,
)
from gatekeeper.domain.team import Role

_INTAKE: Final = IntakeLimits()
_READING: Final = ReadingLimits()
_OUTBOX: Final = OutboxPolicy()
_TIMELINE: Final = TimelinePolicy()
_ANSWERS: Final = AnswerPolicy()

_YEAR: Final = 366
"""Days; no span of a timeline is longer, so that every timeline has a date."""

Count = Annotated[int, Field(ge=1, le=1_000_000)]
WorkingDays = Annotated[int, Field(ge=1, le=_YEAR)]


class Section(BaseModel):
    """A group of settings: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def misplaced(field: str, text: str) -> PydanticCustomError:
    """Return an error of a whole section that is shown at one of its fields."""
    return PydanticCustomError("misplaced", "{text}", {"field": field, "text": text})


class Protocol(StrEnum):
    """What a listener speaks."""

    SMTP = "smtp"
    LMTP = "lmtp"


class AddressesSection(Section):
    """Local parts of our own addresses at `domain`."""

    security: LocalPart = "security"
    bounces: LocalPart = "bounces"

    @model_validator(mode="after")
    def _differ(self) -> Self:
        taken = {"postmaster", "abuse"}
        for field, local in (("security", self.security), ("bounces", self.bounces)):
            if local.lower() in taken:
                text = f"is the same as another address here ({local}); choose another name"
                raise misplaced(field, text)
            taken.add(local.lower())
        if self.bounces != self.bounces.lower() or "+" in self.bounces:
            raise misplaced("bounces", "is written in lower case and without +; write it so")
        longest = {"security": SECURITY_MAX, "bounces": BOUNCES_MAX}
        for field, octets in longest.items():
            if len(getattr(self, field).encode()) > octets:
                text = f"is longer than {octets} characters, no token fits behind it; shorten it"
                raise misplaced(field, text)
        return self


class ProductSection(Section):
    """What the team protects."""

    name: Line
    issue_prefix: IssuePrefix = Field(examples=["SEC"])


class ListenSection(Section):
    """One place where mail comes in: host and port, or a Unix socket."""

    protocol: Protocol = Protocol.SMTP
    host: Host | None = None
    port: Port | None = None
    socket: PathText | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.socket is not None:
            if self.host is not None or self.port is not None:
                raise misplaced("socket", "stands beside host or port; keep one of the two")
            return self
        if self.host is None:
            raise misplaced("host", "is missing; add host and port, or socket")
        if self.port is None:
            raise misplaced("port", "is missing; add a port from 1 to 65535")
        if self.protocol is Protocol.LMTP and not _loopback(self.host):
            text = "LMTP believes its peer; use a loopback address or a socket"
            raise misplaced("host", text)
        return self


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class RelaySection(Section):
    """The mail server that takes everything that leaves."""

    host: Host = "127.0.0.1"
    port: Port = 25
    clear_port: Port | None = None

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.clear_port == self.port:
            text = (
                "is the relay's own port, where TLS is not enforced; "
                "name the port that enforces it, or none"
            )
            raise misplaced("clear_port", text)
        return self


class DatabaseSection(Section):
    """Where rows live."""

    url: str = "sqlite:gatekeeper.sqlite"
    password_file: PathText | None = None


class StateSection(Section):
    """Where the service keeps what it makes."""

    folder: PathText = Path("state")


class RuntimeSection(Section):
    """Where opened secrets may lie while the service runs."""

    folder: PathText | None = None
    allow_disk: bool = False


class MasterKeySection(Section):
    """The key that seals the database: a file, or a systemd credential's name."""

    file: PathText | None = None
    credential: Line | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.file is None and self.credential is None:
            raise misplaced("file", "is missing; name the file, or a systemd credential")
        if self.file is not None and self.credential is not None:
            raise misplaced("credential", "stands beside file; keep one of the two")
        if self.credential is not None and "/" in self.credential:
            raise misplaced("credential", "is no name of a credential; write it without a slash")
        return self


class AliasSection(Section):
    """The OpenPGP key of the security alias."""

    fingerprint: Fingerprint = Field(examples=["0123456789ABCDEF0123456789ABCDEF01234567"])
    certificate: PathText = Path("alias/certificate.asc")
    secret: PathText = Path("alias/secret.sealed")
    former: tuple[Fingerprint, ...] = ()


class AdvisorySection(Section):
    """A key of its own for signing advisories; none when it has no fingerprint."""

    fingerprint: Fingerprint | None = None
    certificate: PathText = Path("advisory/certificate.asc")


class GpgSection(Section):
    """The engine."""

    binary: PathText = Path("gpg")


class GatekeeperFile(Section):
    """gatekeeper.yaml: names, places and peers."""

    domain: DomainName = Field(examples=["example.org"])
    addresses: AddressesSection = AddressesSection()
    product: ProductSection
    listen: Annotated[tuple[ListenSection, ...], Field(min_length=1)]
    relay: RelaySection = RelaySection()
    database: DatabaseSection = DatabaseSection()
    state: StateSection = StateSection()
    runtime: RuntimeSection = RuntimeSection()
    master_key: MasterKeySection
    alias: AliasSection
    advisory: AdvisorySection = AdvisorySection()
    gpg: GpgSection = GpgSection()


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

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.bytes_in_flight < self.message_bytes:
            text = "is smaller than message_bytes, so the largest message never fits; raise it"
            raise misplaced("bytes_in_flight", text)
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

    @model_validator(mode="after")
    def _outlives(self) -> Self:
        if self.lease <= 2 * self.relay_wait:
            text = "must be more than twice relay_wait, or a delivery is claimed twice; raise it"
            raise misplaced("lease", text)
        return self


class TimelineSection(Section):
    """From which days a disclosure timeline is proposed."""

    predisclosure_days: WorkingDays = _TIMELINE.predisclosure_days
    public_days: WorkingDays = _TIMELINE.public_days
    hour: TimeOfDay = _TIMELINE.at
    weekdays: Annotated[frozenset[Weekday], Field(min_length=1)] = _TIMELINE.weekdays
    holidays: frozenset[Day] = _TIMELINE.holidays
    minimum_lead: Duration = _TIMELINE.minimum_lead

    @model_validator(mode="after")
    def _within_a_year(self) -> Self:
        if self.minimum_lead > _YEAR * DAY:
            raise misplaced("minimum_lead", f"is longer than a year; write {_YEAR}d or less")
        return self


class AnswersSection(Section):
    """How many automatic answers may go out."""

    per_sender: Count = _ANSWERS.per_sender
    per_hour: Count = _ANSWERS.per_hour

    @model_validator(mode="after")
    def _enough_for_one(self) -> Self:
        if self.per_hour < self.per_sender:
            text = "is less than per_sender, so no sender could ever get that many; raise it"
            raise misplaced("per_hour", text)
        return self


class PolicyFile(Section):
    """policy.yaml: every number."""

    intake: IntakeSection = IntakeSection()
    reading: ReadingSection = ReadingSection()
    outbox: OutboxSection = OutboxSection()
    timeline: TimelineSection = TimelineSection()
    answers: AnswersSection = AnswersSection()


class PersonSection(Section):
    """One person of the response team."""

    name: Line
    address: MailAddress
    employer: Line
    keys: Annotated[tuple[Fingerprint, ...], Field(min_length=1, max_length=8)]
    roles: frozenset[Role] = frozenset()


class TeamFile(Section):
    """team.yaml: who handles issues."""

    people: tuple[PersonSection, ...] = ()
