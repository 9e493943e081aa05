"""The play that docs/conversation.md shows: invented people, their words, and what comes of them.

Each scene sends and waits; what the document says in prose about it, the scene asserts.
"""

import re
from pathlib import Path
from typing import Final

from tests.house import ALIAS, PEOPLE
from tests.keys import key_of
from tests.path.mail_program import File, Opened, Words
from tests.path.play import Play
from tests.path.stage import STRICT_DOOR, TEAM, Stage, a_stage

DOCUMENT: Final = "docs/conversation.md"
BUG: Final = "frame_last() reads too far"
PATCH: Final = b"""\
--- a/frame.c
+++ b/frame.c
@@ -41,2 +41,4 @@
 size_t left = frame->length;
+if (left == 0)
+    return FRAME_EMPTY;
 byte last = frame->data[left - 1];
"""
INTRODUCTION: Final = """\
# A conversation

What using gatekeeper is like: reporters, a response team, and the mail between them. All of it was
sent and received. A test plays it with the service, a real Postfix around it and the gpg of each
person, and holds this page against what comes. The people are invented; what differs in each run
(times, keys, codes, addresses with a token, hashes) is replaced by fixed values.

Andrea, Wei and Sam are the response team of a project called Example. Its security alias is
security@example.org, whose key gatekeeper holds. The three have a key each, and a mail program that
signs and encrypts; they need nothing else, no account and no web site.

Mail is shown as its reader sees it once it is opened. All of it comes from "Example security", and
what is encrypted is also signed by the alias. Everybody gets a mail of their own, encrypted to
their own key alone; what is the same for several is shown once. `[…]` stands for what was shown
before. The team's first copy is shown whole, of later ones what is new: the sender's words and
gatekeeper's closing lines follow in each."""


def played(folder: Path) -> str:
    """Play it all below `folder` and return the document."""
    with a_stage(folder) as stage:
        stage.script.tell(INTRODUCTION)
        play = Play(stage=stage)
        for scene in SCENES:
            scene(play)
        _see_by_which_door_it_left(stage)
        return stage.script.text()


def _robin_asks(play: Play) -> None:
    play.stage.script.step(
        "1. Robin asks for a safe way",
        "Thu 2026-09-03 09:12:00Z",
        """\
Robin found a bug, and rightly does not write about it in clear. The acknowledgement comes at once.
It holds nothing of Robin's mail, not even the subject.""",
    )
    words = Words(
        to=str(ALIAS),
        subject="How do I reach you safely?",
        text="I found a memory bug in your frame parser. Whom do I tell, and how?",
    )
    play.clear("robin", "writes, in clear", words)
    found = play.stage.get("robin", *TEAM)
    (ack,) = found["robin"]
    play.mails |= {"acknowledgement": ack, "question": found["andrea"][0]}
    play.our_key = play.stage.people["robin"].take_key(ack.file("security-key.asc"))
    assert play.our_key == play.stage.alias_key
    assert _moments(ack) == re.findall(rb"DTSTART:(\w+)", ack.file("timeline.ics"))
    assert b"memory bug" not in ack.plaintext
    assert b"reach you" not in ack.plaintext


def _moments(ack: Opened) -> list[bytes]:
    """Return the two instants that an acknowledgement proposes, as a calendar writes them."""
    found = re.findall(r"^  \w{3} (\S+) (\S+)Z  ", ack.text, re.MULTILINE)
    assert 2 == len(found)
    return [f"{day}T{hour}Z".replace("-", "").replace(":", "").encode() for day, hour in found]


def _robin_sends_details(play: Play) -> None:
    play.stage.script.step(
        "2. Robin sends the details, and a key",
        "Thu 2026-09-03 10:40:00Z",
        """\
Robin's program took the key from the acknowledgement, and answers to its Reply-To, an address that
leads to this issue alone. Anybody could send a key in Robin's name; the code, which went to Robin's
mailbox only, says that this one is Robin's. From now on answers to Robin are encrypted to it.""",
    )
    code = re.search(
        r"^  ((?:[A-Z2-7]{4}-){4}[A-Z2-7]{4})$", play.mails["acknowledgement"].text, re.MULTILINE
    )
    assert code
    text = (
        f"{code[1]}\n\n"
        "A frame of length 0 makes frame_last() read one byte before the buffer,\n"
        "also over the network. My key is attached."
    )
    key = play.stage.people["robin"].key_file()
    words = play.answer_to("acknowledgement", text, subject=BUG, files=(key,))
    play.sealed("robin", "answers", words)
    play.mails["report"] = play.stage.get(*TEAM)["andrea"][0]
    assert "answers are encrypted from now on" in _in_one_line(play.mails["report"])


