"""`gatekeeper issue accept`, `reject` and the others: the same as by mail, and the team is told."""

import pytest

from gatekeeper.store import deciding, issue_facts, requests
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell
from tests.cli.story import ISSUE, ROBINS, report
from tests.issues.talk import Talk


def state(talk: Talk, number: int = 1) -> str:
    """Return the state of an issue."""
    row = talk.issue(number).id
    return talk.house.store.read(lambda tx: deciding.get(tx, row)).state


def test_an_issue_goes_its_way_from_a_shell(shell: Shell, talk: Talk) -> None:
    report(talk)
    for arguments, words in (
        (["accept", ISSUE, "--track", "embargo-only"], "is accepted, track embargo-only"),
        (["severity", ISSUE, "high"], "is high"),
        (["tools", ISSUE], "found with public tools"),
        (["tools", ISSUE, "--off"], "not found with public tools"),
        (["fact", ISSUE, "fix-ready", "--at", "2026-09-03T14:00+02:00"], "12:00:00Z"),
        (["fact", ISSUE, "fix-ready", "--off"], "holds no more"),
        (["fact", ISSUE, "advisory-ready"], "is prepared"),
        (["track", ISSUE, "predisclose", "--reason", "many use it"], "on the track predisclose"),
        (["split", ISSUE, "The second parser"], "SEC-2026-0002 begins with"),
        (["merge", "SEC-2026-0002", ISSUE], f"SEC-2026-0002 goes on as {ISSUE}"),
        (["reject", ISSUE, "--reason", "no-answer"], "is rejected as no-answer"),
        (["reopen", ISSUE], "is open again"),
        (["fact", ISSUE, "reporter-consents"], "reporter-consents since"),
        (["fact", ISSUE, "receiver-acknowledged"], "receiver-acknowledged since"),
        (["hand-over", ISSUE, "Example Library"], "in the hands of Example Library"),
        (["fact", ISSUE, "public-already", "--reason", "vendor-date"], "is public"),
    ):
        said = shell("issue", *arguments)
        assert (0, "") == (said.status, said.err), arguments
        assert words in said.out, arguments
    assert "disclosed" == state(talk)
    assert "rejected" == state(talk, 2)


def test_what_lacks_something_is_refused_with_all_of_it(shell: Shell, talk: Talk) -> None:
    report(talk)
    said = shell("issue", "hand-over", ISSUE, "Example Library")
    assert 1 == said.status
    assert "no consent of the reporter, no acknowledgement by the receiver" in said.err
    assert "reported" == state(talk)


@pytest.mark.parametrize("at", ["tomorrow", "2026-09-03", "2026-09-03T12:00", "03/04/2026"])
def test_an_instant_without_a_zone_is_refused(
    shell: Shell, talk: Talk, store: Store, at: str
) -> None:
    report(talk)
    said = shell("issue", "fact", ISSUE, "fixed", "--at", at)
    assert 1 == said.status
    assert "2026-09-03T12:00Z" in said.err
    row = talk.issue().id
    assert {} == store.read(lambda tx: issue_facts.of_issue(tx, row))


def test_many_are_rejected_at_once_or_none(shell: Shell, talk: Talk) -> None:
    report(talk)
    talk.handle(talk.text("Buy this.", subject="Offer"), sender=ROBINS)
    both = [ISSUE, "SEC-2026-0002"]
    said = shell("issue", "reject", *both, "SEC-2026-0099", "--reason", "spam")
    assert 4 == said.status
    assert ["reported", "reported"] == [state(talk, 1), state(talk, 2)]
    said = shell("issue", "reject", *both, "--reason", "spam", "--json")
    assert (0, "") == (said.status, said.err)
    assert 2 == sum("is rejected as spam" in line for line in said.json["done"])
    assert ["rejected", "rejected"] == [state(talk, 1), state(talk, 2)]
    again = shell("issue", "reject", *both, "--reason", "spam")
    assert 1 == again.status
    for name in both:
        assert f"{name}: it is rejected" in again.err


def test_leaving_an_embargo_waits_for_people(shell: Shell, talk: Talk, store: Store) -> None:
    """A request from a shell counts as nobody's approval."""
    report(talk)
    shell("issue", "accept", ISSUE, "--track", "embargo-only")
    said = shell("issue", "track", ISSUE, "low", "--reason", "small")
    assert 3 == said.status
    (waiting,) = store.read(requests.waiting)
    assert waiting.effect.hex() in said.out
    assert () == waiting.approved_by
