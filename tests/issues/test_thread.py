"""A message finds its issue by what we sent to its sender, or by an id whose sender is known."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gatekeeper.domain.report import Kind
from gatekeeper.store import issues, letters, messages
from tests.house import House
from tests.issues.found import ACK, COPY, handle_all
from tests.issues.reports import ANDREA, plain

ROBIN_ADDRESS = "robin@research.example"


def issues_of(house: House) -> list[tuple[str, int]]:
    """Return each issue's id and how many messages it has."""
    rows = house.store.read(issues.list_all)
    return [(str(row.issue_id), row.message_count) for row in rows]


def letter_id(house: House, kind: str = COPY) -> str:
    """Return the Message-ID of the first issue's first letter of that kind."""
    issue = house.store.read(issues.list_all)[0].id
    found = house.store.read(lambda tx: letters.first_message_id(tx, issue, kind=kind))
    assert found is not None
    return found


def notes(house: House, number: int) -> list[object]:
    """Return what is noted of the last message of the issue with that number."""
    issue = house.store.read(issues.list_all)[number - 1].id
    (*_, last) = house.store.read(lambda tx: messages.of_issue(tx, issue))
    assert last.summary is not None
    problems = last.summary["problems"]
    assert isinstance(problems, list)
    return problems


def report(house: House, raw: bytes, sender: str = ROBIN_ADDRESS) -> None:
    house.receive(raw, sender=sender)
    handle_all(house)


def test_a_reference_to_a_letter_that_we_sent_to_its_sender_is_a_reply(house: House) -> None:
    report(house, plain())
    house.pass_time(1)
    report(house, plain(f"In-Reply-To: {letter_id(house)}", sender=ANDREA, subject="Re: anything"))
    assert [("SEC-2026-0001", 2)] == issues_of(house)
    first, second = house.store.read(lambda tx: messages.of_issue(tx, issues.list_all(tx)[0].id))
    assert (Kind.REPORT, Kind.REPLY) == (first.kind, second.kind)


def test_the_letter_that_passes_a_reply_on_hangs_in_the_thread(house: House) -> None:
    report(house, plain())
    first = letter_id(house)
    house.pass_time(1)
    report(house, plain(f"References: <x@y.example> {first}", sender=ANDREA))
    issue = house.store.read(issues.list_all)[0].id
    heads = house.store.read(lambda tx: letters.of_issue(tx, issue))
    _, second = [each.id for each in heads if each.kind == COPY]
    row = house.store.read(lambda tx: letters.load(tx, second))
    assert f"\r\nIn-Reply-To: {first}\r\n".encode() in row.frame_head


def test_the_same_reference_from_somebody_else_opens_an_issue_that_says_what_it_claimed(
    house: House,
) -> None:
    """Robin never got a copy of the team's, and whoever names one has it from elsewhere."""
    report(house, plain())
    raw = plain(f"In-Reply-To: {letter_id(house)}", subject="Re: it", message_id="<2@r.example>")
    report(house, raw)
    assert [("SEC-2026-0001", 1), ("SEC-2026-0002", 1)] == issues_of(house)
    (note,) = notes(house, 2)
    assert "it says that it belongs to SEC-2026-0001, but its sender is not known there" in str(
        note
    )


@pytest.mark.parametrize("sender", [ANDREA, "Mallory <mallory@evil.example>"])
def test_the_acknowledgement_leads_its_reporter_to_the_issue_and_nobody_else(
    house: House, sender: str
) -> None:
    """Whoever it was forwarded to is told no more by it than that the issue exists."""
    report(house, plain())
    reference = f"In-Reply-To: {letter_id(house, ACK)}"
    report(house, plain(reference, sender=sender, message_id="<2@r.example>"))
    assert [("SEC-2026-0001", 1), ("SEC-2026-0002", 1)] == issues_of(house)
    assert "it says that it belongs to SEC-2026-0001" in str(notes(house, 2))
    report(house, plain(reference, subject="Re: it", message_id="<3@r.example>"))
    assert [("SEC-2026-0001", 2), ("SEC-2026-0002", 1)] == issues_of(house)


def test_a_reference_to_what_we_never_wrote_claims_nothing(house: House) -> None:
    report(house, plain("In-Reply-To: <a@b.example>", "References: <c@d.example> <e@f.example>"))
    assert [] == notes(house, 1)


