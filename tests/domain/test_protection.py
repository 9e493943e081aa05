"""What may leave is made only by who may make it; what was found is never contradictory."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.protection import (
    CLEAR_FORM_MINT,
    PUBLIC_MINT,
    SEALED_MINT,
    ClearForm,
    Coverage,
    Integrity,
    Lines,
    PartSignature,
    Protection,
    Public,
    Sealed,
    Signature,
    SignatureState,
    UnreadableReason,
)

MINTS = {Sealed: SEALED_MINT, Public: PUBLIC_MINT, ClearForm: CLEAR_FORM_MINT}
KEY = "A" * 40
GOOD = Signature(state=SignatureState.GOOD, fingerprint=KEY)


@pytest.mark.parametrize("kind", MINTS)
def test_each_type_is_made_with_its_own_mint(kind: type[Sealed | Public | ClearForm]) -> None:
    assert b"content\r\n" == kind(b"content\r\n", mint=MINTS[kind]).content


@pytest.mark.parametrize(("kind", "other"), [(k, o) for k, o in product(MINTS, MINTS) if k != o])
def test_no_type_is_made_with_the_mint_of_another(
    kind: type[Sealed | Public | ClearForm], other: type[Sealed | Public | ClearForm]
) -> None:
    with pytest.raises(TypeError, match=f"{kind.__name__} is made only where its mint lives"):
        kind(b"content\r\n", mint=MINTS[other])


@pytest.mark.parametrize("kind", MINTS)
def test_no_type_is_made_with_a_mint_of_ones_own(kind: type[Sealed | Public | ClearForm]) -> None:
    for forged in (type(SEALED_MINT)(), None, object(), kind):
        with pytest.raises(TypeError, match="is made only where its mint lives"):
            kind(b"content\r\n", mint=forged)  # type: ignore[arg-type]  # that it fails is the point


def test_no_type_is_made_without_a_mint() -> None:
    with pytest.raises(TypeError, match="mint"):
        Sealed(b"content\r\n")  # type: ignore[call-arg]  # that it fails is the point


@pytest.mark.parametrize("kind", MINTS)
def test_what_may_leave_cannot_be_changed(kind: type[Sealed | Public | ClearForm]) -> None:
    made = kind(b"content\r\n", mint=MINTS[kind])
    with pytest.raises(AttributeError):
        made.content = b"other\r\n"  # type: ignore[misc]  # that it fails is the point
    with pytest.raises(AttributeError):
        made.note = b"other\r\n"  # type: ignore[union-attr]  # that it fails is the point


@pytest.mark.parametrize(
    ("encrypted", "own_key", "unreadable", "signed", "pieces"),
    list(
        product(
            Coverage,
            (None, KEY),
            (None, UnreadableReason.NO_KEY),
            (False, True),
            ((), ("poc.pdf.gpg",)),
        )
    ),
)
def test_a_finding_that_contradicts_itself_cannot_be_made(
    encrypted: Coverage,
    own_key: str | None,
    unreadable: UnreadableReason | None,
    *,
    signed: bool,
    pieces: tuple[str, ...],
) -> None:
    """All 48 combinations: a message is clear, partly encrypted, opened by a key, or closed."""
    sound = (encrypted, own_key is not None, unreadable is not None, bool(pieces)) in {
        (Coverage.NONE, False, False, False),
        (Coverage.PART, False, False, True),
        (Coverage.ALL, True, False, False),
        (Coverage.ALL, False, True, False),
    } and not (unreadable and signed)
    if sound:
        make(encrypted, own_key, unreadable, signed=signed, pieces=pieces)
    else:
        with pytest.raises(ValueError, match=r"encrypted|closed"):
            make(encrypted, own_key, unreadable, signed=signed, pieces=pieces)


def make(
    encrypted: Coverage,
    own_key: str | None,
    unreadable: UnreadableReason | None,
    *,
    signed: bool,
    pieces: tuple[str, ...],
) -> Protection:
    """Return the finding."""
    return Protection(
        encrypted=encrypted,
        own_key=own_key,
        unreadable=unreadable,
        signatures=(GOOD,) if signed else (),
        pieces=pieces,
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"cipher": "AES256"},
        {"cipher": "AES256", "integrity": Integrity.MDC},
        {"integrity": Integrity.AEAD, "encrypted": Coverage.ALL, "own_key": KEY},
        {
            "encrypted": Coverage.ALL,
            "unreadable": UnreadableReason.NO_KEY,
            "cipher": "AES256",
            "integrity": Integrity.MDC,
        },
    ],
)
def test_a_cipher_is_known_only_of_what_was_opened_whole(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="opened as a whole"):
        Protection(**facts)


@pytest.mark.parametrize("label", ["", " ", "part 2\nSignature: good"])
def test_the_part_that_a_signature_covers_is_named_in_one_line(label: str) -> None:
    with pytest.raises(ValueError, match="one printable line"):
        PartSignature(label=label, signature=GOOD)


def test_a_message_is_the_pieces_that_it_is_made_of() -> None:
    """What several messages share is the same in all, and is looked through once."""
    shared = Lines(b"shared\r\n")
    first = Sealed(b"a\r\n", shared, b"z\r\n", mint=SEALED_MINT)
    second = Sealed(b"b\r\n", shared, mint=SEALED_MINT)
    assert b"a\r\nshared\r\nz\r\n" == first.content
    assert len(first.content) == first.size
    assert first.parts[1] is second.parts[1] is shared
    assert [b"b\r\n", b"shared\r\n"] == [part.content for part in second.parts]


def test_a_message_of_nothing_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="a message to send"):
        Sealed(mint=SEALED_MINT)


@pytest.mark.parametrize(
    "content", [b"", b"a", b"a\n", b"a\rb\r\n", b"a\n.\r\nb\r\n", b"\xe4\r\n", b"\0\r\n", b"\r\n\r"]
)
def test_no_piece_is_anything_but_whole_lines(content: bytes) -> None:
    with pytest.raises(ValueError, match="a message to send"):
        Lines(content)
    with pytest.raises(ValueError, match="a message to send"):
        Sealed(b"a\r\n", content, b"z\r\n", mint=SEALED_MINT)


@given(st.lists(st.sampled_from([b"", b".", b"a", b"a.", b".a"]), min_size=1))
def test_it_is_known_whether_a_line_begins_with_a_dot(lines: list[bytes]) -> None:
    made = Lines(b"".join(line + b"\r\n" for line in lines))
    assert any(line.startswith(b".") for line in lines) == made.dotted
    assert len(made.content) == len(made)