def _team_discusses(play: Play) -> None:
    play.stage.script.step(
        "3. The team talks inside",
        "Thu 2026-09-03 11:05:00Z",
        "What one of the team answers goes to the team, and to nobody else.",
    )
    words = play.answer_to("report", "I can reproduce it with 2.1. Is 1.x affected, Wei?")
    play.sealed("andrea", "answers the team's copy", words)
    found = play.stage.get(*TEAM)
    assert "good, by Andrea Example of the response team" in _in_one_line(found["wei"][0])


def _andrea_takes_charge(play: Play) -> None:
    play.stage.script.step(
        "4. Two commands: own and note",
        "Thu 2026-09-03 11:30:00Z",
        """\
Commands stand at the top of a signed mail. They name their issue and the installation, so that a
mail to one project commands nothing at another.""",
    )
    text = (
        f"{play.command('report', 'own')}\n{play.command('report', 'note')}\n"
        "Severity high. Affected: 1.4 to 2.1, says Wei."
    )
    play.sealed("andrea", "writes", play.answer_to("report", text))
    found = play.stage.get(*TEAM)
    assert "own: Andrea Example looks after" in _in_one_line(found["sam"][0])


def _andrea_replies(play: Play) -> None:
    script = play.stage.script
    script.step(
        "5. The team answers as the alias",
        "Thu 2026-09-03 14:00:00Z",
        """\
`reply` sends the text below it, and the files, to Robin. What Andrea's program quoted and the
signature that it added are left out: no name of the team is in what Robin gets.""",
    )
    text = (
        f"{play.command('report', 'reply')}\n"
        "Thank you, Robin. We can reproduce it. The attached patch should close\n"
        "it: does it hold against your test?\n\n"
        "> A frame of length 0 makes frame_last() read one byte before the buffer,\n"
        "> also over the network. My key is attached.\n\n"
        "-- \nAndrea Example, Example GmbH"
    )
    patch = File(name="frame.patch", content_type="text/x-patch", data=PATCH)
    play.sealed("andrea", "writes", play.answer_to("report", text, files=(patch,)))
    found = play.stage.get("robin", *TEAM)
    (reply,) = found["robin"]
    play.mails["reply"] = reply
    script.tell(
        f"On its way Robin's mail said `From: {reply.outer['From']}`,\n"
        f"`To: {reply.outer['To']}` and `Subject: {reply.outer['Subject']}`.\n"
        "All else was inside the encryption."
    )
    assert reply.sealed
    assert PATCH == reply.file("frame.patch").replace(b"\r\n", b"\n")
    _holds_no_name(reply)


def _holds_no_name(mail: Opened) -> None:
    """See that nobody of the team is named in what somebody outside gets."""
    fields = [*mail.outer.items(), *mail.header.items()]
    seen = "\n".join([mail.text, *(value for name, value in fields if name != "Autocrypt")])
    for name, address in PEOPLE:
        first, domain = name.partition(" ")[0], address.partition("@")[2]
        assert not re.search(rf"\b{first}\b|{re.escape(domain)}", seen, re.IGNORECASE)


def _robot_answers(play: Play) -> None:
    script = play.stage.script
    script.step(
        "6. A robot answers",
        "Thu 2026-09-03 14:01:00Z",
        """\
Robin's mail server says that Robin is away. That is kept in the issue, and the team is told in one
line. Nobody answers it: two robots would never come to an end.""",
    )
    words = play.answer_to("reply", "I am away until tomorrow.", subject="Out of office")
    mark = ("Auto-Submitted", "auto-replied")
    robin = play.stage.people["robin"]
    script.sent("Robin's mail server", "writes, in clear", words, ": ".join(mark))
    for _ in range(2):
        play.stage.send(robin.clear(words, mark), sender=robin.address, to=words.to)
    play.stage.get(*TEAM)
    kinds = ["report", "reply", "reply", "reply", "reply", "auto-reply", "auto-reply"]
    play.stage.until(play.issue("report"), kinds)
    script.tell("It came a second time. That was kept too, and nobody was told again.")


def _robin_answers(play: Play) -> None:
    play.stage.script.step(
        "7. Robin answers",
        "Fri 2026-09-04 08:20:00Z",
        "Robin's key is known by now, so the copy says whose signature this is.",
    )
    text = "The patch holds, and the date suits me. Credit: Robin Finder, please."
    play.sealed("robin", "answers", play.answer_to("reply", text))
    found = _in_one_line(play.stage.get(*TEAM)["sam"][0])
    assert f"good, by the key of the reporter of {play.issue('report')}; From confirmed" in found


def _kim_reports(play: Play) -> None:
    play.stage.script.step(
        "8. Kim has no key",
        "Fri 2026-09-04 15:45:00Z",
        "Another report, another issue.",
    )
    words = Words(
        to=str(ALIAS),
        subject="Your download page",
        text="Your download page still offers version 1.2. Is that on purpose?",
    )
    play.clear("kim", "writes, in clear", words)
    play.mails["second"] = play.stage.get("kim", *TEAM)["andrea"][0]


