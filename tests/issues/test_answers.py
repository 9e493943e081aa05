"""Automatic answers: who gets one, who never, how many, and that the team hears of each mail."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import cast

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.automatic import Forwarder
from gatekeeper.domain.forms import ManyReports
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.instants import HOUR, MINUTE
from gatekeeper.domain.policy import AnswerPolicy, ReadingLimits
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import Kind
from gatekeeper.issues.answers import MANY
from gatekeeper.issues.correspondence import UNREADABLE
from gatekeeper.issues.letterhead import LOOP, load
from gatekeeper.issues.reading import Reader
from gatekeeper.store import letters, messages
from tests.house import ALIAS, PEOPLE
from tests.issues.found import ACK, COPY, done, handle_all, issue_of, kinds, written, written_to
from tests.issues.reports import TEXT, multipart, pgp_mime, plain, robin_key, stranger_key
from tests.issues.talk import ROBINS, Talk, more, parsed, to

_NUMBER = count()
REPORT = b'Content-Type: multipart/report; report-type=delivery-status; boundary="=-x"\r\n\r\n'
REPORT += b"--=-x\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n--=-x--\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail that came in: its row, and who sent it by the envelope."""

    row: RowId
    sender: str


def send(
    talk: Talk, *fields: str, sender: str = "", text: bytes = TEXT, from_: str = "", to: str = ""
) -> Sent:
    """Have a mail handled whose sender never wrote before, unless one is given; <> is nobody."""
    number = next(_NUMBER)
    address = f"reporter-{number}@research.example"
    raw = plain(
        *fields,
        sender=from_ or address,
        text=text,
        subject=f"Finding {number}",
        message_id=f"<{number}@answers.example>",
    )
    envelope = address if not sender else "" if sender == "<>" else sender
    return Sent(row=talk.handle(raw, sender=envelope, to=to or str(ALIAS)), sender=envelope)


def answer_to(talk: Talk, sent: Sent) -> list[str]:
    """Return the kinds of letters that went to whoever sent a mail."""
    return written_to(talk.house, sent.sender) if sent.sender else []


SILENCED = {
    "no envelope sender": (),
    "auto-generated": ("Auto-Submitted: auto-generated",),
    "auto-replied in capitals": ("Auto-Submitted: AUTO-REPLIED",),
    "auto-replied with a parameter": ("Auto-Submitted: auto-replied; owner=x",),
    "an unknown kind of automatic": ("Auto-Submitted: strange",),
    "a list": ("List-Id: <users.example>",),
    "a list's command": ("List-Unsubscribe: <https://lists.example/u>",),
    "bulk": ("Precedence: bulk",),
    "junk in capitals": ("Precedence: JUNK",),
    "list precedence": ("Precedence: List",),
    "auto_reply": ("Precedence: Auto_Reply",),
    "no answer wanted": ("X-Auto-Response-Suppress: All",),
    "no answer of one kind wanted": ("X-Auto-Response-Suppress: OOF",),
}


@pytest.mark.parametrize("case", SILENCED)
def test_a_header_suppresses_the_answer_and_never_the_report(talk: Talk, case: str) -> None:
    """The team gets the mail, and is told that, and why, its sender has heard nothing."""
    before = kinds(talk.house)
    sent = send(talk, *SILENCED[case], sender="<>" if case == "no envelope sender" else "")
    assert [] == answer_to(talk, sent)
    assert {**before, COPY: before.get(COPY, 0) + 1} == kinds(talk.house)
    (said,) = done(talk.house, sent.row)
    assert said.startswith("no automatic answer was sent: ")


@pytest.mark.parametrize(
    "fields",
    [
        ("Auto-Submitted: no",),
        ("Auto-Submitted: No (typed by hand)",),
        ("Precedence: first-class",),
        ("X-Mailer: a program", "Importance: high"),
    ],
)
def test_ordinary_fields_suppress_nothing(talk: Talk, fields: tuple[str, ...]) -> None:
    sent = send(talk, *fields)
    assert [ACK] == answer_to(talk, sent)


def test_a_delivery_report_is_not_answered(talk: Talk) -> None:
    sent = send(talk, text=REPORT)
    assert [] == answer_to(talk, sent)
    assert ["no automatic answer was sent: it is a delivery report"] == done(talk.house, sent.row)


