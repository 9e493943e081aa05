"""What follows from a message: each kind its own, and nobody is told what is not for them."""

import pytest

from gatekeeper.domain import token
from gatekeeper.domain.identity import RowId, row_id
from gatekeeper.domain.protection import Form
from gatekeeper.domain.report import Kind
from gatekeeper.inbound.classify import BOUNCE
from gatekeeper.issues.letterhead import LOOP
from gatekeeper.issues.notices import HELD_BACK, MEMBER_RETURNED, RETURNED
from gatekeeper.store import audit, deliveries, issues, letters, messages
from gatekeeper.store import heads as log_heads
from gatekeeper.store.deliveries import DeliveryRow
from gatekeeper.store.messages import StoredMessage
from gatekeeper.store.seal import Codec
from tests.house import ALIAS, PEOPLE, House
from tests.issues.found import ACK, COPY, Outgoing, handle_all, kinds, log, written, written_to
from tests.issues.reports import ANDREA, plain

ROBIN = "robin@research.example"
TEAM = tuple(sorted(address for _, address in PEOPLE))


def report(house: House, raw: bytes | None = None, **how: str) -> StoredMessage:
    """Send a message through, let what it caused be sealed, and return its row."""
    message = house.receive(raw or plain(), **how)
    house.settle()
    return house.store.read(lambda tx: messages.head(tx, message))


def handled(house: House, raw: bytes | None = None, **how: str) -> StoredMessage:
    """Have a message handled, and nothing sealed yet, and return its row."""
    message = house.receive(raw or plain(), **how)
    handle_all(house)
    return house.store.read(lambda tx: messages.head(tx, message))


def issues_of(house: House) -> int:
    return len(house.store.read(issues.list_all))


def first_letter(house: House, kind: str = COPY) -> str:
    """Return the Message-ID of the first letter of that kind."""
    issue = house.store.read(issues.list_all)[0].id
    found = house.store.read(lambda tx: letters.first_message_id(tx, issue, kind=kind))
    assert found is not None
    return found


def delivery_to(house: House, address: str) -> DeliveryRow:
    """Return the first delivery to an address."""
    rows = house.store.read(deliveries.list_all)
    return next(row for row in rows if str(row.recipient) == address)


def bounce_of(house: House, delivery: RowId) -> str:
    """Return the address that a bounce of a delivery comes to."""
    name = token.mint(house.desk.token_key, BOUNCE, delivery)
    return str(house.desk.own.bounce_address(name))


def test_a_report_opens_an_issue_goes_to_everyone_and_is_acknowledged(house: House) -> None:
    row = report(house)
    (issue,) = house.store.read(issues.list_all)
    assert (Kind.REPORT, issue.id) == (row.kind, row.issue)
    assert ROBIN == issue.reporter
    assert {*TEAM, ROBIN} == {str(job.recipient) for job in house.collect()}
    assert {COPY: 1, ACK: 1} == kinds(house)
    entries = [entry.kind for entry in house.store.read(lambda tx: audit.of_issue(tx, issue.id))]
    assert ["issue.opened", "reporter.answered", "message.handled"] == entries[:3]


def test_the_acknowledgement_is_the_reporters_and_the_copy_the_teams(house: House) -> None:
    """The one is automatic, in clear when no key came, and goes to nobody of the team."""
    handled(house)
    found = {each.kind: each for each in written(house)}
    copy = Outgoing(kind=COPY, form=Form.SEALED, automatic=False, to=TEAM)
    answer = Outgoing(kind=ACK, form=Form.CLEAR_FORM, automatic=True, to=(ROBIN,))
    assert {COPY: copy, ACK: answer} == found


def test_the_block_quotes_the_log_as_it_stood_when_the_message_was_handled(
    house: House, codec: Codec
) -> None:
    message = house.receive(plain())
    house.inbound.tick()
    head = house.store.read(audit.head)
    issue = house.store.read(issues.list_all)[0].id
    heads = house.store.read(lambda tx: letters.of_issue(tx, issue))
    (copy,) = [each.id for each in heads if each.kind == COPY]
    stored = house.store.read(lambda tx: letters.load(tx, copy))
    mac = log_heads.mac(codec, head)
    assert f"entry {head.seq}:{head.digest.hex()[:16]}:{mac}".encode() in stored.plaintext
    assert message == stored.message


