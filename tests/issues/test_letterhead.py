"""The head of a team letter: any product name fits, and what is stored comes back as it was."""

import json
import secrets
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from typing import Any, get_args

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.forms import (
    Acknowledgement,
    AnyForm,
    KeyChanged,
    ManyReports,
    Unreadable,
)
from gatekeeper.domain.identity import IssueId, row_id
from gatekeeper.domain.instants import MINUTE, Instant
from gatekeeper.domain.outcomes import Outcome, Telling
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.reasons import Rejection
from gatekeeper.domain.timeline import Timeline
from gatekeeper.issues.letterhead import (
    LOOP,
    Desk,
    Draft,
    dump,
    load,
    personal_letterhead,
    team_letterhead,
)
from gatekeeper.mail.compose import BY_PERSON, Letterhead, outer
from gatekeeper.mail.headers import addresses
from gatekeeper.mail.personal import File, clear_message
from tests.house import ALIAS, START, example_team, texts
from tests.texts.date_letters import DATE_FORMS

ROBIN = Address.parse("robin@research.example")
REPLY_TO = Address.parse("security+abcdefgh234567@example.org")
CODE = "K7QM-2XNB-V4TJ-6HRC-5DWS"
A_FILE = File(name="a.pdf", content_type="application/pdf", data=b"x")


@pytest.fixture
def desk() -> Desk:
    return Desk(
        product=row_id(bytes(16)),
        name="Example",
        prefix="SEC",
        own=OwnAddresses(security=ALIAS),
        team=example_team(),
        texts=texts(),
        token_key=b"k" * 32,
        chance=secrets.token_bytes,
        fingerprint="A" * 40,
        certificate=b"certificate",
        policy=Policy(),
        clear_replies=True,
    )


NAMES = (
    "Example",
    "Example, Inc.",
    'The "Best" Example',
    "Back\\slash",
    "Example: a group;",
    "A <b@c.example>",
    "x@y.example",
    "(example)",
    "Grüße aus Köln",
    "例え",
    "e" * 300,
    "a\u202eb",
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
def test_any_product_name_makes_one_mailbox_of_the_alias(desk: Desk, name: str) -> None:
    """A name with a comma once made every report fail."""
    letterhead = team_letterhead(
        replace(desk, name=name),
        carried=row_id(bytes(16)),
        subject="x",
        references=(),
        loop_tokens=(),
        now=START,
    )
    for value in (letterhead.from_, letterhead.to):
        (box,) = addresses(value.encode(), 10_000)
        assert box.address == ALIAS
        assert box.display.startswith(name.replace("\u202e", ""))
    assert outer(head=letterhead, outer_subject="x").head


def test_a_letter_names_the_alias_alone_and_nobody_of_the_team(desk: Desk) -> None:
    letterhead = team_letterhead(
        desk, carried=row_id(bytes(16)), subject="x", references=(), loop_tokens=(), now=START
    )
    head = outer(head=letterhead, outer_subject="x").head
    assert str(ALIAS) == letterhead.reply_to
    for person in desk.team.people:
        assert str(person.address).encode() not in head


def personal(
    desk: Desk,
    *,
    to: Address = ROBIN,
    reply_to: Address | None = REPLY_TO,
    auto_submitted: str = BY_PERSON,
) -> Letterhead:
    return personal_letterhead(
        desk,
        to=to,
        reply_to=reply_to,
        subject="Grüße",
        references=("<1@research.example>",),
        carried=row_id(bytes(16)),
        auto_submitted=auto_submitted,
        now=START,
    )


def test_a_letter_to_one_person_carries_their_address_for_answers_and_our_key(desk: Desk) -> None:
    """The token stands in mail to one person only, the key for whoever answers."""
    head = personal(desk)
    mail = message_from_bytes(clear_message(head=head, text="x"), policy=default)
    assert str(REPLY_TO) == mail["Reply-To"]
    assert "robin@research.example" == mail["To"]
    assert "<1@research.example>" == mail["In-Reply-To"]
    assert mail["Autocrypt"].startswith("addr=security@example.org; prefer-encrypt=mutual;")
    for name in ("List-Id", "Precedence", "Auto-Submitted", "X-Auto-Response-Suppress"):
        assert mail[name] is None
    assert str(ALIAS) == personal(desk, reply_to=None).reply_to


def test_an_address_beyond_ascii_stands_in_no_header(desk: Desk) -> None:
    """The envelope has it; a header with it only some servers would take."""
    head = personal(desk, to=Address(local="rößler", domain="research.example"))
    assert str(ALIAS) == head.to
    assert clear_message(head=head, text="x").isascii()


def test_a_draft_comes_back_as_it_was_stored(desk: Desk) -> None:
    head = team_letterhead(
        desk,
        carried=row_id(bytes(16)),
        subject="Grüße",
        references=("<a@b.example>",),
        loop_tokens=(token.mint(b"x" * 32, LOOP, row_id(bytes(16))), "no token"),
        now=START,
    )
    assert 1 == len(head.came_through)
    draft = Draft(head=head, outer_subject="o", block="ü\nx", whole=True, pieces=2)
    assert draft == load(dump(draft))


def test_a_personal_draft_comes_back_with_its_files(desk: Desk) -> None:
    files = tuple(
        File(name=name, content_type="application/pdf", data=data)
        for name, data in (("a.pdf", bytes(range(256))), ("b.pdf", b""))
    )
    head = personal(desk, auto_submitted="auto-replied")
    draft = Draft(head=head, outer_subject="o", block="ü\nx", files=files, personal=True)
    assert draft == load(dump(draft))


TIMELINE = Timeline(predisclosure=Instant(MINUTE), public=Instant(2 * MINUTE))
ISSUE = IssueId(prefix="SEC", year=2026, number=7)
FORMS: tuple[AnyForm, ...] = (
    Acknowledgement(issue=ISSUE, timeline=TIMELINE, fingerprint="A" * 40, code=CODE),
    Acknowledgement(issue=ISSUE, timeline=TIMELINE, fingerprint="A" * 40, code=""),
    ManyReports(),
    Unreadable(fingerprint="B" * 40),
    *DATE_FORMS.values(),
    Outcome(issue=ISSUE, telling=Telling.ACCEPTED, fingerprint="A" * 40),
    Outcome(
        issue=ISSUE, telling=Telling.REJECTED, fingerprint="A" * 40, reason=Rejection.NO_ANSWER
    ),
    Outcome(
        issue=ISSUE,
        telling=Telling.MERGED,
        fingerprint="A" * 40,
        other=IssueId(prefix="SEC", year=2026, number=8),
    ),
    KeyChanged(old="A" * 40, new="B" * 40, signed_by="A" * 40),
    KeyChanged(old="A" * 40, new="B" * 40, signed_by="B" * 40, team=True),
    KeyChanged(old="A" * 40, new="B" * 40, signed_by="", readable=False),
)


def test_every_form_is_tried_here() -> None:
    assert set(get_args(AnyForm)) == {type(form) for form in FORMS}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: type(form).__name__)
