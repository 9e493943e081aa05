"""The kinds of values that settings have, each with a message that says what to write."""

import re
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from gatekeeper.config.units import day, duration, size, time_of_day, weekday
from gatekeeper.domain.address import Address
from gatekeeper.domain.automatic import Forwarder
from gatekeeper.domain.identity import fingerprint, prefix
from gatekeeper.domain.process_policy import CLOCK_NAME

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_LINE_MAX: Final = 200
_PROSE_MAX: Final = 20_000

PRESET_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
"""Also the name of a file, so that nothing leads out of its folder."""


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > _LINE_MAX:
        message = f"must be one printable line of 1 to {_LINE_MAX} characters"
        raise ValueError(message)
    return text


def _prose(text: str) -> str:
    printable = all(line.isprintable() for line in text.split("\n"))
    if not text.strip() or not printable or len(text) > _PROSE_MAX:
        message = f"must be printable text of 1 to {_PROSE_MAX} characters, in lines"
        raise ValueError(message)
    return text.strip()


def _clock_name(text: str) -> str:
    if not CLOCK_NAME.fullmatch(text):
        message = "is no name of a clock; write one such as cert-cc: small letters, digits, hyphens"
        raise ValueError(message)
    return text


def _preset(text: str) -> str:
    if not PRESET_NAME.fullmatch(text):
        message = "is no name of a preset; write one such as xen: small letters, digits, hyphens"
        raise ValueError(message)
    return text


def _domain(text: str) -> str:
    try:
        Address(local="security", domain=text)
    except ValueError:
        message = "is no domain name; write the part after the @, such as example.org"
        raise ValueError(message) from None
    return text


def _local_part(text: str) -> str:
    try:
        Address(local=text, domain="example.org")
    except ValueError:
        message = "is no local part; write the part before the @, such as security"
        raise ValueError(message) from None
    if "+" in text:
        message = "contains a +, which is kept for tokens; choose a name without it"
        raise ValueError(message)
    return text


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError:
        message = "is no plain mail address; write name@domain"
        raise ValueError(message) from None


def _forwarder(text: str) -> Forwarder:
    try:
        return Forwarder.parse(text)
    except ValueError:
        message = "is neither a mail address nor a domain; write name@domain or @domain"
        raise ValueError(message) from None


def _digest(text: str) -> bytes:
    raw = text.replace(":", "")
    if re.fullmatch(r"[0-9A-Fa-f]{64}", raw) is None:
        message = "is no SHA-256 digest; write the 64 hexadecimal digits, with or without colons"
        raise ValueError(message)
    return bytes.fromhex(raw)


def _prefix(text: str) -> str:
    try:
        return prefix(text)
    except ValueError as error:
        message = f"cannot stand before a number: {error}"
        raise ValueError(message) from None


def _fingerprint(text: str) -> str:
    try:
        return fingerprint(text)
    except ValueError:
        message = (
            "is no fingerprint; write the 40 hexadecimal digits that `gpg --show-keys FILE` prints"
        )
        raise ValueError(message) from None


def _host(text: str) -> str:
    if not _HOST.fullmatch(text) and not (":" in text and _IPV6.fullmatch(text)):
        message = "is no host; write a name or an IP address (IPv6 without brackets)"
        raise ValueError(message)
    return text


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        return ip_network(value if isinstance(value, str) else "")
    except ValueError:
        message = (
            "is no IP address or network; write it such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48"
        )
        raise ValueError(message) from None


def _path(text: str) -> Path:
    if not text.isprintable():
        message = "contains a character that cannot be printed; write a plain path"
        raise ValueError(message)
    if text.startswith("~"):
        message = "starts with ~, which nobody expands here; write the whole path"
        raise ValueError(message)
    return Path(text)


def _text_to(read: object) -> BeforeValidator:
    """Return a validator that leaves defaults (already numbers) alone and reads text."""

    def validate(value: object) -> object:
        return read(value) if isinstance(value, str) and callable(read) else value

    return BeforeValidator(validate)


Line = Annotated[str, AfterValidator(_line)]
Prose = Annotated[str, AfterValidator(_prose)]
"""Paragraphs of text, in lines."""
PresetName = Annotated[str, AfterValidator(_preset)]
ClockName = Annotated[str, AfterValidator(_clock_name)]
DomainName = Annotated[str, AfterValidator(_domain)]
LocalPart = Annotated[str, AfterValidator(_local_part)]
IssuePrefix = Annotated[str, AfterValidator(_prefix)]
Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
Host = Annotated[str, AfterValidator(_host)]
Port = Annotated[int, Field(ge=1, le=65535)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network)]
PathText = Annotated[Path, _text_to(_path)]
Digest = Annotated[bytes, _text_to(_digest)]
"""SHA-256, written in hexadecimal."""
MailAddress = Annotated[Address, _text_to(_address)]
ForwarderName = Annotated[Forwarder, _text_to(_forwarder)]
"""An envelope sender, or all those of a domain."""
Duration = Annotated[int, _text_to(duration), Field(ge=1)]
"""Microseconds, written with a unit."""
Size = Annotated[int, _text_to(size), Field(ge=1)]
"""Bytes, written with a unit."""
TimeOfDay = Annotated[int, _text_to(time_of_day)]
"""Microseconds after midnight, written as hours and minutes."""
Weekday = Annotated[int, _text_to(weekday)]
"""Monday is 0; written by its first three letters."""
Day = Annotated[date, _text_to(day)]
"""A day of the calendar, written as year, month and day."""
