"""People are reminded: each thing once, who is there, urgent at once and all else once a day."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.approving import RequestKind
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, Instant, later
from gatekeeper.domain.process import Fact, IssueState, Severity, Track
from gatekeeper.domain.team import Role, Team
from gatekeeper.issues import calling, daily, letterhead, obligation_words
from gatekeeper.issues.reminding import Reminding
from gatekeeper.store import (
    attendance,
    audit,
    dates,
    deciding,
    deliveries,
    issue_facts,
    issues,
    letters,
    requests,
)
from gatekeeper.store.dates import DateRow
from gatekeeper.store.engine import Store
from gatekeeper.store.issue_facts import Known
from gatekeeper.store.seal import Codec
from gatekeeper.store.tables import letters as letters_table
from gatekeeper.store.tx import Tx
from tests.house import PEOPLE, START, House, example_team, open_house, person_key, reading_as
from tests.issues.found import log

T = TypeVar("T")

ANDREA, WEI, SAM = (Address.parse(address) for _, address in PEOPLE)
EVERYBODY = tuple(sorted(name for name, _ in PEOPLE))
DATE = later(START, 21 * DAY)
KINDS = (calling.REMINDER, daily.KIND, obligation_words.KIND)


def look(house: House, at: Instant | None = None) -> int:
    """Look once, as a process does that has just started; return how many letters were written."""
    house.now = house.now if at is None else at
    return Reminding(store=house.store, desk=house.desk, now=house.clock).tick()


def told(house: House) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return kind, text and recipients of every reminder to the team, oldest first."""

    def read(tx: Tx) -> list[tuple[str, str, tuple[str, ...]]]:
        query = letters_table.select().where(letters_table.c.kind.in_(KINDS))
        rows = tx.connection.execute(query.order_by(letters_table.c.created_at)).all()
        goes: dict[bytes, list[str]] = {}
        for each in deliveries.list_all(tx):
            goes.setdefault(each.letter, []).append(each.name)
        return [
            (
                row.kind,
                letterhead.load(letters.load(tx, row.id).plaintext).block,
                tuple(sorted(goes[row.id])),
            )
            for row in rows
        ]

    return house.store.read(read)


def an_issue(house: House, *, reporter: str = "robin@research.example") -> RowId:
    """Open an issue now, as a report does."""

    def write(tx: Tx) -> RowId:
        made = issues.open_issue(
            tx,
            product=house.desk.product,
            prefix="SEC",
            tag=f"tag{len(issues.list_all(tx))}",
            subject="Heap overflow in the parser",
            reporter=reporter,
            now=house.now,
        )
        log_entry(tx, made.id, "issue.opened", house.now)
        return made.id

    return house.store.write(write)


def log_entry(tx: Tx, issue: RowId, kind: str, at: Instant) -> None:
    """Append an entry about an issue."""
    audit.append(tx, kind=kind, actor="Andrea Example", now=at, payload={}, issue=issue)


def accepted(
    house: House,
    *,
    severity: Severity | None = None,
    owner: str = "",
    state: IssueState = IssueState.ACCEPTED,
) -> RowId:
    """Return an issue that was accepted as soon as it was reported."""
    issue = an_issue(house)

    def write(tx: Tx) -> None:
        before = deciding.get(tx, issue)
        changed = replace(before, state=state, track=Track.EMBARGO_ONLY, severity=severity)
        deciding.save(tx, changed, now=house.now)
        log_entry(tx, issue, "issue.accepted", house.now)
        if owner:
            issues.set_owner(tx, issue=issue, owner=owner, now=house.now)

    house.store.write(write)
    return issue


def dated(house: House, issue: RowId, state: str = dates.AGREED) -> None:
    """Write DATE down as the date of an issue."""
    row = DateRow(issue=issue, number=1, instant=DATE, state=state, by="reporter", at=house.now)
    house.store.write(lambda tx: dates.add(tx, row))


