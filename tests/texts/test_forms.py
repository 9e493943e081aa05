"""Every text that people get, word for word; the expected ones lie in tests/golden/texts."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.forms import (
    Acknowledgement,
    AnyForm,
    KeyChanged,
    ManyReports,
    Unreadable,
)
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.outcomes import Outcome, Telling
from gatekeeper.domain.process_policy import EmbargoPolicy
from gatekeeper.domain.reasons import Rejection
from gatekeeper.domain.timeline import proposed
from gatekeeper.texts.date_letters import HOW
from gatekeeper.texts.forms import WIDTH, fill, reply_text, subject_of, wrapped
from gatekeeper.texts.outcomes import template_of
from gatekeeper.texts.templates import (
    APPROVAL_WANTED,
    COMMAND_ANSWER,
    KEYS_ENDING,
    SAMPLES,
    TEAM_COPY,
    TEAM_NOTICE,
)
from tests.house import ALIAS, START, texts
from tests.texts.date_letters import DATE_FORMS
from tests.texts.people_letters import PEOPLE_TEXTS
from tests.texts.reminders import REMINDERS

TEXTS = texts()
GOLDEN: Final = Path(__file__).parent.parent / "golden" / "texts"
ISSUE = IssueId(prefix="SEC", year=2026, number=7)
OURS = "0123456789ABCDEF0123456789ABCDEF01234567"
NEWER = "FEDCBA9876543210FEDCBA9876543210FEDCBA98"
CODE = "K7QM-2XNB-V4TJ-6HRC-5DWS"
KEY = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n"
LONG = "Example Foundation for Readable Texts and Reproducible Calendars"

OUTCOMES: Final[dict[str, AnyForm]] = {
    template_of(telling, reason).removesuffix(".txt"): Outcome(
        issue=ISSUE,
        telling=telling,
        fingerprint=OURS,
        reason=reason,
        other=IssueId(prefix="SEC", year=2026, number=8) if telling.names_another else None,
    )
    for telling in Telling
    for reason in (Rejection if telling is Telling.REJECTED else [None])
}

FORMS: Final[dict[str, AnyForm]] = {
    "acknowledgement": Acknowledgement(
        issue=ISSUE,
        timeline=proposed(START, EmbargoPolicy()),
        fingerprint=OURS,
        code=CODE,
    ),
    "acknowledgement-to-another-address": Acknowledgement(
        issue=ISSUE, timeline=proposed(START, EmbargoPolicy()), fingerprint=OURS, code=""
    ),
    "many-reports": ManyReports(),
    "unreadable": Unreadable(fingerprint=OURS),
    **OUTCOMES,
    **DATE_FORMS,
    "key-changed": KeyChanged(old=OURS, new=NEWER, signed_by=OURS),
    "key-changed-in-clear": KeyChanged(old=OURS, new=NEWER, signed_by=""),
    "key-changed-and-the-old-one-is-gone": KeyChanged(
        old=OURS, new=NEWER, signed_by=NEWER, readable=False
    ),
    "key-changed-team": KeyChanged(old=OURS, new=NEWER, signed_by=OURS, team=True),
    "key-changed-not-all": KeyChanged(old=OURS, new=NEWER, signed_by=OURS, team=True, untold=2),
}

ANSWER = """Dear Robin,

we can reproduce it with your example, and agree that a signature of zero
octets must be refused. Could you try the patch below?

    -    if sig.len() <= MAX { return verify(sig) }
    +    if (1..=MAX).contains(&sig.len()) { return verify(sig) }

