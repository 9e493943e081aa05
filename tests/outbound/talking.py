"""An issue with a reporter, whom tests write to; and what the team is told of it."""

from dataclasses import dataclass

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.protection import Form
from gatekeeper.issues.post import Posting, Words, to_correspondent
from gatekeeper.store import correspondents, deliveries, issues, letters
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.letters import LetterHead
from tests.house import House
from tests.issues.reports import REAL_SUBJECT, plain
from tests.keys import Key
from tests.sinks import Relayed, UnreliableRelay

ROBIN = "robin@research.example"
ANSWER = "Dear Robin,\n\nplease send us your public key.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """An issue that has a reporter."""

    house: House
    issue: RowId

    @property
    def robin(self) -> Correspondent:
        """The reporter."""
        (found,) = self.house.store.read(lambda tx: correspondents.of_issue(tx, self.issue))
        return found

    def pin(self, key: Key) -> None:
        """Make this the reporter's key."""
        robin = self.robin.id
        self.house.store.write(
            lambda tx: correspondents.pin(
                tx,
                correspondent=robin,
                certificate=key.public,
                fingerprint=key.fingerprint,
                key_ids=(key.fingerprint[-16:],),
                now=self.house.now,
            )
        )

    def write(self, form: Form, words: Words, *, to: str = ROBIN) -> RowId:
        """Write a letter to the reporter, and return its delivery."""
        posting = Posting(
            correspondent=self.robin,
            to=Address.parse(to),
            form=form,
            automatic=words.form is not None,
            answers=("<1@r.example>",),
        )
        letter = self.house.store.write(
            lambda tx: to_correspondent(tx, self.house.desk, words, posting, now=self.house.now)
        )
        (found,) = [row for row in self.rows() if row.letter == letter]
        return found.id

    def reply(self, form: Form, *, to: str = ROBIN) -> RowId:
        """Write an answer of the team."""
        return self.write(form, Words(kind="reply", subject=REAL_SUBJECT, text=ANSWER), to=to)

    def rows(self) -> tuple[DeliveryRow, ...]:
        """Return all deliveries."""
        return self.house.store.read(deliveries.list_all)

    def row(self, delivery: RowId) -> DeliveryRow:
        """Return a delivery as it is now."""
        return next(row for row in self.rows() if row.id == delivery)

    def notices(self) -> list[LetterHead]:
        """Return what the team was told beside its mail."""
        found = self.house.store.read(lambda tx: letters.of_issue(tx, self.issue))
        return [letter for letter in found if letter.kind == "team-notice"]

    def retry(self, delivery: RowId) -> None:
        """Have a delivery tried again, as a person may."""
        self.house.store.write(
            lambda tx: deliveries.retry(tx, delivery=delivery, now=self.house.now)
        )


def to_robin(relay: UnreliableRelay) -> list[Relayed]:
    """Return what the relay took for the reporter."""
    return [each for each in relay.accepted if each.recipient == ROBIN]


def begin(house: House) -> Talk:
    """Begin an issue whose first mails have all been delivered."""
    house.receive(plain())
    house.settle()
    house.collect()
    (issue,) = house.store.read(issues.list_all)
    return Talk(house=house, issue=issue.id)
