"""The Web Key Directory: where programs look for the key of an address on its domain's servers.

Source: draft-koch-openpgp-webkey-service, sections 3.1 (key discovery) and 4.5 (policy flags).
"""

import hashlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from gatekeeper.domain.address import Address

WELL_KNOWN: Final = ".well-known/openpgpkey"
_LETTERS: Final = "ybndrfg8ejkmcpqxot1uwisza345h769"
_BITS: Final = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One of the two places: the host that is asked, and the folder below its document root."""

    host: str
    folder: str

    @property
    def policy(self) -> str:
        """The path of the file that says a directory is here; it may be empty."""
        return f"{self.folder}/policy"

    def key(self, address: Address) -> str:
        """Return the path of the address's key, a binary certificate."""
        return f"{self.folder}/hu/{local_hash(address.local)}"

    def url(self, address: Address) -> str:
        """Return the address under which programs ask for the key."""
        return f"https://{self.host}/{self.key(address)}?l={quote(address.local, safe='')}"


def advanced(address: Address) -> Directory:
    """Return the place that is asked first: on a host of its own, for several domains."""
    host = host_name(address.domain)
    return Directory(host=f"openpgpkey.{host}", folder=f"{WELL_KNOWN}/{host}")


def direct(address: Address) -> Directory:
    """Return the place that is asked where no host `openpgpkey.DOMAIN` exists."""
    return Directory(host=host_name(address.domain), folder=WELL_KNOWN)


def local_hash(local: str) -> str:
    """Return the name of a local part: SHA-1 of it in lower case (ASCII only), in z-base-32."""
    lowered = local.encode("utf-8").lower()
    digest = hashlib.sha1(lowered, usedforsecurity=False).digest()
    number = int.from_bytes(digest, "big")
    return "".join(_LETTERS[number >> shift & 31] for shift in range(_BITS - 5, -1, -5))


def host_name(domain: str) -> str:
    """Return a domain as servers and certificates know it: lower case, labels beyond ASCII as xn--.

    ValueError where it has no such form.
    """
    return domain.lower().encode("idna").decode("ascii")
