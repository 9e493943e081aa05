"""The conversation's rules, played without a socket."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Reply
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.dialogue import After, Answer, Dialogue, Protocol
from gatekeeper.inbound.reader import BAD_LINE, Budget

SECURITY = Address(local="security", domain="example.org")
ALICE = Address(local="alice", domain="reporter.example")
STORED = Reply(code=250, enhanced="2.0.0", text="Stored")
LIMITS = IntakeLimits(message_bytes=1000, recipients=3)


def talk(
    protocol: Protocol = "smtp", *, budget: int = 10_000, postmaster: Address | None = None
) -> Dialogue:
    return Dialogue(
        protocol=protocol,
        hostname="mx.example.org",
        limits=LIMITS,
        budget=Budget(budget),
        knows=lambda recipient: recipient.key == SECURITY.key,
        postmaster=postmaster,
    )


def codes(dialogue: Dialogue, *commands: str) -> list[str]:
    """Return code and enhanced code of the last line of each answer."""
    answers = [dialogue.answer(command.encode()) for command in commands]
    return [re.sub(r"^(\d{3} (?:\d\.\d\.\d)?).*", r"\1", answer.lines[-1]) for answer in answers]


def test_ehlo_names_what_is_offered_and_nothing_about_us() -> None:
    lines = talk().answer(b"EHLO client.example").lines
    assert (
        "250-mx.example.org",
        "250-PIPELINING",
        "250-SIZE 1000",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250 ENHANCEDSTATUSCODES",
    ) == lines


@pytest.mark.parametrize(("protocol", "word"), [("smtp", "ESMTP"), ("lmtp", "LMTP")])
def test_the_banner_names_no_software(protocol: Protocol, word: str) -> None:
    assert f"220 mx.example.org {word}" == talk(protocol).greeting()


def test_a_transaction() -> None:
    dialogue = talk()
    assert ["250 ", "250 2.1.0", "250 2.1.5"] == codes(
        dialogue,
        "EHLO client.example",
        "MAIL FROM:<alice@reporter.example> SIZE=10 BODY=8BITMIME",
        "RCPT TO:<SECURITY@Example.ORG>",
    )
    answer = dialogue.answer(b"DATA")
    assert (After.BODY, "354") == (answer.after, answer.lines[0][:3])
    envelope = dialogue.envelope(peer="192.0.2.1")
    assert ALICE == envelope.sender
    assert ("SECURITY@Example.ORG",) == tuple(str(address) for address in envelope.recipients)
    assert ("192.0.2.1", "ESMTP", "") == (envelope.peer, envelope.protocol, envelope.tls)
    assert ("250 2.0.0 Stored",) == dialogue.finish(STORED)
    assert ["503 5.5.1"] == codes(dialogue, "DATA")


def test_the_null_sender_and_helo() -> None:
    dialogue = talk()
    assert ["250 ", "250 2.1.0", "250 2.1.5"] == codes(
        dialogue, "helo x", "mail from:<>", "rcpt to:<security@example.org>"
    )
    assert (None, "SMTP") == (
        dialogue.envelope(peer="local").sender,
        dialogue.envelope(peer="local").protocol,
    )


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (("MAIL FROM:<>",), "503 5.5.1"),
        (("EHLO x", "RCPT TO:<security@example.org>"), "503 5.5.1"),
        (("EHLO x", "DATA"), "503 5.5.1"),
        (("EHLO x", "MAIL FROM:<>", "DATA"), "503 5.5.1"),
        (("EHLO x", "MAIL FROM:<>", "MAIL FROM:<>"), "503 5.5.1"),
        (("EHLO x", "MAIL FROM:<> SIZE=1001"), "552 5.3.4"),
        (("HELO x", "MAIL FROM:<> SIZE=1"), "501 5.5.4"),
        (("EHLO x", "MAIL FROM:<>", "RCPT TO:<root@example.org>"), "550 5.1.1"),
        (("EHLO x", "MAIL FROM:<>", "RCPT TO:<postmaster>"), "550 5.1.1"),
        (("EHLO",), "501 5.5.4"),
        (("LHLO x",), "500 5.5.2"),
        (("VRFY security",), "252 2.1.5"),
        (("EXPN security",), "502 5.5.1"),
        (("STARTTLS",), "500 5.5.2"),
        (("AUTH PLAIN AGEAYg==",), "500 5.5.2"),
        (("RSET x",), "501 5.5.4"),
        (("QUIT x",), "501 5.5.4"),
        (("NOOP whatever",), "250 2.0.0"),
        (("HELP",), "214 2.0.0"),
        (("",), "500 5.5.2"),
        (("GET / HTTP/1.1",), "500 5.5.2"),
    ],
)
def test_single_answers(commands: tuple[str, ...], expected: str) -> None:
    assert expected == codes(talk(), *commands)[-1]


def test_verify_tells_the_same_of_everybody() -> None:
    assert talk().answer(b"VRFY security").lines == talk().answer(b"VRFY nobody").lines


def test_too_many_recipients_is_temporary_and_keeps_the_first_ones() -> None:
    dialogue = talk()
    codes(dialogue, "EHLO x", "MAIL FROM:<>")
    rcpt = "RCPT TO:<security@example.org>"
    assert ["250 2.1.5"] * 3 + ["452 4.5.3"] == codes(dialogue, *[rcpt] * 4)
    assert After.BODY is dialogue.answer(b"DATA").after


def test_no_room_is_temporary() -> None:
    """Announced at MAIL when SIZE says so, at DATA at the latest."""
    assert "452 4.3.1" == codes(talk(budget=99), "EHLO x", "MAIL FROM:<> SIZE=100")[-1]
    commands = ("EHLO x", "MAIL FROM:<>", "RCPT TO:<security@example.org>", "DATA")
    assert "452 4.3.1" == codes(talk(budget=0), *commands)[-1]


def test_bare_postmaster_leads_where_it_is_told() -> None:
    dialogue = talk(postmaster=SECURITY)
    assert "250 2.1.5" == codes(dialogue, "EHLO x", "MAIL FROM:<>", "RCPT TO:<PostMaster>")[-1]
    assert (SECURITY,) == dialogue.envelope(peer="local").recipients


def test_lmtp_answers_once_for_each_recipient() -> None:
    """Also for one named twice (RFC 2033 §4.2); the envelope holds it once."""
    dialogue = talk("lmtp")
    rcpt = "RCPT TO:<security@example.org>"
    assert ["500 5.5.2", "500 5.5.2"] == codes(dialogue, "EHLO x", "HELO x")
    codes(dialogue, "LHLO x", "MAIL FROM:<>", rcpt, "RCPT TO:<root@example.org>", rcpt, "DATA")
    assert ((SECURITY,), "LMTP") == (
        dialogue.envelope(peer="local").recipients,
        dialogue.envelope(peer="local").protocol,
    )
    assert ("250 2.0.0 Stored",) * 2 == dialogue.finish(STORED)


def test_rset_and_ehlo_forget_the_transaction() -> None:
    for verb in ("RSET", "EHLO x"):
        dialogue = talk()
        codes(dialogue, "EHLO x", "MAIL FROM:<>", "RCPT TO:<security@example.org>", verb)
        assert ["503 5.5.1", "250 2.1.0"] == codes(dialogue, "DATA", "MAIL FROM:<>")


def test_errors_and_idle_commands_are_bounded() -> None:
    dialogue = talk()
    answers = [dialogue.answer(BAD_LINE) for _ in range(LIMITS.errors)]
    assert [After.COMMAND] * (LIMITS.errors - 1) + [After.END] == [a.after for a in answers]
    assert "421 4.7.0" == answers[-1].lines[-1][:9]
    dialogue = talk()
    answers = [dialogue.answer(b"NOOP") for _ in range(LIMITS.commands + 1)]
    assert [After.COMMAND] * LIMITS.commands + [After.END] == [a.after for a in answers]


def test_commands_are_counted_from_message_to_message() -> None:
    dialogue = talk()
    commands = ("EHLO x", "MAIL FROM:<>", "RCPT TO:<security@example.org>", "DATA")
    for _ in range(LIMITS.commands // 2):
        assert "354 " == codes(dialogue, *commands)[-1][:4]
        dialogue.finish(STORED)


@pytest.mark.parametrize("verb", ["NOOP", "RSET", "VRFY x", "HELP", "NONSENSE"])
def test_only_what_leads_to_a_message_is_progress(verb: str) -> None:
    """The rest does not keep a connection open for longer."""
    assert not talk().answer(verb.encode()).progress
    assert talk().answer(b"EHLO x").progress


COMMAND = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [b"EHLO x", b"LHLO x", b"MAIL FROM:<>", b"RCPT TO:<security@example.org>", b"DATA", b"RSET"]
    ),
)


@given(st.lists(COMMAND, max_size=20), st.sampled_from(["smtp", "lmtp"]))
def test_any_bytes_get_a_sound_answer(commands: list[bytes], protocol: Protocol) -> None:
    """Every line is printable ASCII with a code; a message is only asked for with a recipient."""
    dialogue = talk(protocol)
    for command in commands:
        answer: Answer = dialogue.answer(command)
        for line in answer.lines:
            assert re.fullmatch(r"[2-5]\d\d[ -][ -~]*", line)
        if answer.after is After.BODY:
            assert (SECURITY,) == dialogue.envelope(peer="local").recipients
            dialogue.finish(STORED)
