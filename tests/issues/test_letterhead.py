"""The head of a team letter: any product name fits, and what is stored comes back as it was."""

import secrets
from dataclasses import replace

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.address import OwnAddresses
from gatekeeper.domain.identity import row_id
from gatekeeper.domain.policy import Policy
from gatekeeper.issues.letterhead import LOOP, Desk, Draft, dump, load, team_letterhead
from gatekeeper.mail.compose import outer
from gatekeeper.mail.headers import addresses
from tests.house import ALIAS, START, example_team, texts


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
