"""An error of the operating system stops a service for good only where it stays as it is."""

import errno
import os

import pytest

from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.failing import unusable


def failed(number: int) -> OSError:
    """Return the error of a call that failed so."""
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize("name", "EACCES EPERM EROFS ENOENT ENOTDIR EISDIR EEXIST ELOOP".split())
def test_what_is_set_up_wrongly_is_told_as_that(name: str) -> None:
    error = failed(getattr(errno, name))
    found = unusable("it cannot be kept", error, remedy="name another place")
    assert isinstance(found, Misconfigured)
    assert ("name another place", error.strerror) == (found.remedy, found.reason)


@pytest.mark.parametrize(
    ("names", "remedy"),
    [
        ("ENOSPC EDQUOT", "free space"),
        ("EMFILE ENFILE", "raise the limit"),
        ("EIO EINTR EAGAIN ESTALE ENOMEM ETIMEDOUT EBUSY", "look at the disk"),
    ],
)
def test_what_passes_is_tried_again(names: str, remedy: str) -> None:
    """Status 75, with a remedy that fits instead of one about the configuration."""
    for name in names.split():
        found = unusable("it cannot be kept", failed(getattr(errno, name)), remedy="another place")
        assert isinstance(found, OurFault), name
        assert found.remedy.startswith(remedy) or remedy in found.remedy, name


def test_an_error_without_a_number_is_tried_again() -> None:
    found = unusable("it cannot be kept", OSError("?"), remedy="another place")
    assert (75, "OSError") == (found.exit_code, found.reason)
