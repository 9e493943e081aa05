"""Mail to people outside: who gets what, in which form, sealed to which key."""

import email
from email.message import EmailMessage
from email.policy import default

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, Route
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.forms import Acknowledgement
from gatekeeper.domain.process_policy import EmbargoPolicy
from gatekeeper.domain.protection import ClearForm, Form, Sealed
from gatekeeper.domain.timeline import proposed
from gatekeeper.issues.post import Words
from gatekeeper.outbound.telling import KEY_CHANGED, NO_KEY, NOT_STORED
from gatekeeper.store import audit, correspondents, issues
from gatekeeper.texts.forms import subject_of
from tests.house import START, House, alias_key, person_key, reading_as
from tests.issues.reports import REAL_SUBJECT, SECRET, plain, robin_key
from tests.keys import gpg, key_of, short_home
from tests.outbound.talking import ANSWER, ROBIN, Talk, to_robin
from tests.sinks import UnreliableRelay


def parts_of(raw: bytes) -> list[EmailMessage]:
    """Return the parts of a mail that is no ciphertext."""
    mail = email.message_from_bytes(raw, policy=default)
    assert not mail.defects
    return [part for part in mail.iter_parts() if isinstance(part, EmailMessage)]


def test_the_first_answer_leaves_in_clear_and_from_nobody(
    house: House, peer: UnreliableRelay
) -> None:
    """So no bounce and no other program can answer it (RFC 3834 §3.3)."""
    house.receive(plain("Message-Hash: none", subject=REAL_SUBJECT))
    house.settle()
    house.send("127.0.0.1", peer.port)
    (answer,) = to_robin(peer)
    assert "" == answer.sender
    assert 1 == len([each for each in peer.commands if each.startswith("MAIL FROM:<> ")])
    assert {"bounces"} == {
        each.sender.partition("+")[0] for each in peer.accepted if each is not answer
    }
    mail = email.message_from_bytes(answer.wire, policy=default)
    assert ROBIN == mail["To"]
    assert ("<1@r.example>", "auto-replied") == (mail["In-Reply-To"], mail["Auto-Submitted"])
    assert "All" == mail["X-Auto-Response-Suppress"]
    route = house.desk.own.route(Address.parse(mail["Reply-To"]))
    assert route is not None
    assert Route.SECURITY is route.route
    (issue,) = house.store.read(issues.list_all)
    (robin,) = house.store.read(lambda tx: correspondents.of_issue(tx, issue.id))
    assert robin.route == token.check_reply(house.desk.token_key, route.token)


def test_the_first_answer_says_nothing_of_the_report(house: House, peer: UnreliableRelay) -> None:
    house.receive(plain(subject=REAL_SUBJECT))
    house.settle()
    house.send("127.0.0.1", peer.port)
    (answer,) = to_robin(peer)
    text, timeline, key = parts_of(answer.wire)
    for part in (answer.wire, *(each.get_payload(decode=True) for each in (text, timeline, key))):
        assert isinstance(part, bytes)
        for secret in (SECRET, REAL_SUBJECT.encode(), b"Robin", b"Andrea", b"team.example"):
            assert secret not in part
    with short_home() as home:
        block = key.get_payload(decode=True)
        assert isinstance(block, bytes)
        gpg(home, "--import", given=block)
        listed = gpg(home, "--list-keys", "--with-colons").decode()
        assert alias_key().fingerprint in listed


