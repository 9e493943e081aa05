"""An issue in a house, with its reporter, and an expert from outside who may be invited."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId, short_tag
from gatekeeper.domain.participants import Part
from gatekeeper.issues import approving, people
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.outbound.job import Job
from gatekeeper.pgp import guests
from gatekeeper.pgp.guests import Guest
from gatekeeper.store import correspondents, issues, requests
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow
from tests.house import House
from tests.issues.reports import robin_key, stranger_key
from tests.keys import Key

T = TypeVar("T")
ROBINS = "robin@research.example"
EXPERT = "stranger@elsewhere.example"
SUBJECT = "Robin's overflow"
SHELL = Actor(shell="shell:admin")  # noqa: S604 - a name, no call of a shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """A house with one issue in it."""

    house: House
    row: RowId

    def act(self, act: Callable[[Tx, IssueRow], T]) -> T:
        """Do something with the issue as it is now, in one transaction."""
        return self.house.store.write(lambda tx: act(tx, issues.by_row(tx, self.row)))

    def do(self, act: Callable[[Tx], T]) -> T:
        """Do something in one transaction."""
        return self.house.store.write(act)

    def by(self, person: int = 0) -> Actor:
        """Return one of the team as an actor."""
        return Actor(person=self.house.desk.team.people[person])

    def guest(self, key: Key) -> Guest:
        """Return a key as it is looked at when it comes."""
        return guests.examine(self.house.engine, key.public, self.house.now)

    def invite(
        self,
        address: str = EXPERT,
        *keys: Key,
        role: Part = Part.UPSTREAM,
        actor: Actor | None = None,
    ) -> Done:
        """Ask that somebody take part, with the expert's key unless others are given."""
        given = [self.guest(key) for key in keys or (stranger_key(),)]
        return self.act(
            lambda tx, issue: people.invite(
                tx,
                self.house.desk,
                issue=issue,
                actor=actor or self.by(),
                address=Address.parse(address),
                role=role,
                keys=given,
                now=self.house.now,
            )
        )

    def remove(self, name: str, *, person: int = 0) -> Done:
        """Ask that somebody be told nothing more."""
        return self.act(
            lambda tx, issue: people.remove(
                tx,
                self.house.desk,
                issue=issue,
                actor=self.by(person),
                name=name,
                now=self.house.now,
            )
        )

    def approve(self, person: int = 1) -> Done:
        """Have somebody approve the one thing that waits."""

        def write(tx: Tx, issue: IssueRow) -> Done:
            (request,) = requests.waiting(tx, issue=self.row)
            return approving.approve(
                tx,
                self.house.desk,
                issue=issue,
                actor=self.by(person),
                effect=request.effect.hex(),
                now=self.house.now,
            )

        return self.act(write)

    def expert(self) -> Correspondent:
        """Have the expert take part, and return how."""
        self.invite()
        self.approve()
        return self.known()["upstream"]

    def known(self) -> dict[str, Correspondent]:
        """Return everybody outside whom the issue knows, by name."""
        found = self.house.store.read(lambda tx: correspondents.of_issue(tx, self.row))
        return {each.name: each for each in found}

    def sent(self) -> list[Job]:
        """Seal and send all that waits, and return what went to people outside."""
        self.house.settle()
        inside = {person.address.key for person in self.house.desk.team.people}
        return [job for job in self.house.collect() if job.recipient.key not in inside]


def invited_in(house: House, *, key: Key | None = None) -> Invited:
    """Open an issue with Robin as its reporter, who has this key, or else their own."""
    guest = guests.examine(house.engine, (key or robin_key()).public, house.now)

    def write(tx: Tx) -> RowId:
        made = issues.open_issue(
            tx,
            product=house.desk.product,
            prefix="SEC",
            tag=short_tag(house.desk.chance(5)),
            subject=SUBJECT,
            reporter=ROBINS,
            now=house.now,
        )
        robin = correspondents.add(
            tx,
            issue=made.id,
            name="reporter",
            address=Address.parse(ROBINS),
            wrote_in_clear=False,
            now=house.now,
        )
        correspondents.pin(
            tx,
            correspondent=robin.id,
            certificate=guest.certificate,
            fingerprint=guest.info.fingerprint,
            key_ids=guests.key_ids(guest.certificate),
            now=house.now,
        )
        return made.id

    return Invited(house=house, row=house.store.write(write))
