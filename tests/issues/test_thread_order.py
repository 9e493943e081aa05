"""Mails of one thread make one issue, in whatever order they come, also at once."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Final

import pytest

from tests.house import House
from tests.issues.found import handle_all, issue_of, noted
from tests.issues.reports import plain

ONE, TWO, THREE = "<one@r.example>", "<two@r.example>", "<three@r.example>"

BY_REFERENCES: Final = {
    ONE: plain(subject="It", message_id=ONE),
    TWO: plain(f"References: {ONE}", f"In-Reply-To: {ONE}", subject="Re: It", message_id=TWO),
    THREE: plain(
        f"References: {ONE} {TWO}", f"In-Reply-To: {TWO}", subject="Re: It", message_id=THREE
    ),
}
BY_REPLIES: Final = {
    ONE: plain(subject="It", message_id=ONE),
    TWO: plain(f"In-Reply-To: {ONE}", subject="Re: It", message_id=TWO),
    THREE: plain(f"In-Reply-To: {TWO}", subject="Re: It", message_id=THREE),
}
ORDERS: Final = list(permutations((ONE, TWO, THREE)))
NEIGHBOURS: Final = [order for order in ORDERS if order[2] != TWO]
"""Each mail names its neighbour only: while the middle one is missing, nothing joins the others."""


def placed(house: House, thread: dict[str, bytes], order: tuple[str, ...]) -> list[str]:
    """Return the issue of each mail, handled in that order."""
    rows = []
    for name in order:
        rows.append(house.receive(thread[name]))
        handle_all(house)
        house.pass_time(1)
    return [issue_of(house, row) for row in rows]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_first_mails_with_all_references_make_one_issue_in_any_order(
    house: House, order: tuple[str, ...]
) -> None:
    assert ["SEC-2026-0001"] * 3 == placed(house, BY_REFERENCES, order)


@pytest.mark.parametrize("order", NEIGHBOURS, ids=" ".join)
def test_a_chain_of_replies_makes_one_issue_while_each_names_another_that_is_here(
    house: House, order: tuple[str, ...]
) -> None:
    assert ["SEC-2026-0001"] * 3 == placed(house, BY_REPLIES, order)


@pytest.mark.parametrize("order", [(ONE, THREE, TWO), (THREE, ONE, TWO)], ids=["1 3 2", "3 1 2"])
def test_a_chain_without_its_middle_is_two_issues_and_the_middle_joins_one_of_them(
    house: House, order: tuple[str, ...]
) -> None:
    """Nothing in the ends names the other end; people see both."""
    first, second, middle = placed(house, BY_REPLIES, order)
    assert ["SEC-2026-0001", "SEC-2026-0002"] == [first, second]
    assert middle in {first, second}


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_first_mails_handled_at_once_make_one_issue(house: House, order: tuple[str, ...]) -> None:
    """The second waits for the first; one that saw the issue change is put back, taken again."""
    rows = [house.receive(BY_REFERENCES[name]) for name in order]
    with ThreadPoolExecutor(3) as pool:
        assert [1] * 3 == list(pool.map(lambda _: house.inbound.tick(), rows))
    house.pass_time(60_000_000)
    handle_all(house)
    assert ["SEC-2026-0001"] * 3 == [issue_of(house, row) for row in rows]


def test_a_thread_that_another_sender_names_is_not_joined(house: House) -> None:
    """Message-IDs are no secret: whoever was sent a copy of the mail could put mail into it."""
    first = house.receive(BY_REFERENCES[ONE])
    handle_all(house)
    mallory = plain(
        f"References: {ONE}", sender="Mallory <mallory@evil.example>", message_id="<m@evil.example>"
    )
    second = house.receive(mallory, sender="mallory@evil.example")
    handle_all(house)
    assert ["SEC-2026-0001", "SEC-2026-0002"] == [issue_of(house, row) for row in (first, second)]
    assert [] == noted(house, second)


def test_a_program_that_gives_all_its_mail_one_message_id_begins_many_threads(house: House) -> None:
    rows = [house.receive(plain(subject=f"Finding {number}")) for number in range(3)]
    handle_all(house)
    assert ["SEC-2026-0001", "SEC-2026-0002", "SEC-2026-0003"] == sorted(
        issue_of(house, row) for row in rows
    )
