"""A key is taken from whose it plainly is; nobody slips one in, and no quotation agrees to one."""

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.store import messages, requests
from tests.issues.found import ACK, kinds, noted, written_to
from tests.issues.reports import (
    ROBIN,
    key_part,
    multipart,
    newer_key,
    robin_key,
    stranger_key,
)
from tests.issues.talk import HERE, ROBINS, Talk, more
from tests.keys import Key

MALLORYS = "mallory@evil.example"
LEE = "Lee Example <lee@hobby.example>"
LEES = "lee@hobby.example"


def text_part(words: str, kind: str = "plain") -> bytes:
    """Return a part of text."""
    body = words.replace("\n", "\r\n")
    return f"Content-Type: text/{kind}; charset=utf-8\r\n\r\n{body}\r\n".encode()


def brought(talk: Talk, number: int, words: str, *keys: Key, kind: str = "plain") -> RowId:
    """Have Robin's name send words and keys into an issue, unsigned; return the message's row."""
    parts = (key_part(key, talk.pen) for key in keys)
    content = multipart("mixed", text_part(words, kind), *parts)
    raw = talk.sealed("", by=None, content=content, subject=more(number))
    return talk.handle(raw, sender=ROBINS)


def forwarded(talk: Talk, key: Key) -> bytes:
    """Return a mail that somebody else sent, with a key in it."""
    inside = b"From: Eve <eve@evil.example>\r\n" + multipart("mixed", key_part(key, talk.pen))
    return b"Content-Type: message/rfc822\r\n\r\n" + inside.replace(b"=-mark", b"=-inside")


QUOTED = (
    "NO, that is not my key!\n\n> {code}",
    "NO, that is not my key!\n\n| {code}",
    "> {code}\n",
    "Robin> {code}\n",
    "  My code is {code}\n",
    "Your code was\n{code}\n",
)


@pytest.mark.parametrize("words", QUOTED)
def test_a_code_anywhere_but_alone_on_the_first_line_agrees_to_nothing(
    words: str, talk: Talk
) -> None:
    """And it is not used up by it: the reporter may still need it."""
    number = talk.opened()
    code = talk.reporter(number).nonce
    assert code is not None
    row = brought(talk, number, words.format(code=code), stranger_key())
    assert (None, code) == (talk.reporter(number).fingerprint, talk.reporter(number).nonce)
    assert "nothing proves to be the reporter's" in " ".join(noted(talk.house, row))


def test_a_code_in_html_alone_agrees_to_nothing(talk: Talk) -> None:
    number = talk.opened()
    code = talk.reporter(number).nonce
    brought(talk, number, f"<p>{code}</p>", stranger_key(), kind="html")
    assert talk.reporter(number).fingerprint is None


def test_nobody_is_mailed_because_of_a_key_that_somebody_sent(talk: Talk) -> None:
    """Whatever the envelope says: an address in From may never have written to us."""
    number = talk.opened()
    before = kinds(talk.house)
    content = talk.with_keys(stranger_key())
    raw = talk.sealed("", by=None, content=content, subject=more(number))
    talk.handle(raw, sender="")
    talk.handle(raw + b"\r\n", sender=MALLORYS)
    assert {**before, "team-copy": before["team-copy"] + 2} == kinds(talk.house)


def test_a_key_inside_a_forwarded_mail_is_not_the_reporters(talk: Talk) -> None:
    content = multipart("mixed", text_part("An odd mail."), forwarded(talk, stranger_key()))
    talk.handle(talk.sealed("", by=robin_key(), content=content), sender=ROBINS)
    assert talk.reporter(talk.issues).fingerprint is None


def test_a_key_that_is_only_shown_replaces_none(talk: Talk) -> None:
    """Signed by the reporter's key, and still another person's, by what it says of itself."""
    number = talk.opened(key=robin_key())
    shown = multipart("mixed", text_part("Do you know it?"), key_part(stranger_key(), talk.pen))
    raw = talk.sealed("", by=robin_key(), content=shown, subject=more(number))
    row = talk.handle(raw, sender=ROBINS)
    assert robin_key().fingerprint == talk.reporter(number).fingerprint
    assert "another key came with it" in " ".join(noted(talk.house, row))


def test_of_several_keys_the_one_that_signed_is_the_reporters(talk: Talk) -> None:
    content = talk.with_keys(stranger_key(), robin_key())
    talk.handle(talk.sealed("", by=robin_key(), content=content), sender=ROBINS)
    assert robin_key().fingerprint == talk.reporter(talk.issues).fingerprint


def test_of_several_keys_the_one_for_that_address_is_the_reporters(talk: Talk) -> None:
    content = talk.with_keys(stranger_key(), robin_key())
    talk.handle(talk.sealed("", by=None, content=content), sender=ROBINS)
    assert robin_key().fingerprint == talk.reporter(talk.issues).fingerprint


