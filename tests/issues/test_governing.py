"""What decides who is trusted changes by two people of the roster before, and by nobody else."""

from dataclasses import replace

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.governed import Content, Kind
from gatekeeper.domain.team import Role
from gatekeeper.issues import governing, running
from gatekeeper.issues.acting import Actor
from gatekeeper.store import audit, paper_codes, requests
from tests.house import House, person_key
from tests.issues.governed import (
    adopted,
    approved,
    approved_by,
    asked,
    content_of,
    in_force,
    person,
    told,
    with_employers,
)
from tests.keys import key_of

POLICY = Content(kind=Kind.POLICY, tree={"outbox": {"batch": "8"}})


def test_the_first_start_puts_the_files_into_force_and_writes_to_nobody(house: House) -> None:
    files = adopted(house)
    assert files == dict(house.store.read(lambda tx: running.of(tx, now=house.now)).held)
    assert [] == told(house, "Andrea Example")
    (entry,) = house.store.read(lambda tx: audit.listed(tx, kind=running.ADOPTED))
    digests = {str(kind): content.digest.hex() for kind, content in files.items()}
    assert {"digests": digests} == entry.payload
    assert () == house.store.write(lambda tx: running.adopt(tx, files, now=house.now))
    other = {**files, Kind.POLICY: POLICY}
    assert () == house.store.write(lambda tx: running.adopt(tx, other, now=house.now))
    assert files[Kind.POLICY] == in_force(house, Kind.POLICY)


def test_a_part_that_a_new_version_governs_is_put_into_force_alone(house: House) -> None:
    files = adopted(house)
    late = {Kind.POLICY: files[Kind.POLICY]}
    force = running.Force(held=late, suspended=frozenset(), fresh=False)
    assert force.mark != house.store.read(lambda tx: running.mark_of(tx, now=house.now))


def test_two_people_put_a_change_into_force(house: House) -> None:
    """A shell asks and counts as none; the first who signs is counted, the second does it."""
    adopted(house)
    before = house.store.read(lambda tx: running.mark_of(tx, now=house.now))
    done = asked(house, POLICY)
    assert 64 == len(done.waiting)
    first = approved(house, done.waiting, 0)
    assert "counted" in first.lines[0]
    assert POLICY != in_force(house, Kind.POLICY)
    second = approved(house, done.waiting, 1)
    assert "approve: a change of the policy is in force" == second.lines[0]
    assert POLICY == in_force(house, Kind.POLICY)
    assert before != house.store.read(lambda tx: running.mark_of(tx, now=house.now))
    (entry,) = house.store.read(lambda tx: audit.listed(tx, kind=governing.APPLIED))
    assert ["outbox.batch: 64 → 8"] == (entry.payload or {})["changes"]
    assert "  outbox.batch: 64 → 8\n" in told(house, "Sam Example")[-1]
    said = "  Asked by:    shell:root\n  Approved by: Andrea Example and Wei Example\n"
    assert said in told(house, "Sam Example")[-1]
    assert () == house.store.read(audit.verify)


def test_whoever_asks_by_signed_mail_is_one_of_the_two(house: House) -> None:
    adopted(house)
    done = asked(house, POLICY, Actor(person=person(house, 0)))
    with pytest.raises(Refusal, match="you asked for it yourself"):
        approved(house, done.waiting, 0)
    approved(house, done.waiting, 1)
    assert POLICY == in_force(house, Kind.POLICY)


def test_two_of_one_employer_are_not_enough_where_there_are_two(house: House) -> None:
    with_employers(house, "One", "One", "Two")
    adopted(house)
    done = asked(house, POLICY, Actor(person=person(house, 0)))
    with pytest.raises(Refusal, match=r"another employer|other than One"):
        approved(house, done.waiting, 1)
    assert POLICY != in_force(house, Kind.POLICY)
    approved(house, done.waiting, 2)
    assert POLICY == in_force(house, Kind.POLICY)


def test_what_is_asked_says_all_that_changes(house: House) -> None:
    files = adopted(house)
    done = asked(house, POLICY)
    said = told(house, "Wei Example")[-1]
    assert f"In force now: sha256 {files[Kind.POLICY].digest.hex()}" in said
    assert f"Then:         sha256 {POLICY.digest.hex()}" in said
    assert "  | outbox.batch: 64 → 8\n" in said
    assert f"!approve {done.waiting}" in said


