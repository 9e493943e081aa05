"""A team mail signed with a key that has expired commands nothing, and its author is told."""

from dataclasses import replace

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.team import Person, Team
from gatekeeper.store import issues
from gatekeeper.store.engine import Store
from tests.house import START, House, open_house, uid
from tests.issues.found import kinds, noted
from tests.issues.talk import HERE, ROBINS, a_talk
from tests.keys import Key, gpg, read_key, short_home

NAME, ADDRESS = "Kit Example", "kit@team.example"
LONG_AGO = later(START, -90 * DAY)
"""While the key was good; gpg judges it by the day of the test, on which it is not."""


def ended_key() -> Key:
    """Make a key that was good at LONG_AGO and ended soon after."""
    made = ("--faked-system-time", "20260101T000000!")
    with short_home() as home:
        words = ("--quick-gen-key", uid(NAME, ADDRESS), "ed25519", "cert,sign", "2026-06-20")
        status = gpg(home, *made, "--status-fd", "1", *words)
        fingerprint = status.rpartition(b"KEY_CREATED P ")[2][:40].decode("ascii")
        gpg(home, *made, "--quick-add-key", fingerprint, "cv25519", "encr", "2026-06-20")
        return read_key(home, fingerprint)


def with_kit(house: House, key: Key) -> Team:
    """Return the house's team with one more person."""
    kit = Person(
        name=NAME, address=Address.parse(ADDRESS), employer="Example", keys=(key.fingerprint,)
    )
    return replace(house.desk.team, people=(*house.desk.team.people, kit))


def test_an_expired_key_commands_nothing(store: Store) -> None:
    key = ended_key()
    with open_house(store, certificates=(key.public,)) as house:
        house.desk = replace(house.desk, team=with_kit(house, key))
        house.now = LONG_AGO
        with a_talk(house) as talk:
            gpg(talk.pen.home, "--import", given=key.secret)
            talk.handle(talk.text("It crashes."), sender=ROBINS)
            raw = talk.sealed(
                f"!SEC-2026-0001@{HERE} own", by=key, sender=uid(NAME, ADDRESS), subject="..."
            )
            row = talk.handle(raw, sender=ADDRESS)
            told = " ".join(noted(house, row))
            answers = kinds(house)["command-answer"]
            (issue,) = house.store.read(issues.list_all)
    assert ("", 1) == (issue.owner, answers)
    assert "it is signed with a key that has expired" in told