Andrea"""

INSIDE: Final[dict[str, tuple[str, dict[str, object]]]] = {
    **PEOPLE_TEXTS,
    **REMINDERS,
    "date-how": (HOW, {"code": CODE, "fingerprint": "0123 4567 89AB CDEF"}),
    "date-how-for-who-signs": (HOW, {"code": "", "fingerprint": "0123 4567 89AB CDEF"}),
    "team-notice": (
        TEAM_NOTICE,
        {
            "headline": "SEC-2026-0007: a mail to the reporter could not be delivered",
            "lines": ("to robin@research.example: 550 5.1.1 no such mailbox",),
            "next_step": "Ask for another address, or try again: gatekeeper delivery retry.",
        },
    ),
    "team-notice-in-short": (
        TEAM_NOTICE,
        {
            "headline": "SEC-2026-0007: the reporter's key is pinned now",
            "lines": ("89AB CDEF 0123 4567 89AB CDEF 0123 4567 89AB CDEF",),
            "next_step": "",
        },
    ),
    "command-answer-done": (
        COMMAND_ANSWER,
        {
            "headline": "SEC-2026-0007: your commands were done",
            "commands": ("!SEC-2026-0007 own", "!SEC-2026-0007 reply clear"),
            "done": ("own: Andrea Example looks after it now",),
            "waiting": ("reply clear: 4f1c0000, see the mail that proposes it",),
            "told": ("SEC-2026-0007: A report", "State:    reported"),
            "problems": (),
            "next_step": "",
        },
    ),
    "command-answer-refused": (
        COMMAND_ANSWER,
        {
            "headline": "SEC-2026-0007: nothing was done",
            "commands": ("!SEC-2026-0007 own", "!SEC-2026-0007 anser"),
            "done": (),
            "waiting": (),
            "told": (),
            "problems": ('line 2: there is no verb "anser"; the nearest is "answer"',),
            "next_step": "Send all of it once more, mended; !help shows every command.",
        },
    ),
    "approval-wanted": (
        APPROVAL_WANTED,
        {
            "headline": "SEC-2026-0007: another key of the reporter waits for approval",
            "author": "Andrea Example",
            "effect": (
                "Issue:        SEC-2026-0007 at security@example.org",
                "Once:         k7qm2xnbv4tj6hrc5dwsk7qm2x",
                "What:         answers to the reporter are encrypted to this key from now on",
                "Reporter:     robin@research.example",
                "Key:          0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567",
                "In place of:  none",
            ),
            "missing": "1 more person has to approve",
            "people": "Wei Example or Sam Example",
            "remark": "",
            "until": "Thu 2026-09-10 12:00:00Z",
            "approve": f"!SEC-2026-0007@example.org approve {'4f1c' * 16}",
            "refuse": f'!SEC-2026-0007@example.org refuse {"4f1c" * 16} "WHY"',
            "alias": "",
        },
    ),
    "approval-wanted-of-the-installation": (
        APPROVAL_WANTED,
        {
            "headline": "Example: another team waits for approval",
            "author": "shell:admin",
            "effect": (
                "Installation: security@example.org",
                "Once:         k7qm2xnbv4tj6hrc5dwsk7qm2x",
                "What:         Sam Example leaves the team",
            ),
            "missing": "1 more person has to approve",
            "people": "Wei Example",
            "remark": "everybody of the team is employed by Example",
            "until": "Thu 2026-09-10 12:00:00Z",
            "approve": f"!approve {'4f1c' * 16}",
            "refuse": f'!refuse {"4f1c" * 16} "WHY"',
            "alias": "security@example.org",
        },
    ),
    "keys-ending": (
        KEYS_ENDING,
        {
            "headline": "The alias key ends in 7 days, and 2 other keys",
            "alias": (
                "the alias key",
                "  0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567",
                "  ends Thu 2026-09-10 12:00:00Z, in 7 days",
            ),
            "advisory": (
                "the advisory key",
                "  89AB CDEF 0123 4567 89AB CDEF 0123 4567 89AB CDEF",
                "  its last signing subkey ends Sat 2026-10-03 12:00:00Z, in 30 days",
            ),
            "people": (
                "the key of Wei Example",
                "  FEDC BA98 7654 3210 FEDC BA98 7654 3210 FEDC BA98",
                "  ended Thu 2026-09-03 12:00:00Z",
                "  no key of theirs is left: mail to them is blocked",
            ),
        },
    ),
    "keys-ending-of-the-team": (
        KEYS_ENDING,
        {
            "headline": "The key of Wei Example ends in 30 days",
            "alias": (),
            "advisory": (),
            "people": (
                "the key of Wei Example",
                "  FEDC BA98 7654 3210 FEDC BA98 7654 3210 FEDC BA98",
                "  ends Sat 2026-10-03 12:00:00Z, in 30 days",
                "  another key of theirs is used",
            ),
        },
    ),
}


def filled(name: str, project: str = "Example") -> str:
    """Return a form's subject and body as the golden file has them."""
    form = fill(TEXTS, FORMS[name], project=project, address=ALIAS, key=KEY, now=START)
    names = "".join(f"Attached: {file.name} ({file.content_type})\n" for file in form.files)
    return f"Subject: {form.subject}\n{names}\n{form.body}"


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMS)
def test_a_form_word_for_word(name: str) -> None:
    assert golden(name) == filled(name)


