"""What a reporter is owed: a status after five working days, reminders of a date that waits."""

from gatekeeper.domain.instants import DAY, HOUR, Instant, later
from gatekeeper.domain.reminding import QUIET
from gatekeeper.domain.statistics import ANSWERS
from gatekeeper.issues import outside_reminders
from gatekeeper.issues.embargo_dates import POLICY
from gatekeeper.issues.reminding import Reminding
from gatekeeper.store import audit, dates, watching
from gatekeeper.store.dates import DateRow
from gatekeeper.store.tx import Tx
from tests.house import START, House
from tests.issues.found import log
from tests.issues.reports import robin_key
from tests.issues.talk import HERE, ROBINS, Talk, a_talk, clear_text, parsed, to

DATE = later(START, 35 * DAY)
KEY_ISSUE = "SEC-2026-0001"


def look(talk: Talk, at: Instant) -> list[str]:
    """Look once at an instant; return the texts, or else the subjects, of what the reporter got."""
    house = talk.house
    house.now = at
    Reminding(store=house.store, desk=house.desk, now=house.clock).tick()
    return [_said(talk, job.what.content) for job in to(talk.work(), ROBINS)]


def _said(talk: Talk, raw: bytes) -> str:
    return talk.robin.open(raw).block if b"BEGIN PGP MESSAGE" in raw else raw.decode()


def begun(house: House) -> None:
    """Let the program have looked before, when nothing was there."""
    Reminding(store=house.store, desk=house.desk, now=house.clock).tick()


def answered(talk: Talk) -> None:
    """Have Robin report with a key, and Andrea answer."""
    content = talk.with_keys(robin_key())
    talk.receive(talk.sealed("", by=robin_key(), content=content), sender=ROBINS)
    talk.command(f"!{KEY_ISSUE}@{HERE} reply\nThank you, Robin.")


def agreed(talk: Talk) -> None:
    """Let DATE be agreed now, so that nothing waits for the reporter."""
    proposed(talk, by="reporter", state=dates.AGREED)


def proposed(talk: Talk, *, by: str = POLICY, state: str = dates.PROPOSED) -> None:
    """Propose DATE now, in place of what was proposed before."""
    issue = talk.issue().id
    row = DateRow(
        issue=issue,
        number=1 + len(talk.house.store.read(lambda tx: dates.history(tx, issue))),
        instant=DATE,
        state=state,
        by=by,
        at=talk.house.now,
    )
    talk.house.store.write(lambda tx: dates.add(tx, row))


def test_a_status_after_five_working_days_and_again(house: House) -> None:
    """Encrypted to who has a key; what is sent in between begins the time anew."""
    with a_talk(house) as talk:
        begun(house)
        answered(talk)
        agreed(talk)
        assert [] == look(talk, later(START, 7 * DAY - HOUR))
        (text,) = look(talk, later(START, 7 * DAY))
        assert text.startswith(f"{KEY_ISSUE}: we have your report, and nobody has judged it yet.")
        assert [] == look(talk, later(START, 7 * DAY + HOUR))
        house.now = later(START, 12 * DAY)
        talk.command(f"!{KEY_ISSUE}@{HERE} reply\nStill at it.")
        assert [] == look(talk, later(START, 14 * DAY))
        assert 1 == len(look(talk, later(START, 19 * DAY)))
        assert 2 == log(house).count("reminder.reporter")
        assert () == house.store.read(audit.verify)


def test_before_a_person_has_answered_no_machine_writes_again(house: House) -> None:
    """Its From may be forged: whoever that is would get a mail a week."""
    with a_talk(house) as talk:
        begun(house)
        talk.receive(talk.text("It overflows."), sender=ROBINS)
        assert [] == look(talk, later(START, 60 * DAY))


def test_of_the_time_before_reminders_there_were_nothing_is_owed(house: House) -> None:
    """A database of an earlier version: its reporters hear of us in five working days at most."""
    with a_talk(house) as talk:
        answered(talk)
        assert [] == look(talk, later(START, 98 * DAY))
        assert [] == look(talk, later(START, 104 * DAY))
        assert 1 == len(look(talk, later(START, 105 * DAY)))


def test_who_has_no_key_gets_a_form_in_clear(house: House) -> None:
    with a_talk(house) as talk:
        begun(house)
        talk.receive(talk.text("It overflows."), sender=ROBINS)
        noted(talk, "issue.accepted")
        agreed(talk)
        house.now = later(START, 7 * DAY)
        Reminding(store=house.store, desk=house.desk, now=house.clock).tick()
        (job,) = to(talk.work(), ROBINS)
        assert clear_text(job).startswith(f"{KEY_ISSUE}: we have your report")
        assert "overflows" not in clear_text(job)
        assert "auto-generated" == parsed(job)["Auto-Submitted"]


