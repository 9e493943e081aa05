"""The reporter is answered, the team talks inside and answers as the alias; nothing is mixed up."""

from collections.abc import Iterator

import pytest

from gatekeeper.domain.instants import DAY, HOUR, MINUTE
from gatekeeper.domain.protection import ClearForm, Sealed
from gatekeeper.store import requests
from tests.house import ALIAS, PEOPLE, House, decrypt, person_key, reading_as, uid
from tests.issues.reports import ROBIN, key_part, multipart, robin_key, stranger_key
from tests.issues.talk import HERE, Talk, a_talk, clear_text, more, parsed, to

ROBINS = "robin@research.example"
SECRET = "The parser writes past its buffer."


@pytest.fixture
def talk(house: House) -> Iterator[Talk]:
    with a_talk(house) as lent:
        yield lent


def first(talk: Talk, *, key: bool = False) -> None:
    """Have Robin report, in clear, or encrypted with the key attached."""
    if not key:
        talk.receive(talk.text(SECRET), sender=ROBINS)
        return
    text = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{SECRET}\r\n".encode()
    content = multipart("mixed", text, key_part(robin_key(), talk.pen))
    raw = talk.sealed("", by=robin_key(), content=content, subject="Overflow")
    talk.receive(raw, sender=ROBINS)


def test_a_report_in_clear_is_acknowledged_without_a_word_of_it(talk: Talk) -> None:
    first(talk)
    (answer,) = to(talk.sent, ROBINS)
    assert isinstance(answer.what, ClearForm)
    assert answer.sender is None
    text = clear_text(answer)
    assert "SEC-2026-0001" in text
    assert "Thu 2026-09-10 12:00:00Z" in text
    assert "Thu 2026-09-24 12:00:00Z" in text
    assert talk.reporter().nonce is not None
    assert str(talk.reporter().nonce) in text
    assert b"parser" not in answer.what.content
    assert parsed(answer)["Reply-To"].startswith("security+")
    assert "A report" not in parsed(answer).as_string()


def test_a_report_with_a_key_is_acknowledged_encrypted_to_it(talk: Talk) -> None:
    first(talk, key=True)
    (answer,) = to(talk.sent, ROBINS)
    assert isinstance(answer.what, Sealed)
    assert robin_key().fingerprint == talk.reporter().fingerprint
    copy = talk.robin.open(answer.what.content)
    assert "Thu 2026-09-10 12:00:00Z" in copy.block
    assert b"VCALENDAR" in copy.attached("timeline.ics")
    assert "answers are encrypted to the key" in " ".join(talk.block(talk.sent).split())


def test_the_reply_address_leads_to_the_issue(talk: Talk) -> None:
    first(talk)
    address = str(parsed(to(talk.sent, ROBINS)[0])["Reply-To"])
    left = talk.receive(talk.text("More.", subject="something else"), sender=ROBINS, to=address)
    assert 1 == talk.issues
    assert {address for _, address in PEOPLE} == {str(job.recipient) for job in left}


def test_the_team_answers_as_the_alias(talk: Talk) -> None:
    first(talk, key=True)
    left = talk.command(f"!SEC-2026-0001@{HERE} reply\nThank you, Robin.\n\n> {SECRET}")
    (answer,) = to(left, ROBINS)
    copy = talk.robin.open(answer.what.content)
    assert "Thank you, Robin." in copy.block
    assert SECRET not in copy.block
    assert "Andrea" not in copy.plaintext.decode("utf-8", "replace")
    assert "Re: Overflow" == copy.subject
    assert "reply: goes to the reporter" in " ".join(talk.block(left).split())


def test_a_reply_without_a_key_is_refused_and_says_so(talk: Talk) -> None:
    first(talk)
    left = talk.command(f"!SEC-2026-0001@{HERE} reply\nThank you.")
    assert [] == to(left, ROBINS)
    answers = [talk.andrea.open(job.what.content).block for job in to(left, "andrea@team.example")]
    assert any("NONE of them was done" in " ".join(each.split()) for each in answers)


def test_a_clear_reply_leaves_when_a_second_person_confirmed_it(talk: Talk) -> None:
    first(talk)
    left = talk.command(f"!SEC-2026-0001@{HERE} reply clear\nPlease send us your key.")
    assert [] == to(left, ROBINS)
    (waiting,) = talk.house.store.read(requests.waiting)
    command = f"!SEC-2026-0001@{HERE} approve {waiting.effect.hex()}"
    own = talk.command(command)
    assert [] == to(own, ROBINS)
    assert (waiting,) == talk.house.store.read(requests.waiting)
    done = talk.command(command, person=1)
    (answer,) = to(done, ROBINS)
    assert "Please send us your key." in clear_text(answer)
    assert () == talk.house.store.read(requests.waiting)
    again = talk.command(command, person=2)
    assert [] == to(again, ROBINS)


def test_a_prefix_of_the_hash_is_completed_and_approves_nothing(talk: Talk) -> None:
    first(talk)
    talk.command(f"!SEC-2026-0001@{HERE} reply clear\nPlease send us your key.")
    (waiting,) = talk.house.store.read(requests.waiting)
    short = waiting.effect.hex()[:12]
    left = talk.command(f"!SEC-2026-0001@{HERE} approve {short}", person=1)
    assert [] == to(left, ROBINS)
    assert (waiting,) == talk.house.store.read(requests.waiting)


def test_own_and_note_stay_inside(talk: Talk) -> None:
    first(talk)
    left = talk.command(f"!SEC-2026-0001@{HERE} own")
    assert "Andrea Example" == talk.issue().owner
    left += talk.command(f"!SEC-2026-0001@{HERE} note\nSeen before in 2019.")
    assert [] == to(left, ROBINS)


