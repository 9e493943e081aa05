"""Free text in clear has one way out, and what does not get there is told to the team."""

import email
from dataclasses import replace
from email.policy import default

import pytest

from gatekeeper.domain.delivery import Attempt, DeliveryState, Outcome
from gatekeeper.domain.instants import DAY
from gatekeeper.domain.protection import ClearForm, ClearReply, Form
from gatekeeper.issues.post import Words
from gatekeeper.outbound.relay import CLOSED
from gatekeeper.outbound.telling import KEY_KNOWN, NO_CLEAR_PORT
from gatekeeper.store import audit
from gatekeeper.texts.templates import Texts
from tests.house import TEMPLATES, House
from tests.issues.reports import plain, robin_key
from tests.outbound.talking import ANSWER, ROBIN, Talk, to_robin
from tests.sinks import UnreliableRelay, unreliable_relay


def test_free_text_in_clear_goes_to_the_one_port_that_is_for_it(talk: Talk) -> None:
    """Other mail does not go there."""
    with unreliable_relay() as ordinary, unreliable_relay() as guarded:
        delivery = talk.reply(Form.CLEAR_REPLY)
        talk.house.receive_quietly(plain(subject="another"))
        talk.house.settle()
        talk.house.send("127.0.0.1", ordinary.port, clear_port=guarded.port)
        assert [] == to_robin(ordinary)
        assert 3 == len(ordinary.accepted)
        (mail,) = guarded.accepted
        assert (ROBIN, "bounces") == (mail.recipient, mail.sender.partition("+")[0])
        assert DeliveryState.DELIVERED is talk.row(delivery).state
    told = email.message_from_bytes(mail.wire, policy=default)
    assert ANSWER == told.get_content().replace("\r\n", "\n")
    assert told["Auto-Submitted"] is None
    assert told["Autocrypt"] is not None


def test_without_that_port_free_text_is_not_even_composed(talk: Talk) -> None:
    talk.house.desk = replace(talk.house.desk, clear_replies=False)
    delivery = talk.reply(Form.CLEAR_REPLY)
    talk.house.settle()
    row = talk.row(delivery)
    assert (DeliveryState.BLOCKED, NO_CLEAR_PORT) == (row.state, row.reason)
    assert NO_CLEAR_PORT in str(talk.notices()[0].summary["text"])
    assert b"public key.\r\n" not in b"".join(
        job.what.content for job in talk.house.collect() if job.recipient.key == ROBIN
    )


def test_when_that_port_is_taken_away_free_text_is_called_back(talk: Talk) -> None:
    """And goes out with the same bytes when there is one again."""
    delivery = talk.reply(Form.CLEAR_REPLY)
    talk.house.settle()
    (first,) = talk.house.outbox.claim()
    talk.house.outbox.record(first, Attempt(outcome=Outcome.NOT_NOW, reply="451 4.3.0 no"))
    talk.house.pass_time(DAY)
    ours = talk.house.desk
    talk.house.desk = replace(ours, clear_replies=False)
    assert [] == [job for job in talk.house.collect() if job.recipient.key == ROBIN]
    row = talk.row(delivery)
    assert (DeliveryState.BLOCKED, NO_CLEAR_PORT) == (row.state, row.reason)
    talk.house.desk = ours
    talk.retry(delivery)
    talk.house.settle()
    (again,) = [job for job in talk.house.collect() if job.recipient.key == ROBIN]
    assert ClearReply is type(again.what)
    assert first.what.content == again.what.content


def test_free_text_that_waits_is_called_back_once_a_key_is_known(talk: Talk) -> None:
    """It was confirmed for somebody to whom nothing could be encrypted."""
    delivery = talk.reply(Form.CLEAR_REPLY)
    talk.house.settle()
    talk.pin(robin_key())
    assert [] == [job for job in talk.house.collect() if job.recipient.key == ROBIN]
    row = talk.row(delivery)
    assert (DeliveryState.BLOCKED, KEY_KNOWN) == (row.state, row.reason)
    assert KEY_KNOWN in str(talk.notices()[0].summary["text"])


