"""The block of ours says what is true of each kind of report, word for word, and is not forged.

The expected texts lie in tests/golden/team-copy, to be reviewed as texts; what differs from run
to run stands in braces there.
"""

import email
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from unicodedata import bidirectional, category, east_asian_width
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.policy import AnswerPolicy, ReadingLimits
from gatekeeper.domain.protection import Coverage, Protection
from gatekeeper.domain.report import Envelope, Kind
from gatekeeper.domain.verdict import verdict
from gatekeeper.issues.block import BlockFacts, block_text
from gatekeeper.mail import parse
from gatekeeper.mail.charset import printable_line
from gatekeeper.mail.reading import Piece, Reading
from gatekeeper.store import issues
from gatekeeper.store.engine import Store
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.seal import Codec
from tests.house import (
    ALIAS,
    START,
    Copy,
    House,
    Inspector,
    example_team,
    open_house,
    person_key,
    reading_as,
    texts,
)
from tests.issues.golden import with_names
from tests.issues.reports import (
    LAYERS,
    LIMIT,
    REAL_SUBJECT,
    SECRET,
    TEXT,
    Pen,
    a_pen,
    head,
    multipart,
    plain,
)

TEXTS = texts()
GOLDEN = Path(__file__).parent.parent / "golden" / "team-copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One report that went through: the mail to Andrea, opened, and the issue."""

    mail: bytes
    copy: Copy
    issue: IssueRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A house with somebody who writes to it and somebody who reads what comes out."""

    house: House
    pen: Pen
    andrea: Inspector
    passed: dict[str, Passed] = field(default_factory=dict)

    def layer(self, name: str) -> Passed:
        """Return what became of the report with that layer, sent once."""
        if name not in self.passed:
            self.passed[name] = self.report(LAYERS[name](self.pen))
        return self.passed[name]

    def report(self, raw: bytes) -> Passed:
        """Send a report through the house, under a Message-ID that no other report has."""
        number = len(self.house.store.read(issues.list_all))
        self.house.receive(raw.replace(b"<1@r.example>", f"<{number}@r.example>".encode()))
        self.house.settle()
        mails = {str(job.recipient): job.what.content for job in self.house.collect()}
        mine = mails["andrea@team.example"]
        last = self.house.store.read(issues.list_all)[-1]
        return Passed(mail=mine, copy=self.andrea.open(mine), issue=last)


@pytest.fixture(scope="module")
def scene(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, codec: Codec
) -> Iterator[Scene]:
    path = tmp_path_factory.mktemp("blocks") / "gatekeeper.sqlite3"
    shutil.copy(sqlite_template, path)
    store = Store.open(f"sqlite:///{path}", codec)
    limits = replace(ReadingLimits(), plaintext_bytes=LIMIT)
    with (
        open_house(store, reading=limits) as house,
        a_pen() as pen,
        reading_as(person_key(0)) as andrea,
    ):
        # every report is answered, so that what is said of one does not hang on their order
        answers = AnswerPolicy(per_sender=100)
        house.desk = replace(house.desk, policy=replace(house.desk.policy, answers=answers))
        yield Scene(house=house, pen=pen, andrea=andrea)
    store.close()


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_said_of_each_layer(scene: Scene, layer: str) -> None:
    expected = (GOLDEN / f"{layer}.txt").read_text(encoding="utf-8")
    assert expected == with_names(scene.layer(layer).copy.block, scene.house)


def test_every_golden_text_is_that_of_a_layer() -> None:
    assert set(LAYERS) == {path.stem for path in GOLDEN.glob("*.txt")}


@pytest.mark.parametrize("layer", LAYERS)
def test_the_real_subject_is_seen_inside_alone(scene: Scene, layer: str) -> None:
    """Outside there is a constant and the issue's opaque tag."""
    passed = scene.layer(layer)
    issue = passed.issue
    outside = email.message_from_bytes(passed.mail)
    assert f"[{issue.tag}] Encrypted message" == outside["Subject"]
    assert f"[{issue.issue_id}] {issue.subject}" == passed.copy.subject
    for secret in (SECRET, REAL_SUBJECT.encode(), b"research.example", b"A report", b"2026-0"):
        assert secret not in passed.mail


@pytest.mark.parametrize("layer", ["protected-subject", "another-sender-inside"])
def test_the_subject_inside_wins_over_the_three_dots_outside(scene: Scene, layer: str) -> None:
    assert scene.layer(layer).issue.subject == REAL_SUBJECT


def test_a_sender_named_inside_is_not_believed(scene: Scene) -> None:
    passed = scene.layer("another-sender-inside")
    assert "robin@research.example" == passed.issue.reporter
    told, _, notes = passed.copy.block.partition("Note:")
    assert "andrea@team.example" not in told
    assert 'from another sender than outside:\n             "andrea@team.example"\n' in notes


