"""What the reporter orders: proven by key or code, all or none, answered at the stored address."""

from gatekeeper.domain.calendar import EVERY_WORKING_DAY
from gatekeeper.domain.date_forms import DateLetter, DateTelling, Fault, OrderFault
from gatekeeper.domain.date_limits import Limit
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.issues.letterhead import load
from gatekeeper.store import ceilings, dates, deliveries, letters
from gatekeeper.store.dates import DateRow
from gatekeeper.store.tx import Tx
from gatekeeper.texts.date_letters import operand
from tests.issues.found import noted
from tests.issues.reports import robin_key
from tests.issues.talk import Talk, more
from tests.keys import Key

ROBINS = "robin@research.example"
HOMES = "robin@home.example"


def told(talk: Talk, number: int, address: str = ROBINS) -> list[DateLetter]:
    """Return every letter about the date of an issue to an address, oldest first."""
    row = talk.issue(number).id

    def read(tx: Tx) -> list[DateLetter]:
        found = []
        for each in deliveries.list_all(tx):
            letter = letters.load(tx, each.letter)
            form = load(letter.plaintext).form
            mine = each.issue == row and str(each.recipient) == address
            if mine and isinstance(form, DateLetter):
                found.append((each.created_at, form))
        return [form for _, form in sorted(found, key=lambda pair: pair[0])]

    return talk.house.store.read(read)


def date(talk: Talk, number: int) -> DateRow:
    """Return the date of an issue that stands."""
    row = talk.issue(number).id
    found = talk.house.store.read(lambda tx: dates.standing(tx, row))
    assert found is not None
    return found


def bound(talk: Talk, number: int) -> list[tuple[str, Instant]]:
    """Return the ceilings of an issue."""
    row = talk.issue(number).id
    return [
        (each.holder, each.instant)
        for each in talk.house.store.read(lambda tx: ceilings.binding(tx, row))
    ]