def test_of_several_keys_that_all_may_be_the_reporters_none_is_taken(talk: Talk) -> None:
    content = talk.with_keys(newer_key(), robin_key())
    row = talk.handle(talk.sealed("", by=None, content=content), sender=ROBINS)
    assert talk.reporter(talk.issues).fingerprint is None
    assert "it is not clear whose" in " ".join(noted(talk.house, row))


def test_an_old_request_does_not_undo_what_was_proven_since(talk: Talk) -> None:
    """A person asks for the forger's key; the reporter proves another; the approval is void."""
    number = talk.opened()
    code = str(talk.reporter(number).nonce)
    brought(talk, number, "My key.", stranger_key())
    talk.command(f"!SEC-2026-{number:04}@{HERE} key {stranger_key().fingerprint}")
    row = talk.issue(number).id
    (request,) = talk.house.store.read(lambda tx: requests.waiting(tx, row))
    brought(talk, number, f"{code}\nMine.", robin_key())
    brought(talk, number, "My key.\n", stranger_key())
    talk.command(f"!SEC-2026-{number:04}@{HERE} approve {request.effect.hex()}", person=1)
    assert robin_key().fingerprint == talk.reporter(number).fingerprint


def test_who_could_not_be_read_is_acknowledged_once_readable(talk: Talk) -> None:
    """By a mail to the reply address, with the key in it; and once only."""
    unreadable = talk.pen.encrypt(b"x", to=stranger_key())
    talk.handle(talk.text(unreadable.decode("ascii"), sender=LEE), sender=LEES)
    assert ["unreadable"] == written_to(talk.house, LEES)
    number = talk.issues
    again = talk.sealed("", by=robin_key(), content=talk.with_keys(robin_key()), sender=LEE)
    talk.handle(again, sender=LEES, to=talk.reply_address(number))
    assert [ACK, "unreadable"] == written_to(talk.house, LEES)
    assert robin_key().fingerprint == talk.reporter(number).fingerprint
    more_of_it = talk.sealed("More.", by=robin_key(), sender=LEE)
    talk.handle(more_of_it, sender=LEES, to=talk.reply_address(number))
    assert [ACK, "unreadable"] == written_to(talk.house, LEES)


def test_who_could_not_be_read_may_be_answered_in_clear_once_they_write_so(talk: Talk) -> None:
    talk.handle(talk.text(talk.pen.encrypt(b"x", to=stranger_key()).decode("ascii")), sender=ROBINS)
    number = talk.issues
    assert not talk.reporter(number).wrote_in_clear
    talk.handle(talk.text("Please in clear.", subject=more(number)), sender=ROBINS)
    assert not talk.reporter(number).wrote_in_clear
    raw = talk.text("Please in clear.")
    talk.handle(raw, sender=ROBINS, to=talk.reply_address(number))
    assert talk.reporter(number).wrote_in_clear


def test_a_signature_is_named_after_the_issue_it_is_read_in(talk: Talk) -> None:
    """Anybody can send another's public key as the own, in an issue of theirs."""
    number = talk.opened(key=robin_key())
    content = talk.with_keys(robin_key())
    eve = "Eve <eve@evil.example>"
    talk.handle(talk.sealed("", by=None, content=content, sender=eve), sender="eve@evil.example")
    raw = talk.sealed("More.", by=robin_key(), sender=ROBIN, subject=more(number))
    row = talk.handle(raw, sender=ROBINS)
    said = talk.house.store.read(lambda tx: messages.head(tx, row)).summary or {}
    assert f"good, by the key of the reporter of SEC-2026-{number:04}; From confirmed" == said.get(
        "signature"
    )


def test_what_the_reporter_signed_is_passed_on_whatever_a_header_says(talk: Talk) -> None:
    number = talk.opened(key=robin_key())
    extra = ("Auto-Submitted: auto-generated",)
    raw = talk.sealed("It is exploited now!", by=robin_key(), extra=extra)
    before = kinds(talk.house)["team-copy"]
    talk.handle(raw, sender=ROBINS, to=talk.reply_address(number))
    assert before + 1 == kinds(talk.house)["team-copy"]


def test_a_thread_begun_in_anothers_name_takes_no_mail_with_another_key(talk: Talk) -> None:
    root = "References: <root@lists.example>"
    content = talk.with_keys(stranger_key())
    talk.handle(talk.sealed("", by=None, content=content, extra=(root,)), sender="eve@evil.example")
    content = talk.with_keys(robin_key())
    talk.handle(talk.sealed("", by=robin_key(), content=content, extra=(root,)), sender=ROBINS)
    assert robin_key().fingerprint == talk.reporter(talk.issues).fingerprint
    assert stranger_key().fingerprint == talk.reporter(talk.issues - 1).fingerprint