def test_the_same_is_not_asked_for_twice(house: House) -> None:
    adopted(house)
    first, second = asked(house, POLICY), asked(house, POLICY)
    assert first.waiting == second.waiting
    assert "waits already" in second.lines[0]
    assert 1 == len(house.store.read(requests.waiting))


def test_what_is_in_force_is_not_asked_for(house: House) -> None:
    with pytest.raises(NotThere, match="nothing is in force yet"):
        asked(house, POLICY)
    files = adopted(house)
    with pytest.raises(Refusal, match="is in force"):
        asked(house, files[Kind.POLICY])


def test_an_approval_of_what_would_be_different_by_now_does_nothing(house: House) -> None:
    """Two changes of one part: what was approved second was said against what is gone."""
    adopted(house)
    other = Content(kind=Kind.POLICY, tree={"outbox": {"batch": "9"}})
    first, second = asked(house, POLICY), asked(house, other)
    approved(house, second.waiting, 0)
    approved(house, first.waiting, 0)
    approved(house, first.waiting, 1)
    with pytest.raises(Refusal, match="not what was approved any more"):
        approved(house, second.waiting, 1)
    assert POLICY == in_force(house, Kind.POLICY)


def test_texts_and_addresses_change_in_the_same_way(house: House) -> None:
    adopted(house)
    texts = Content(kind=Kind.TEMPLATES, tree={"note.txt": "after\n"})
    places = Content(kind=Kind.ADDRESSES, tree={"domain": "example.org", "relay": {"host": "a"}})
    for content in (texts, places):
        done = asked(house, content)
        approved(house, done.waiting, 0)
        approved(house, done.waiting, 1)
        assert content == in_force(house, content.kind)
    assert "relay.host: (the default) → a" in told(house, "Sam Example")[-1]


def test_who_leaves_is_told_no_more_and_left_nothing_behind(house: House) -> None:
    """Approvals, requests and codes of a leaver are void; the others are told."""
    adopted(house)
    andrea, wei, sam = house.desk.team.people
    mine = asked(house, POLICY, Actor(person=sam))
    store = house.store
    store.write(
        lambda tx: paper_codes.add_all(tx, person=sam.address, codes=["a", "b"], now=house.now)
    )
    texts = asked(house, Content(kind=Kind.TEMPLATES, tree={"note.txt": "after"}))
    approved(house, texts.waiting, 2)
    before = len(told(house, sam.name))
    done = asked(house, content_of(andrea, wei))
    approved(house, done.waiting, 0)
    approved(house, done.waiting, 1)
    said = told(house, wei.name)[-1]
    assert "Sam Example <sam@vendor.example> leaves" in said
    assert "Sam Example: 1 approval of what waits is void" in said
    assert "Sam Example: 1 request of theirs is taken back" in said
    assert "Sam Example: 2 codes on paper are void" in said
    # asked for when Sam was one of the team
    assert before + 1 == len(told(house, sam.name))
    gone = store.read(lambda tx: requests.by_effect(tx, bytes.fromhex(mine.waiting)))
    assert gone is not None
    assert requests.WITHDRAWN == gone.state
    assert 0 == store.read(lambda tx: paper_codes.left(tx, sam.address))
    approved(house, texts.waiting, 0)
    assert "after" != in_force(house, Kind.TEMPLATES).tree["note.txt"]


def test_the_roster_before_the_change_decides(house: House) -> None:
    """Somebody who is to come has no say in it, and those who are to go have."""
    adopted(house)
    new = replace(
        person(house, 0),
        name="Kim Example",
        address=Address.parse("kim@team.example"),
        keys=(key_of("Kim Example <kim@team.example>").fingerprint,),
        roles=frozenset({Role.ADMIN}),
    )
    done = asked(house, content_of(new))
    with pytest.raises(Refusal, match=r"does not count|have to approve"):
        approved_by(house, done.waiting, Actor(person=new))
    approved(house, done.waiting, 1)
    approved(house, done.waiting, 2)
    assert content_of(new) == in_force(house, Kind.TEAM)
    assert person_key(0).fingerprint not in str(in_force(house, Kind.TEAM).tree)