def test_a_bounce_of_the_teams_copy_is_recorded_where_it_belongs_and_told_the_others(
    house: House,
) -> None:
    """Never the one it did not reach: that letter would bounce as well."""
    issue = handled(house).issue
    to = bounce_of(house, delivery_to(house, TEAM[0]).id)
    row = handled(house, plain(subject="Undelivered"), sender="", to=to)
    assert (Kind.BOUNCE, issue) == (row.kind, row.issue)
    assert {COPY: 1, ACK: 1, MEMBER_RETURNED: 1} == kinds(house)
    (notice,) = [each for each in written(house) if each.kind == MEMBER_RETURNED]
    assert TEAM[1:] == notice.to


def test_a_bounce_of_a_mail_to_the_reporter_is_told_the_team_once(house: House) -> None:
    """A program that returns every mail would have each notice answered with another."""
    issue = handled(house).issue
    to = bounce_of(house, delivery_to(house, ROBIN).id)
    for number in range(3):
        row = handled(house, plain(subject=f"Undelivered {number}"), sender="", to=to)
        assert (Kind.BOUNCE, issue) == (row.kind, row.issue)
        assert {COPY: 1, ACK: 1, RETURNED: 1} == kinds(house)
    (notice,) = [each for each in written(house) if each.kind == RETURNED]
    assert TEAM == notice.to


def test_a_forged_bounce_changes_nothing_but_that_it_is_told(house: House) -> None:
    """It is no report of a mail server, so it says nothing of the delivery."""
    handled(house)
    before = delivery_to(house, ROBIN)
    handled(house, plain(), sender="eve@evil.example", to=bounce_of(house, before.id))
    assert before == delivery_to(house, ROBIN)
    assert [] == written_to(house, "eve@evil.example")


@pytest.mark.parametrize("delivery", [b"\x07" * 16, None])
def test_a_bounce_of_nothing_we_know_is_recorded_alone(
    house: House, delivery: bytes | None
) -> None:
    key = house.desk.token_key
    name = token.mint(key, BOUNCE, row_id(delivery)) if delivery else "stranger"
    row = handled(house, plain(), sender="", to=f"bounces+{name}@example.org")
    assert (Kind.BOUNCE, None) == (row.kind, row.issue)
    assert ({}, 0) == (kinds(house), issues_of(house))


def test_our_own_mail_that_comes_back_comes_to_rest(house: House) -> None:
    """Copies, the acknowledgement and the notice of it: all are known again, and told once."""
    issue = report(house).issue
    for _ in range(2):
        for job in house.collect():
            row = report(house, job.what.content, sender=str(job.sender or ""))
            assert (Kind.LOOP, issue) == (row.kind, row.issue)
    assert [] == house.collect()
    assert {COPY: 1, ACK: 1, HELD_BACK: 1} == kinds(house)
    assert 1 == issues_of(house)


def test_a_copy_older_than_the_database_comes_to_rest_too(house: House) -> None:
    """After a restore its row may be gone; it once waited for ever."""
    name = token.mint(house.desk.token_key, LOOP, row_id(b"\x07" * 16))
    row = handled(house, plain(f"X-Gatekeeper-Loop: {name}"))
    assert (Kind.LOOP, None) == (row.kind, row.issue)
    assert {} == kinds(house)


def test_a_loop_token_that_is_not_ours_suppresses_nothing(house: House) -> None:
    name = token.mint(b"another key" * 3, LOOP, row_id(b"\x07" * 16))
    row = handled(house, plain(f"X-Gatekeeper-Loop: {name}"))
    assert Kind.REPORT is row.kind
    assert {COPY: 1, ACK: 1} == kinds(house)