@pytest.mark.parametrize("name", INSIDE)
def test_a_text_for_the_team_word_for_word(name: str) -> None:
    template, values = INSIDE[name]
    assert golden(name) == TEXTS.fill(template, values)


@pytest.mark.parametrize("clear", [False, True], ids=["reply", "clear-reply"])
def test_an_answer_of_the_team_word_for_word(clear: bool) -> None:
    shown = reply_text(
        TEXTS, text=ANSWER, project="Example", issue=ISSUE, fingerprint=OURS, clear=clear
    )
    assert golden("clear-reply" if clear else "reply") == shown
    assert shown.startswith(ANSWER)


def test_every_golden_text_is_tested_and_every_template_has_one() -> None:
    tested = {*FORMS, *INSIDE, "reply", "clear-reply"}
    assert tested == {path.stem for path in GOLDEN.iterdir()}
    shown = {name.removesuffix(".txt") for name in SAMPLES} - {TEAM_COPY.removesuffix(".txt")}
    assert not {name for name in shown if not any(each.startswith(name) for each in tested)}


@pytest.mark.parametrize("project", ["Example", LONG, "Grüße aus Köln"])
@pytest.mark.parametrize("name", FORMS)
def test_a_form_fits_a_window_of_80_columns(name: str, project: str) -> None:
    """Also with a long name, and quoted once."""
    body = filled(name, project).partition("\n\n")[2]
    assert max(map(len, body.split("\n"))) <= WIDTH
    assert LONG.rsplit(maxsplit=1)[-1] in body or project != LONG


@pytest.mark.parametrize("name", FORMS)
def test_a_name_of_several_lines_adds_none(name: str) -> None:
    form = fill(
        TEXTS, FORMS[name], project="A\nBcc: b@c.example", address=ALIAS, key=KEY, now=START
    )
    assert "\n" not in form.subject
    assert "\nBcc" not in form.body
    assert form.subject == subject_of(FORMS[name], project="A\nBcc: b@c.example")


def test_a_form_is_the_same_every_time_and_has_the_instants_in_its_calendar() -> None:
    first, second = (
        fill(TEXTS, FORMS["acknowledgement"], project="E", address=ALIAS, key=KEY, now=START)
        for _ in range(2)
    )
    assert first == second
    (timeline, key) = first.files
    assert KEY == key.data
    assert b"DTSTART:20260910T120000Z\r\n" in timeline.data
    assert b"DTSTART:20260924T120000Z\r\n" in timeline.data
    assert b"DTSTAMP:20260903T120000Z\r\n" in timeline.data
    assert b"mailto:security@example.org" in timeline.data


def test_calendars_of_two_issues_do_not_replace_each_other() -> None:
    other = Acknowledgement(
        issue=IssueId(prefix="SEC", year=2026, number=8),
        timeline=proposed(START, EmbargoPolicy()),
        fingerprint=OURS,
        code="",
    )
    address = Address.parse("security@example.org")
    uids = [
        line
        for form in (FORMS["acknowledgement"], other)
        for line in fill(TEXTS, form, project="E", address=address, key=KEY, now=Instant(0))
        .files[0]
        .data.split(b"\r\n")
        if line.startswith(b"UID:")
    ]
    assert 4 == len(set(uids))


@given(st.text(alphabet="ab -\n", max_size=400))
def test_filling_lines_anew_changes_no_word(text: str) -> None:
    again = wrapped(text)
    assert text.split() == again.split()
    assert again == wrapped(again)


def test_tables_and_lists_keep_their_lines() -> None:
    table = "head " * 20 + "\n  - " + "item " * 20
    assert table == wrapped(table)
    assert "a\n\n\n  b\n" == wrapped("a\n\n\n  b\n")
