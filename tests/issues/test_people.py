"""Who takes part in an issue: by approval, with a key; and who was removed is told nothing more."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import update

from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.participants import Part
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues import acting
from gatekeeper.store import audit, correspondents, dates, deliveries, tables, tellings, withheld
from gatekeeper.store.dates import DateRow
from tests.house import PEOPLE, House, Inspector, person_key, reading_as
from tests.issues.invited import EXPERT, ROBINS, SHELL, SUBJECT, Invited, invited_in
from tests.issues.reports import newer_key, robin_key, stranger_key


@pytest.fixture
def case(house: House) -> Invited:
    return invited_in(house)


@pytest.fixture
def expert() -> Iterator[Inspector]:
    with reading_as(stranger_key()) as reader:
        yield reader


def reply(case: Invited, name: str, words: str = "Please look at it.") -> acting.Done:
    """Answer somebody outside."""
    return case.act(
        lambda tx, issue: acting.reply(
            tx,
            case.house.desk,
            issue=issue,
            actor=case.by(),
            to=name,
            text=words,
            files=(),
            now=case.house.now,
        )
    )


def test_nobody_takes_part_before_another_person_approved(case: Invited, expert: Inspector) -> None:
    asked = case.invite()
    assert asked.waiting
    assert ["reporter"] == list(case.known())
    assert [] == case.sent()
    with pytest.raises(Refusal, match="you asked for it yourself"):
        case.approve(0)
    assert "takes part as the upstream now" in case.approve().lines[0]
    new = case.known()["upstream"]
    assert (EXPERT, Part.UPSTREAM, stranger_key().fingerprint) == (
        str(new.address),
        new.role,
        new.fingerprint,
    )
    (letter,) = case.sent()
    copy = expert.open(letter.what.content)
    assert EXPERT == str(letter.recipient)
    assert "A confidential security issue (SEC-2026-0001)" == copy.subject
    assert "as a maintainer of the software that it is in" in copy.block
    assert spaced(stranger_key().fingerprint) in copy.block
    assert copy.attached("security-key.asc").startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    for secret in (SUBJECT, ROBINS, "Andrea", "Robin"):
        assert secret not in copy.plaintext.decode("utf-8", "replace")
    log = case.house.store.read(partial(audit.of_issue, issue=case.row))
    assert "person.invited" in [entry.kind for entry in log]


def test_an_agreed_date_stands_in_the_invitation(case: Invited, expert: Inspector) -> None:
    date = DateRow(
        issue=case.row,
        number=1,
        instant=case.house.now,
        state=dates.AGREED,
        by="reporter",
        at=case.house.now,
    )
    case.do(partial(dates.add, date=date))
    case.expert()
    (letter,) = case.sent()
    assert (
        "The date for that is Thu 2026-09-03 12:00:00Z." in expert.open(letter.what.content).block
    )


def test_a_shell_asks_and_counts_as_nobody(case: Invited) -> None:
    case.invite(actor=SHELL)
    case.approve(0)
    assert ["reporter"] == list(case.known())
    case.approve(1)
    assert {"reporter", "upstream"} == set(case.known())


def test_nobody_is_invited_without_a_key_that_is_theirs(case: Invited) -> None:
    for keys, said in (
        ([person_key(0)], "no key of theirs came with it"),
        ([robin_key(), newer_key()], "none of them alone names stranger@elsewhere.example"),
    ):
        with pytest.raises(Refusal, match=said):
            case.invite(EXPERT, *keys)
    case.invite(EXPERT, robin_key(), person_key(0), stranger_key())
    case.approve()
    assert stranger_key().fingerprint == case.known()["upstream"].fingerprint


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (PEOPLE[1][1], "it is one of the team"),
        ("security@example.org", "it is an address of this installation"),
        (ROBINS.upper(), "it is the reporter's, who takes part already"),
    ],
)
def test_some_are_never_invited(address: str, said: str, case: Invited) -> None:
    with pytest.raises(Refusal, match=said):
        case.invite(address)


def test_nobody_is_invited_with_the_key_of_somebody_else_in_the_issue(case: Invited) -> None:
    with pytest.raises(Refusal, match="its key is the reporter's"):
        case.invite(EXPERT, robin_key())


def test_nobody_is_invited_as_the_reporter_or_into_a_closed_issue(case: Invited) -> None:
    with pytest.raises(Refusal, match="nobody is invited as reporter"):
        case.invite(role=Part.REPORTER)
    case.invite()
    statement = update(tables.issues).values(state="rejected")
    case.do(lambda tx: tx.connection.execute(statement).close())
    with pytest.raises(Refusal, match="cannot be invited any more: SEC-2026-0001 is rejected"):
        case.approve()
    assert ["reporter"] == list(case.known())


def test_who_is_removed_gets_nothing_more_and_is_not_told(case: Invited) -> None:
    case.expert()
    assert 1 == len(case.sent())
    case.house.pass_time(1)
    reply(case, "upstream")
    case.house.settle()
    reply(case, "upstream")
    before = case.remove("upstream")
    assert before.waiting
    assert case.known()["upstream"].removed_at is None
    done = case.approve()
    assert "2 mails to them that had not left will not leave" in done.lines[0]
    assert [] == case.sent()
    gone = case.known()["upstream"]
    assert case.house.now == gone.removed_at
    with pytest.raises(NotThere, match='no correspondent "upstream"'):
        reply(case, "upstream")
    told = case.house.store.read(partial(tellings.of_correspondent, correspondent=gone.id))
    states = [DeliveryState.DELIVERED, DeliveryState.BLOCKED, DeliveryState.BLOCKED]
    assert states == [one.state for one in told]
    assert (stranger_key().fingerprint,) == told[0].fingerprints


def test_what_was_withheld_stays_so_when_somebody_tries_it_again(case: Invited) -> None:
    whom = case.expert()
    case.sent()
    reply(case, "upstream")
    case.remove("upstream")
    case.approve()
    (row,) = case.house.store.read(partial(deliveries.list_all, state=DeliveryState.BLOCKED))
    assert withheld.REMOVED == row.reason
    case.do(partial(deliveries.retry, delivery=row.id, now=case.house.now))
    assert [] == case.sent()
    again = case.house.store.read(partial(deliveries.get, delivery=row.id))
    assert again is not None
    assert (DeliveryState.BLOCKED, "they take part in the issue no more") == (
        again.state,
        again.reason,
    )
    assert whom.route != case.known()["upstream"].route


def test_who_was_removed_may_be_invited_again_under_another_name(case: Invited) -> None:
    case.expert()
    case.remove("upstream")
    case.approve()
    case.invite()
    case.approve()
    assert {"reporter", "upstream", "upstream-2"} == set(case.known())
    assert case.known()["upstream-2"].removed_at is None


def test_who_found_it_is_not_removed(case: Invited) -> None:
    with pytest.raises(Refusal, match="the reporter found it"):
        case.remove("reporter")
    case.invite(role=Part.SECOND_REPORTER)
    case.approve()
    with pytest.raises(Refusal, match="the second-reporter found it"):
        case.remove("second-reporter")


def test_nobody_is_shown_the_address_of_anybody_else(case: Invited, expert: Inspector) -> None:
    """Not in a text, not in a subject; the reporter's words are the reporter's."""
    case.expert()
    case.sent()
    for name, address in (("upstream", ROBINS), ("reporter", EXPERT)):
        with pytest.raises(Refusal, match="which nobody else is shown"):
            reply(case, name, f"Write to <{address.upper()}>, please.")
    reply(case, "upstream", f"Is {EXPERT} still right? Nobody's not-{ROBINS} is meant.")
    (letter,) = case.sent()
    copy = expert.open(letter.what.content)
    assert "Re: A confidential security issue (SEC-2026-0001)" == copy.subject
    assert SUBJECT.encode() not in copy.plaintext
    assert f"Is {EXPERT} still right?" in copy.block


def test_an_invitation_is_for_the_key_and_the_people_of_that_moment(case: Invited) -> None:
    """Somebody else of that address came in meanwhile: what was approved cannot be done."""
    case.invite()
    robin = case.known()["reporter"]
    other = replace(robin.address, local="stranger", domain="elsewhere.example")
    case.do(
        lambda tx: correspondents.add(
            tx,
            issue=case.row,
            name="vendor",
            address=other,
            wrote_in_clear=False,
            now=robin.created_at,
        )
    )
    with pytest.raises(Refusal, match="it is the vendor's, who takes part already"):
        case.approve()