def _andrea_proposes(play: Play) -> None:
    play.stage.script.step(
        "9. An answer in clear needs two people",
        "Fri 2026-09-04 16:10:00Z",
        """\
Nothing can be encrypted to Kim, and `reply` would be refused. `reply clear` proposes to the team
what would leave; the hash is that of its full effect: issue, recipient, subject and text.""",
    )
    text = (
        f"{play.command('second', 'reply clear')}\n"
        "Thank you, Kim. It is not, and we take it down today."
    )
    play.sealed("andrea", "writes", play.answer_to("second", text))
    _, play.mails["proposal"] = play.stage.get(*TEAM, *TEAM)["wei"]


def _wei_approves(play: Play) -> None:
    play.stage.script.step(
        "10. Wei approves",
        "Fri 2026-09-04 16:25:00Z",
        """\
What Wei signs is exactly what Kim gets. It leaves through a port of the mail server at which TLS is
enforced, and through no other.""",
    )
    command = re.search(
        r"^  (!\S+ approve [0-9a-f]{64})$", play.mails["proposal"].text, re.MULTILINE
    )
    assert command
    play.sealed("wei", "answers the proposal", play.answer_to("proposal", command[1]))
    (reply,) = play.stage.get("kim", *TEAM)["kim"]
    assert "we take it down today" in reply.text
    assert not reply.sealed
    _holds_no_name(reply)


def _see_by_which_door_it_left(stage: Stage) -> None:
    """See that the answer in clear, Kim's second mail, was handed over where nothing else was."""
    log = stage.postfix.log
    _, queued = re.findall(r"smtp\[\d+\]: (\w+): to=<kim@hobby\.example>, .*status=sent", log)
    assert [queued] == re.findall(rf" {STRICT_DOOR}/smtpd\[\d+\]: (\w+): client=", log)


def _somebody_forges(play: Play) -> None:
    script = play.stage.script
    script.step(
        "11. Somebody writes in Andrea's name",
        "Sat 2026-09-05 02:14:00Z",
        """\
Anybody can write any name into From. Only a signature commands: by a key of the team, for this
installation, not older than a day, and once. Nothing is done, and the real Andrea is told.""",
    )
    words = Words(
        to=str(ALIAS),
        subject="Publish",
        text=f"{play.command('report', 'reply')}\nDear Robin, please publish everything today.",
    )
    andrea = play.stage.people["andrea"]
    script.sent("Somebody", "writes, in clear and not signed", words, f"From: {andrea.mailbox}")
    play.stage.send(andrea.clear(words), sender="somebody@elsewhere.example")
    _, answer = play.stage.get("andrea", *TEAM)["andrea"]
    assert "NONE of them was done" in answer.text


def _wei_errs(play: Play) -> None:
    play.stage.script.step(
        "12. Two commands, one of them wrong",
        "Mon 2026-09-07 07:55:00Z",
        "When one is wrong none is done, and the author is told what to mend.",
    )
    text = (
        f"{play.command('report', 'own')}\n{play.command('report', 'nota')}\n"
        "The patch goes into 2.2."
    )
    play.sealed("wei", "writes", play.answer_to("report", text))
    _, answer = play.stage.get("wei", *TEAM)["wei"]
    assert "NONE of them was done" in answer.text


def _lee_cannot_be_read(play: Play) -> None:
    script = play.stage.script
    script.step(
        "13. A mail that cannot be opened",
        "Mon 2026-09-07 12:30:00Z",
        """\
Lee encrypted to a key that is not the alias's, and gets the one text that there is for mail that
cannot be read, whatever the reason.""",
    )
    words = Words(to=str(ALIAS), subject="Another bug", text="It is in frame_first().")
    lee = play.stage.people["lee"]
    other = lee.take_key(key_of("Example security <old@example.org>").public)
    script.sent("Lee", "writes, encrypted to another key", words)
    play.stage.send(lee.sealed(words, to=other, sign=False), sender=lee.address)
    (answer,) = play.stage.get("lee", *TEAM)["lee"]
    assert play.our_key == lee.take_key(answer.file("security-key.asc"))


SCENES: Final = (
    _robin_asks,
    _robin_sends_details,
    _team_discusses,
    _andrea_takes_charge,
    _andrea_replies,
    _robot_answers,
    _robin_answers,
    _kim_reports,
    _andrea_proposes,
    _wei_approves,
    _somebody_forges,
    _wei_errs,
    _lee_cannot_be_read,
)


def _in_one_line(mail: Opened) -> str:
    return " ".join(mail.text.split())
