"""Correspondents: found by address, route and key; one pinned key, others only offered."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import SECOND, later
from gatekeeper.domain.participants import NO_CREDIT, Credit, Part
from gatekeeper.store import correspondents
from gatekeeper.store.conversation import correspondent_keys
from gatekeeper.store.conversation import correspondents as table
from gatekeeper.store.correspondents import OFFERED_MAX, Correspondent
from gatekeeper.store.engine import Store
from gatekeeper.store.faults import Conflict
from gatekeeper.store.tables import issues as issues_table
from tests.store import samples
from tests.store.samples import ALICE, BOB, FINGERPRINT, NOW, OTHER_FINGERPRINT, REPORTER

NOWHERE = RowId(bytes(16))
KEY_ID, SUBKEY_ID = FINGERPRINT[-16:], "00000000DEADBEEF"
CERTIFICATE = b"\x99certificate\x00"


def pin(
    store: Store,
    correspondent: RowId,
    *,
    fingerprint: str = FINGERPRINT,
    key_ids: tuple[str, ...] = (KEY_ID, SUBKEY_ID),
    certificate: bytes = CERTIFICATE,
) -> None:
    """Pin a key."""
    store.write(
        lambda tx: correspondents.pin(
            tx,
            correspondent=correspondent,
            certificate=certificate,
            fingerprint=fingerprint,
            key_ids=key_ids,
            now=NOW,
        )
    )


def offer(store: Store, correspondent: RowId, fingerprint: str, *, at: int = 0) -> None:
    """Offer a key, `at` seconds after NOW."""
    store.write(
        lambda tx: correspondents.offer(
            tx,
            correspondent=correspondent,
            certificate=b"certificate " + fingerprint.encode(),
            fingerprint=fingerprint,
            now=later(NOW, at * SECOND),
        )
    )


def row(store: Store, correspondent: RowId) -> Correspondent:
    """Return the correspondent as it is now."""
    return store.read(lambda tx: correspondents.by_row(tx, correspondent))


def offered(store: Store, correspondent: RowId) -> tuple[str, ...]:
    """Return the fingerprints on offer."""
    return store.read(lambda tx: correspondents.all_offered(tx, correspondent))


def by_keys(store: Store, *key_ids: str) -> list[RowId]:
    """Return whom these key ids name."""
    return [one.id for one in store.read(lambda tx: correspondents.by_key_ids(tx, key_ids))]


def number(value: int) -> str:
    """Return a fingerprint for a number."""
    return f"{value:040X}"


def test_a_correspondent_comes_back_as_it_was_added(store: Store) -> None:
    made = store.write(samples.correspondent)
    assert ("reporter", REPORTER, None, None, None, True, NOW) == (
        made.name,
        made.address,
        made.certificate,
        made.fingerprint,
        made.nonce,
        made.wrote_in_clear,
        made.created_at,
    )
    assert 16 == len(made.route)
    assert made.route != made.id
    assert made == row(store, made.id)
    assert (made,) == store.read(lambda tx: correspondents.of_issue(tx, made.issue))
    assert made == store.read(lambda tx: correspondents.by_route(tx, made.route))
    assert store.read(lambda tx: correspondents.by_route(tx, made.id)) is None


def test_whether_the_first_mail_was_in_clear_is_kept(store: Store) -> None:
    made = store.write(
        lambda tx: correspondents.add(
            tx,
            issue=samples.issue(tx).id,
            name="reporter",
            address=REPORTER,
            wrote_in_clear=False,
            now=NOW,
        )
    )
    assert not row(store, made.id).wrote_in_clear


def test_a_correspondent_is_found_by_address_in_its_issue_only(store: Store) -> None:
    here = store.write(samples.correspondent)
    there = store.write(samples.correspondent)
    shouted = replace(REPORTER, local=REPORTER.local.upper())
    find = correspondents.by_address
    assert here == store.read(lambda tx: find(tx, issue=here.issue, address=shouted))
    assert there == store.read(lambda tx: find(tx, issue=there.issue, address=REPORTER))
    assert store.read(lambda tx: find(tx, issue=here.issue, address=ALICE)) is None


def test_an_issue_has_one_of_each_name_and_another_issue_its_own(store: Store) -> None:
    first = store.write(samples.correspondent)
    again = partial(samples.correspondent, issue_row=first.issue, address=ALICE)
    with pytest.raises(Conflict, match="of that name already"):
        store.write(again)
    assert (first,) == store.read(lambda tx: correspondents.of_issue(tx, first.issue))
    second = store.write(partial(again, name="participant-1"))
    assert {first.id, second.id} == {
        one.id for one in store.read(lambda tx: correspondents.of_issue(tx, first.issue))
    }
    store.write(samples.correspondent)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_of_two_that_add_the_reporter_at_once_one_is_told(store: Store) -> None:
    issue = store.write(samples.issue).id

    def add() -> bool:
        try:
            store.write(partial(samples.correspondent, issue_row=issue))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(max_workers=4) as pool:
        futures = [pool.submit(add) for _ in range(4)]
    assert 1 == sum(future.result() for future in futures)


def test_a_correspondent_belongs_to_an_issue(store: Store) -> None:
    with pytest.raises(OurFault):
        store.write(partial(samples.correspondent, issue_row=NOWHERE))


def test_a_pinned_key_comes_back_and_is_found_by_all_its_ids(store: Store) -> None:
    here, there = store.write(samples.correspondent), store.write(samples.correspondent)
    pin(store, here.id)
    found = row(store, here.id)
    assert (CERTIFICATE, FINGERPRINT) == (found.certificate, found.fingerprint)
    for key_id in (KEY_ID, SUBKEY_ID, KEY_ID.lower()):
        assert [here.id] == by_keys(store, "1111111111111111", key_id)
    assert [here.id] == by_keys(store, KEY_ID, SUBKEY_ID)
    pin(store, there.id, key_ids=(KEY_ID, KEY_ID))
    assert {here.id, there.id} == set(by_keys(store, KEY_ID))
    assert [] == by_keys(store, "1111111111111111")
    assert [] == by_keys(store)


def test_pinning_replaces_the_key_and_forgets_what_was_offered(store: Store) -> None:
    here, there = store.write(samples.correspondent), store.write(samples.correspondent)
    pin(store, here.id)
    for one in (here, there):
        offer(store, one.id, OTHER_FINGERPRINT)
    pin(store, here.id, fingerprint=OTHER_FINGERPRINT, key_ids=("2" * 16,), certificate=b"new")
    found = row(store, here.id)
    assert (b"new", OTHER_FINGERPRINT) == (found.certificate, found.fingerprint)
    assert [] == by_keys(store, KEY_ID, SUBKEY_ID)
    assert [here.id] == by_keys(store, "2" * 16)
    assert () == offered(store, here.id)
    assert (OTHER_FINGERPRINT,) == offered(store, there.id)


def test_a_key_on_offer_comes_back_and_is_not_pinned(store: Store) -> None:
    made = store.write(samples.correspondent)
    offer(store, made.id, FINGERPRINT)
    find = partial(correspondents.offered, correspondent=made.id)
    assert b"certificate " + FINGERPRINT.encode() == store.read(
        lambda tx: find(tx, fingerprint=FINGERPRINT.lower())
    )
    assert store.read(lambda tx: find(tx, fingerprint=OTHER_FINGERPRINT)) is None
    other = store.write(samples.correspondent)
    assert () == offered(store, other.id)
    assert made == row(store, made.id)
    assert [] == by_keys(store, KEY_ID)


def test_of_the_keys_on_offer_the_newest_are_kept_newest_first(store: Store) -> None:
    made = store.write(samples.correspondent)
    for value in range(OFFERED_MAX):
        offer(store, made.id, number(value), at=value)
    offer(store, made.id, number(0), at=50)
    offer(store, made.id, number(99), at=60)
    kept = [number(99), number(0), *(number(value) for value in range(OFFERED_MAX - 1, 1, -1))]
    assert OFFERED_MAX == len(kept)
    assert tuple(kept) == offered(store, made.id)


def test_the_key_that_was_offered_just_now_is_never_the_one_that_goes(store: Store) -> None:
    """Also when all came in one instant."""
    made = store.write(samples.correspondent)
    for value in range(3 * OFFERED_MAX):
        offer(store, made.id, number(value))
        assert number(value) in offered(store, made.id)
    assert OFFERED_MAX == len(offered(store, made.id))


def test_a_key_offered_again_is_kept_as_it_came_last(store: Store) -> None:
    made = store.write(samples.correspondent)
    offer(store, made.id, FINGERPRINT)
    store.write(
        lambda tx: correspondents.offer(
            tx, correspondent=made.id, certificate=b"renewed", fingerprint=FINGERPRINT, now=NOW
        )
    )
    assert b"renewed" == store.read(
        lambda tx: correspondents.offered(tx, correspondent=made.id, fingerprint=FINGERPRINT)
    )
    assert (FINGERPRINT,) == offered(store, made.id)


def test_a_code_is_remembered_until_it_is_dropped(store: Store) -> None:
    made = store.write(samples.correspondent).id
    for nonce in ("ABCDE-FGHIJ", "KLMNO-PQRST"):
        store.write(partial(correspondents.give_nonce, correspondent=made, nonce=nonce, now=NOW))
        assert nonce == row(store, made).nonce
    for _ in range(2):
        store.write(partial(correspondents.drop_nonce, correspondent=made, now=NOW))
        assert row(store, made).nonce is None


def test_a_renewed_route_leaves_the_old_one_leading_nowhere(store: Store) -> None:
    made = store.write(samples.correspondent)
    renew = partial(correspondents.renew_route, correspondent=made.id, now=NOW)
    routes = [store.write(renew) for _ in range(3)]
    assert 4 == len({made.route, *routes})
    assert routes[-1] == row(store, made.id).route
    assert [made.id] == [
        found.id
        for route in (made.route, *routes)
        if (found := store.read(partial(correspondents.by_route, route=route)))
    ]


def test_changes_are_dated(store: Store) -> None:
    made = store.write(samples.correspondent)
    then = later(NOW, SECOND)
    store.write(partial(correspondents.renew_route, correspondent=made.id, now=then))
    dates = select(table.c.created_at, table.c.updated_at)
    assert [(NOW, then)] == store.read(
        lambda tx: [tuple(one) for one in tx.connection.execute(dates)]
    )


def test_nobody_can_be_changed_who_is_not_there(store: Store) -> None:
    for change in (
        partial(pin, store, NOWHERE),
        partial(offer, store, NOWHERE, FINGERPRINT),
        partial(row, store, NOWHERE),
        partial(
            store.write,
            partial(correspondents.give_nonce, correspondent=NOWHERE, nonce="A", now=NOW),
        ),
        partial(store.write, partial(correspondents.drop_nonce, correspondent=NOWHERE, now=NOW)),
        partial(store.write, partial(correspondents.renew_route, correspondent=NOWHERE, now=NOW)),
    ):
        with pytest.raises(Conflict, match="there is no such correspondent"):
            change()


@pytest.mark.parametrize("wrong", ["", "F" * 39, "G" * 40, "F" * 64])
def test_what_is_no_fingerprint_is_neither_pinned_nor_kept(wrong: str, store: Store) -> None:
    made = store.write(samples.correspondent)
    with pytest.raises(ValueError, match="40 hexadecimal digits"):
        pin(store, made.id, fingerprint=wrong)
    with pytest.raises(ValueError, match="40 hexadecimal digits"):
        offer(store, made.id, wrong)
    assert made == row(store, made.id)
    assert () == offered(store, made.id)


def test_key_ids_are_kept_as_hashes(store: Store) -> None:
    made = store.write(samples.correspondent)
    pin(store, made.id)
    held = store.read(lambda tx: tx.connection.scalars(select(correspondent_keys.c.key_id)).all())
    assert [32, 32] == [len(one) for one in held]


def test_two_mailboxes_of_one_issue_are_two(store: Store) -> None:
    first = store.write(samples.correspondent)
    second = store.write(
        partial(samples.correspondent, issue_row=first.issue, name="participant-1", address=BOB)
    )
    find = partial(correspondents.by_address, issue=first.issue)
    assert second == store.read(lambda tx: find(tx, address=BOB))
    assert first == store.read(lambda tx: find(tx, address=REPORTER))


def test_those_of_closed_issues_are_not_among_those_of_open_ones(store: Store) -> None:
    first, second, third = (store.write(samples.correspondent) for _ in range(3))
    rejected = issues_table.update().where(issues_table.c.id == second.issue)
    store.write(lambda tx: tx.connection.execute(rejected.values(state="rejected")).close())
    assert {first.id, third.id} == set(store.read(correspondents.in_open_issues))


def test_somebody_invited_has_a_role_and_a_reporter_a_credit(store: Store) -> None:
    issue = store.write(samples.issue).id
    add = partial(correspondents.add, issue=issue, wrote_in_clear=False, now=NOW)
    reporter = store.write(partial(add, name="reporter", address=REPORTER))
    upstream = store.write(partial(add, name="upstream", address=ALICE, role=Part.UPSTREAM))
    assert (Part.REPORTER, Part.UPSTREAM) == (reporter.role, upstream.role)
    assert reporter.credit is None, "not asked yet"
    for credit in (Credit(line="Rea Porter, Example Labs ÿ"), NO_CREDIT, None):
        set_credit = partial(correspondents.set_credit, correspondent=reporter.id, credit=credit)
        store.write(partial(set_credit, now=NOW))
        found = {
            one.name: one.credit
            for one in store.read(partial(correspondents.of_issue, issue=issue))
        }
        assert {"reporter": credit, "upstream": None} == found
    with pytest.raises(Conflict):
        store.write(partial(correspondents.set_credit, correspondent=NOWHERE, credit=None, now=NOW))


def test_who_is_removed_is_kept_and_written_to_no_more(store: Store) -> None:
    whom, other = store.write(samples.correspondent), store.write(samples.correspondent)
    give = partial(correspondents.give_nonce, correspondent=whom.id, nonce="1234", now=NOW)
    store.write(give)
    agree = partial(correspondents.consent, correspondent=whom.id, now=NOW)
    for on, expected in ((True, NOW), (False, None), (True, NOW)):
        store.write(partial(agree, on=on))
        assert (
            expected
            == store.read(partial(correspondents.by_row, correspondent=whom.id)).consented_at
        )
    remove = partial(correspondents.remove, correspondent=whom.id, now=later(NOW, 1))
    store.write(remove)
    found = store.read(partial(correspondents.by_row, correspondent=whom.id))
    assert (later(NOW, 1), None, None, REPORTER) == (
        found.removed_at,
        found.nonce,
        found.consented_at,
        found.address,
    )
    assert store.read(partial(correspondents.by_route, route=whom.route)) is None
    assert (other.id,) == store.read(correspondents.in_open_issues)
    with pytest.raises(Conflict, match="removed already"):
        store.write(remove)
    with pytest.raises(Conflict, match="no such"):
        store.write(partial(correspondents.remove, correspondent=NOWHERE, now=NOW))


def test_who_goes_over_takes_part_in_the_other_issue_alone(store: Store) -> None:
    """With the address for replies, which leads there from now on."""
    whom, there = store.write(samples.correspondent), store.write(samples.correspondent)
    go = partial(
        correspondents.go_over,
        issue=there.issue,
        name="second-reporter",
        role=Part.SECOND_REPORTER,
        now=later(NOW, 1),
    )
    store.write(partial(correspondents.consent, correspondent=whom.id, on=True, now=NOW))
    store.write(partial(go, correspondent=whom.id))
    routed = store.read(partial(correspondents.by_route, route=whom.route))
    assert routed is not None
    assert (there.issue, "second-reporter", Part.SECOND_REPORTER, REPORTER) == (
        routed.issue,
        routed.name,
        routed.role,
        routed.address,
    )
    assert routed.consented_at is None, "there are others there"
    assert () == store.read(partial(correspondents.of_issue, issue=whom.issue))
    with pytest.raises(Conflict, match="no such"):
        store.write(partial(go, correspondent=NOWHERE))