def test_two_commands_of_which_one_is_wrong_are_both_not_done(talk: Talk) -> None:
    first(talk)
    talk.command(f"!SEC-2026-0001@{HERE} own\n!SEC-2026-0001@{HERE} approve {'0' * 64}")
    assert "" == talk.issue().owner


def test_a_command_works_once(talk: Talk) -> None:
    first(talk)
    raw = talk.sealed(f"!SEC-2026-0001@{HERE} own", by=person_key(0), sender=uid(*PEOPLE[0]))
    talk.receive(raw, sender=PEOPLE[0][1])
    assert "Andrea Example" == talk.issue().owner
    talk.command(f"!SEC-2026-0001@{HERE} own", person=1)
    assert "Wei Example" == talk.issue().owner
    talk.receive(b"X-Again: yes\r\n" + raw, sender=PEOPLE[0][1])
    assert "Wei Example" == talk.issue().owner


@pytest.mark.parametrize("wait", [DAY + MINUTE, -HOUR])
def test_a_command_signed_at_another_time_does_nothing(talk: Talk, wait: int) -> None:
    first(talk)
    raw = talk.sealed(f"!SEC-2026-0001@{HERE} own", by=person_key(0), sender=uid(*PEOPLE[0]))
    talk.house.pass_time(wait)
    talk.receive(raw, sender=PEOPLE[0][1])
    assert "" == talk.issue().owner


def test_who_writes_in_a_colleagues_name_commands_nothing(talk: Talk) -> None:
    first(talk)
    words = f"!SEC-2026-0001@{HERE} own"
    left = talk.receive(talk.text(words, sender=uid(*PEOPLE[0])), sender="eve@evil.example")
    assert "" == talk.issue().owner
    assert [] == to(left, "eve@evil.example")
    assert 2 == len(to(left, PEOPLE[0][1]))


def test_a_later_key_is_used_once_it_comes_below_the_code(talk: Talk) -> None:
    """From the key that nothing proves to the first answer that is encrypted to it."""
    first(talk)
    code = talk.reporter().nonce
    address = str(parsed(to(talk.sent, ROBINS)[0])["Reply-To"])
    left = talk.receive(
        talk.sealed("", by=None, content=talk.with_keys(robin_key())), sender=ROBINS, to=address
    )
    assert [] == to(left, ROBINS)
    assert talk.reporter().fingerprint is None
    text = f"Content-Type: text/plain\r\n\r\n{code}\r\n\r\nMy key.\r\n".encode()
    content = multipart("mixed", text, key_part(robin_key(), talk.pen))
    talk.receive(talk.sealed("", by=None, content=content), sender=ROBINS, to=address)
    assert robin_key().fingerprint == talk.reporter().fingerprint
    assert talk.reporter().nonce is None
    left = talk.command(f"!SEC-2026-0001@{HERE} reply\nThank you.")
    (answer,) = to(left, ROBINS)
    assert "Thank you." in talk.robin.open(answer.what.content).block


def test_help_is_asked_for_anywhere_and_goes_to_nobody_else(talk: Talk) -> None:
    """It opens no issue, and needs neither an id nor the domain."""
    left = talk.command("!help")
    (answer,) = left
    assert "andrea@team.example" == str(answer.recipient)
    assert "!SEC-2026-0007@example.org own" in talk.andrea.open(answer.what.content).block
    assert 0 == talk.issues


def test_what_stands_below_a_call_for_help_reaches_the_team(talk: Talk) -> None:
    """Without an issue too: it was accepted, and nothing accepted may be lost."""
    left = talk.command("!help\n\nCan anybody reproduce it?\n\n-- \nAndrea")
    assert {address for _, address in PEOPLE} == {str(job.recipient) for job in left}
    (copy,) = to(left, PEOPLE[1][1])
    assert len(to(left, PEOPLE[0][1])) == 2
    assert 0 == talk.issues
    plaintext, _ = decrypt(person_key(1), copy.what.content)
    assert b"Can anybody reproduce it?" in plaintext


def test_two_of_the_team_may_pin_a_key(talk: Talk) -> None:
    """One who asks for it, another who approves the full hash; then answers go to that key."""
    first(talk, key=True)
    raw = talk.sealed("", by=None, content=talk.with_keys(stranger_key()), subject=more(1))
    talk.receive(raw, sender=ROBINS)
    assert robin_key().fingerprint == talk.reporter().fingerprint
    talk.command(f"!SEC-2026-0001@{HERE} key {stranger_key().fingerprint}")
    assert robin_key().fingerprint == talk.reporter().fingerprint
    (waiting,) = talk.house.store.read(requests.waiting)
    talk.command(f"!SEC-2026-0001@{HERE} approve {waiting.effect.hex()}", person=1)
    assert stranger_key().fingerprint == talk.reporter().fingerprint
    left = talk.command(f"!SEC-2026-0001@{HERE} reply\nThank you.")
    (answer,) = to(left, ROBINS)
    with reading_as(stranger_key()) as stranger:
        assert "Thank you." in stranger.open(answer.what.content).block


def test_the_reporters_signature_is_known(talk: Talk) -> None:
    first(talk, key=True)
    address = f"{ALIAS}"
    raw = talk.sealed("More.", by=robin_key(), sender=ROBIN, subject="[SEC-2026-0001] more")
    left = talk.receive(raw, sender=ROBINS, to=address)
    assert "the reporter of SEC-2026-0001" in " ".join(talk.block(left).split())
    assert 1 == talk.issues
