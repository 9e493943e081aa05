"""A conversation of several, each of whom agreed; and how finders are named in public."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import update

from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.domain.participants import NO_CREDIT, Credit
from gatekeeper.issues import crediting, sharing
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.store import audit, tables
from gatekeeper.store.conversation import correspondents
from tests.house import House, Inspector, reading_as
from tests.issues.invited import EXPERT, ROBINS, SHELL, SUBJECT, Invited, invited_in
from tests.issues.reports import robin_key, stranger_key

BOTH = ("reporter", "upstream")
LINE = "Robin Reporter of Example Research ÿ"


@pytest.fixture
def case(house: House) -> Invited:
    return invited_in(house)


@pytest.fixture
def robin() -> Iterator[Inspector]:
    with reading_as(robin_key()) as reader:
        yield reader


def share(case: Invited, *names: str, words: str = "Shall we talk on Monday?") -> Done:
    """Answer several at once."""
    return case.act(
        lambda tx, issue: sharing.reply(
            tx,
            case.house.desk,
            issue=issue,
            actor=case.by(),
            names=names or BOTH,
            text=words,
            files=(),
            now=case.house.now,
        )
    )


def consent(case: Invited, name: str, via: str = "their mail of today") -> Done:
    """Record that somebody agreed, or with "" that they do no more."""
    return case.act(
        lambda tx, issue: sharing.consent(
            tx,
            case.house.desk,
            issue=issue,
            actor=case.by(),
            name=name,
            via=via,
            now=case.house.now,
        )
    )


def test_several_read_one_answer_once_each_agreed(case: Invited, robin: Inspector) -> None:
    case.expert()
    case.sent()
    with pytest.raises(Refusal, match="the reporter and the upstream have not agreed"):
        share(case)
    consent(case, "reporter")
    with pytest.raises(Refusal, match="the upstream has not agreed"):
        share(case)
    consent(case, "upstream")
    said = share(case)
    assert "it went to the reporter and the upstream, and no address" in said.lines[-1]
    sent = {str(job.recipient): job.what.content for job in case.sent()}
    assert {ROBINS, EXPERT} == set(sent)
    with reading_as(stranger_key()) as expert:
        copies = {ROBINS: robin.open(sent[ROBINS]), EXPERT: expert.open(sent[EXPERT])}
    for reader, other in ((ROBINS, EXPERT), (EXPERT, ROBINS)):
        assert "Shall we talk on Monday?" in copies[reader].block
        assert "went to the reporter and the upstream, to each one alone" in copies[reader].block
        assert other.encode() not in copies[reader].plaintext + sent[reader]
    assert copies[EXPERT].header["Reply-To"] != copies[ROBINS].header["Reply-To"]
    assert SUBJECT in copies[ROBINS].subject
    assert SUBJECT.encode() not in copies[EXPERT].plaintext


def test_what_goes_to_several_shows_the_address_of_none(case: Invited) -> None:
    case.expert()
    for name in BOTH:
        consent(case, name)
    for address in (ROBINS, EXPERT):
        with pytest.raises(Refusal, match="which nobody else is shown"):
            share(case, words=f"Ask {address}.")


def test_a_consent_is_taken_back_and_never_given_twice(case: Invited) -> None:
    with pytest.raises(Refusal, match="the reporter has not agreed"):
        consent(case, "reporter", "")
    consent(case, "reporter")
    assert case.house.now == case.known()["reporter"].consented_at
    with pytest.raises(Refusal, match="has agreed already"):
        consent(case, "reporter")
    consent(case, "reporter", "")
    assert case.known()["reporter"].consented_at is None
    with pytest.raises(NotThere):
        consent(case, "upstream")


def credit(case: Invited, line: str, *, name: str = "reporter", actor: Actor | None = None) -> Done:
    """Record a credit."""
    return case.act(
        lambda tx, issue: crediting.credit(
            tx,
            case.house.desk,
            issue=issue,
            actor=actor or case.by(),
            line=line,
            name=name,
            now=case.house.now,
        )
    )


def test_a_finder_is_told_how_they_are_credited(case: Invited, robin: Inspector) -> None:
    credit(case, f" {LINE} ")
    assert Credit(line=LINE) == case.known()["reporter"].credit
    (letter,) = case.sent()
    copy = robin.open(letter.what.content)
    assert "How you are credited (SEC-2026-0001)" == copy.subject
    assert f"you will be credited as\n\n  {LINE}\n" in copy.block
    with pytest.raises(Refusal, match="already"):
        credit(case, LINE)
    done = credit(case, "", actor=SHELL)
    assert "credit: the reporter is not named" == done.lines[0]
    assert NO_CREDIT == case.known()["reporter"].credit
    (letter,) = case.sent()
    assert "you will not be named" in robin.open(letter.what.content).block
    log = case.house.store.read(partial(audit.of_issue, issue=case.row))
    said = [entry.payload for entry in log if entry.kind == "reporter.credit"]
    assert [LINE, ""] == [payload["credit"] for payload in said if payload is not None]


@pytest.mark.parametrize("line", ["two\nlines", "x" * 201, "\x1b[1m"])
def test_what_is_no_line_of_an_advisory_is_no_credit(line: str, case: Invited) -> None:
    with pytest.raises(Refusal, match="a credit"):
        credit(case, line)
    assert case.known()["reporter"].credit is None


def test_only_finders_are_credited_and_only_until_it_is_public(case: Invited) -> None:
    case.expert()
    with pytest.raises(Refusal, match="the upstream did not find it"):
        credit(case, LINE, name="upstream")
    statement = update(tables.issues).values(state="disclosed")
    case.do(lambda tx: tx.connection.execute(statement).close())
    with pytest.raises(Refusal, match="is disclosed"):
        credit(case, LINE)


def test_who_has_no_key_is_not_told_a_name_in_clear(case: Invited) -> None:
    statement = update(correspondents).values(certificate=None, fingerprint=None)
    case.do(lambda tx: tx.connection.execute(statement).close())
    assert "has no key, and was not told" in credit(case, LINE).lines[1]
    assert [] == case.sent()
    assert Credit(line=LINE) == case.known()["reporter"].credit
