"""Hostile and odd mails as bytes, for every test that must show a mail is survived.

The bytes are the same in every run. Some could not pass SMTP (NUL, bare CR, bare LF): those show
what decrypted content may look like.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from tests.hostile import contents, encrypted, headers, structure
from tests.hostile.making import MIB


@cache
def torture() -> Mapping[str, bytes]:
    """Return all mails by name; some 75 MB, made once in a process."""
    groups = (headers.CASES, structure.CASES, contents.CASES, encrypted.CASES)
    return MappingProxyType({name: raw for group in groups for name, raw in group.made()})


def small_torture(at_most: int = MIB) -> Mapping[str, bytes]:
    """Return the mails of `at_most` bytes, for tests that do something slow with each."""
    return MappingProxyType({name: raw for name, raw in torture().items() if len(raw) <= at_most})
