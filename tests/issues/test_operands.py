"""Each kind of operand reads what people write for it, and says what is wrong with the rest."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.issues.operands import (
    Digits,
    Mailbox,
    Names,
    Number,
    OneOf,
    Operand,
    Text,
    Token,
    When,
    Who,
    share,
)

HASH = Digits(name="HASH", least=10, all=64, what="what waits", upper=False)
TRACK = OneOf(name="TRACK", choices=("predisclose", "embargo-only", "low", "public"))
WHY = Text(name="WHY")
WHO = Who(name="NAME")
KINDS = (
    *(HASH, TRACK, WHY, WHO, Names(name="TO"), Number(name="ID")),
    *(Mailbox(name="ADDRESS"), When(name="INSTANT")),
)
WORDS = st.text(st.characters(exclude_categories=()), max_size=400)


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        (HASH, "4F1C 22ab 90d7...", "4f1c22ab90d7"),
        (TRACK, " Low ", "low"),
        (WHY, "patch  breaks boot", "patch breaks boot"),
        (WHO, "Andrea  Example", "Andrea Example"),
        (Names(name="TO"), "Reporter,upstream", "reporter,upstream"),
        (Number(name="ID"), "sec-2026-0008@example.org", "SEC-2026-0008"),
        (Mailbox(name="ADDRESS"), "<expert@upstream.example>", "expert@upstream.example"),
        (When(name="INSTANT"), "8  December 2026 12:00 UTC", "8 December 2026 12:00 UTC"),
    ],
)
def test_what_is_written_is_read_as_it_is_meant(kind: Operand, written: str, meant: str) -> None:
    assert meant == kind.read(written)


@pytest.mark.parametrize(
    ("kind", "written", "fault"),
    [
        (HASH, "4f1c22ab9", "needs the 64 hexadecimal digits of what waits, not 9"),
        (HASH, "everything", '"everything" is not hexadecimal; copy HASH from the mail'),
        (TRACK, "publik", "did you mean public?"),
        (TRACK, "xyzzy", "write one of: predisclose, embargo-only, low, public"),
        (WHY, "  ", "WHY is empty"),
        (WHY, "x" * 301, "longer than 300 characters; shorten it"),
        (Names(name="TO"), "../x", "names nobody"),
        (Number(name="ID"), "SEC-2026", "looks like SEC-2026-0007"),
        (Mailbox(name="ADDRESS"), "expert", "is no address"),
        (When(name="INSTANT"), "", "write it as 2026-12-08T12:00Z"),
        (When(name="INSTANT"), "1" * 101, "write it as 2026-12-08T12:00Z"),
    ],
)
def test_a_fault_comes_with_its_remedy(kind: Operand, written: str, fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        kind.read(written)


@pytest.mark.parametrize(
    ("operands", "tokens", "texts", "left"),
    [
        ((), ["x"], [], ["x"]),
        ((TRACK,), ["low", "now"], ["low"], ["now"]),
        ((HASH,), ["4f1c", "22ab"], ["4f1c 22ab"], []),
        ((HASH, WHY), ["4f1c", "22ab", "'no'"], ["4f1c 22ab", "no"], []),
        ((HASH, WHY), ["4f1c", "22ab"], ["4f1c 22ab", ""], []),
        ((TRACK, WHO), ["low", "Andrea", "Example"], ["low", "Andrea Example"], []),
        ((WHO,), ["'Andrea Example'"], ["Andrea Example"], []),
        ((WHY,), [], [""], []),
        ((WHY,), ["one", "two"], ["one"], ["two"]),
        ((WHO, Number(name="ID")), ["Andrea", "Example", "X-1-1"], ["Andrea Example", "X-1-1"], []),
    ],
)
def test_words_are_shared_out_among_the_operands(
    operands: tuple[Operand, ...], tokens: list[str], texts: list[str], left: list[str]
) -> None:
    written = [Token(text=each.strip("'"), is_quoted=each.startswith("'")) for each in tokens]
    found, over = share(operands, written)
    assert (texts, left) == (found, [each.text for each in over])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_is_missing(kind: Operand) -> None:
    assert kind.missing().startswith("needs ")


@given(WORDS, st.sampled_from(KINDS))
def test_any_text_is_read_or_refused_in_one_line(text: str, kind: Operand) -> None:
    try:
        said = kind.read(text)
    except ValueError as error:
        said = str(error)
    assert 1 == len(said.splitlines())


@given(WORDS, st.sampled_from(KINDS))
def test_what_was_read_is_read_the_same_again(text: str, kind: Operand) -> None:
    try:
        meant = kind.read(text)
    except ValueError:
        return
    assert meant == kind.read(meant)
