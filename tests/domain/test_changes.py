"""A change of a governed part is told in words: all of it, and nothing that is not in it."""

import pytest
from hypothesis import given

from gatekeeper.domain.changes import differences, shown
from gatekeeper.domain.governed import Content, Kind, Tree
from tests.domain.test_governed import kinds, trees

KEYS = ("0123456789ABCDEF0123456789ABCDEF01234567", "FEDCBA9876543210FEDCBA9876543210FEDCBA98")
SPACED = (
    "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567",
    "FEDC BA98 7654 3210 FEDC BA98 7654 3210 FEDC BA98",
)


def person(name: str, *keys: str, **more: Tree) -> Tree:
    """Return somebody as team.yaml has them."""
    first = name.lower().split()[0]
    there: dict[str, Tree] = {
        "name": name,
        "address": f"{first}@team.example",
        "employer": "Example",
        "keys": list(keys or KEYS[:1]),
    }
    return {**there, **more}


def team(*people: Tree) -> Content:
    """Return a team."""
    return Content(kind=Kind.TEAM, tree={"people": list(people)})


ANDREA, WEI = person("Andrea Example"), person("Wei Example", KEYS[1])


def test_who_comes_and_who_goes() -> None:
    expected = (
        "Andrea Example <andrea@team.example> leaves",
        f"  key {SPACED[0]} goes",
        "Wei Example <wei@team.example> of Example joins; roles: admin",
        f"  key {SPACED[1]} comes",
    )
    admin = person("Wei Example", KEYS[1], roles=["admin"])
    assert expected == differences(team(ANDREA), team(admin))


def test_what_is_different_of_those_who_stay() -> None:
    changed = person("Andrea", KEYS[1], employer="Other", roles=["admin"])
    expected = (
        "Andrea Example <andrea@team.example>:",
        "  name: Andrea Example → Andrea",
        f"  key {SPACED[0]} goes",
        f"  key {SPACED[1]} comes",
        "  gets the role admin",
        "  employer: Example → Other",
    )
    assert expected == differences(team(ANDREA), team(changed))


def test_another_address_is_the_same_person_by_the_name() -> None:
    moved = person("Andrea Example", address="andrea@elsewhere.example")
    expected = (
        "Andrea Example <andrea@team.example>:",
        "  address: andrea@team.example → andrea@elsewhere.example",
    )
    assert expected == differences(team(ANDREA, WEI), team(WEI, moved))


def test_a_name_that_two_people_have_proves_nothing() -> None:
    one, two = (person("Sam", address=f"{n}@team.example") for n in ("one", "two"))
    new = person("Sam", address="new@team.example")
    said = differences(team(one, two), team(new))
    assert ["Sam <one@team.example> leaves", "Sam <two@team.example> leaves"] == [
        line for line in said if "leaves" in line
    ]


def test_a_role_that_is_lost_and_the_order_of_keys() -> None:
    before = team(person("Wei", *KEYS, roles=["admin"]))
    after = team(person("Wei", *reversed(KEYS)))
    expected = ("Wei <wei@team.example>:", "  the order of the keys", "  loses the role admin")
    assert expected == differences(before, after)


def test_the_order_of_people_is_a_change_too() -> None:
    said = differences(team(ANDREA, WEI), team(WEI, ANDREA))
    assert ("nothing but the way in which it is written",) == said


def test_settings_with_their_values_before_and_after() -> None:
    before = Content(
        kind=Kind.POLICY, tree={"outbox": {"batch": "64", "lease": "1m"}, "a": {"b": ""}}
    )
    after = Content(kind=Kind.POLICY, tree={"outbox": {"batch": "32"}, "days": ["mon", "tue"]})
    expected = (
        'a.b: "" → (the default)',
        "days: (the default) → [mon, tue]",
        "outbox.batch: 64 → 32",
        "outbox.lease: 1m → (the default)",
    )
    assert expected == differences(before, after)


def test_a_long_value_is_told_by_its_lines() -> None:
    before = Content(kind=Kind.ADDRESSES, tree={"relay": {"authorities": "one\ntwo\nthree\n"}})
    after = Content(kind=Kind.ADDRESSES, tree={"relay": {"authorities": "one\nzwei\nthree\n"}})
    expected = (
        "relay.authorities:",
        "  @@ -1,3 +1,3 @@",
        "   one",
        "  -two",
        "  +zwei",
        "   three",
    )
    assert expected == differences(before, after)


def test_texts_as_a_patch() -> None:
    before = Content(kind=Kind.TEMPLATES, tree={"a.txt": "old\n", "b.txt": "same", "c.txt": "x"})
    after = Content(kind=Kind.TEMPLATES, tree={"a.txt": "new\x1b\n", "b.txt": "same", "d.txt": "y"})
    expected = (
        *("a.txt:", "  @@ -1,2 +1,2 @@", "  -old", "  +new\\x1b", ""),
        *("c.txt goes", "d.txt comes:", "  @@ -1 +1 @@", "  -", "  +y"),
    )
    assert expected == differences(before, after)


@given(kind=kinds, before=trees, after=trees)
def test_something_is_said_exactly_when_something_is_different(
    kind: Kind, before: dict[str, Tree], after: dict[str, Tree]
) -> None:
    """And each line of it can be shown to people."""
    old, new = Content(kind=kind, tree=before), Content(kind=kind, tree=after)
    said = differences(old, new)
    assert (old.digest != new.digest) == bool(said)
    assert all(line.isprintable() for line in said)


def test_where_nothing_was_in_force_all_is_new() -> None:
    assert "Andrea Example <andrea@team.example> of Example joins" in differences(
        None, team(ANDREA)
    )


def test_only_parts_of_one_kind_are_compared() -> None:
    with pytest.raises(ValueError, match="one kind"):
        differences(Content(kind=Kind.POLICY, tree={}), team(ANDREA))


def test_what_would_steer_a_terminal_is_written_as_a_number() -> None:
    assert "a\\x1b\\x202eb" == shown("a\x1b\u202eb")
