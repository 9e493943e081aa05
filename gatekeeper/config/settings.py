"""The configuration as one value: checked, absolute, and without secrets in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import quote

from gatekeeper.config.models import Protocol
from gatekeeper.domain.address import OwnAddresses, Route
from gatekeeper.domain.automatic import Forwarder
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.governed import Content, Kind
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.team import Team
from gatekeeper.outbound.trust import Login, Tls, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFile:
    """A file with a secret; its mode was checked when the configuration was loaded."""

    path: Path

    def read(self) -> bytes:
        """Return the secret; Misconfigured when the file has gone since."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            message = f"{self.path} cannot be read"
            remedy = "put the file back, or run as the user who owns it"
            raise Misconfigured(message, reason=error.strerror or "", remedy=remedy) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerTls:
    """The files of a certificate for STARTTLS; `key` may be the certificate's own file."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One place where mail comes in: `host` and `port`, or `socket`."""

    protocol: Protocol
    host: str = ""
    port: int = 0
    socket: Path | None = None
    tls: ListenerTls | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPeer:
    """The mail server that takes what leaves.

    `clear_port` is where it enforces TLS to the recipient, and the only way out for free text in
    clear; None where there is no such port · `tls`, `authorities` (PEM, "" for the system's) and
    `pins` say what it must prove, see `gatekeeper.outbound.trust` · `user` is "" without a login.
    """

    host: str
    port: int
    clear_port: int | None = None
    tls: Tls = Tls.NEVER
    authorities: str = field(default="", repr=False)
    pins: frozenset[bytes] = frozenset()
    user: str = ""
    password: SecretFile | None = None

    def trust(self) -> Trust:
        """Return what a connection must prove, with the password from its file.

        For the relay's client only; Misconfigured when the file has gone since.
        """
        login = None
        if self.password is not None:
            password = self.password.read().decode("utf-8", "replace").rstrip("\r\n")
            login = Login(user=self.user, password=password)
        return Trust(tls=self.tls, authorities=self.authorities, pins=self.pins, login=login)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The database: `sqlite:////absolute/path` or `postgresql://user@host/name`, no password."""

    url: str
    password_file: SecretFile | None = None

    def connection_url(self) -> str:
        """Return the URL with the password from its file, for the driver only, never a log."""
        if self.password_file is None:
            return self.url
        password = self.password_file.read().decode("utf-8", "strict").strip("\r\n")
        scheme, _, rest = self.url.partition("://")
        user, _, where = rest.rpartition("@")
        return f"{scheme}://{user}:{quote(password, safe='')}@{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerKey:
    """A key that was the alias's: mail to it stays readable, and nothing new is sent to it."""

    fingerprint: str
    certificate: bytes = field(repr=False)
    secret: SecretFile


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasKey:
    """The alias's OpenPGP key: public certificate, and the secret sealed by the master key.

    `certificate_file` is where the certificate lies · `former` are the keys that were the alias's
    before, the newest first.
    """

    fingerprint: str
    certificate: bytes = field(repr=False)
    certificate_file: Path
    secret: SecretFile
    former: tuple[FormerKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryKey:
    """A separate key that signs advisories; its secret is never on this machine."""

    fingerprint: str
    certificate: bytes = field(repr=False)
    certificate_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryKey:
    """A key that backups are encrypted to; its secret is kept where no machine reaches it."""

    fingerprint: str
    certificate: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the files and the environment say.

    `runtime_folder` is where opened secrets may lie; it need not exist yet: see
    `gatekeeper.config.runtime.prepare`. `certificates` maps each fingerprint in `team` to the
    bytes of its file in `keys/`, `templates` each file name in `templates/` to its text;
    `metrics_file` is None where no metrics are wanted · `recovery` are whom backups are encrypted
    to · `require_tls` our own addresses that take no mail in clear · `trusted_relays` the mail
    servers of ours in front · `governed` what the files say of each part that is governed, whatever
    is in force. All paths are absolute.
    """

    folder: Path
    product_name: str
    issue_prefix: str
    own: OwnAddresses
    require_tls: frozenset[Route]
    listeners: tuple[Listener, ...]
    trusted_relays: tuple[IPv4Network | IPv6Network, ...]
    relay: RelayPeer
    database: Database
    state_folder: Path
    runtime_folder: Path
    allow_disk: bool
    master_key: SecretFile
    alias: AliasKey
    advisory: AdvisoryKey | None
    gpg: Path
    metrics_file: Path | None
    witness_file: Path
    recovery: tuple[RecoveryKey, ...]
    forwarders: tuple[Forwarder, ...]
    team: Team
    certificates: Mapping[str, bytes] = field(repr=False)
    templates: Mapping[str, str] = field(repr=False)
    policy: Policy
    governed: Mapping[Kind, Content] = field(repr=False)

    @property
    def domain(self) -> str:
        """The domain of our own addresses."""
        return self.own.security.domain
