"""One word for how a key is: usable, about to end, ended, revoked; for the whole and its parts."""

from dataclasses import dataclass, field
from typing import Final

from gatekeeper.config.certificates import EXPIRES_SOON
from gatekeeper.config.judging import Judged, Standing, end_of
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.pgp.keys import CertInfo
from gatekeeper.pgp.listing import SubkeyRecord

USES: Final = {"c": "certify", "s": "sign", "e": "encrypt"}
"""What a key is for, by gpg's letters (GnuPG doc/DETAILS, field 12)."""

OFFLINE: Final = "primary offline"
REPORTER: Final = "reporter"
_WORDS: Final = {
    "the key is revoked": "revoked",
    "the key has expired": "expired",
    "the key is invalid": "invalid",
    "the key is disabled": "disabled",
    "the key has no encryption subkey": "no encryption subkey",
    "its encryption subkey is revoked": "encryption subkey revoked",
    "its encryption subkey has expired": "encryption subkey expired",
    "its encryption subkey is invalid": "encryption subkey invalid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One key as it is listed: whose and what to us, what gpg says of it, or why it is refused."""

    owner: str
    standing: str
    fingerprint: str
    file: str = ""
    info: CertInfo | None = field(default=None, repr=False)
    usable: bool = False
    expires_at: Instant | None = None
    refused: str = ""
    wrong: bool = False

    def state(self, now: Instant) -> str:
        """Return how the key is as a whole."""
        if self.info is None:
            return self.refused
        if self.wrong:
            return "another key"
        words = _usable(self.expires_at, now) if self.usable else self._useless(self.info)
        return f"{words}, {OFFLINE}" if self.info.primary_offline else words

    def _useless(self, info: CertInfo) -> str:
        if self.standing == Standing.ADVISORY:
            return _WORDS.get(info.dead, info.dead) or "cannot sign"
        text = info.problems[0] if info.problems else "cannot encrypt"
        return _WORDS.get(text, text)

    def trouble(self, now: Instant) -> tuple[int, int]:
        """Return what keys are sorted by: those of no use first, then those that end first."""
        end = self.expires_at
        soon = end is not None and end <= later(now, EXPIRES_SOON)
        return 0 if not self.usable else 1 if soon else 2, end if end is not None else 1 << 63

    def parts(self) -> tuple[SubkeyRecord, ...]:
        """Return the primary key and the subkeys that encrypt or sign."""
        if self.info is None or self.wrong:
            return ()
        first, *others = self.info.parts
        return (first, *(part for part in others if part.uses & {"e", "s"}))

    def part_state(self, part: SubkeyRecord, now: Instant) -> str:
        """Return how one key of the certificate is: no better than the whole of it."""
        if self.info is None:
            return self.refused
        words = _WORDS.get(self.info.dead, self.info.dead) or _part(part, now)
        offline = self.info.primary_offline and part.fingerprint == self.fingerprint
        return f"{words}, offline" if offline else words


def uses_of(part: SubkeyRecord) -> list[str]:
    """Return what a key is for, in words."""
    return [word for letter, word in USES.items() if letter in part.uses]


def of_judged(key: Judged) -> Listed:
    """Return a key of the configuration as it is listed."""
    return Listed(
        owner=key.owner,
        standing=key.standing,
        fingerprint=key.fingerprint,
        file=key.file,
        info=key.info,
        usable=key.usable,
        expires_at=key.expires_at,
        refused=key.refused,
        wrong=key.wrong,
    )


def of_reporter(owner: str, fingerprint: str, info: CertInfo | str) -> Listed:
    """Return a pinned key of somebody outside; `info` is the reason when it is refused."""
    if isinstance(info, str):
        return Listed(owner=owner, standing=REPORTER, fingerprint=fingerprint, refused=info)
    return Listed(
        owner=owner,
        standing=REPORTER,
        fingerprint=fingerprint,
        info=info,
        usable=info.can_encrypt,
        expires_at=end_of(info, Standing.TEAM),
    )


def _usable(end: Instant | None, now: Instant) -> str:
    if end is None or end > later(now, EXPIRES_SOON):
        return "usable"
    days = (end - now) // DAY
    return {0: "expires today", 1: "expires in 1 day"}.get(days, f"expires in {days} days")


def _part(part: SubkeyRecord, now: Instant) -> str:
    if part.revoked:
        return "revoked"
    if part.dead:
        return "invalid"
    if part.weak:
        return "too short"
    if part.expires_at is not None and part.expires_at <= now:
        return "expired"
    return _usable(part.expires_at, now)
