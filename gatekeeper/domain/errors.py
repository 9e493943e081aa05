"""Errors that know whose fault they are, their SMTP reply, and what the operator can do."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

_ENHANCED: Final = re.compile(r"([245])\.[0-9]{1,3}\.[0-9]{1,3}")
_LINE_MAX: Final = 510
"""Octets of a reply line without its end (RFC 5321 §4.5.3.1.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One SMTP reply: code, enhanced code (RFC 3463) and a public text without detail."""

    code: int
    enhanced: str
    text: str

    def __post_init__(self) -> None:
        """Refuse what could not stand on one reply line."""
        if not 200 <= self.code <= 599:
            message = f"not an SMTP reply code: {self.code}"
            raise ValueError(message)
        enhanced = _ENHANCED.fullmatch(self.enhanced)
        if enhanced is None or int(enhanced[1]) != self.code // 100:
            message = f"not an enhanced code of {self.code}: {self.enhanced!r}"
            raise ValueError(message)
        if not self.text.isascii() or not self.text.isprintable():
            message = "a reply text is one line of printable ASCII"
            raise ValueError(message)
        if len(self.line()) > _LINE_MAX:
            message = "a reply is longer than its line may be"
            raise ValueError(message)

    def line(self) -> str:
        """Return the reply as it is sent, without the line end."""
        return f"{self.code} {self.enhanced} {self.text}"

    @property
    def temporary(self) -> bool:
        """Say whether the peer should try again later (RFC 5321 §4.2.1)."""
        return 400 <= self.code < 500


class GatekeeperError(Exception):
    """An error with a public text (may leave), a private reason (may not) and a remedy."""

    reply: ClassVar[Reply] = Reply(code=451, enhanced="4.3.0", text="Try again later")
    exit_code: ClassVar[int] = 1

    def __init__(self, public: str, *, reason: str = "", remedy: str = "") -> None:
        """Keep what may be said, what only the operator may read, and what to do next."""
        super().__init__(public)
        self.public = public
        self.reason = reason
        self.remedy = remedy

    def diagnostics(self) -> str:
        """Say what happened and what the operator can do, in one line without content."""
        parts = [self.public]
        if self.reason:
            parts.append(f"({self.reason})")
        text = " ".join(parts)
        return f"{text}: {self.remedy}" if self.remedy else text


class Refusal(GatekeeperError):
    """A rule says no; expected, exit status 1."""

    reply = Reply(code=554, enhanced="5.7.1", text="Refused")


class NotThere(Refusal):
    """What was named does not exist; exit status 4."""

    exit_code = 4


class TheirFault(GatekeeperError):
    """The peer, the sender or the caller did something wrong; it will not help to repeat it."""

    reply = Reply(code=554, enhanced="5.6.0", text="Message refused")
    exit_code = 2


class Misconfigured(TheirFault):
    """The configuration or the usage is wrong; exit status 2, nothing was changed."""

    exit_code = 2


class OurFault(GatekeeperError):
    """We could not do our part; always temporary to the outside, exit status 75."""

    reply = Reply(code=451, enhanced="4.3.0", text="Try again later")
    exit_code = 75
