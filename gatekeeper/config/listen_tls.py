"""The certificates that listeners show for STARTTLS: their files, and how long they are valid."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gatekeeper.config import guarded
from gatekeeper.config.models import ListenSection
from gatekeeper.config.problems import Path as Setting
from gatekeeper.config.problems import Problem
from gatekeeper.config.settings import ListenerTls, Settings
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import DAY, Instant, later, spoken
from gatekeeper.inbound.certificate import make_context, validity

ENDS_SOON: Final = 14 * DAY
"""From then on the end of a certificate is warned of."""

_GONE: Final = "put it there, or take tls out of this listener"
RENEW: Final = "renew it and put it there; it is noticed without a restart"


def complaints(files: ListenerTls, section: ListenSection) -> Iterator[tuple[Setting, str]]:
    """Yield what is wrong with a listener's files, seen from its entry; no clock is asked."""
    before = False
    for text in guarded.plain_file(files.certificate, gone=_GONE):
        before = True
        yield ("tls", "certificate"), text
    apart = section.tls is not None and section.tls.key is not None
    for text in guarded.secret_file(files.key, gone=_GONE):
        before = True
        yield ("tls", "key" if apart else "certificate"), text
    if before:
        return
    try:
        context = make_context(certificate=files.certificate, key=files.key)
        validity(context, certificate=files.certificate)
    except Misconfigured as error:
        yield ("tls", "certificate"), f"{error.public}; {error.remedy}"


def ending(path: Path, key: Path, *, now: Instant) -> tuple[str, bool]:
    """Return what is wrong with a certificate's dates ("" if nothing), and whether it is too late.

    Misconfigured when its files are no pair any more.
    """
    valid = validity(make_context(certificate=path, key=key), certificate=path)
    if valid.begins > now:
        return f"{path} is valid only from {spoken(valid.begins)}", True
    if valid.ends <= now:
        return f"{path} expired {spoken(valid.ends)}", True
    if valid.ends <= later(now, ENDS_SOON):
        return f"{path} expires {spoken(valid.ends)}", False
    return "", False


def told_by(problem: Problem) -> bool:
    """Say whether a problem is one of `problems`."""
    return problem.path.startswith("listen[") and problem.path.endswith(".tls.certificate")


def problems(settings: Settings, *, now: Instant, serving: bool) -> Iterator[Problem]:
    """Yield the certificates that have ended or will soon.

    When `serving` all are warnings: most mail servers take any certificate, and mail with a bad
    one is better than none.
    """
    for index, listener in enumerate(settings.listeners):
        if listener.tls is None:
            continue
        text, late = ending(listener.tls.certificate, listener.tls.key, now=now)
        if text:
            yield Problem(
                file="gatekeeper.yaml",
                path=f"listen[{index}].tls.certificate",
                text=f"{text}; {RENEW}",
                warning=serving or not late,
            )
