"""Throwaway keys that end, as a whole or in part, later than they were made by the real gpg."""

from functools import cache
from typing import Final

from gatekeeper.domain.instants import SECOND, Instant
from tests.keys import Key, gpg, make_key, read_key, short_home

FAKED: Final = ("--faked-system-time", "20260102T000000!")
"""A day after the keys of tests are made: an end is moved by a later signature only."""

END: Final = Instant(1_790_812_800 * SECOND)
"""The instant 20261001T000000."""


@cache
def ending(who: str, *, primary: str = "never", subkey: str = "never") -> Key:
    """Return a key whose parts end then (such as 20261001T000000)."""
    with short_home() as home:
        made = make_key(home, who)
        gpg(home, *FAKED, "--quick-set-expire", made.fingerprint, primary)
        gpg(home, *FAKED, "--quick-set-expire", made.fingerprint, subkey, "*")
        return read_key(home, made.fingerprint)