@pytest.mark.parametrize("sender", [ANDREA, "Robin <ROBIN@research.example>"])
@pytest.mark.parametrize(
    "subject",
    ["Re: [SEC-2026-0001] A report", "sec-2026-0001", "CVE-2026-12345: SEC-2026-0001 is fixed"],
)
def test_an_id_in_the_subject_counts_for_the_team_and_the_reporter(
    house: House, sender: str, subject: str
) -> None:
    report(house, plain())
    report(house, plain(sender=sender, subject=subject))
    assert [("SEC-2026-0001", 2)] == issues_of(house)


def test_an_id_in_a_strangers_subject_opens_an_issue_that_says_so(house: House) -> None:
    report(house, plain())
    stranger = "Mallory <mallory@evil.example>"
    report(house, plain(sender=stranger, subject="Re: [SEC-2026-0001] x"), "mallory@evil.example")
    assert [("SEC-2026-0001", 1), ("SEC-2026-0002", 1)] == issues_of(house)
    assert "belongs to SEC-2026-0001" in str(notes(house, 2))


def test_two_senders_in_from_are_nobody_known(house: House) -> None:
    report(house, plain())
    both = "andrea@team.example, mallory@evil.example"
    report(house, plain(f"In-Reply-To: {letter_id(house)}", sender=both, subject="SEC-2026-0001"))
    assert [("SEC-2026-0001", 1), ("SEC-2026-0002", 1)] == issues_of(house)


NO_IDS = (
    *("SEC-2026-0000", "SEC-0001-0001", "SEC-٢٠٢٦-٠٠٠١", "SEC-2026-000000000", "CVE-2026-12345"),
    *("RFC-9788-0001 and GHSA-1234-5678", "XSEC-2026-0001", "SEC-2026-0001234567890"),
)


def test_what_only_looks_like_an_id_of_ours_is_no_claim_and_no_obstacle(house: House) -> None:
    """`SEC-2026-0000` once kept a report from the team: it cannot be an id."""
    for number, subject in enumerate(NO_IDS, 1):
        report(house, plain(subject=subject, message_id=f"<{number}@r.example>"))
        assert number == len(issues_of(house)), subject
        assert [] == notes(house, number), subject


def test_many_ids_in_a_subject_are_not_all_looked_up(house: House) -> None:
    report(house, plain())
    many = " ".join(f"SEC-2026-{number}" for number in range(1000, 2000))
    report(house, plain(subject=f"{many} SEC-2026-0001", sender=ANDREA))
    assert [("SEC-2026-0001", 1), ("SEC-2026-0002", 1)] == issues_of(house)
    assert "belongs to SEC-2026-1000" in str(notes(house, 2))


def test_first_mails_handled_side_by_side_are_issues_of_their_own(house: House) -> None:
    for number in range(8):
        house.receive(plain(subject=f"Report {number}"))
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(house.inbound.tick) for _ in range(8)]
        assert [1] * 8 == [each.result() for each in waiting]
    house.pass_time(60_000_000)
    house.settle()
    assert [(f"SEC-2026-{number:04d}", 1) for number in range(1, 9)] == issues_of(house)


def test_replies_handled_side_by_side_all_arrive(house: House) -> None:
    """Those that see the issue change under them are put back and taken again."""
    report(house, plain())
    reference = f"In-Reply-To: {letter_id(house)}"
    for number in range(6):
        house.receive(plain(reference, sender=ANDREA, subject=f"Reply {number}"))
    for _ in range(6):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: house.inbound.tick(), range(6)))
        house.pass_time(400_000_000)
    assert [("SEC-2026-0001", 7)] == issues_of(house)


def test_the_same_message_id_with_other_content_is_a_message_of_its_own(house: House) -> None:
    """Anyone can use up a Message-ID in advance; only the same bytes are a duplicate."""
    report(house, plain())
    report(house, plain(text=b"\r\nOther.\r\n"))
    report(house, plain())
    assert [("SEC-2026-0001", 1), ("SEC-2026-0002", 1)] == issues_of(house)
    assert [] == notes(house, 1)
    assert ["a mail with this Message-ID and other content came before; both are kept"] == notes(
        house, 2
    )
