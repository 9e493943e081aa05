"""An issue with its people at a desk without keys, for rules in which nothing is sealed."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.date_forms import DateLetter
from gatekeeper.domain.identity import IssueId, RowId, short_tag
from gatekeeper.domain.instants import Instant, later
from gatekeeper.domain.outcomes import Outcome, Telling
from gatekeeper.domain.participants import Part
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.protection import Form
from gatekeeper.domain.team import Person, Team
from gatekeeper.issues import approving
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.letterhead import Desk, load
from gatekeeper.issues.standing import Standing, standing
from gatekeeper.store import audit, correspondents, deliveries, issues, letters, products, requests
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Store, Tx
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.products import ProductRow
from tests.house import ALIAS, START, texts

T = TypeVar("T")
OURS = "0123456789ABCDEF0123456789ABCDEF01234567"
THEIRS = "FEDCBA9876543210FEDCBA9876543210FEDCBA98"
ROBIN, CLOUD, LINUX = "robin@research.example", "Example Cloud", "Example Linux"


def colleague(name: str, employer: str, number: int) -> Person:
    """Return a person of the team."""
    return Person(
        name=f"{name} Example",
        address=Address(local=name.lower(), domain="team.example"),
        employer=employer,
        keys=(f"{number:040X}",),
    )


ANDREA = colleague("Andrea", CLOUD, 1)
BO = colleague("Bo", CLOUD, 2)
WEI = colleague("Wei", LINUX, 3)
SHELL = Actor(shell="shell:admin")  # noqa: S604 - a name, no call of a shell


def by(person: Person) -> Actor:
    """Return a person who orders something by mail."""
    return Actor(person=person)


@dataclass(slots=True, kw_only=True)
class Cases:
    """A store, a desk and a clock; `count` numbers what must differ."""

    store: Store
    desk: Desk
    now: Instant = START
    count: int = field(default=0)

    def pass_time(self, microseconds: int) -> None:
        """Let time pass."""
        self.now = later(self.now, microseconds)

    def do(self, act: Callable[[Tx], T]) -> T:
        """Do something in one transaction."""
        return self.store.write(act)

    def opened(self, *, address: str = ROBIN, key: str | None = None) -> IssueRow:
        """Open an issue with a reporter who wrote in clear, or has a key."""

        def write(tx: Tx) -> IssueRow:
            made = issues.open_issue(
                tx,
                product=self.desk.product,
                prefix="SEC",
                tag=short_tag(secrets.token_bytes(5)),
                subject="A length of zero",
                reporter=address,
                now=self.now,
            )
            if address:
                self._add(tx, made.id, "reporter", address, Part.REPORTER, key)
            return made

        return self.do(write)

    def invited(
        self, issue: IssueRow, name: str, *, part: Part = Part.UPSTREAM, at: str = "a.example"
    ) -> Correspondent:
        """Let somebody with a key take part in an issue."""
        address = f"{name}@{at}"
        return self.do(lambda tx: self._add(tx, issue.id, name, address, part, THEIRS))

    def _add(
        self, tx: Tx, issue: RowId, name: str, address: str, part: Part, key: str | None
    ) -> Correspondent:
        made = correspondents.add(
            tx,
            issue=issue,
            name=name,
            address=Address.parse(address),
            wrote_in_clear=key is None,
            role=part,
            now=self.now,
        )
        if key is not None:
            correspondents.pin(
                tx,
                correspondent=made.id,
                certificate=b"certificate",
                fingerprint=key,
                key_ids=[key[-16:]],
                now=self.now,
            )
        return correspondents.by_row(tx, made.id)

    def again(self, issue: IssueRow) -> IssueRow:
        """Return the issue as it is now."""
        return self.store.read(lambda tx: issues.by_row(tx, issue.id))

    def numbered(self, number: int) -> IssueRow:
        """Return the issue of that number."""
        wanted = IssueId(prefix="SEC", year=2026, number=number)
        found = self.store.read(lambda tx: issues.get(tx, wanted))
        assert found is not None
        return found

    def stands(self, issue: IssueRow) -> Standing:
        """Return how an issue stands."""
        return self.store.read(lambda tx: standing(tx, issue.id, now=self.now))

    def approve(self, issue: IssueRow, person: Person) -> Done:
        """Have somebody approve the one thing that waits in an issue."""

        def write(tx: Tx) -> Done:
            (request,) = requests.waiting(tx, issue=issue.id)
            return approving.approve(
                tx,
                self.desk,
                issue=issues.by_row(tx, issue.id),
                actor=by(person),
                effect=request.effect.hex(),
                now=self.now,
            )

        return self.do(write)

    def waiting(self, issue: IssueRow) -> int:
        """Return how many requests wait in an issue."""
        return len(self.store.read(lambda tx: requests.waiting(tx, issue=issue.id)))

    def told(self, address: str) -> list[tuple[Form, Outcome]]:
        """Return every outcome that was written to an address, and in which form."""

        def read(tx: Tx) -> list[tuple[Form, Outcome]]:
            said = []
            for row in deliveries.list_all(tx):
                if str(row.recipient) == address:
                    letter = letters.load(tx, row.letter)
                    form = load(letter.plaintext).form
                    if isinstance(form, Outcome):
                        said.append((letter.form, form))
            return said

        return self.store.read(read)

    def tellings(self, address: str) -> list[Telling]:
        """Return what an address was told, in the order of the alphabet."""
        return sorted(form.telling for _, form in self.told(address))

    def dates_told(self) -> list[tuple[str, DateLetter]]:
        """Return every letter about a date, with its recipient."""

        def read(tx: Tx) -> list[tuple[str, DateLetter]]:
            said = []
            for row in deliveries.list_all(tx):
                form = load(letters.load(tx, row.letter).plaintext).form
                if isinstance(form, DateLetter):
                    said.append((str(row.recipient), form))
            return said

        return self.store.read(read)

    def notices(self) -> list[str]:
        """Return the subjects of what the whole team was told."""

        def read(tx: Tx) -> list[str]:
            to_all = [
                row.letter
                for row in deliveries.list_all(tx)
                if str(row.recipient) == str(ANDREA.address)
            ]
            return [load(letters.load(tx, each).plaintext).head.subject for each in to_all]

        return self.store.read(read)

    def log(self, issue: IssueRow) -> list[str]:
        """Return the kinds of what was recorded of an issue, oldest first."""
        return [each.kind for each in self.store.read(lambda tx: audit.of_issue(tx, issue.id))]


def cases_of(store: Store) -> Cases:
    """Return a desk over a store, with a team of three people and two employers."""
    product = store.write(
        lambda tx: products.ensure(tx, ProductRow(key="default", issue_prefix="SEC"), now=START)
    )
    desk = Desk(
        product=product,
        name="Example",
        prefix="SEC",
        own=OwnAddresses(security=ALIAS),
        team=Team(people=(ANDREA, BO, WEI)),
        texts=texts(),
        token_key=b"k" * 32,
        chance=secrets.token_bytes,
        fingerprint=OURS,
        certificate=b"certificate",
        policy=Policy(),
        clear_replies=True,
    )
    return Cases(store=store, desk=desk)
