"""No value of a letterhead can add a field, a second mailbox or a boundary that is known."""

from collections.abc import Callable

import pytest

from gatekeeper.mail.compose import inner, outer
from tests.mail.samples import letterhead
from tests.mail.test_header_writing import INJECTIONS


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_value_of_a_letterhead_can_add_a_field(text: str) -> None:
    makers: tuple[Callable[[], object], ...] = (
        lambda: letterhead(from_=f"{text} <a@b.example>"),
        lambda: letterhead(from_=f"a@b.example{text}"),
        lambda: letterhead(to=f'"{text}" <a@b.example>'),
        lambda: letterhead(subject=text),
        lambda: letterhead(message_id=f"<{text}@b.example>"),
        lambda: letterhead(reply_to=f"a@b.example{text}"),
        lambda: letterhead(references=("<1@a.example>", f"<{text}>")),
        lambda: letterhead(list_id=text),
        lambda: letterhead(loop_token=text),
        lambda: letterhead(autocrypt=text),
    )
    for make in makers:
        with pytest.raises(ValueError, match=r"mailbox|header value|header field|Message-ID|token"):
            make()
    with pytest.raises(ValueError, match="header value"):
        outer(head=letterhead(), outer_subject=text)
    with pytest.raises(ValueError, match="header value"):
        inner(head=letterhead(), outer_subject=text, block="", content=None, header_block=b"")


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b.example, c@d.example", "ü@b.example", "a@b.example\r\n"]
)
def test_a_letter_is_from_one_and_to_one(address: str) -> None:
    with pytest.raises(ValueError, match="mailbox"):
        letterhead(from_=address)
    with pytest.raises(ValueError, match="mailbox"):
        letterhead(to=address)


def test_a_letter_needs_a_seed_that_cannot_be_guessed() -> None:
    with pytest.raises(ValueError, match="seed of 16 bytes"):
        letterhead(boundary_seed=b"x" * 15)
    assert "0123456789abcdef" not in repr(letterhead())


def test_a_letter_refers_to_so_many_others() -> None:
    ids = tuple(f"<{number}@a.example>" for number in range(101))
    assert ids[1:] == letterhead(references=ids[1:]).references
    with pytest.raises(ValueError, match="100 others"):
        letterhead(references=ids)


@pytest.mark.parametrize("word", ["", "yes", "auto-replied\r\nX: y", "No"])
def test_a_letter_is_written_by_a_person_or_by_a_program(word: str) -> None:
    with pytest.raises(ValueError, match="by a person"):
        letterhead(auto_submitted=word)