@pytest.mark.parametrize("opened", [Kind.BOUNCE, Kind.LOOP])
def test_what_mail_servers_send_back_is_never_opened(house: House, opened: Kind) -> None:
    key = house.desk.token_key
    loop = token.mint(key, LOOP, row_id(b"\x07" * 16))
    bounce = token.mint(key, BOUNCE, row_id(b"\x07" * 16))
    if opened is Kind.LOOP:
        row = handled(house, plain(f"X-Gatekeeper-Loop: {loop}"))
    else:
        row = handled(house, plain(), sender="", to=f"bounces+{bounce}@example.org")
    assert row.summary is not None
    assert (opened, "not looked at") == (row.kind, row.summary["encryption"])


@pytest.mark.parametrize("word", ["auto-generated", "auto-replied", "auto-replied; x=y"])
def test_fresh_mail_that_calls_itself_automatic_is_still_a_report(house: House, word: str) -> None:
    """It is passed on, and no answer goes to the program that sent it."""
    row = report(house, plain(f"Auto-Submitted: {word}"))
    assert Kind.REPORT is row.kind
    assert TEAM == tuple(sorted(str(job.recipient) for job in house.collect()))


def test_an_automatic_answer_of_one_of_the_team_is_kept_in_its_thread_and_told_once(
    house: House,
) -> None:
    """Somebody's absence is not passed on for each mail; that there was one, the team knows."""
    issue = handled(house).issue
    fields = ("Auto-Submitted: auto-replied", f"In-Reply-To: {first_letter(house)}")
    for number in range(3):
        raw = plain(*fields, sender=ANDREA, subject=f"Away {number}")
        row = handled(house, raw, sender="andrea@team.example")
        assert (Kind.AUTO_REPLY, issue) == (row.kind, row.issue)
    assert {COPY: 1, ACK: 1, HELD_BACK: 1} == kinds(house)


@pytest.mark.parametrize("how", ["refers to it", "comes to its reply address"])
def test_an_automatic_answer_to_the_acknowledgement_comes_to_rest(house: House, how: str) -> None:
    """Neither the reporter nor their program gets another mail, and the team one notice."""
    issue = handled(house).issue
    fields = ["Auto-Submitted: auto-replied"]
    to = str(ALIAS)
    if how == "refers to it":
        fields.append(f"In-Reply-To: {first_letter(house, ACK)}")
    else:
        row = delivery_to(house, ROBIN).letter
        head = house.store.read(lambda tx: letters.load(tx, row)).frame_head
        to = head.partition(b"Reply-To: ")[2].partition(b"\r\n")[0].decode()
        assert to.startswith("security+")
    for number in range(3):
        row_of = handled(house, plain(*fields, subject=f"Out of office {number}"), to=to)
        assert (Kind.AUTO_REPLY, issue) == (row_of.kind, row_of.issue)
    assert {COPY: 1, ACK: 1, HELD_BACK: 1} == kinds(house)
    assert [ACK] == written_to(house, ROBIN)


def test_of_mail_that_is_kept_the_team_is_told_at_the_first_and_at_the_tenth(house: House) -> None:
    """And at the hundredth: two programs come to rest, and a flood of such mail is noticed."""
    handled(house)
    name = token.mint(house.desk.token_key, LOOP, house.store.read(issues.list_all)[0].id)
    told = []
    for number in range(1, 13):
        handled(house, plain(f"X-Gatekeeper-Loop: {name}", subject=f"{number}"))
        told.append(kinds(house)[HELD_BACK])
    assert [1] * 9 + [2] * 3 == told


def test_an_automatic_answer_and_a_mail_that_came_back_are_told_by_one_notice(house: House) -> None:
    """The notice says so: nothing else of either is told in this issue, in another it is."""
    handled(house)
    name = token.mint(house.desk.token_key, LOOP, house.store.read(issues.list_all)[0].id)
    fields = ("Auto-Submitted: auto-replied", f"In-Reply-To: {first_letter(house)}")
    first = handled(house, plain(*fields, sender=ANDREA), sender="andrea@team.example")
    second = handled(house, plain(f"X-Gatekeeper-Loop: {name}"))
    assert (Kind.AUTO_REPLY, Kind.LOOP) == (first.kind, second.kind)
    assert 1 == kinds(house)[HELD_BACK]
    other = handled(house, plain(message_id="<2@r.example>", subject="another")).issue
    assert other is not None
    name = token.mint(house.desk.token_key, LOOP, other)
    handled(house, plain(f"X-Gatekeeper-Loop: {name}", subject="back"))
    assert 2 == kinds(house)[HELD_BACK]


