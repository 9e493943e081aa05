"""The rules of an SMTP or LMTP conversation: a command line in, reply lines out, no socket.

Order of commands and replies: RFC 5321 §4.1.4, §4.3; LMTP: RFC 2033; enhanced codes: RFC 2034
with RFC 3463; STARTTLS: RFC 3207; pipelining (RFC 2920) needs nothing here, because a command
never looks ahead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Reply
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.domain.report import Envelope
from gatekeeper.inbound.clients import FULL, Guest, ours
from gatekeeper.inbound.paths import MailFrom, mail_from, rcpt_to
from gatekeeper.inbound.reader import BUSY, TOO_LARGE, Budget
from gatekeeper.inbound.space import Room, roomy

Protocol = Literal["smtp", "lmtp"]

OK: Final = Reply(code=250, enhanced="2.0.0", text="Ok")
SENDER_OK: Final = Reply(code=250, enhanced="2.1.0", text="Sender ok")
RECIPIENT_OK: Final = Reply(code=250, enhanced="2.1.5", text="Recipient ok")
BYE: Final = Reply(code=221, enhanced="2.0.0", text="Bye")
VERIFY_NOT: Final = Reply(code=252, enhanced="2.1.5", text="Send mail and see")
HELP: Final = Reply(code=214, enhanced="2.0.0", text="See RFC 5321")
NOT_OFFERED: Final = Reply(code=502, enhanced="5.5.1", text="Command not offered")
UNKNOWN: Final = Reply(code=500, enhanced="5.5.2", text="Command not recognized")
NO_ARGUMENT: Final = Reply(code=501, enhanced="5.5.4", text="This command takes no argument")
NAME_NEEDED: Final = Reply(code=501, enhanced="5.5.4", text="Say who you are")
BAD_ORDER: Final = Reply(code=503, enhanced="5.5.1", text="Bad sequence of commands")
NO_RECIPIENT: Final = Reply(code=503, enhanced="5.5.1", text="No valid recipient")
NO_SUCH: Final = Reply(code=550, enhanced="5.1.1", text="No such recipient here")
TOO_MANY: Final = Reply(code=452, enhanced="4.5.3", text="Too many recipients")
NO_SPACE: Final = Reply(code=452, enhanced="4.3.1", text="No space now, try again later")
TLS_FIRST: Final = Reply(code=530, enhanced="5.7.0", text="Must issue a STARTTLS command first")
TLS_READY: Final = Reply(code=220, enhanced="2.0.0", text="Ready to start TLS")
TOO_MANY_UNKNOWN: Final = Reply(code=421, enhanced="4.7.0", text="Too many unknown recipients")
TOO_MANY_ERRORS: Final = Reply(code=421, enhanced="4.7.0", text="Too many errors")
TOO_MANY_COMMANDS: Final = Reply(code=421, enhanced="4.7.0", text="Too many commands")

_PROGRESS: Final = frozenset({"MAIL", "RCPT"})


class After(StrEnum):
    """What happens once an answer was given."""

    COMMAND = "the next command is read"
    BODY = "354 is given and a message is read"
    TLS = "the session goes on encrypted, from its beginning"
    END = "the connection is closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Lines to send without line ends, what comes then, and whether the client got further."""

    lines: tuple[str, ...]
    after: After = After.COMMAND
    progress: bool = False