CLOSED = frozenset({"to-an-unknown-key", "bomb", "without-integrity"})
OPENED = frozenset(LAYERS) - CLOSED - {"half-clear-and-cut"}


@pytest.mark.parametrize("layer", sorted(OPENED))
def test_what_the_report_says_is_read_in_the_copy(scene: Scene, layer: str) -> None:
    assert SECRET in b"".join(_decoded(part) for part in scene.layer(layer).copy.parts[1:])


@pytest.mark.parametrize("layer", sorted(CLOSED))
def test_what_stays_closed_is_attached_as_it_came(scene: Scene, layer: str) -> None:
    copy = scene.layer(layer).copy
    assert 3 == len(copy.parts)
    assert b"\r\n-----BEGIN PGP MESSAGE-----\r\n" in copy.attached("original.eml")


def test_a_piece_that_stays_closed_arrives_as_it_came(scene: Scene) -> None:
    assert b"-----BEGIN PGP MESSAGE-----" in scene.layer("half-clear-and-cut").copy.parts[1]


def test_pieces_are_apart_and_never_joined_with_what_was_clear(scene: Scene) -> None:
    """The clear part arrives with its ciphertext as it was, each opened piece as a file."""
    copy = scene.layer("half-clear").copy
    assert SECRET == copy.attached("piece-1-")
    assert b"%PDF-1.4 proof" == copy.attached("piece-2-poc.pdf")
    assert b"-----BEGIN PGP MESSAGE-----" in copy.parts[1]
    assert SECRET not in copy.parts[1]


def test_a_body_that_imitates_the_block_comes_after_it_as_a_part_of_its_own(scene: Scene) -> None:
    imitation = scene.layer("encrypted-and-signed-by-the-team").copy.block
    body = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + imitation.encode()
    copy = scene.report(head() + body).copy
    assert "Signature:   none" in copy.block
    assert imitation.encode() not in copy.parts[0]
    assert copy.parts[1].endswith(imitation.encode())


def _decoded(part: bytes) -> bytes:
    found = [each.get_payload(decode=True) for each in email.message_from_bytes(part).walk()]
    return b"".join(each for each in found if isinstance(each, bytes))


LABELS = (
    *("Subject", "From", "To", "Cc", "Written", "Received", "Encryption", "Signature"),
    *("Piece", "Attached", "Done", "Waiting", "Note", "Event log"),
)
SEVERAL = {"Piece", "Attached", "Done", "Waiting", "Note"}


def facts_of(raw: bytes, *, label: str = "a.gpg") -> BlockFacts:
    """Return the facts of a mail in clear with one piece that a sender named `label`."""
    mail = parse.read(raw, ReadingLimits())
    piece = Piece(label=label, data=b"x")
    protection = Protection(encrypted=Coverage.PART, pieces=(label,))
    reading = Reading(
        mail=mail,
        subject=mail.subject,
        content=mail.root,
        protection=protection,
        pieces=(piece,),
        problems=mail.problems,
    )
    return BlockFacts(
        kind=Kind.REPORT,
        issue="SEC-2026-0001",
        opened=True,
        claimed="",
        automatic=False,
        alias=str(ALIAS),
        received_at=START,
        envelope=Envelope(
            sender=Address.parse("x@y.example"),
            recipients=(ALIAS,),
            peer="192.0.2.7",
            protocol="ESMTP",
        ),
        reading=reading,
        verdict=verdict(protection, None, example_team()),
    )


def assert_is_ours(block: str) -> None:
    """Assert that every line that begins at the left is one of ours, each where it belongs."""
    lines = block.split("\n")
    assert lines[0] == "SEC-2026-0001: new report to security@example.org"
    begun = [line.partition(":")[0] for line in lines[2:-5] if not line.startswith(" " * 13)]
    assert [label for label in LABELS if label in begun] == list(dict.fromkeys(begun))
    assert all(begun.count(label) == 1 for label in set(begun) - SEVERAL)
    assert all(line[12:13] == " " for line in lines[2:-5])
    assert not [each for each in block if _acts(each)]
    assert max(sum(2 if east_asian_width(c) in "WF" else 1 for c in line) for line in lines) <= 78


def _acts(character: str) -> bool:
    """Say whether a character does something to a text instead of being read in it."""
    unseen = category(character) in {"Cc", "Cs", "Zl", "Zp"} and character != "\n"
    return unseen or bidirectional(character) in BIDI_CONTROLS