def test_a_form_comes_back_slot_by_slot(desk: Desk, form: AnyForm) -> None:
    draft = Draft(head=personal(desk), outer_subject="o", personal=True, form=form)
    assert draft == load(dump(draft))


def test_a_form_of_another_version_is_not_taken_for_one_of_ours(desk: Desk) -> None:
    draft = Draft(head=personal(desk), outer_subject="o", personal=True, form=ManyReports())
    other = dump(draft).replace(b"many-reports", b"few-reports")
    with pytest.raises(ValueError, match="does not know"):
        load(other)


def test_a_draft_of_the_first_version_is_read(desk: Desk) -> None:
    """Letters that waited while the program was renewed go out as they were meant."""
    head = team_letterhead(
        desk, carried=row_id(bytes(16)), subject="s", references=(), loop_tokens=(), now=START
    )
    draft = Draft(head=head, outer_subject="o", block="b", pieces=1)
    stored = json.loads(dump(draft))
    for name in ("auto_submitted", "autocrypt", "files", "personal", "form", "signed_by"):
        del stored[name]
    assert draft == load(json.dumps(stored).encode())


def test_a_draft_keeps_the_former_key_that_signs_it(desk: Desk) -> None:
    draft = Draft(head=personal(desk), outer_subject="o", personal=True, signed_by="C" * 40)
    assert draft == load(dump(draft))
    with pytest.raises(ValueError, match="40"):
        replace(draft, signed_by="c" * 40)


@pytest.mark.parametrize(
    "change",
    [
        {"form": ManyReports()},
        {"form": ManyReports(), "personal": True, "block": "a word"},
        {"form": ManyReports(), "personal": True, "files": (A_FILE,)},
        {"files": (A_FILE,)},
        {"personal": True, "whole": True},
        {"personal": True, "pieces": 1},
    ],
)
def test_a_letter_says_one_thing(desk: Desk, change: dict[str, Any]) -> None:
    """Above all a form has no word beside its slots."""
    with pytest.raises(ValueError, match=r"form|personal"):
        Draft(head=personal(desk), outer_subject="o", **change)