def noted(talk: Talk, kind: str) -> None:
    """Append an entry about the issue, as a person's decision does."""
    issue, now = talk.issue().id, talk.house.now

    def write(tx: Tx) -> None:
        audit.append(tx, kind=kind, actor="Andrea Example", now=now, payload={}, issue=issue)

    talk.house.store.write(write)


def test_two_reminders_of_a_date_in_ten_days(house: House) -> None:
    with a_talk(house) as talk:
        begun(house)
        answered(talk)
        proposed(talk)
        days = {day: look(talk, later(START, day * DAY)) for day in (3, 4, 5, 7, 8)}
        assert [0, 1, 0, 1, 0] == [len(found) for found in days.values()]
        first, second = days[4][0], days[7][0]
        assert "and have not heard from you" in first
        assert "  Thu 2026-10-08 12:00:00Z\n" in first
        assert "  Sun 2026-09-13 12:00:00Z\n" in second
        assert "sign the whole mail with your key" in second


def test_when_nobody_answers_the_date_binds_and_both_sides_are_told(house: House) -> None:
    with a_talk(house) as talk:
        begun(house)
        answered(talk)
        proposed(talk, by=POLICY)
        assert [] == look(talk, later(START, 3 * DAY))
        found = look(talk, later(START, 10 * DAY))
        assert 1 == len(found)
        assert "We proposed a date for SEC-2026-0001 and have not heard from you." in found[0]
        issue = talk.issue().id
        stands = house.store.read(lambda tx: dates.standing(tx, issue))
        assert stands is not None
        assert (dates.AGREED, "policy-default", DATE) == (stands.state, stands.by, stands.instant)
        assert 1 == log(house).count("date.bound")
        assert [] == look(talk, later(START, 11 * DAY))


def test_what_one_person_alone_proposed_does_not_bind(house: House) -> None:
    """The team is told once, and the date stays a proposal."""
    with a_talk(house) as talk:
        begun(house)
        answered(talk)
        proposed(talk, by="Andrea Example")
        assert [] == look(talk, later(START, 10 * DAY))
        text = talk.block(talk.sent)
        assert "the reporter did not answer, and no date binds" in text
        assert "!SEC-2026-0001@example.org agree INSTANT by=reporter via=HOW" in text
        (status,) = look(talk, later(START, 11 * DAY))
        assert "The date is proposed, not agreed yet." in status
        assert 1 == len(headlines(talk, "no date binds"))
        assert "date.bound" not in log(house)


def headlines(talk: Talk, words: str) -> list[str]:
    """Return the subjects of the mails to Andrea in which these words stand."""
    mine = [each.what.content for each in to(talk.sent, "andrea@team.example")]
    return [subject for raw in mine if words in (subject := talk.andrea.open(raw).subject)]


def test_without_a_key_the_code_that_was_sent_before_is_good(house: House) -> None:
    with a_talk(house) as talk:
        begun(house)
        talk.receive(talk.text("It overflows."), sender=ROBINS)
        noted(talk, "issue.accepted")
        proposed(talk)
        code = talk.reporter().nonce
        assert code is not None
        house.now = later(START, 4 * DAY)
        Reminding(store=house.store, desk=house.desk, now=house.clock).tick()
        (job,) = to(talk.work(), ROBINS)
        assert f"\n  {code}\n" in clear_text(job)
        assert code == talk.reporter().nonce


def test_who_writes_is_reminded_later(house: House) -> None:
    with a_talk(house) as talk:
        begun(house)
        answered(talk)
        proposed(talk)
        house.now = later(START, 3 * DAY)
        said = talk.sealed("I will see.", by=robin_key())
        talk.receive(said, sender=ROBINS, to=talk.reply_address())
        assert [] == look(talk, later(START, 4 * DAY))
        assert 1 == len(look(talk, later(START, 7 * DAY)))


def test_after_a_long_rest_so_many_are_written_to_at_once(house: House) -> None:
    with a_talk(house) as talk:
        begun(house)
        for number in range(3):
            sender = f"robin{number}@research.example"
            talk.receive(talk.text("It overflows.", sender=f"Robin <{sender}>"), sender=sender)
        issues = [talk.issue(number).id for number in (1, 2, 3)]

        def accept(tx: Tx) -> None:
            for each in issues:
                audit.append(
                    tx, kind="issue.accepted", actor="A", now=START, payload={}, issue=each
                )

        def some(tx: Tx) -> int:
            seen = watching.open_issues(tx, quiet=QUIET, answers=ANSWERS)
            owed = tuple(outside_reminders.owed(tx, seen, {}, house.desk.policy, house.now))
            return outside_reminders.write(tx, house.desk, owed, house.now, most=2)

        house.store.write(accept)
        house.now = later(START, 30 * DAY)
        assert [2, 1, 0] == [house.store.write(some) for _ in range(3)]
        assert 3 == sum("robin" in str(job.recipient) for job in talk.work())