def test_a_relay_without_that_port_refuses_free_text_for_good(
    talk: Talk, peer: UnreliableRelay
) -> None:
    """The last gate, whatever the rows say."""
    delivery = talk.reply(Form.CLEAR_REPLY)
    talk.house.settle()
    talk.house.send("127.0.0.1", peer.port)
    assert [] == to_robin(peer)
    row = talk.row(delivery)
    assert (DeliveryState.FAILED, CLOSED.reply) == (row.state, row.reply)
    assert 1 == len(talk.notices())


def test_a_mail_in_clear_is_the_same_bytes_after_a_restart(house: House) -> None:
    """Also when the operator has changed the text and the program's name meanwhile."""
    house.receive(plain())
    house.settle()
    outbox = house.outbox
    claimed = [job for _ in range(2) for job in outbox.claim()]
    (first,) = [job for job in claimed if job.recipient.key == ROBIN]
    outbox.record(first, Attempt(outcome=Outcome.NOT_NOW, reply="451 4.3.0 no"))
    house.pass_time(DAY)
    changed = {path.name: f"{path.read_text()}\nMore.\n" for path in TEMPLATES.iterdir()}
    house.desk = replace(house.desk, name="Another", texts=Texts(changed))
    house.settle()
    (again,) = [job for job in house.collect() if job.recipient.key == ROBIN]
    assert ClearForm is type(again.what)
    assert first.what.content == again.what.content
    assert first.sender is again.sender is None


def test_a_failure_for_good_is_told_to_the_team_once_and_never_about_itself(
    talk: Talk, peer: UnreliableRelay
) -> None:
    """Were the team told of its own failures, each notice would make the next."""
    talk.pin(robin_key())
    delivery = talk.reply(Form.SEALED)
    talk.house.settle()
    peer.faults.replies = {
        ROBIN: "550 5.1.1 no such\tmailbox \x1b[2J",
        "andrea@team.example": "550 5.1.1 gone",
    }
    for _ in range(3):
        talk.house.settle()
        talk.house.send("127.0.0.1", peer.port)
    assert DeliveryState.FAILED is talk.row(delivery).state
    (notice,) = talk.notices()
    assert f"to the reporter, {ROBIN}: 550 5.1.1 no such mailbox" in str(notice.summary["text"])
    assert "\x1b" not in str(notice.summary["text"])
    failed = [row for row in talk.rows() if row.state is DeliveryState.FAILED]
    assert {ROBIN, "andrea@team.example"} == {str(row.recipient) for row in failed}
    assert () == talk.house.store.read(audit.verify)


def test_a_notice_that_cannot_be_written_does_not_stop_all_sending(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came of a mail is committed all the same, with its event."""
    talk.pin(robin_key())
    delivery = talk.reply(Form.SEALED)
    talk.house.settle()

    def broken(*_: object) -> None:
        message = "no notice today"
        raise KeyError(message)

    monkeypatch.setattr(House, "tell", broken)
    outbox = talk.house.outbox
    (job,) = outbox.claim()
    outbox.record(job, Attempt(outcome=Outcome.REFUSED, reply="550 5.1.1 who"))
    assert DeliveryState.FAILED is talk.row(delivery).state
    assert [] == talk.notices()
    assert () == outbox.claim()
    assert () == talk.house.store.read(audit.verify)


def test_a_letter_that_is_no_form_does_not_leave_as_one(talk: Talk) -> None:
    """A row that says so by mistake is blocked, and its words stay here."""
    delivery = talk.write(Form.CLEAR_FORM, Words(kind="x", subject="s", text=ANSWER))
    talk.house.settle()
    row = talk.row(delivery)
    assert DeliveryState.BLOCKED is row.state
    assert "it could not be composed" in row.reason
    sent = [job.what.content for job in talk.house.collect() if job.recipient.key == ROBIN]
    assert [] == sent
    assert 1 == len(talk.notices())