def on_call(house: House, index: int) -> None:
    """Put one of the team on call."""
    people = list(example_team().people)
    people[index] = replace(people[index], roles=frozenset({Role.ON_CALL}))
    house.desk = replace(house.desk, team=Team(people=tuple(people)))


def test_at_a_first_start_nobody_is_written_to(house: House) -> None:
    assert [0, 0] == [look(house), look(house, later(START, 90 * DAY))]
    assert [] == told(house)
    assert [] == log(house)


def test_a_report_that_nobody_answers(house: House) -> None:
    """The daily mail of the next working day to who is on call; after two days to everybody."""
    on_call(house, 1)
    an_issue(house)
    written = [look(house, later(START, hours * HOUR)) for hours in range(24)]
    assert [0] * 24 == written
    # the first working day is over on Friday at noon, and Friday's mail went out at 8, empty
    assert 1 == look(house, later(START, DAY))
    assert [0, 0, 0] == [look(house, later(START, DAY + n * HOUR)) for n in (1, 12, 40)]
    (kind, text, to) = told(house)[0]
    assert (daily.KIND, ("Wei Example",)) == (kind, to)
    assert "REPORTS THAT NO PERSON HAS ANSWERED" in text
    assert 'SEC-2026-0001 "Heap overflow in the parser", it is nobody\'s' in text
    assert "reported Thu 2026-09-03 12:00:00Z, 1 d ago; no person has answered it" in text
    # on Sunday it has waited two days more, and Monday at 8 everybody reads it
    assert 0 == look(house, later(START, 4 * DAY - 5 * HOUR))
    assert 1 == look(house, later(START, 4 * DAY - 4 * HOUR))
    assert EVERYBODY == told(house)[1][2]
    assert 2 == log(house).count("reminder.sent")
    assert () == house.store.read(audit.verify)


def test_the_owner_is_told_that_nothing_happens(house: House) -> None:
    accepted(house, owner="Sam Example", severity=Severity.HIGH)
    assert 0 == look(house, later(START, DAY))
    # three days are over on Sunday; the mail comes on Monday
    assert [0, 1] == [look(house, later(START, days * DAY)) for days in (3, 4)]
    ((_, text, to),) = told(house)
    assert ("Sam Example",) == to
    assert "NOTHING HAS HAPPENED IN" in text
    assert "Sam Example looks after it\n    nothing has happened since Thu 2026-09-03" in text
    assert "4 d ago (high)" in text


def test_who_is_away_is_not_asked(house: House) -> None:
    accepted(house, owner="Sam Example")
    away = later(START, 30 * DAY)
    house.store.write(lambda tx: attendance.away(tx, person=SAM, until=away, now=START))
    assert 1 == look(house, later(START, 4 * DAY))
    assert ("Andrea Example", "Wei Example") == told(house)[0][2]


def test_who_is_suspended_is_told_nothing(house: House) -> None:
    accepted(house)
    house.store.write(lambda tx: attendance.suspend(tx, person=ANDREA, now=START))
    assert 1 == look(house, later(START, 4 * DAY))
    assert ("Sam Example", "Wei Example") == told(house)[0][2]


def test_each_has_their_own_and_what_is_alike_is_one_letter(house: House) -> None:
    accepted(house, owner="Sam Example")
    accepted(house, owner="Wei Example")
    accepted(house, owner="Wei Example")
    assert 2 == look(house, later(START, 4 * DAY))
    found = {to: text for _, text, to in told(house)}
    assert {("Sam Example",), ("Wei Example",)} == set(found)
    assert "1 reminder for Mon 2026-09-07" in found["Sam Example",]
    assert "2 reminders for Mon 2026-09-07" in found["Wei Example",]


