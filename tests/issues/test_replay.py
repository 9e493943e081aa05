"""Ciphertext that was here before is known again, whoever sends it and however it is wrapped."""

import base64

from gatekeeper.domain.identity import RowId
from gatekeeper.mail.header_writing import encode_autocrypt
from tests.house import PEOPLE
from tests.issues.found import ACK, done, issue_of, noted, written_to
from tests.issues.reports import CONTROL, head, multipart, pgp_mime, stranger_key
from tests.issues.talk import ROBINS, Talk, to

MALLORY = "Mallory <mallory@evil.example>"
MALLORYS = "mallory@evil.example"


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
