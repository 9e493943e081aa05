"""A mail server for tests that hands mail on to the services of its domains, and keeps the rest."""

import smtplib
import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from gatekeeper.domain.errors import Reply
from gatekeeper.domain.report import Envelope
from tests.issues.bounced import report
from tests.sinks import Inbox, Received, running_sink

TAKEN = Reply(code=250, enhanced="2.0.0", text="Taken")
REFUSED = Reply(code=550, enhanced="5.1.1", text="Nobody of that name")


@dataclass(slots=True, kw_only=True)
class PostOffice:
    """Where mail goes: `routes` domain to port, `forwards` an address to another one.

    `handed_on` counts what it gave to services; `kept` is the mail of everybody else. Mail to
    one of `gone` is taken, and then returned to its envelope sender; `returning` counts the
    reports that are not handed on yet.
    """

    routes: Mapping[str, int] = field(default_factory=dict)
    forwards: Mapping[str, str] = field(default_factory=dict)
    gone: Collection[str] = ()
    port: int = 0
    handed_on: int = 0
    returning: int = 0
    kept: list[Received] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hand_on(self, raw: bytes, envelope: Envelope) -> Reply:
        """Give a message to the service of its recipient's domain, and return what it said."""
        (recipient,) = map(str, envelope.recipients)
        recipient = self.forwards.get(recipient, recipient)
        if recipient in self.gone:
            self._take_and_return(envelope)
            return TAKEN
        port = self.routes.get(recipient.partition("@")[2])
        if port is None:
            with self._lock:
                self.kept.append(Received(raw=raw, envelope=envelope))
            return TAKEN
        with self._lock:
            self.handed_on += 1
        sender = "" if envelope.sender is None else str(envelope.sender)
        try:
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.sendmail(sender, [recipient], raw)
        except smtplib.SMTPRecipientsRefused:
            return REFUSED
        return TAKEN

    def _take_and_return(self, envelope: Envelope) -> None:
        """Have a report sent to the envelope's sender, as a server does that finds out later."""
        if envelope.sender is None:
            return
        with self._lock:
            self.returning += 1
        back = Envelope(sender=None, recipients=(envelope.sender,), peer="local", protocol="SMTP")
        threading.Thread(target=self._return, args=(back,)).start()

    def _return(self, envelope: Envelope) -> None:
        try:
            self.hand_on(report(subject=str(envelope.recipients[0])), envelope)
        finally:
            with self._lock:
                self.returning -= 1


class _Counter(Inbox):
    """What the clients of a post office talk to."""

    def __init__(self, office: PostOffice, pool: ThreadPoolExecutor) -> None:
        super().__init__()
        self._office = office
        self._pool = pool

    def accept(self, raw: bytes, envelope: Envelope) -> "Future[Reply]":
        """Hand the message on before it is answered."""
        return self._pool.submit(self._office.hand_on, raw, envelope)


@contextmanager
def open_office() -> Iterator[PostOffice]:
    """Run a post office without routes; they may be set later."""
    office = PostOffice()
    with ThreadPoolExecutor(8) as pool, running_sink(inbox=_Counter(office, pool)) as sink:
        office.port = sink.port
        yield office
