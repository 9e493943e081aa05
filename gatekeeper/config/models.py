"""What may stand in gatekeeper.yaml and team.yaml, with the defaults."""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from gatekeeper.config.scalars import (
    Digest,
    DomainName,
    Fingerprint,
    ForwarderName,
    Host,
    IssuePrefix,
    Line,
    LocalPart,
    MailAddress,
    Network,
    PathText,
    Port,
)
from gatekeeper.config.section import Section, misplaced
from gatekeeper.domain.address import BOUNCES_MAX, SECURITY_MAX, Route
from gatekeeper.domain.team import Role
from gatekeeper.outbound.trust import Tls


class Protocol(StrEnum):
    """What a listener speaks."""

    SMTP = "smtp"
    LMTP = "lmtp"


class AddressesSection(Section):
    """Local parts of our own addresses at `domain`."""

    security: LocalPart = "security"
    bounces: LocalPart = "bounces"
    require_tls: frozenset[Route] = frozenset()

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


class ListenTlsSection(Section):
    """A certificate (chain) for STARTTLS and its private key, which may be one file."""

    certificate: PathText
    key: PathText | None = None


class ListenSection(Section):
    """One place where mail comes in: host and port, or a Unix socket."""

    protocol: Protocol = Protocol.SMTP
    host: Host | None = None
    port: Port | None = None
    socket: PathText | None = None
    tls: ListenTlsSection | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.tls is not None and (self.protocol is Protocol.LMTP or self.socket is not None):
            raise misplaced("tls", "is for SMTP on a port; LMTP and sockets stay on this machine")
        if self.socket is not None:
            if self.host is not None or self.port is not None:
                raise misplaced("socket", "stands beside host or port; keep one of the two")
            return self
        if self.host is None:
            raise misplaced("host", "is missing; add host and port, or socket")
        if self.port is None:
            raise misplaced("port", "is missing; add a port from 1 to 65535")
        if self.protocol is Protocol.LMTP and not loopback(self.host):
            text = "LMTP believes its peer; use a loopback address or a socket"
            raise misplaced("host", text)
        return self


def loopback(host: str) -> bool:
    """Say whether a host is this machine as seen from itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


TRUSTED_RELAYS: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class RelaySection(Section):
    """The mail server that takes everything that leaves."""

    host: Host = "127.0.0.1"
    port: Port = 25
    clear_port: Port | None = None
    tls: Tls | None = None
    ca_file: PathText | None = None
    pinned_certificates: tuple[Digest, ...] = ()
    user: Line | None = None
    password_file: PathText | None = None

    @property
    def protection(self) -> Tls:
        """How connections are protected: elsewhere than on this machine always."""
        if self.tls is not None:
            return self.tls
        return Tls.NEVER if loopback(self.host) else Tls.STARTTLS

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.clear_port == self.port:
            text = (
                "is the relay's own port, where TLS is not enforced; "
                "name the port that enforces it, or none"
            )
            raise misplaced("clear_port", text)
        return self

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.protection is Tls.NEVER:
            if not loopback(self.host):
                text = (
                    "is for a relay on this machine: elsewhere all could see who is written to; "
                    "write starttls or implicit, and pin its certificate if no authority knows it"
                )
                raise misplaced("tls", text)
            for field in ("ca_file", "pinned_certificates", "user", "password_file"):
                if getattr(self, field):
                    raise misplaced(field, "needs TLS; set relay.tls to starttls or implicit")
        if self.ca_file is not None and self.pinned_certificates:
            text = "stands beside ca_file, which would then not be asked; keep one of the two"
            raise misplaced("pinned_certificates", text)
        if (self.user is None) != (self.password_file is None):
            lonely = "password_file" if self.user is None else "user"
            raise misplaced(lonely, "stands alone; a login is user and password_file, or neither")
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


class MetricsSection(Section):
    """Where counts are written for Prometheus; nowhere without a file."""

    file: PathText | None = None


class WitnessSection(Section):
    """Where this host keeps what it has seen of the database."""

    file: PathText = Path("witness/seen")


class BackupSection(Section):
    """Whom a backup is encrypted to: keys whose secrets are on no machine of the network."""

    recipients: tuple[Fingerprint, ...] = ()


class GpgSection(Section):
    """The engine."""

    binary: PathText = Path("gpg")


class GatekeeperFile(Section):
    """gatekeeper.yaml: names, places and peers."""

    domain: DomainName = Field(examples=["example.org"])
    addresses: AddressesSection = AddressesSection()
    product: ProductSection
    listen: Annotated[tuple[ListenSection, ...], Field(min_length=1)]
    trusted_relays: tuple[Network, ...] = TRUSTED_RELAYS
    relay: RelaySection = RelaySection()
    forwarders: Annotated[tuple[ForwarderName, ...], Field(max_length=100)] = ()
    database: DatabaseSection = DatabaseSection()
    state: StateSection = StateSection()
    runtime: RuntimeSection = RuntimeSection()
    master_key: MasterKeySection
    alias: AliasSection
    advisory: AdvisorySection = AdvisorySection()
    gpg: GpgSection = GpgSection()
    metrics: MetricsSection = MetricsSection()
    witness: WitnessSection = WitnessSection()
    backup: BackupSection = BackupSection()


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
