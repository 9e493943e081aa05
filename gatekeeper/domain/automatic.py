"""Whether an automatic answer may go out (design: mail engine, "Bounces, loops").

What is decided here is what one message shows; how many answers a sender had already is counted
where the answers are kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from gatekeeper.domain.address import Address

UNSIGNED_AN_HOUR: Final = 20
"""How many unsigned mails of one of the team are passed on in one issue, in one hour.

More than people write by hand in a discussion; so few that programs which answer every copy, and
say in no header that they are programs, come to rest before they fill a mailbox.
"""

_PRECEDENCES: Final = frozenset({"bulk", "junk", "list", "auto_reply"})

_ROBOTS: Final = frozenset(
    {
        "mailer-daemon",
        "postmaster",
        "daemon",
        "bounce",
        "bounces",
        "autoreply",
        "auto-reply",
        "autoresponder",
        "auto-responder",
        "vacation",
        "majordomo",
        "listserv",
        "listproc",
        "mailman",
        "sympa",
        "ezmlm",
        "nobody",
        "root",
        "cron",
        "uucp",
        "www-data",
        "www-run",
        "apache",
        "nginx",
        "httpd",
    }
)
_ROBOT_PREFIXES: Final = ("owner-", "bounce-", "bounces-", "bounce_", "bounces_")
_ROBOT_SUFFIXES: Final = (
    "-owner",
    "-request",
    "-bounce",
    "-bounces",
    "-confirm",
    "-subscribe",
    "-unsubscribe",
)
_ROBOT_WORDS: Final = ("noreply", "donotreply", "dontreply", "mailerdaemon")
"""Told whatever stands between their syllables, at either end: `jira-no.reply`, `noreply-17`."""
_EZMLM: Final = re.compile(r"-return-[0-9]")
_SEPARATORS: Final = re.compile(r"[-_.]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarder:
    """Whose mail is forwarded to us: an envelope sender, or all of a domain (`local` "")."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the forwarder written `name@domain` or `@domain`; ValueError for other text."""
        address = Address.parse(f"any{text}" if text.startswith("@") else text)
        return cls(local="" if text.startswith("@") else address.local, domain=address.domain)

    def sent(self, sender: Address) -> bool:
        """Say whether mail with this envelope sender came through the forwarder."""
        local = self.local or sender.local
        return Address(local=local, domain=self.domain).key == sender.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a message shows of who or what sent it.

    `sender` is the envelope sender (None for `<>`), the only address that an answer may go to;
    `listed` says that any List-* field is there (RFC 2369, RFC 2919), `suppressed` that
    X-Auto-Response-Suppress is, `report` that it is a multipart/report (RFC 6522), `own` that
    the sender is an address of ours, `looped` that a loop token of ours came back.
    """

    sender: Address | None
    auto_submitted: str = ""
    listed: bool = False
    precedence: str = ""
    suppressed: bool = False
    report: bool = False
    own: bool = False
    looped: bool = False


def as_forwarded(signs: Signs, author: Address | None, forwarders: Sequence[Forwarder]) -> Signs:
    """Return what a message shows as if its author had sent it, if a forwarder passed it on.

    `author` is the one address in From. What a mailing list writes into each mail (List-*,
    Precedence) is the forwarder's then, and nothing that the author said; that a mail is automatic
    or ours, it stays. Without an author nothing changes.
    """
    sender = signs.sender
    if sender is None or author is None or not any(each.sent(sender) for each in forwarders):
        return signs
    return replace(signs, sender=author, listed=False, precedence="")


def silence(signs: Signs) -> str:
    """Return why no automatic answer may go out, for the team to read; empty when one may."""
    if signs.sender is None:
        return "it has no envelope sender"
    reasons = (
        (signs.own, "it came from an address of ours"),
        (signs.looped, "it carries a loop token of ours"),
        (signs.report, "it is a delivery report"),
        (_is_automatic(signs.auto_submitted), "it says that it was sent automatically"),
        (signs.suppressed, "it asks for no automatic answer"),
        (signs.listed, "it came through a mailing list"),
        (signs.precedence.strip().lower() in _PRECEDENCES, "it was sent in bulk"),
        (is_robot(signs.sender), "it came from a robot's address"),
    )
    return next((reason for found, reason in reasons if found), "")


def _is_automatic(auto_submitted: str) -> bool:
    """Say whether the field's value is other than `no` (RFC 3834 §5, parameters aside)."""
    return auto_submitted.partition(";")[0].strip().lower() not in {"", "no"}


def is_robot(sender: Address) -> bool:
    """Say whether a local part is one that programs send from, whatever tag stands behind it.

    The name behind the last `=` counts too: that is where forwarders (SRS) and bounce tags
    (`prvs=`) leave the original one.
    """
    local = sender.local.lower()
    return any(_is_robot_name(name.partition("+")[0]) for name in (local, local.rpartition("=")[2]))


def _is_robot_name(name: str) -> bool:
    plain = _SEPARATORS.sub("", name)
    return (
        name in _ROBOTS
        or name.startswith(_ROBOT_PREFIXES)
        or name.endswith(_ROBOT_SUFFIXES)
        or plain.startswith(_ROBOT_WORDS)
        or plain.endswith(_ROBOT_WORDS)
        or _EZMLM.search(name) is not None
    )