def test_a_date_that_comes_near(house: House) -> None:
    """A week before in the daily mail; a day and an hour before at once, to all, in its thread."""
    issue = accepted(house, state=IssueState.PREPARED, owner="Sam Example")
    dated(house, issue)
    before = (8 * DAY, 7 * DAY, 6 * DAY, DAY, DAY - MINUTE, HOUR, HOUR - MINUTE, MINUTE)
    assert [0, 1, 0, 1, 0, 1, 0, 0] == [look(house, later(DATE, -each)) for each in before]
    week, day, hour = told(house)
    assert (daily.KIND, ("Sam Example",)) == (week[0], week[2])
    assert "public on Thu 2026-09-24 12:00:00Z, in 7 d (agreed)" in week[1]
    assert (calling.REMINDER, EVERYBODY) == (day[0], day[2])
    assert "  Public on Thu 2026-09-24 12:00:00Z, in 1 d (agreed)\n" in day[1]
    assert "  Public on Thu 2026-09-24 12:00:00Z, in 1 h (agreed)\n" in hour[1]
    assert 'move INSTANT reason="WHY"' in day[1]


def test_the_team_reads_it_in_the_thread_of_the_issue(house: House) -> None:
    issue = accepted(house, state=IssueState.PREPARED)
    dated(house, issue)
    look(house, later(DATE, -HOUR))
    house.settle()
    mine = next(job for job in house.collect() if job.recipient.key == ANDREA.key)
    with reading_as(person_key(0)) as reader:
        copy = reader.open(mine.what.content)
    assert "[SEC-2026-0001] Public on Thu 2026-09-24 12:00:00Z, in 1 h (agreed)" == copy.subject
    assert b"2026-09-24" not in mine.what.content


def test_a_date_that_passed_is_told_louder_every_day(house: House) -> None:
    issue = accepted(house, state=IssueState.PREPARED)
    dated(house, issue)
    looks = [0, HOUR, DAY - 1, DAY, DAY + HOUR, 5 * DAY, 5 * DAY + 1]
    assert [1, 0, 0, 1, 0, 1, 0] == [look(house, later(DATE, each)) for each in looks]
    assert "the agreed date was thu" in told(house)[0][1].lower()
    assert "5 d ago, and it is not public" in told(house)[-1][1]


def test_a_clock_that_ends(house: House) -> None:
    accepted(house, severity=Severity.LOW)
    cap = house.desk.policy.embargo.own_clock.cap(START, house.desk.policy.embargo.calendar)
    look(house, later(cap, -20 * DAY))
    count = len(told(house))
    assert [1, 1] == [look(house, later(cap, -DAY)), look(house, later(cap, 2 * DAY))]
    near, over = told(house)[count:]
    assert "The longest embargo by policy ends Wed 2026-12-02 12:00:00Z, in 1 d" in near[1]
    assert "The longest embargo by policy ended Wed 2026-12-02 12:00:00Z, 2 d ago" in over[1]


def test_too_few_are_there_at_the_date(house: House) -> None:
    """Whoever is away at T is asked for a week before; again when others go."""
    issue = accepted(house, state=IssueState.PREPARED)
    dated(house, issue)
    until = later(DATE, DAY)
    for who in (WEI, SAM):
        house.store.write(partial(attendance.away, person=who, until=until, now=START))
    assert [0, 1, 0] == [look(house, later(DATE, -days * DAY)) for days in (8, 7, 6)]
    text = told(house)[0][1]
    assert "too few can approve anything then: only Andrea Example is there" in text
    house.store.write(lambda tx: attendance.away(tx, person=WEI, until=None, now=START))
    assert 0 == look(house, later(DATE, -3 * DAY))


def test_what_is_exploited_has_deadlines_and_drafts(house: House) -> None:
    issue = accepted(house, severity=Severity.HIGH)
    known = Known(issue=issue, fact=Fact.EXPLOITED, at=START, by="Wei Example")
    house.store.write(lambda tx: issue_facts.put(tx, known))
    assert [1, 0, 1] == [look(house, later(START, hours * HOUR)) for hours in (0, 17, 18)]
    begun, warning = told(house)
    assert obligation_words.KIND == begun[0]
    assert "early warning: Fri 2026-09-04 12:00:00Z" in begun[1]
    assert "  | severity: high\n" in begun[1]
    assert "Early warning to the authorities is due Fri 2026-09-04 12:00:00Z, in 6 h" in warning[1]


