"""A new report that may belong to an earlier issue is told so to the team, and to nobody else."""

from gatekeeper.issues import suggesting
from gatekeeper.store import firsts
from tests.house import House
from tests.issues.alike import REPORTS
from tests.issues.found import noted
from tests.issues.talk import Talk, a_talk, to

ANDREA = "andrea@team.example"


def report(talk: Talk, name: str) -> bytes:
    """Return the mail of one of the sample reports, each by somebody else."""
    each = REPORTS[name]
    return talk.text(each.text, sender=f"Kim <{name}@labs.example>", subject=each.subject)


def receive(talk: Talk, name: str) -> list[str]:
    """Have a report handled; return what the team's copy notes of likeness."""
    row = talk.handle(report(talk, name), sender=f"{name}@labs.example")
    return [line for line in noted(talk.house, row) if "SEC-" in line]


def test_the_team_reads_which_issue_it_may_be_and_why(house: House) -> None:
    with a_talk(house) as talk:
        assert [] == receive(talk, "dns")
        assert [] == receive(talk, "tlv")
        said = "both say parse_tlv, tlv.c, tlv_max, length, memcpy"
        then = "`merge SEC-2026-0002` joins them"
        expected = [f"it may be the same as SEC-2026-0002 (reported): {said}; {then}"]
        assert expected == receive(talk, "tlv-again")
        assert [] == receive(talk, "bulk")
        copied = [
            "its text is nearly that of SEC-2026-0004 (reported); `merge SEC-2026-0004` joins them"
        ]
        assert copied == receive(talk, "bulk-again")
        left = talk.work()
        copies = [talk.andrea.open(each.what.content).block for each in to(left, ANDREA)]
        assert 1 == sum("it may be the same as SEC-2026-0002 (reported)" in c for c in copies)
        outside = [job for job in left if "labs.example" in str(job.recipient)]
        assert 5 == len({str(job.recipient) for job in outside}), "each was acknowledged"
        assert not any(b"same as" in job.what.content for job in outside)


def test_an_answer_in_an_issue_is_compared_with_nothing(house: House) -> None:
    with a_talk(house) as talk:
        receive(talk, "tlv")
        raw = talk.text(REPORTS["tlv"].text, sender="tlv@labs.example")
        row = talk.handle(raw, sender="tlv@labs.example", to=talk.reply_address())
        assert 1 == talk.issues
        assert [] == [line for line in noted(house, row) if "SEC-" in line]


def test_the_newest_issues_are_compared_each_by_its_first_report(house: House) -> None:
    with a_talk(house) as talk:
        for name in ("dns", "tlv", "xss"):
            receive(talk, name)
        newest = talk.issue(3).id

        def ask(limit: int) -> list[str]:
            rows = house.store.read(
                lambda tx: firsts.newest(tx, prefix="SEC", but=newest, limit=limit)
            )
            return [each.subject for each in rows]

        assert [REPORTS["tlv"].subject] == ask(1)
        assert [REPORTS["tlv"].subject, REPORTS["dns"].subject] == ask(suggesting.COMPARED)
