"""security.txt: whom to write to about a vulnerability, and with which key (RFC 9116)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, Instant, rfc3339
from gatekeeper.publication.wkd import host_name

PLACE: Final = ".well-known/security.txt"
LIFE: Final = 330 * DAY
"""How long a file is good at most; less than a year is recommended (RFC 9116 §2.5.5)."""

HEAD: Final = "# Written by `gatekeeper key publish`, which may replace it; not signed."
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityTxt:
    """What the file says.

    `host` is the web server's name · `key` the path of the armored key there · `languages` are
    tags of RFC 5646, the preferred ones, in any order.
    """

    contact: Address
    host: str
    key: str
    fingerprint: str
    expires: Instant
    languages: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what would not be a line of the file."""
        Address(local=self.contact.local, domain=self.host)
        if not self.languages or not all(map(_LANGUAGE.fullmatch, self.languages)):
            message = "languages are tags such as en or pt-BR"
            raise ValueError(message)

    @property
    def canonical(self) -> str:
        """The one address at which the file is the right one."""
        return f"https://{self.host}/{PLACE}"

    def text(self) -> str:
        """Return the file: a comment, and the fields in the order of RFC 9116 §2.5."""
        local = quote(self.contact.local, safe="")
        lines = (
            HEAD,
            f"Contact: mailto:{local}@{host_name(self.contact.domain)}",
            f"Encryption: https://{self.host}/{self.key}",
            f"Encryption: openpgp4fpr:{self.fingerprint.lower()}",
            f"Preferred-Languages: {', '.join(self.languages)}",
            f"Canonical: {self.canonical}",
            f"Expires: {rfc3339(self.expires)}",
        )
        return "".join(f"{line}\n" for line in lines)


def expiry(now: Instant, key_ends: Instant | None) -> Instant:
    """Return until when a file written now is good: never longer than the key, on a whole day."""
    end = min(now + LIFE, key_ends if key_ends is not None else now + LIFE)
    return Instant(end - end % DAY)
