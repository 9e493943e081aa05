"""`gatekeeper issue people` and what asks for a change of it: asked for, shown, recorded."""

import getpass
from pathlib import Path

import pytest

from gatekeeper import clock
from gatekeeper.domain.verdict import spaced
from gatekeeper.outbound.job import Job
from gatekeeper.store import audit, requests
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell
from tests.cli.story import ISSUE, ROBINS, report
from tests.issues.reports import robin_key, stranger_key
from tests.issues.talk import HERE, Talk, to

EXPERT = "stranger@elsewhere.example"
ME = f"shell:{getpass.getuser()}"


def work(talk: Talk) -> list[Job]:
    """Let the service work at the moment at which the command was typed; return what left."""
    talk.house.now = clock.now()
    return talk.work()


def key_file(folder: Path) -> str:
    """Return the path of a file with the expert's key."""
    path = folder / "expert.asc"
    path.write_bytes(stranger_key().public)
    return str(path)


def approved(talk: Talk, store: Store) -> list[Job]:
    """Have two people approve the one thing that waits; return what left."""
    left = work(talk)
    (waiting,) = store.read(requests.waiting)
    for person in (0, 1):
        left += talk.command(f"!{ISSUE}@{HERE} approve {waiting.effect.hex()}", person=person)
    return left


def test_who_is_invited_at_a_shell_waits_for_two_people(
    shell: Shell, talk: Talk, store: Store, tmp_path: Path
) -> None:
    report(talk)
    asked = shell(
        "issue", "invite", ISSUE, EXPERT, "--role", "upstream", "--key", key_file(tmp_path)
    )
    assert (3, "") == (asked.status, asked.err)
    assert [] == to(work(talk), EXPERT)
    (letter,) = to(approved(talk, store), EXPERT)
    assert letter.what.content
    said = shell("issue", "people", ISSUE)
    assert (0, "") == (said.status, said.err)
    for words in (
        "reporter\n",
        f"Address    {ROBINS}\n",
        f"Key        {spaced(robin_key().fingerprint)}\n",
        "upstream\n",
        f"Address    {EXPERT}\n",
        "As         a maintainer of the software that it is in\n",
        "Credit     not said yet\n",
        "invitation",
        spaced(stranger_key().fingerprint)[:19],
    ):
        assert words in said.out, words
    shown = shell("issue", "show", ISSUE).out
    assert f"Upstream   {EXPERT}\n" in shown
    assert "a maintainer of the software that it is in; was written 1 letter\n" in shown
    found = shell("issue", "people", ISSUE, "--json").json
    upstream = next(one for one in found if one["name"] == "upstream")
    assert [("invitation", "delivered", [stranger_key().fingerprint])] == [
        (one["kind"], one["state"], one["fingerprints"]) for one in upstream["told"]
    ]
    assert ("upstream", None, None) == (
        upstream["role"],
        upstream["removed_at"],
        upstream["consented_at"],
    )
    kinds = [entry.kind for entry in store.read(audit.listed)]
    assert 2 == kinds.count("issue.people_shown")


def test_who_was_removed_stays_listed(
    shell: Shell, talk: Talk, store: Store, tmp_path: Path
) -> None:
    report(talk)
    shell("issue", "invite", ISSUE, EXPERT, "--role", "vendor", "--key", key_file(tmp_path))
    approved(talk, store)
    assert 3 == shell("issue", "remove", ISSUE, "vendor").status
    assert [] == to(approved(talk, store), EXPERT)
    assert "Removed    " in shell("issue", "people", ISSUE).out
    assert "takes part no more since " in shell("issue", "show", ISSUE).out
    assert 4 == shell("issue", "remove", ISSUE, "vendor").status


def test_credit_and_consent_are_recorded_and_the_team_is_told(
    shell: Shell, talk: Talk, store: Store
) -> None:
    report(talk)
    assert 0 == shell("issue", "credit", ISSUE, "Robin of Example Research").status
    assert 0 == shell("issue", "consent", ISSUE, "reporter", "--via", "phone").status
    left = work(talk)
    assert 1 == len(to(left, ROBINS))
    assert "agreed to a shared conversation (phone)" in " ".join(talk.block(left).split())
    (reporter,) = shell("issue", "people", ISSUE, "--json").json
    assert "Robin of Example Research" == reporter["credit"]
    assert reporter["consented_at"]
    shown = shell("issue", "people", ISSUE).out
    assert "Credit     Robin of Example Research\n" in shown
    assert "Shares     a conversation with others, agreed " in shown
    assert 0 == shell("issue", "credit", ISSUE, "--none").status
    assert 0 == shell("issue", "consent", ISSUE, "reporter", "--off").status
    assert "credit: none, as they wished\n" in shell("issue", "show", ISSUE).out
    assert "Credit     none, as they wished\n" in shell("issue", "people", ISSUE).out
    said = {entry.kind: entry.actor for entry in store.read(audit.listed)}
    assert (ME, ME) == (said["reporter.credit"], said["person.consent"])


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("invite", ISSUE, "wei@team.example", "--role", "cert"), 1, "it is one of the team"),
        (("invite", ISSUE, "nobody", "--role", "cert"), 2, "no plain mail address"),
        (("invite", ISSUE, EXPERT, "--role", "reporter"), 2, "invalid choice"),
        (("remove", ISSUE, "upstream"), 4, "no correspondent"),
        (("consent", ISSUE, "reporter"), 2, "required"),
        (("credit", ISSUE), 2, "required"),
        (("credit", ISSUE, "x", "--of", "cert"), 4, "no correspondent"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...],
    status: int,
    words: str,
    shell: Shell,
    talk: Talk,
    tmp_path: Path,
) -> None:
    report(talk)
    key = ("--key", key_file(tmp_path)) if arguments[0] == "invite" else ()
    said = shell("issue", *arguments, *key)
    assert status == said.status
    assert words in said.err


def test_a_file_that_holds_no_key_is_refused(shell: Shell, talk: Talk, tmp_path: Path) -> None:
    report(talk)
    (tmp_path / "none.asc").write_text("no key")
    said = shell(
        *("issue", "invite", ISSUE, EXPERT, "--role", "cert"),
        *("--key", str(tmp_path / "none.asc")),
    )
    assert 2 == said.status
    assert "not exactly one key block" in said.err