ROBOTS = (
    *("MAILER-DAEMON@r.example", "noreply@r.example", "jira-no.reply@r.example"),
    *("postmaster@r.example", "owner-users@r.example", "users-bounces+x=y.example@r.example"),
    *("prvs=0123abcd=no-reply@r.example", "users-request@r.example"),
)


@pytest.mark.parametrize("robot", ROBOTS)
def test_a_robot_is_not_answered(talk: Talk, robot: str) -> None:
    sent = send(talk, sender=robot)
    assert [] == answer_to(talk, sent)
    (said,) = done(talk.house, sent.row)
    assert said == "no automatic answer was sent: it came from a robot's address"


@pytest.mark.parametrize("address", [str(ALIAS), "SECURITY@Example.ORG", "bounces@example.org"])
@pytest.mark.parametrize("where", ["envelope", "From", "both"])
def test_our_own_address_is_not_answered(talk: Talk, address: str, where: str) -> None:
    """Else we would write to ourselves, or have whoever forged it written to by us."""
    before = kinds(talk.house)
    sender = address if where != "From" else "<>"
    sent = send(talk, sender=sender, from_=address if where != "envelope" else "")
    assert {**before, COPY: before.get(COPY, 0) + 1} == kinds(talk.house)
    assert [] == written_to(talk.house, str(ALIAS))
    assert issue_of(talk.house, sent.row)


def test_one_who_writes_as_us_is_no_correspondent(talk: Talk) -> None:
    """There is no address to answer to: the issue has none, and the team is told."""
    sent = send(talk, from_=str(ALIAS), sender="eve@evil.example")
    assert [] == written_to(talk.house, "eve@evil.example")
    assert "" == talk.issue(talk.issues).reporter
    row = talk.house.store.read(lambda tx: messages.head(tx, sent.row))
    assert row.summary is not None
    assert "its From is an address of ours; nobody is answered" in str(row.summary["problems"])


def test_a_mark_of_our_own_mail_is_never_answered(talk: Talk) -> None:
    before = kinds(talk.house)
    name = token.mint(talk.house.desk.token_key, LOOP, row_id(b"\x07" * 16))
    sent = send(talk, f"X-Gatekeeper-Loop: {name}")
    assert Kind.LOOP is talk.house.store.read(lambda tx: messages.head(tx, sent.row)).kind
    assert before == kinds(talk.house)


@pytest.mark.parametrize("where", ["envelope", "From"])
def test_nobody_of_the_team_is_acknowledged(talk: Talk, where: str) -> None:
    """They get the copy; and whoever writes in their name is not answered either."""
    address = PEOPLE[2][1]
    if where == "envelope":
        sent = send(talk, sender=address)
        said = ["no automatic answer was sent: its envelope sender is one of the team"]
        assert said == done(talk.house, sent.row)
    else:
        sent = send(talk, from_=address, sender="eve@evil.example")
        assert [] == written_to(talk.house, "eve@evil.example")
    assert ACK not in written_to(talk.house, address)


def test_who_sent_it_by_the_envelope_is_acknowledged_without_the_code(talk: Talk) -> None:
    """It may be a forwarder; the code is for the stored address, and so is what is encrypted."""
    content = talk.with_keys(robin_key())
    raw = talk.sealed("", by=None, content=content)
    left = talk.receive(raw, sender="assistant@research.example")
    reporter = talk.reporter(talk.issues)
    assert ROBINS == str(reporter.address)
    assert robin_key().fingerprint == reporter.fingerprint
    assert reporter.nonce is None
    (answer,) = to(left, "assistant@research.example")
    assert "which is meant for you alone" not in parsed(answer).as_string()
    assert [] == to(left, ROBINS)
    letter = next(each for each in written(talk.house) if "assistant" in each.to[0])
    assert Form.CLEAR_FORM is letter.form


