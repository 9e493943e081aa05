"""Every number an operator may set, as one value with defaults that work unedited."""

from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.instants import MINUTE, SECOND

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
    parts: int = 1000
    header_value_bytes: int = 16 * 1024
    plaintext_bytes: int = 100 * MIB
    gpg_wait: int = 120 * SECOND
    pieces: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPolicy:
    """How deliveries are claimed and sent; times in microseconds."""

    lease: int = 60 * SECOND
    relay_wait: int = 25 * SECOND
    connections: int = 4
    batch: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All numbers together."""

    intake: IntakeLimits = IntakeLimits()
    reading: ReadingLimits = ReadingLimits()
    outbox: OutboxPolicy = OutboxPolicy()
