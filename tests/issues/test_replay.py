"""Ciphertext that was here before is known again, whoever sends it and however it is wrapped."""

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.mail.header_writing import encode_autocrypt
from tests.house import PEOPLE
from tests.issues.found import ACK, done, issue_of, noted, written_to
from tests.issues.reports import (
    CONTROL,
    TEXT,
    attached,
    head,
    multipart,
    octets,
    pgp_mime,
    stranger_key,
)
from tests.issues.talk import ROBINS, Talk, to
from tests.keys import key_of

MALLORY = "Mallory <mallory@evil.example>"
MALLORYS = "mallory@evil.example"
HELLO = b"Content-Type: text/plain\r\n\r\nHello,\r\n"


def in_a_text(armor: bytes) -> bytes:
    return HELLO + armor + b"Bye.\r\n"


def as_an_attachment(armor: bytes) -> bytes:
    return multipart("mixed", HELLO, octets(armor, "report.asc"))


def as_an_encrypted_child(armor: bytes) -> bytes:
    return multipart("mixed", HELLO, pgp_mime(armor).replace(b"=-mark", b"=-inside"))


AS_A_PIECE: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {way.__name__: way for way in (in_a_text, as_an_attachment, as_an_encrypted_child)}
)


def armored(talk: Talk, words: str) -> bytes:
    """Return a new ciphertext of Robin's; no other test has the same."""
    return talk.pen.encrypt(f"Content-Type: text/plain\r\n\r\n{words}\r\n".encode())


def sent(
    talk: Talk, entity: bytes, *, by: str, extra: tuple[str, ...] = (), from_: str = ""
) -> RowId:
    begun = head(*extra, sender=from_ or by, message_id=talk.message_id("replay.example"))
    return talk.handle(begun + entity, sender=by)


def is_flagged(talk: Talk, row: RowId) -> bool:
    return any(note.startswith("REPLAY: ") for note in noted(talk.house, row))


def test_ciphertext_from_another_sender_is_flagged_and_not_answered(talk: Talk) -> None:
    """Who sends on what they cannot read has us open it: they learn nothing, not even its issue."""
    whole = pgp_mime(armored(talk, "It overflows."))
    first = sent(talk, whole, by=ROBINS)
    row = sent(talk, whole, by=MALLORYS, from_=MALLORY)
    (note, *_) = noted(talk.house, row)
    assert (
        f"REPLAY: the same ciphertext came before in {issue_of(talk.house, first)}, from another"
        " sender; whoever sent this need not know what it says"
    ) == note
    assert ["no automatic answer was sent: its ciphertext is another sender's"] == done(
        talk.house, row
    )
    assert [] == written_to(talk.house, MALLORYS)
    assert issue_of(talk.house, first) != issue_of(talk.house, row)
    left = talk.work()
    assert [] == to(left, MALLORYS)
    assert 2 == len(to(left, PEOPLE[0][1]))


def test_it_is_known_again_however_it_is_wrapped(talk: Talk) -> None:
    """As one block of text, with another boundary, or in base64: the packet is the same."""
    armor = armored(talk, "It still overflows.")
    sent(talk, pgp_mime(armor), by=ROBINS)
    inline = b"Content-Type: text/plain\r\n\r\n" + armor
    other = pgp_mime(armor).replace(b"=-mark", b"=-other")
    body = base64.encodebytes(armor).replace(b"\n", b"\r\n")
    octets = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    more = '; protocol="application/pgp-encrypted"'
    recoded = multipart("encrypted", CONTROL, octets + body, more=more)
    for entity in (inline, other, recoded):
        assert is_flagged(talk, sent(talk, entity, by=MALLORYS, from_=MALLORY))
    assert [] == written_to(talk.house, MALLORYS)


def test_the_same_sender_may_send_it_again(talk: Talk) -> None:
    """A mail that seemed lost is no attack; it comes to an issue of its own and is answered."""
    whole = pgp_mime(armored(talk, "Did you get this?"))
    sent(talk, whole, by=ROBINS)
    before = len(written_to(talk.house, ROBINS))
    row = sent(talk, whole, by=ROBINS)
    assert [] == noted(talk.house, row)
    assert before + 1 == len(written_to(talk.house, ROBINS))
    assert ACK == written_to(talk.house, ROBINS)[0]


def test_another_ciphertext_of_the_same_words_is_no_replay(talk: Talk) -> None:
    sent(talk, pgp_mime(armored(talk, "The same words.")), by=ROBINS)
    row = sent(talk, pgp_mime(armored(talk, "The same words.")), by=MALLORYS, from_=MALLORY)
    assert not is_flagged(talk, row)


def test_who_sends_it_in_the_reporters_name_gets_neither_a_code_nor_what_it_says(
    talk: Talk,
) -> None:
    """From proves nothing: the same name is no replay, and the answer holds nothing to gain."""
    whole = pgp_mime(armored(talk, "Mine."))
    sent(talk, whole, by=ROBINS)
    row = sent(talk, whole, by="posing@evil.example", from_="Robin <robin@research.example>")
    assert not is_flagged(talk, row)
    assert [ACK] == written_to(talk.house, "posing@evil.example")
    assert talk.reporter(talk.issues).nonce is None
    (answer,) = to(talk.work(), "posing@evil.example")
    assert b"which is meant for you alone" not in answer.what.content