def test_what_cannot_be_read_is_answered_by_one_text_and_once_in_a_thread(talk: Talk) -> None:
    """Whatever failed; and a second such mail of the thread gets none."""
    closed = pgp_mime(talk.pen.encrypt(TEXT, to=stranger_key()))
    noise = b"-----BEGIN PGP MESSAGE-----\r\n\r\nAAAA\r\n-----END PGP MESSAGE-----\r\n"
    texts = set()
    for text in (closed, pgp_mime(noise)):
        sent = send(talk, text=text)
        (letter,) = _letters(talk, UNREADABLE)[-1:]
        assert [UNREADABLE] == answer_to(talk, sent)
        texts.add(letter)
        again = plain(
            sender=sent.sender, text=text, subject=more(talk.issues), message_id=f"<{len(texts)}@x>"
        )
        row = talk.handle(again, sender=sent.sender)
        assert f"SEC-2026-{talk.issues:04}" == issue_of(talk.house, row)
        (said,) = done(talk.house, row)
        assert f"{sent.sender} was answered in this issue before" in said
        assert [UNREADABLE] == answer_to(talk, sent)
    assert 1 == len(texts)


def _letters(talk: Talk, kind: str) -> list[object]:
    """Return what the letters of a kind say, in the order of their issues."""
    found: list[object] = []
    for number in range(1, talk.issues + 1):
        row = talk.issue(number).id
        for head in talk.house.store.read(partial(letters.of_issue, issue=row)):
            if head.kind == kind:
                letter = talk.house.store.read(partial(letters.load, letter=head.id))
                found.append(load(letter.plaintext).form)
    return found


def test_of_what_this_program_failed_to_read_nothing_is_known(talk: Talk) -> None:
    """It is answered as unreadable, and its sender is not taken for one who wrote in clear."""
    broken = replace(ReadingLimits(), depth=cast("int", None))
    house = replace(talk.house, reader=Reader(engine=talk.house.engine, limits=broken))
    row = house.receive(plain(text=multipart("mixed", TEXT, TEXT)), sender="b@broken.example")
    handle_all(house)
    assert [UNREADABLE] == written_to(house, "b@broken.example")
    assert not talk.reporter(talk.issues).wrote_in_clear
    (said,) = done(house, row)
    assert "was told that it could not be read" in said


@pytest.fixture
def limited(talk: Talk) -> Iterator[Talk]:
    """A talk whose answers are limited to two a sender and five in all, in an hour."""
    desk = talk.house.desk
    answers = AnswerPolicy(per_sender=2, per_hour=5)
    talk.house.desk = replace(desk, policy=replace(desk.policy, answers=answers))
    yield talk
    talk.house.desk = desk


def flood(talk: Talk, sender: str, times: int) -> list[str]:
    """Have somebody report that often, and return what was said of each, shortened."""
    rows = []
    for _ in range(times):
        rows.append(send(talk, from_=sender, sender=sender).row)
        talk.house.pass_time(MINUTE)
    return [done(talk.house, row)[0].partition(",")[0] for row in rows]


def test_many_reports_of_one_sender_get_their_answers_then_one_for_all_then_none(
    limited: Talk,
) -> None:
    """Each is an issue of its own, and the team gets every one."""
    before = (limited.issues, kinds(limited.house)[COPY])
    sender = "many@research.example"
    silent = f"no automatic answer was sent: {sender} has had 3 within the hour"
    assert [
        *[f"acknowledged to {sender}"] * 2,
        f"{sender} was told that what follows is not acknowledged one by one",
        *[silent] * 3,
    ] == flood(limited, sender, 6)
    assert [ACK, ACK, MANY] == written_to(limited.house, sender)
    assert (before[0] + 6, before[1] + 6) == (limited.issues, kinds(limited.house)[COPY])
    assert [ManyReports()] == _letters(limited, MANY)
    limited.house.pass_time(HOUR)
    assert [f"acknowledged to {sender}"] == flood(limited, sender, 1)


def test_an_address_counts_as_one_however_it_is_written(limited: Talk) -> None:
    flood(limited, "Count@research.example", 2)
    assert ["count@RESEARCH.example was told that what follows is not acknowledged one by one"] == (
        flood(limited, "count@RESEARCH.example", 1)
    )


