"""What is in force in a house: its team as a governed content, and who approves a change of it."""

from dataclasses import replace

from gatekeeper.domain.governed import Content, Kind, Tree
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.team import Person, Team
from gatekeeper.issues import approving, governing, letterhead, running
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.store import deliveries, letters
from gatekeeper.store.tx import Tx
from tests.house import House

SHELL = Actor(shell="shell:root")  # noqa: S604 - no process, a name


def content_of(*people: Person) -> Content:
    """Return the content of a team.yaml with these people."""
    listed: list[Tree] = [
        {
            "name": person.name,
            "address": str(person.address),
            "employer": person.employer,
            "keys": list(person.keys),
            "roles": [str(role) for role in sorted(person.roles)],
        }
        for person in people
    ]
    return Content(kind=Kind.TEAM, tree={"people": listed})


def files_of(house: House) -> dict[Kind, Content]:
    """Return what the files of a house say."""
    return {
        Kind.TEAM: content_of(*house.desk.team.people),
        Kind.POLICY: Content(kind=Kind.POLICY, tree={"outbox": {"batch": "64"}}),
        Kind.TEMPLATES: Content(kind=Kind.TEMPLATES, tree={"note.txt": "before\n"}),
        Kind.ADDRESSES: Content(kind=Kind.ADDRESSES, tree={"domain": "example.org"}),
    }


def adopted(house: House) -> dict[Kind, Content]:
    """Start for the first time; return what is in force then."""
    files = files_of(house)
    house.store.write(lambda tx: running.adopt(tx, files, now=house.now))
    return files


def person(house: House, index: int) -> Person:
    """Return one of the team."""
    return house.desk.team.people[index]


def asked(house: House, content: Content, by: Actor = SHELL) -> Done:
    """Ask for a content to come into force, a second later."""
    house.pass_time(SECOND)
    return house.store.write(
        lambda tx: governing.ask(tx, house.desk, content=content, actor=by, now=house.now)
    )


def approved(house: House, effect: str, index: int) -> Done:
    """Have one of the team approve what waits."""
    return approved_by(house, effect, Actor(person=person(house, index)))


def approved_by(house: House, effect: str, actor: Actor) -> Done:
    """Have somebody approve what waits, a second later."""
    house.pass_time(SECOND)
    return house.store.write(
        lambda tx: approving.approve(
            tx, house.desk, issue=None, actor=actor, effect=effect, now=house.now
        )
    )


def in_force(house: House, kind: Kind) -> Content:
    """Return what is in force of a kind."""
    return house.store.read(lambda tx: running.of(tx, now=house.now)).held[kind]


def with_employers(house: House, *employers: str) -> None:
    """Let the people of the house work for these."""
    people = zip(house.desk.team.people, employers, strict=True)
    team = Team(people=tuple(replace(one, employer=employer) for one, employer in people))
    house.desk = replace(house.desk, team=team)


def told(house: House, name: str) -> list[str]:
    """Return the texts of all letters to one of the team, oldest first."""

    def look(tx: Tx) -> list[str]:
        rows = [row for row in deliveries.list_all(tx) if row.name == name]
        found = [letters.load(tx, row.letter) for row in rows]
        return [letterhead.load(each.plaintext).block for each in found]

    return house.store.read(look)
