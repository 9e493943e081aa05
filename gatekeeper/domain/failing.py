"""What an error of the operating system means: the machine fails for now, or is set up wrongly."""

import errno
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.errors import GatekeeperError, Misconfigured, OurFault

_SET_UP: Final = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENODEV,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ENXIO,
        errno.EPERM,
        errno.EROFS,
    }
)
"""What stays until somebody changes the configuration, a folder or its rights."""

_SPACE: Final = "free space on its volume; it is tried again with the next start"
_FILES: Final = "close files, or raise the limit (LimitNOFILE=); it is tried again"
_DISK: Final = "look at the disk and the kernel's log; it is tried again with the next start"

_REMEDIES: Final[Mapping[int, str]] = MappingProxyType(
    {
        errno.ENOSPC: _SPACE,
        errno.EDQUOT: _SPACE,
        errno.EMFILE: _FILES,
        errno.ENFILE: _FILES,
    }
)


def unusable(public: str, error: OSError, *, remedy: str) -> GatekeeperError:
    """Return what to raise for a file or folder that cannot be used.

    Misconfigured with `remedy` where only people can change it; else OurFault, which a service
    manager tries again, with a remedy of its own: a full disk, too many open files, a disk that
    fails. Of an error that is not known nobody says that it will stay.
    """
    reason = error.strerror or type(error).__name__
    if error.errno in _SET_UP:
        return Misconfigured(public, reason=reason, remedy=remedy)
    return OurFault(public, reason=reason, remedy=_REMEDIES.get(error.errno or 0, _DISK))