BIDI_CONTROLS = frozenset("LRE RLE LRO RLO PDF LRI RLI FSI PDI".split())
FORGED = "Signature:   good, by Andrea Example of the response team; From confirmed"
BREAKS = ("\n", "\r", "\r\n ", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
HIDING = ("\u202e", "\u2066", "\u200f", "\ufeff", "\u200b", "\U000e0041", "\x00", "\x1b[2J", "\x08")
FILLING = ("\u3164" * 80, "\u2800" * 80, "\u00a0" * 80, "\uffa0" * 80, "\u3000" * 80, "漢" * 33)
WHERE = ("From", "Subject", "To", "Cc", "Date", "Message-ID")


@pytest.mark.parametrize(
    "breaker", [*BREAKS, *HIDING, *FILLING], ids=lambda breaker: ascii(breaker[:9])
)
@pytest.mark.parametrize("encoded", [False, True])
def test_no_character_makes_words_of_a_sender_a_line_of_ours(breaker: str, encoded: bool) -> None:
    words = f"x{breaker}{FORGED}{breaker}y"
    if encoded:
        words = "=?utf-8?q?" + "".join(f"={octet:02X}" for octet in words.encode()) + "?="
    shown = dict.fromkeys(("From", "To", "Cc"), f"{words} <robin@research.example>")
    fields = {name: f"{name}: {shown.get(name, words)}\r\n".encode() for name in WHERE}
    raw = b"".join(fields.values()) + b"\r\n" + FORGED.encode()
    block = block_text(TEXTS, facts_of(raw), log_head="entry 1:0123456789abcdef:fedcba9876543210")
    assert_is_ours(block)
    assert "Signature:   none" in block


@given(
    st.fixed_dictionaries({name: st.text(max_size=400) for name in WHERE}),
    st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=300),
)
def test_no_header_can_forge_a_line(values: dict[str, str], label: str) -> None:
    """A label is printable when it comes here; header values may hold anything."""
    lines = [f"{name}: {value}\r\n" for name, value in values.items()]
    raw = "".join(lines).encode("utf-8", "surrogatepass") + b"\r\ntext"
    facts = facts_of(raw, label=printable_line(label))
    assert_is_ours(block_text(TEXTS, facts, log_head="entry 1:0123456789abcdef:fedcba9876543210"))


@given(st.text(max_size=200), st.text(max_size=60))
@example("x\u202ecod.exe", "text/html\u2028Signature:   good")
def test_no_file_name_or_type_can_forge_a_line(name: str, content_type: str) -> None:
    kind = " ".join(content_type.split()).encode("utf-8", "surrogatepass")
    named = quote(name.encode("utf-8", "surrogatepass")).encode()
    part = b"Content-Type: " + kind + b"\r\nContent-Disposition: attachment;"
    part += b" filename*=utf-8''" + named + b"\r\n\r\nfile"
    block = block_text(TEXTS, facts_of(head() + multipart("mixed", TEXT, part)), log_head="entry 1")
    assert_is_ours(block)
    assert 1 == block.count("\nAttached:    1, ")


def test_words_of_ours_that_quote_a_sender_stay_in_their_column() -> None:
    """What was done or found out may name an address as long as an address can be."""
    address = f"{'x' * 64}@{'y' * 60}.{'z' * 60}.example"
    said = (f"acknowledged to {address}", FORGED)
    facts = replace(facts_of(plain()), done=said, waiting=said, remarks=said)
    block = block_text(TEXTS, facts, log_head="entry 1:0123456789abcdef:fedcba9876543210")
    assert_is_ours(block)
    assert address in "".join(block.split())


def shown_from(value: str) -> str:
    block = block_text(TEXTS, facts_of(plain(sender=value)), log_head="")
    return block.partition("From:        ")[2].partition("\nTo:")[0]


def test_a_name_cannot_pose_as_the_address_beside_it() -> None:
    told = shown_from('"Andrea <andrea@team.example> (confirmed)" <mallory@evil.example>')
    lines = [line.strip() for line in told.split("\n")]
    assert [
        '"Andrea <andrea@team.example> (confirmed)" <mallory@evil.example>',
        "not confirmed by a signature; envelope sender x@y.example",
    ] == lines


def test_a_long_name_does_not_push_the_address_out_of_sight() -> None:
    assert "<mallory@evil.example>" in shown_from("x" * 5000 + " <mallory@evil.example>")


def test_a_quoted_name_without_an_address_is_not_shown_as_one() -> None:
    assert '"andrea@team.example" (no usable address)' in shown_from('"andrea@team.example"')


@pytest.mark.parametrize(
    ("peer", "tls", "said"),
    [
        ("192.0.2.7", "TLSv1.3", "from 192.0.2.7, with TLS"),
        ("2001:db8::7", "", "from 2001:db8::7, without TLS"),
        ("127.0.0.1", "", "from this machine (127.0.0.1)"),
        ("::1", "", "from this machine (::1)"),
        ("local", "", "from this machine"),
        ("file", "", "from file, without TLS"),
    ],
)
def test_the_last_hop_is_told_without_alarm_where_there_is_none(
    peer: str, tls: str, said: str
) -> None:
    facts = facts_of(head() + TEXT)
    facts = replace(facts, envelope=replace(facts.envelope, peer=peer, tls=tls))
    block = block_text(TEXTS, facts, log_head="")
    assert f"Received:    Thu 2026-09-03 12:00:00Z {said}\n" in block