def said(talk: Talk, number: int, words: str, *, by: Key | None = None) -> tuple[str, ...]:
    """Have Robin say something in an issue, and return what the team is told of it."""
    talk.house.pass_time(DAY // 24)
    if by is not None:
        raw = talk.sealed(words, by=by, subject=more(number))
    else:
        raw = talk.text(words, subject=more(number))
    return tuple(noted(talk.house, talk.handle(raw, sender=ROBINS)))


def coded(talk: Talk, number: int, words: str) -> tuple[str, ...]:
    """Have Robin say something below the code that was mailed."""
    return said(talk, number, f"{talk.reporter(number).nonce}\n\n{words}")


def proposed(talk: Talk, number: int) -> tuple[str, DateRow]:
    """Return the date that stands as an operand, and its row."""
    found = date(talk, number)
    return operand(found.instant), found


def test_the_acknowledgement_s_proposal_is_written_down(talk: Talk) -> None:
    number = talk.opened()
    found = date(talk, number)
    assert ("proposed", "policy", 1) == (found.state, found.by, found.number)


def test_the_reporter_agrees_by_the_code(talk: Talk) -> None:
    number = talk.opened()
    when, before = proposed(talk, number)
    coded(talk, number, f"!agree {when}\n\nThat suits me.")
    found = date(talk, number)
    assert ("agreed", "reporter", before.instant) == (found.state, found.by, found.instant)
    assert [("reporter", before.instant)] == bound(talk, number)
    assert [DateTelling.AGREED] == [each.telling for each in told(talk, number)]


def test_the_reporter_agrees_by_the_key(talk: Talk) -> None:
    number = talk.opened(key=robin_key())
    when, _ = proposed(talk, number)
    remarks = said(talk, number, f"!SEC-2026-{number:04} agree {when}", by=robin_key())
    assert "agreed" == date(talk, number).state
    assert any("which is proven to be theirs" in each for each in remarks)


def test_without_a_proof_nothing_is_agreed_and_the_stored_address_is_told(talk: Talk) -> None:
    number = talk.opened()
    when, _ = proposed(talk, number)
    remarks = said(talk, number, f"!agree {when}")
    assert ("proposed", []) == (date(talk, number).state, bound(talk, number))
    (letter,) = told(talk, number)
    assert (Fault(fault=OrderFault.NOT_PROVEN),) == letter.faults
    assert letter.code == talk.reporter(number).nonce
    assert any("NONE was done: not proven" in each for each in remarks)


def test_who_has_a_key_signs_and_no_code_stands_for_it(talk: Talk) -> None:
    number = talk.opened(key=robin_key())
    when, _ = proposed(talk, number)
    said(
        talk, number, f"{talk.reporter(number).nonce or 'AAAA-AAAA-AAAA-AAAA-AAAA'}\n!agree {when}"
    )
    assert "proposed" == date(talk, number).state
    assert [OrderFault.NOT_SIGNED] == [each.fault for each in told(talk, number)[0].faults]


def test_a_signed_agreement_works_once(talk: Talk) -> None:
    number = talk.opened(key=robin_key())
    when, _ = proposed(talk, number)
    words = f"!SEC-2026-{number:04} agree {when}"
    raw = talk.sealed(words, by=robin_key(), subject=more(number))
    talk.handle(raw, sender=ROBINS)
    talk.house.pass_time(DAY // 24)
    talk.handle(raw.replace(b"sealed.example", b"again.example"), sender=ROBINS)
    assert [OrderFault.REPEATED] == [each.fault for each in told(talk, number)[-1].faults]


def test_who_has_several_issues_names_the_one_they_mean(talk: Talk) -> None:
    """So that what was signed for one of them says nothing in another."""
    talk.opened(key=robin_key())
    number = talk.opened(key=robin_key())
    when, _ = proposed(talk, number)
    said(talk, number, f"!agree {when}", by=robin_key())
    assert [OrderFault.NO_ISSUE] == [each.fault for each in told(talk, number)[-1].faults]
    said(talk, number, f"!SEC-2026-{number - 1:04} agree {when}", by=robin_key())
    assert OrderFault.MALFORMED in [each.fault for each in told(talk, number)[-1].faults]
    assert "proposed" == date(talk, number).state
    said(talk, number, f"!SEC-2026-{number:04} agree {when}", by=robin_key())
    assert "agreed" == date(talk, number).state


def test_a_day_old_signature_agrees_to_nothing(talk: Talk) -> None:
    number = talk.opened(key=robin_key())
    when, _ = proposed(talk, number)
    words = f"!SEC-2026-{number:04} agree {when}"
    raw = talk.sealed(words, by=robin_key(), subject=more(number))
    talk.house.pass_time(2 * DAY)
    talk.handle(raw, sender=ROBINS)
    assert "proposed" == date(talk, number).state
    assert [OrderFault.STALE] == [each.fault for each in told(talk, number)[-1].faults]


def test_an_earlier_date_is_honoured_at_once(talk: Talk) -> None:
    number = talk.opened()
    wanted = later(date(talk, number).instant, -2 * DAY)
    coded(talk, number, f"!propose {operand(wanted)}")
    found = date(talk, number)
    assert found.instant <= wanted
    assert ("agreed", [("reporter", wanted)]) == (found.state, bound(talk, number))


def test_an_earlier_date_without_lead_is_a_ceiling_and_one_of_the_team_confirms(
    talk: Talk,
) -> None:
    number = talk.opened()
    before = date(talk, number).instant
    wanted = later(talk.house.now, 2 * DAY)
    wanted = later(wanted, -(wanted % 60_000_000))
    remarks = coded(talk, number, f"!propose {operand(wanted)}")
    assert (before, [("reporter", wanted)]) == (date(talk, number).instant, bound(talk, number))
    assert DateTelling.EARLIER is told(talk, number)[-1].telling
    (line,) = [each for each in remarks if "URGENT" in each]
    command = line.partition("confirms it: ")[2]
    talk.house.pass_time(DAY // 24)
    talk.command(command)
    assert date(talk, number).instant <= wanted


def test_a_later_date_waits_for_the_team(talk: Talk) -> None:
    number = talk.opened()
    before = date(talk, number)
    wanted = EVERY_WORKING_DAY.next_allowed(later(before.instant, DAY))
    remarks = coded(talk, number, f"!propose {operand(wanted)}")
    assert (before, [("reporter", wanted)]) == (date(talk, number), bound(talk, number))
    assert DateTelling.LATER is told(talk, number)[-1].telling
    assert any("with approvals: !SEC-" in each for each in remarks)


def test_a_date_that_may_not_be_is_answered_with_the_nearest_ones(talk: Talk) -> None:
    number = talk.opened()
    before = date(talk, number)
    coded(talk, number, "!propose in 200 days")
    assert (before, []) == (date(talk, number), bound(talk, number))
    letter = told(talk, number)[-1]
    assert (DateTelling.REFUSED, True) == (letter.telling, Limit.CAP in letter.limits)
    assert letter.others


def test_a_date_in_doubt_is_asked_back_with_what_it_may_mean(talk: Talk) -> None:
    number = talk.opened()
    before = date(talk, number)
    coded(talk, number, "!propose 03/04/2027\n!agree 2027-02-03\n!frobnicate")
    assert before == date(talk, number)
    faults = told(talk, number)[-1].faults
    assert [
        (3, OrderFault.AMBIGUOUS, 2),
        (4, OrderFault.NO_TIME, 0),
        (5, OrderFault.UNKNOWN, 0),
    ] == [(each.line, each.fault, len(each.may)) for each in faults]


def test_all_commands_are_done_or_none(talk: Talk) -> None:
    number = talk.opened()
    when, before = proposed(talk, number)
    coded(talk, number, f'!credit "Robin"\n!agree {when}\n!propose 2199-01-01')
    assert before.state == date(talk, number).state
    assert talk.reporter(number).credit is None


def test_the_status_goes_to_the_stored_address_whoever_asks(talk: Talk) -> None:
    number = talk.opened()
    talk.house.pass_time(DAY // 24)
    raw = talk.text("!status", sender="Robin at home <robin@home.example>")
    talk.handle(raw, sender=HOMES, to=talk.reply_address(number))
    assert [] == told(talk, number, HOMES)
    letter = told(talk, number)[-1]
    assert (DateTelling.STATUS, date(talk, number).instant) == (letter.telling, letter.instant)


def test_the_reporter_says_how_they_are_named(talk: Talk) -> None:
    number = talk.opened()
    coded(talk, number, '!credit "Robin Finder, Example Research"')
    credit = talk.reporter(number).credit
    assert credit is not None
    assert "Robin Finder, Example Research" == credit.line
    assert DateTelling.CREDITED is told(talk, number)[-1].telling


def test_a_wording_is_asked_back_as_an_instant_and_never_assumed(talk: Talk) -> None:
    number = talk.opened()
    before = date(talk, number)
    remarks = said(talk, number, "We intend to publish this on 7 January 2027 at 12:00 UTC.")
    assert before == date(talk, number)
    letter = told(talk, number)[-1]
    assert DateTelling.READ is letter.telling
    assert ["2027-01-07T12:00Z"] == [operand(each) for each in letter.others]
    assert any("it seems to name a date, of which nothing is taken" in each for each in remarks)
    count = len(told(talk, number))
    said(talk, number, "As I said: 7 January 2027 at 12:00 UTC.")
    assert count == len(told(talk, number))


def test_marks_of_emphasis_are_no_commands(talk: Talk) -> None:
    number = talk.opened()
    said(talk, number, "!!! This is really bad !!!\n!important thing")
    assert [] == told(talk, number)