def ask(house: House, issue: RowId | None, *, expires_at: Instant) -> None:
    """Ask for something that people have to approve."""
    house.store.write(
        lambda tx: requests.add(
            tx,
            issue=issue,
            kind=RequestKind.DATE_MOVE,
            effect=bytes(32),
            payload={},
            needed=2,
            created_by="Andrea Example",
            now=house.now,
            expires_at=expires_at,
        )
    )


def test_what_waits_for_approval_is_told_and_ended(house: House) -> None:
    issue = accepted(house, severity=Severity.LOW)
    ask(house, issue, expires_at=later(START, 7 * DAY))
    looks = (DAY - HOUR, DAY, 4 * DAY, 6 * DAY, 6 * DAY + HOUR, 7 * DAY, 8 * DAY)
    assert [0, 1, 0, 1, 0, 1, 0] == [look(house, later(START, each)) for each in looks]
    first, last = told(house)
    assert "WAITS FOR YOUR APPROVAL" in first[1]
    assert "asked by Andrea Example Thu 2026-09-03 12:00:00Z" in first[1]
    assert f"!SEC-2026-0001@example.org approve {'00' * 32}" in first[1]
    assert calling.REMINDER == last[0]
    assert "request.expired" in log(house)


def test_long_rest_makes_no_storm(house: House) -> None:
    """Ten issues, nothing looked at for a year: one mail of what is urgent, one of all else."""
    for _ in range(10):
        issue = accepted(house, severity=Severity.MODERATE)
        dated(house, issue)
    year = later(START, 365 * DAY - DAY)
    assert 2 == look(house, year)
    assert [0, 0] == [look(house, later(year, n * MINUTE)) for n in (5, 10)]
    urgent = next(text for kind, text, _ in told(house) if kind == calling.REMINDER)
    assert "Urgent in 10 issues" in urgent
    assert 10 == urgent.count("the agreed date was Thu 2026-09-24 12:00:00Z, 343 d ago")


def test_no_daily_mail_on_days_that_are_not_worked_on(house: House) -> None:
    accepted(house, severity=Severity.CRITICAL)
    accepted(house)
    saturday = later(START, 2 * DAY)
    assert 1 == look(house, saturday), "what is critical does not wait"
    assert 0 == look(house, later(START, 3 * DAY - HOUR))
    assert 1 == look(house, later(START, 3 * DAY)), "nobody acted on it, so all are told"
    assert 1 == look(house, later(START, 4 * DAY))


def test_of_several_processes_that_look_at_once_one_tells(house: House) -> None:
    accepted(house)
    house.now = later(START, 4 * DAY)
    with ThreadPoolExecutor(max_workers=4) as pool:
        assert [0, 0, 0, 1] == sorted(pool.map(lambda _: look(house), range(4)))
    assert 1 == len(told(house))


class FailingStore(Store):
    """A store whose next write fails after all was said, as on a full disk."""

    failing = False

    def write(self, fn: Callable[[Tx], T]) -> T:
        def failing(tx: Tx) -> T:
            value = fn(tx)
            if self.failing:
                message = "disk full"
                raise OurFault(message)
            return value

        return super().write(failing)


def test_a_look_that_fails_tells_later(migrated_url: str, codec: Codec) -> None:
    """Nothing is noted without its letter, whatever is killed in between."""
    store = FailingStore.open(migrated_url, codec)
    with open_house(store) as house:
        accepted(house)
        store.failing = True
        with pytest.raises(OurFault, match="disk full"):
            look(house, later(START, 4 * DAY))
        assert [] == told(house)
        store.failing = False
        assert [1, 0] == [look(house), look(house)]
    store.close()
