"""The statement that one OpenPGP key takes the place of another, for everybody to read and check.

It is signed in one frame by the old key and the new one, so that `gpg --verify` shows both
signatures at once to whoever has both keys, and the old one's to whoever has only that.
"""

from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant, to_datetime

FOLDER: Final = "openpgp"
"""Where statements are published, below a web server's document root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A key that takes another's place: fingerprints, when, and whether both sign the statement."""

    address: Address
    old: str
    new: str
    at: Instant
    old_signs: bool


def name(old: str, new: str) -> str:
    """Return the statement's file name, which tells it from those of other changes."""
    return f"transition-{old}-{new}.asc"


def text(change: Change) -> bytes:
    """Return the statement in lines of 7-bit characters, none longer than 72."""
    address = str(change.address).encode("ascii", "replace").decode("ascii")
    lines = (
        "OpenPGP key transition statement",
        "",
        f"Date: {to_datetime(change.at).date().isoformat()}",
        f"For:  {address}",
        "",
        "The key for this address has changed. The old key was:",
        "",
        f"  {_spaced(change.old)}",
        "",
        "The new key, to be used from now on, is:",
        "",
        f"  {_spaced(change.new)}",
        "",
        "Please encrypt to the new key. Mail that was encrypted to the old one can",
        "still be read.",
        "",
        *(_BOTH if change.old_signs else _NEW_ALONE),
    )
    return "".join(f"{line}\n" for line in lines).encode("ascii")


_BOTH: Final = (
    "Both keys sign this statement. With both in your keyring this command",
    "shows two good signatures, with the fingerprints above:",
    "",
    "  gpg --verify FILE",
)
_NEW_ALONE: Final = (
    "Only the new key signs this statement, because the old one cannot sign any",
    "more. Compare the new fingerprint with one that reached you in another way.",
)


def _spaced(fingerprint: str) -> str:
    """Return a fingerprint as people compare it: ten groups of four, halved in the middle."""
    groups = [fingerprint[at : at + 4] for at in range(0, 40, 4)]
    return f"{' '.join(groups[:5])}  {' '.join(groups[5:])}"