def test_a_replay_makes_the_forwarders_key_nobodys(talk: Talk) -> None:
    """The key beside another's ciphertext is not one to answer to."""
    whole = pgp_mime(armored(talk, "For your eyes only."))
    sent(talk, whole, by=ROBINS)
    extra = (f"Autocrypt: {encode_autocrypt(MALLORYS, stranger_key().public)}",)
    row = sent(talk, whole, by=MALLORYS, from_=MALLORY, extra=extra)
    assert is_flagged(talk, row)
    assert talk.reporter(talk.issues).fingerprint is None
    assert not talk.reporter(talk.issues).wrote_in_clear
    assert noted(talk.house, row)[1].startswith("the key that came with it is not used: ")


def with_a_key(entity: bytes) -> bytes:
    """Return content with Mallory's key beside it, which an acknowledgement would go to."""
    within = entity.replace(b"=-mark", b"=-within")
    return multipart("mixed", within, attached(key_of(MALLORY).public, "key.gpg"))


def assert_nothing_gained(talk: Talk, first: RowId, entity: bytes, *extra: str) -> None:
    """Sent by Mallory, it is flagged with the issue of `first`; no answer, and no key is pinned."""
    before = written_to(talk.house, MALLORYS)
    row = sent(talk, entity, by=MALLORYS, from_=MALLORY, extra=extra)
    found = noted(talk.house, row)
    assert (
        f"REPLAY: the same ciphertext came before in {issue_of(talk.house, first)}, from another"
        " sender; whoever sent this need not know what it says"
    ) in found
    assert any(note.startswith("the key that came with it is not used: ") for note in found)
    assert ["no automatic answer was sent: its ciphertext is another sender's"] == done(
        talk.house, row
    )
    assert issue_of(talk.house, first) != issue_of(talk.house, row)
    assert before == written_to(talk.house, MALLORYS)
    assert talk.reporter(talk.issues).fingerprint is None


@pytest.mark.parametrize("way", AS_A_PIECE)
def test_what_came_whole_is_known_again_as_a_piece(talk: Talk, way: str) -> None:
    """Whoever puts words of their own around another's ciphertext has it opened all the same."""
    armor = armored(talk, f"Whole first, then {way}.")
    first = sent(talk, pgp_mime(armor), by=ROBINS)
    assert_nothing_gained(talk, first, with_a_key(AS_A_PIECE[way](armor)))


@pytest.mark.parametrize("way", AS_A_PIECE)
def test_what_came_as_a_piece_is_known_again_whole_and_as_a_piece(talk: Talk, way: str) -> None:
    armor = armored(talk, f"First {way}, then whole.")
    first = sent(talk, AS_A_PIECE[way](armor), by=ROBINS)
    autocrypt = f"Autocrypt: {encode_autocrypt(MALLORYS, key_of(MALLORY).public)}"
    assert_nothing_gained(talk, first, pgp_mime(armor), autocrypt)
    for again in AS_A_PIECE.values():
        assert_nothing_gained(talk, first, with_a_key(again(armor)))


def test_a_piece_inside_of_what_is_encrypted_is_known_again(talk: Talk) -> None:
    """Another layer around it hides it from everybody but us."""
    armor = armored(talk, "Mine, not Mallory's.")
    first = sent(talk, pgp_mime(armor), by=ROBINS)
    around = talk.pen.encrypt(with_a_key(in_a_text(armor)))
    assert_nothing_gained(talk, first, pgp_mime(around))


def test_a_piece_that_stays_closed_is_known_again(talk: Talk) -> None:
    """To whom it is encrypted does not matter: the team is told where it came from."""
    closed = talk.pen.encrypt(TEXT, to=stranger_key())
    first = sent(talk, pgp_mime(closed), by=ROBINS)
    assert_nothing_gained(talk, first, with_a_key(as_an_attachment(closed)))


def test_pieces_of_several_issues_are_all_named_each_once(talk: Talk) -> None:
    one, other = armored(talk, "The one."), armored(talk, "The other.")
    rows = [sent(talk, pgp_mime(armor), by=ROBINS) for armor in (one, other)]
    row = sent(talk, in_a_text(one + other + one), by=MALLORYS, from_=MALLORY)
    named = [note.partition(", ")[0] for note in noted(talk.house, row) if "REPLAY" in note]
    before = "REPLAY: the same ciphertext came before in "
    assert [before + issue_of(talk.house, each) for each in rows] == named


def test_two_pieces_alike_in_one_mail_are_no_replay(talk: Talk) -> None:
    """Nor is it one when their sender sends them once more, or the same as a whole."""
    armor = armored(talk, "Twice, to be sure.")
    twice = in_a_text(armor + armor)
    for entity in (twice, twice, pgp_mime(armor)):
        row = sent(talk, entity, by=ROBINS)
        assert not is_flagged(talk, row)
    assert is_flagged(talk, sent(talk, twice, by=MALLORYS, from_=MALLORY))