def test_answers_to_all_senders_together_are_limited(limited: Talk) -> None:
    """A flood of invented senders is not mailed to as many victims."""
    sent = [send(limited) for _ in range(8)]
    assert [[ACK]] * 5 + [[]] * 3 == [answer_to(limited, each) for each in sent]
    said = [done(limited.house, each.row) for each in sent[5:]]
    assert [["no automatic answer was sent: too many were sent within the hour"]] * 3 == said
    limited.house.pass_time(HOUR + 1)
    assert [ACK] == answer_to(limited, send(limited))


def test_the_flood_of_one_sender_leaves_answers_for_others(limited: Talk) -> None:
    """One sender's flood costs three answers; the next reporter gets theirs."""
    flood(limited, "loud@research.example", 20)
    assert [ACK] == answer_to(limited, send(limited))


def test_a_domain_has_a_share_of_the_answers(talk: Talk) -> None:
    """Mail forged in the name of one domain does not use up the answers of all others."""
    desk = talk.house.desk
    answers = AnswerPolicy(per_sender=1, per_domain=3, per_hour=5)
    talk.house.desk = replace(desk, policy=replace(desk.policy, answers=answers))
    try:
        forged = [send(talk, sender=f"{name}@Forged.example") for name in "abcdef"]
        assert [[ACK]] * 3 + [[]] * 3 == [answer_to(talk, each) for each in forged]
        (said,) = done(talk.house, forged[-1].row)
        expected = "too many were sent to its sender's domain within the hour"
        assert f"no automatic answer was sent: {expected}" == said
        others = [send(talk, sender=f"x@{name}.example") for name in "abc"]
        assert [[ACK], [ACK], []] == [answer_to(talk, each) for each in others]
    finally:
        talk.house.desk = desk


@pytest.fixture
def forwarded(talk: Talk) -> Iterator[Talk]:
    """A talk to which a foundation's list forwards, and an umbrella's whole domain."""
    desk = talk.house.desk
    named = ("security-bounces@foundation.example", "@umbrella.example")
    forwarders = tuple(Forwarder.parse(each) for each in named)
    talk.house.desk = replace(desk, forwarders=forwarders)
    yield talk
    talk.house.desk = desk


FORWARDERS = (
    *("security-bounces@foundation.example", "SRS0=x=tt=research.example=finder@umbrella.example"),
)
LIST = ("List-Id: <security.foundation.example>", "Precedence: list")


@pytest.mark.parametrize("sender", FORWARDERS)
def test_what_a_forwarder_passed_on_is_answered_to_its_author(forwarded: Talk, sender: str) -> None:
    """What its list wrote into the header is not the author's word."""
    number = next(_NUMBER)
    author = f"finder-{number}@research.example"
    sent = send(forwarded, *LIST, sender=sender, from_=author)
    assert [ACK] == written_to(forwarded.house, author)
    assert [] == answer_to(forwarded, sent)


def test_an_author_behind_a_forwarder_counts_as_one_sender(forwarded: Talk) -> None:
    author = "often@research.example"
    said = [
        done(forwarded.house, send(forwarded, *LIST, sender=FORWARDERS[0], from_=author).row)[0]
        for _ in range(7)
    ]
    assert [True] * 5 + [False] * 2 == [each.startswith("acknowledged to") for each in said]
    assert said[-1] == f"no automatic answer was sent: {author} has had 6 within the hour"


@pytest.mark.parametrize(
    ("fields", "sender", "author"),
    [
        (("Auto-Submitted: auto-replied",), FORWARDERS[0], "a@research.example"),
        (("X-Auto-Response-Suppress: All",), FORWARDERS[0], "b@research.example"),
        (LIST, "users-bounces@elsewhere.example", "c@research.example"),
        (LIST, FORWARDERS[0], "noreply@research.example"),
        (LIST, FORWARDERS[0], str(ALIAS)),
        (LIST, FORWARDERS[0], PEOPLE[0][1]),
        (LIST, "<>", "d@research.example"),
    ],
)
def test_a_forwarder_makes_nothing_of_automatic_mail(
    forwarded: Talk, fields: tuple[str, ...], sender: str, author: str
) -> None:
    before = kinds(forwarded.house).get(ACK, 0)
    send(forwarded, *fields, sender=sender, from_=author)
    assert before == kinds(forwarded.house).get(ACK, 0)