def test_a_form_says_the_same_sealed_and_in_clear(talk: Talk) -> None:
    """Whoever gave a key is told no more and no less than who did not, with the same files."""
    talk.pin(robin_key())
    form = Acknowledgement(
        issue=talk.house.store.read(lambda tx: issues.by_row(tx, talk.issue)).issue_id,
        timeline=proposed(START, EmbargoPolicy()),
        fingerprint=alias_key().fingerprint,
        code="K7QM-2XNB-V4TJ-6HRC-5DWS",
    )
    words = Words(kind="x", subject=subject_of(form, project="Example"), form=form)
    for kind in (Form.SEALED, Form.CLEAR_FORM):
        talk.write(kind, words)
    talk.house.settle()
    jobs = {type(job.what): job for job in talk.house.collect()}
    assert {Sealed, ClearForm} == jobs.keys()
    assert [None, None] == [job.sender for job in jobs.values()]
    clear = jobs[ClearForm].what.content
    with reading_as(robin_key()) as reader:
        sealed = reader.open(jobs[Sealed].what.content)
    assert b"GOODSIG" in sealed.status
    assert email.message_from_bytes(clear, policy=default)["Subject"] == sealed.subject
    assert b"SEC-2026" not in jobs[Sealed].what.content
    said = [part.get_payload(decode=True) for part in parts_of(clear)]
    assert said == [part.get_payload(decode=True) for part in parts_of(sealed.plaintext)]


def test_a_sealed_letter_can_be_opened_by_its_reader_alone(talk: Talk) -> None:
    """And by nobody of the team: it is sealed to one key."""
    talk.pin(robin_key())
    delivery = talk.reply(Form.SEALED)
    talk.house.settle()
    assert (robin_key().fingerprint,) == talk.row(delivery).fingerprints
    (job,) = talk.house.collect()
    assert job.sender is not None, "a person wrote it, and wants to know if it came back"
    with reading_as(robin_key()) as reader:
        copy = reader.open(job.what.content)
        assert ANSWER == copy.block
        assert REAL_SUBJECT == copy.subject
    with reading_as(person_key(0)) as reader, pytest.raises(AssertionError, match="No secret key"):
        reader.open(job.what.content)
    assert b"Auto-Submitted" not in job.what.content
    assert REAL_SUBJECT.encode() not in job.what.content


def test_without_a_key_nothing_leaves_and_the_team_is_told(
    talk: Talk, peer: UnreliableRelay
) -> None:
    """The delivery is blocked and listed; once a key is known, a retry seals to it."""
    delivery = talk.reply(Form.SEALED)
    talk.house.settle()
    row = talk.row(delivery)
    assert (DeliveryState.BLOCKED, NO_KEY) == (row.state, row.reason)
    talk.house.send("127.0.0.1", peer.port)
    assert [] == to_robin(peer)
    assert 3 == len(peer.accepted), "the notice to the three of the team"
    (notice,) = talk.notices()
    assert f"to the reporter, {ROBIN}: {NO_KEY}" in str(notice.summary["text"])
    talk.pin(robin_key())
    talk.retry(delivery)
    talk.house.settle()
    talk.house.send("127.0.0.1", peer.port)
    assert 1 == len(to_robin(peer))
    assert DeliveryState.DELIVERED is talk.row(delivery).state
    assert () == talk.house.store.read(audit.verify)


def test_a_letter_sealed_to_a_key_of_before_is_called_back(
    talk: Talk, peer: UnreliableRelay
) -> None:
    """Between sealing and sending another key may be pinned; a retry seals to that one."""
    other = key_of("Robin Example <robin-new@research.example>")
    talk.pin(robin_key())
    delivery = talk.reply(Form.SEALED)
    talk.house.settle()
    talk.pin(other)
    talk.house.send("127.0.0.1", peer.port)
    row = talk.row(delivery)
    assert (DeliveryState.BLOCKED, KEY_CHANGED) == (row.state, row.reason)
    assert 1 == len(talk.notices())
    talk.retry(delivery)
    talk.house.settle()
    talk.house.send("127.0.0.1", peer.port)
    (mail,) = to_robin(peer)
    with reading_as(other) as reader:
        assert ANSWER == reader.open(mail.wire).block


@pytest.mark.parametrize("form", [Form.SEALED, Form.CLEAR_REPLY])
def test_answers_go_to_the_stored_address_only(talk: Talk, form: Form) -> None:
    talk.pin(robin_key())
    delivery = talk.reply(form, to="robin@elsewhere.example")
    talk.house.settle()
    row = talk.row(delivery)
    assert (DeliveryState.BLOCKED, NOT_STORED) == (row.state, row.reason)