def test_a_trackers_mail_in_a_thread_is_passed_on(house: House) -> None:
    """It calls all its mail automatic, but this is no answer to a letter of ours."""
    handled(house)
    row = handled(house, plain("Auto-Submitted: auto-generated", subject="SEC-2026-0001: more"))
    assert Kind.REPLY is row.kind
    assert ({COPY: 2, ACK: 1}, 1) == (kinds(house), issues_of(house))


def test_a_reply_is_passed_on_and_not_acknowledged_again(house: House) -> None:
    handled(house)
    row = handled(house, plain(f"In-Reply-To: {first_letter(house, ACK)}", subject="Re: it"))
    assert Kind.REPLY is row.kind
    assert ({COPY: 2, ACK: 1}, 1) == (kinds(house), issues_of(house))


WORDS = (
    *("Out of office: quota exceeded", "Undelivered Mail Returned to Sender", "vacation"),
    *("Mail delivery failed: unknown user", "access denied", "delayed 24 hours", "unsubscribe"),
)


def test_words_never_decide_what_a_message_is(house: House) -> None:
    fields = ("Precedence: bulk", "X-Auto-Response-Suppress: All", "List-Id: <x.y.example>")
    for words in WORDS:
        sender = "MAILER-DAEMON@r.example"
        raw = plain(*fields, sender=sender, subject=words, text=b"\r\n" + words.encode())
        assert Kind.REPORT is report(house, raw, sender="").kind, words
        assert len(TEAM) == len(house.collect()), words


@pytest.mark.parametrize("local", ["postmaster", "abuse", "POSTMASTER"])
def test_mail_to_postmaster_reaches_the_team_without_an_issue(house: House, local: str) -> None:
    """It is no report: nobody is acknowledged."""
    row = report(house, to=f"{local}@example.org")
    assert (Kind.POSTMASTER, None) == (row.kind, row.issue)
    assert ({COPY: 1}, 0) == (kinds(house), issues_of(house))
    assert TEAM == tuple(sorted(str(job.recipient) for job in house.collect()))


def test_what_the_team_writes_about_postmasters_mail_is_no_report(house: House) -> None:
    """It answers a letter that belongs to no issue; a stranger's mail to the same is one."""
    handled(house, to="postmaster@example.org")
    (letter,) = house.store.read(lambda tx: [row.letter for row in deliveries.list_all(tx)][:1])
    message_id = house.store.read(lambda tx: letters.load(tx, letter)).message_id
    row = handled(house, plain(f"In-Reply-To: {message_id}", sender=ANDREA))
    assert (Kind.POSTMASTER, None) == (row.kind, row.issue)
    assert ({COPY: 2}, 0) == (kinds(house), issues_of(house))
    assert Kind.REPORT is handled(house, plain(f"In-Reply-To: {message_id}")).kind


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        (f"postmaster@example.org {ALIAS}", Kind.REPORT),
        (f"{ALIAS} SECURITY@EXAMPLE.ORG", Kind.REPORT),
        (f"bounces+x@example.org {ALIAS}", Kind.REPORT),
        ("bounces+x@example.org abuse@example.org", Kind.POSTMASTER),
        ("renamed@example.org", Kind.REPORT),
    ],
)
def test_mail_to_several_of_our_addresses_is_one_message(house: House, to: str, kind: Kind) -> None:
    assert kind is report(house, to=to).kind
    reached = sorted(str(job.recipient) for job in house.collect())
    assert sorted([*TEAM, ROBIN] if kind is Kind.REPORT else TEAM) == reached


def test_nothing_is_recorded_twice_of_a_message(house: House) -> None:
    """One entry for the issue, one for the answer, one for the message, in the order they came."""
    handled(house)
    handled(house, plain(f"In-Reply-To: {first_letter(house, ACK)}"))
    assert ["issue.opened", "reporter.answered", *["message.handled"] * 2] == [
        entry for entry in log(house) if entry.startswith(("issue", "message", "reporter"))
    ]
    assert () == house.store.read(audit.verify)
