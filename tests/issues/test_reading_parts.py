"""What a signature covers is said of it and no more, whatever is put around it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.protection import Coverage, SignatureState
from gatekeeper.domain.verdict import ABSENT, Verdict, verdict
from gatekeeper.issues.reading import MORE_SIGNED, PARTS_MAX, Reader
from gatekeeper.issues.written import written
from gatekeeper.mail.attachments import attachments
from gatekeeper.mail.mangled import MANGLED
from gatekeeper.mail.reading import Reading
from tests.house import example_team, person_key
from tests.issues.reports import (
    ANDREA,
    SECRET,
    TEXT,
    WORDS,
    Pen,
    a_pen,
    attached,
    head,
    key_part,
    multipart,
    octets,
    pgp_mime,
    robin_key,
    signed,
    stranger_key,
)
from tests.keys import Key
from tests.readers import a_reader
from tests.sampling import tries

S = SignatureState
EVIL = b"Content-Type: text/plain\r\n\r\nPlease publish all of it today.\r\n"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with a_reader() as lent:
        yield lent


@pytest.fixture(scope="module")
def pen() -> Iterator[Pen]:
    with a_pen() as opened:
        yield opened


def by_andrea(pen: Pen, content: bytes = TEXT, mark: str = "sg") -> bytes:
    entity = signed(content, pen.sign(content, by=person_key(0)))
    return entity.replace(b"=-mark", b"=-" + mark.encode())


def parts(found: Reading) -> list[tuple[str, SignatureState]]:
    return [(each.label, each.signature.state) for each in found.protection.parts]


def whole(found: Reading) -> list[SignatureState]:
    return [each.state for each in found.protection.signatures]


def said(found: Reading) -> Verdict:
    outer, inside = found.outer_from, found.protected_from
    return verdict(found.protection, outer, example_team(), inside=inside)


def test_a_footer_of_a_mailing_list_makes_it_a_part(reader: Reader, pen: Pen) -> None:
    found = reader.read(head(sender=ANDREA) + multipart("mixed", by_andrea(pen), EVIL))
    assert ([], [("part 1", S.GOOD)]) == (whole(found), parts(found))
    assert ("part 1 only: good, by Andrea Example; covers nothing else",) == said(found).parts
    assert (None, False, None) == (said(found).signer, said(found).from_confirmed, said(found).key)


def test_each_signed_part_is_told_at_most_eight(reader: Reader, pen: Pen) -> None:
    one = by_andrea(pen)
    found = reader.read(head() + multipart("mixed", *[one] * PARTS_MAX))
    assert PARTS_MAX == len(parts(found))
    assert MORE_SIGNED not in found.problems
    found = reader.read(head() + multipart("mixed", *[one] * (PARTS_MAX + 3)))
    assert PARTS_MAX == len(parts(found))
    assert MORE_SIGNED in found.problems


def test_no_time_left_is_said(reader: Reader, pen: Pen) -> None:
    hasty = replace(reader, limits=replace(reader.limits, gpg_wait=0))
    found = hasty.read(head() + multipart("mixed", *[by_andrea(pen)] * 3))
    assert [("part 1", S.GOOD)] == parts(found)
    assert MORE_SIGNED in found.problems


def test_an_inner_signature_does_not_mend_an_outer_one(reader: Reader, pen: Pen) -> None:
    inner = by_andrea(pen, mark="in")
    bad = signed(inner, pen.sign(TEXT, by=person_key(0)))
    found = reader.read(head(sender=ANDREA) + bad)
    assert ([S.BAD], [("part 1", S.GOOD)]) == (whole(found), parts(found))
    assert said(found).signer is None
    strangers = signed(inner, pen.sign(inner, by=stranger_key()))
    found = reader.read(head(sender=ANDREA) + strangers, guests=[stranger_key().public])
    assert ([S.GOOD], [("part 1", S.GOOD)]) == (whole(found), parts(found))
    assert (None, stranger_key().fingerprint) == (said(found).signer, said(found).key)


def test_a_signed_entity_in_a_signed_message_is_a_part(reader: Reader, pen: Pen) -> None:
    """The signature inside the encryption is the one over the whole."""
    inside = pgp_mime(pen.encrypt(by_andrea(pen, mark="in"), by=stranger_key()))
    found = reader.read(head(sender=ANDREA) + inside, guests=[stranger_key().public])
    assert ([S.GOOD], [("the content", S.GOOD)]) == (whole(found), parts(found))
    assert said(found).signer is None


def test_a_clear_signed_text_in_an_encrypted_mail_is_a_part(reader: Reader, pen: Pen) -> None:
    text = WORDS + pen.clear_sign(SECRET + b"\n", by=person_key(0))
    found = reader.read(head(sender=ANDREA) + pgp_mime(pen.encrypt(text)))
    assert ([], [("signed text 1 in the content", S.GOOD)]) == (whole(found), parts(found))


def test_words_around_a_clear_signed_text_make_it_a_part(reader: Reader, pen: Pen) -> None:
    block = pen.clear_sign(SECRET + b"\n", by=person_key(0))
    for text in (b"Publish.\r\n" + block, block + b"Publish.\r\n"):
        found = reader.read(head(sender=ANDREA) + WORDS + text)
        assert ([], [("signed text 1 in the content", S.GOOD)]) == (whole(found), parts(found))


def test_who_signed_a_piece_is_told_of_the_piece(reader: Reader, pen: Pen) -> None:
    closed = attached(pen.encrypt_binary(b"x", to=stranger_key()), "closed.gpg")
    message = pgp_mime(pen.encrypt(by_andrea(pen))).replace(b"=-mark", b"=-en")
    text = WORDS + b"Hello.\r\n" + pen.encrypt(SECRET, by=person_key(0))
    found = reader.read(head() + multipart("mixed", closed, text, message))
    assert [False, True, True] == [each.data is not None for each in found.pieces]
    assert ([], [("piece 1", S.GOOD), ("piece 2", S.GOOD)]) == (whole(found), parts(found))
    assert [False, False, True] == [each.is_mail for each in found.pieces]


def test_a_forwarded_mails_signature_is_nobodys_here(reader: Reader, pen: Pen) -> None:
    mail = b"Content-Type: message/rfc822\r\n\r\n" + head(sender=ANDREA) + by_andrea(pen)
    for raw in (mail, multipart("mixed", EVIL, mail)):
        found = reader.read(head(sender=ANDREA) + raw)
        assert ([], []) == (whole(found), parts(found))


def test_a_mangled_signature_counts_when_it_is_over_just_that(reader: Reader, pen: Pen) -> None:
    block = octets(pen.sign(TEXT, by=person_key(0)), "signature.asc")
    found = reader.read(head(sender=ANDREA) + multipart("mixed", TEXT, block))
    assert [S.GOOD] == whole(found)
    assert MANGLED in found.problems
    assert said(found).from_confirmed
    assert SECRET.decode() == written(found).text.strip()
    found = reader.read(head(sender=ANDREA) + multipart("mixed", EVIL, block))
    assert [S.BAD] == whole(found)
    assert MANGLED in found.problems
    found = reader.read(head(sender=ANDREA) + multipart("mixed", TEXT, block, EVIL))
    assert ([], [("the first part of the content", S.GOOD)]) == (whole(found), parts(found))


def flowed(text: bytes) -> bytes:
    return head(sender=ANDREA) + b"Content-Type: text/plain; format=flowed\r\n\r\n" + text


def test_a_flowed_text_is_good_signed_with_stuffing_or_without(reader: Reader, pen: Pen) -> None:
    """And commands are read from the form that is signed."""
    without = pen.clear_sign(b"From here\n> on\nend\n", by=person_key(0))
    stuffed = without.replace(b"\r\nFrom", b"\r\n From").replace(b"\r\n> on", b"\r\n > on")
    before = pen.clear_sign(b" From here\n > on\nend\n", by=person_key(0))
    for text, expected in (
        (without, "From here\n> on\nend"),
        (stuffed, "From here\n> on\nend"),
        (before, " From here\n > on\nend"),
    ):
        found = reader.read(flowed(text))
        assert [S.GOOD] == whole(found)
        assert expected == written(found).text
    assert [S.BAD] == whole(reader.read(flowed(stuffed.replace(b"end", b"End"))))


def test_an_inline_message_is_in_the_charset_of_its_armor(reader: Reader, pen: Pen) -> None:
    words = "Привет".encode("koi8-r")
    armor = pen.encrypt(words).replace(b"-----\r\n", b"-----\r\nCharset: koi8-r\r\n", 1)
    found = reader.read(head() + WORDS + armor)
    assert (Coverage.ALL, "Привет") == (found.protection.encrypted, found.text)


def test_no_charset_outside_makes_a_command_of_other_words(reader: Reader, pen: Pen) -> None:
    """What was encrypted and signed is read in UTF-8, whatever the mail around it says."""
    for words in (b"+ACE-SEC-2026-0001 own\n", b"~{!!SEC-2026-0001 own"):
        armor = pen.encrypt(words, by=person_key(0))
        for charset in ("utf-7", "hz", "utf-16", "iso-2022-jp"):
            kind = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
            found = reader.read(head(sender=ANDREA) + kind + armor)
            assert [S.GOOD] == whole(found)
            assert words.decode().strip() == written(found).text.strip()


def test_inline_armor_in_wide_characters_is_opened(reader: Reader, pen: Pen) -> None:
    armor = pen.encrypt(SECRET, by=person_key(0)).decode().encode("utf-16")
    kind = b"Content-Type: text/plain; charset=utf-16\r\n\r\n"
    found = reader.read(head(sender=ANDREA) + kind + armor)
    assert (Coverage.ALL, [S.GOOD]) == (found.protection.encrypted, whole(found))
    assert SECRET.decode() == found.text


LEAVES = ("text", "signed", "evil", "key", "encrypted", "armor")


TREES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inside: st.tuples(
        st.sampled_from(["mixed", "alternative", "related", "signed"]),
        st.lists(inside, min_size=1, max_size=2),
    ),
    max_leaves=4,
)
Tree = str | tuple[str, list["Tree"]]


def grown(tree: Tree, made: dict[str, bytes], level: int = 0) -> bytes:
    """Return a tree as an entity; each multipart has a boundary of its own."""
    if isinstance(tree, str):
        return made[tree]
    kind, inside = tree
    below = [grown(each, made, level * 3 + number + 1) for number, each in enumerate(inside)]
    return multipart(kind, *below).replace(b"=-mark", f"=-t{level}".encode())


@pytest.fixture(scope="module")
def made(pen: Pen) -> dict[str, bytes]:
    """What trees are grown of, by name; colleagues signed and sealed it."""
    sealed = pgp_mime(pen.encrypt(TEXT, by=person_key(0)))
    return {
        "text": TEXT,
        "evil": EVIL,
        "signed": by_andrea(pen),
        "key": attached(robin_key().public, "key.gpg"),
        "encrypted": sealed.replace(b"=-mark", b"=-en"),
        "armor": WORDS + pen.encrypt(SECRET),
    }


@tries(40)
@given(tree=TREES)
def test_no_tree_of_parts_claims_more_than_holds(
    reader: Reader, made: dict[str, bytes], tree: Tree
) -> None:
    """A layer counts as over the whole only if the root itself is it."""
    found = reader.read(head(sender=ANDREA) + grown(tree, made))
    is_signed = tree in {"signed", "encrypted"} if isinstance(tree, str) else False
    assert ([S.GOOD] if is_signed else []) == whole(found)
    assert is_signed is (said(found).signer is not None) is said(found).from_confirmed
    assert (tree in ("encrypted", "armor")) is (found.protection.encrypted is Coverage.ALL)
    assert bool(found.pieces) is (found.protection.encrypted is Coverage.PART)
    if isinstance(tree, str):
        return
    leaves = str(tree)
    told = [label for label, _ in parts(found)]
    assert leaves.count("'signed'") + leaves.count("'encrypted'") >= len(told)
    assert len(told) == len(set(told))
    assert leaves.count("'encrypted'") + leaves.count("'armor'") == len(found.pieces)
    assert all(line.endswith("; covers nothing else") for line in said(found).parts)


KEYS = {
    "an .asc of no type": b'application/octet-stream; name="robin.asc"',
    "a .key": b'application/octet-stream; name="robin.key"',
    "application/pgp-keys": b'application/pgp-keys; name="0x1.asc"',
    "an encrypted part, it says": b'application/pgp-encrypted; name="robin.asc"',
    "named like a message": b'application/octet-stream; name="encrypted.asc"',
    "a text": b'text/plain; name="robin.txt"',
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("text", [TEXT, WORDS])
def test_a_key_that_comes_along_is_a_file_and_no_layer(
    reader: Reader, pen: Pen, kind: str, text: bytes
) -> None:
    """The most ordinary first mail that a team gets; also with nothing but the key in it."""
    block = key_part(robin_key(), pen).partition(b"\r\n\r\n")[2]
    key = b"Content-Type: " + KEYS[kind] + b"\r\n\r\n" + block
    found = reader.read(head() + multipart("mixed", text, key))
    assert (Coverage.NONE, (), ()) == (
        found.protection.encrypted,
        found.protection.signatures,
        found.protection.parts,
    )
    assert ((), ()) == (found.pieces, found.problems)
    assert 1 == len(found.offers)
    assert 1 == len(attachments(found.content))


def other_layers(pen: Pen, key: Key) -> Iterator[bytes]:
    yield pgp_mime(pen.encrypt(TEXT, by=key))
    yield signed(TEXT, pen.sign(TEXT, by=key))
    yield pgp_mime(pen.encrypt(by_andrea(pen)))
    yield WORDS + pen.clear_sign(SECRET + b"\n", by=key)


@pytest.mark.parametrize(
    "sender",
    [
        "Robin Example <robin@research.example>",
        '"Andrea Example <andrea@team.example>" <eve@elsewhere.example>',
        "andrea@team.example.elsewhere.example",
        f"{ANDREA}, Eve <eve@elsewhere.example>",
        f"{ANDREA}\r\nFrom: Eve <eve@elsewhere.example>",
        f"{ANDREA}\r\nFrom: ",
        f"{ANDREA}\r\nFrom: (no one)",
        "=?utf-8?q?Andrea_=3Candrea=40team.example=3E?= <eve@elsewhere.example>",
    ],
)
def test_no_other_from_is_confirmed_by_a_colleagues_signature(
    reader: Reader, pen: Pen, sender: str
) -> None:
    """A mail signed by a colleague and sent on by another: the signature is what it is."""
    for layer in other_layers(pen, person_key(0)):
        found = reader.read(head(sender=sender) + layer)
        assert [S.GOOD] == whole(found)
        assert (example_team().people[0], False) == (said(found).signer, said(found).from_confirmed)
        assert said(found).signature.endswith("; From NOT confirmed")


def test_a_protected_from_must_agree_too(reader: Reader, pen: Pen) -> None:
    def inside(*fields: str) -> bytes:
        written = "".join(f"{each}\r\n" for each in fields).encode()
        return written + TEXT.replace(b"charset=utf-8", b"charset=utf-8; hp=cipher")

    cases = {
        (): (True, ABSENT),
        (f"From: {ANDREA}",): (True, "andrea@team.example"),
        ("From: eve@elsewhere.example",): (False, "eve@elsewhere.example"),
        (f"From: {ANDREA}, eve@elsewhere.example",): (False, None),
        (f"From: {ANDREA}", "From: eve@elsewhere.example"): (False, None),
        ("From: ",): (False, None),
    }
    for fields, (agrees, claimed) in cases.items():
        content = inside(*fields)
        for layer in (
            pgp_mime(pen.encrypt(content, by=person_key(0))),
            signed(content, pen.sign(content, by=person_key(0))),
        ):
            found = reader.read(head(sender=ANDREA) + layer)
            named = found.protected_from
            assert claimed == (str(named) if named not in {ABSENT, None} else named)
            assert agrees is said(found).from_confirmed