def _nobody(_sender: Address | None, _recipient: Address | None) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a listener asks besides, of each recipient and of the house.

    `favours` says whether mail from a sender, or to a recipient, comes in when there is little
    room left; `needs_tls` whether a recipient takes no mail in clear; `room` whose mail the volume
    has room for · `offers_tls`: there is a certificate.
    """

    favours: Callable[[Address | None, Address | None], bool] = _nobody
    needs_tls: Callable[[Address], bool] = lambda _: False
    room: Callable[[], Room] = roomy
    offers_tls: bool = False


_OPEN: Final = Gate()


class Dialogue:
    """One conversation.

    `knows` says whether a recipient exists here, `postmaster` where the bare `<Postmaster>`
    leads (None: nowhere), `budget` how much mail may still come in, `guest` what the client may
    still do (None: whatever one of ours may).
    """

    def __init__(
        self,
        *,
        protocol: Protocol,
        hostname: str,
        limits: IntakeLimits,
        budget: Budget,
        knows: Callable[[Address], bool],
        postmaster: Address | None,
        guest: Guest | None = None,
        gate: Gate = _OPEN,
    ) -> None:
        self._lmtp = protocol == "lmtp"
        self._hostname = hostname
        self._limits = limits
        self._budget = budget
        self._knows = knows
        self._postmaster = postmaster
        self._guest = guest or ours(budget)
        self._gate = gate
        self._tls = ""
        self._spoken = ""
        self._mail: MailFrom | None = None
        self._recipients: list[Address] = []
        self._favoured = False
        self._errors = 0
        self._unknown = 0
        self._commands = 0
        self._turns: dict[str, Callable[[str], Answer]] = {
            "HELO": lambda name: self._on_hello("HELO", name),
            "EHLO": lambda name: self._on_hello("EHLO", name),
            "LHLO": lambda name: self._on_hello("LHLO", name),
            "DATA": self._on_data,
            "QUIT": self._on_quit,
        }
        if gate.offers_tls:
            self._turns["STARTTLS"] = self._on_starttls
        self._verbs: dict[str, Callable[[str], Reply]] = {
            "MAIL": self._on_mail,
            "RCPT": self._on_rcpt,
            "RSET": self._on_rset,
            "NOOP": lambda _: OK,
            "HELP": lambda _: HELP,
            "VRFY": lambda _: VERIFY_NOT,
            "EXPN": lambda _: NOT_OFFERED,
        }

    @property
    def favoured(self) -> bool:
        """Whether the message being sent comes in though there is little room."""
        return self._favoured

    @property
    def encrypted(self) -> bool:
        """Whether the session is inside TLS."""
        return bool(self._tls)

    def secured(self, version: str) -> None:
        """Begin anew, encrypted: nothing that was said in clear counts any more (RFC 3207 §4.2)."""
        self._tls = version
        self._spoken = ""
        self._forget()

    def greeting(self) -> str:
        """Return the first line; it names no software and no version."""
        return f"220 {self._hostname} {'LMTP' if self._lmtp else 'ESMTP'}"

    def answer(self, line: bytes | Reply) -> Answer:
        """Return what to say to a command line, or to one that was refused unread."""
        self._commands += 1
        if self._commands > self._limits.commands:
            return Answer(lines=(TOO_MANY_COMMANDS.line(),), after=After.END)
        if isinstance(line, Reply):
            return self._said(line)
        try:
            verb, _, argument = line.decode("utf-8").partition(" ")
        except UnicodeDecodeError:
            return self._said(UNKNOWN)
        verb, argument = verb.upper(), argument.strip(" ")
        if (turn := self._turns.get(verb)) is not None:
            return turn(argument)
        known = self._verbs.get(verb)
        return self._said(known(argument) if known else UNKNOWN, progress=verb in _PROGRESS)

    def envelope(self, *, peer: str) -> Envelope:
        """Return the envelope of the message that was just read."""
        sender = self._mail.sender if self._mail else None
        recipients = tuple(dict.fromkeys(self._recipients))
        return Envelope(
            sender=sender,
            recipients=recipients,
            peer=peer,
            protocol=self._spoken,
            tls=self._tls,
        )

    def finish(self, reply: Reply) -> tuple[str, ...]:
        """Return the lines that answer a message and forget it: one, or one a recipient (LMTP)."""
        lines = (reply.line(),) * (len(self._recipients) if self._lmtp else 1)
        self._forget()
        self._commands = 0
        return lines

    def _said(self, reply: Reply, *, progress: bool = False) -> Answer:
        """Count a permanent refusal, and end the session at the last one there is patience for."""
        if reply.code == 421:
            return Answer(lines=(reply.line(),), after=After.END)
        if reply.code < 500:
            return Answer(lines=(reply.line(),), progress=progress and reply.code < 400)
        if reply is NO_SUCH:
            self._unknown += 1
        else:
            self._errors += 1
        if self._errors >= self._limits.errors:
            return Answer(lines=(reply.line(), TOO_MANY_ERRORS.line()), after=After.END)
        if self._unknown >= self._limits.unknown_recipients and not self._guest.trusted:
            return Answer(lines=(reply.line(), TOO_MANY_UNKNOWN.line()), after=After.END)
        return Answer(lines=(reply.line(),))

    def _on_hello(self, verb: str, name: str) -> Answer:
        if (verb == "LHLO") is not self._lmtp:
            return self._said(UNKNOWN)
        if not name:
            return self._said(NAME_NEEDED)
        self._forget()
        self._spoken = {"HELO": "SMTP", "EHLO": "ESMTP", "LHLO": "LMTP"}[verb]
        if verb == "HELO":
            return Answer(lines=(f"250 {self._hostname}",), progress=True)
        offers = (
            *(("STARTTLS",) if self._gate.offers_tls and not self._tls else ()),
            "PIPELINING",
            f"SIZE {self._limits.message_bytes}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
        )
        lines = [f"250-{word}" for word in (self._hostname, *offers)]
        lines[-1] = lines[-1].replace("-", " ", 1)
        return Answer(lines=tuple(lines), progress=True)

    def _on_mail(self, argument: str) -> Reply:
        if not self._spoken or self._mail is not None:
            return BAD_ORDER
        mail = mail_from(argument, extended=self._spoken != "SMTP")
        if isinstance(mail, Reply):
            return mail
        if mail.size > self._limits.message_bytes:
            return TOO_LARGE
        # Whether it is favoured may depend on the recipients, which are not named yet.
        if self._gate.room() is Room.NOBODY:
            return NO_SPACE
        if mail.size > self._budget.free(favoured=True):
            return BUSY
        if (later := self._guest.message()) is not None:
            return later
        self._favoured = self._gate.favours(mail.sender, None)
        self._mail = mail
        return SENDER_OK

    def _on_rcpt(self, argument: str) -> Reply:
        if self._mail is None:
            return BAD_ORDER
        read = rcpt_to(argument, smtputf8=self._mail.smtputf8)
        if isinstance(read, Reply):
            return read
        recipient = self._postmaster if read.recipient is None else read.recipient
        if recipient is None or not self._knows(recipient):
            return NO_SUCH
        if self._gate.needs_tls(recipient) and not (self._tls or self._guest.trusted):
            return TLS_FIRST
        if len(self._recipients) >= self._limits.recipients:
            return TOO_MANY
        favoured = self._favoured or self._gate.favours(None, recipient)
        if (later := self._put_off(self._mail, favoured=favoured)) is not None:
            return later
        self._favoured = favoured
        self._recipients.append(recipient)
        return RECIPIENT_OK

    def _put_off(self, mail: MailFrom, *, favoured: bool) -> Reply | None:
        """Return why mail to a recipient that exists is not taken now, or None."""
        if self._guest.late and not favoured:
            return FULL
        if self._gate.room() < (Room.FAVOURED if favoured else Room.ALL):
            return NO_SPACE
        if mail.size > self._budget.free(favoured=favoured):
            return BUSY
        return self._guest.recipient()

    def _on_rset(self, argument: str) -> Reply:
        if argument:
            return NO_ARGUMENT
        self._forget()
        return OK

    def _on_data(self, argument: str) -> Answer:
        if argument:
            return self._said(NO_ARGUMENT)
        if self._mail is None:
            return self._said(BAD_ORDER)
        if not self._recipients:
            return self._said(NO_RECIPIENT)
        if self._budget.free(favoured=self._favoured) <= 0:
            return self._said(BUSY)
        lines = ("354 End data with <CR><LF>.<CR><LF>",)
        return Answer(lines=lines, after=After.BODY, progress=True)

    def _on_quit(self, argument: str) -> Answer:
        if argument:
            return self._said(NO_ARGUMENT)
        return Answer(lines=(BYE.line(),), after=After.END)

    def _on_starttls(self, argument: str) -> Answer:
        if argument:
            return self._said(NO_ARGUMENT)
        if self._tls:
            return self._said(BAD_ORDER)
        return Answer(lines=(TLS_READY.line(),), after=After.TLS, progress=True)

    def _forget(self) -> None:
        self._mail = None
        self._favoured = False
        self._recipients = []
