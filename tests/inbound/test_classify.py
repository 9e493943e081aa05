"""What a message is goes by envelope, headers for programs, and our own tokens, never by words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain import token
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.identity import row_id
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import Protection
from gatekeeper.domain.report import Classified, Envelope, Kind
from gatekeeper.inbound.classify import BOUNCE, classify
from gatekeeper.issues.letterhead import LOOP
from gatekeeper.mail import parse
from gatekeeper.mail.reading import Reading
from tests.house import ALIAS
from tests.issues.reports import plain

OWN = OwnAddresses(security=ALIAS)
KEY = b"k" * 32
ROW = row_id(b"\x07" * 16)
BOUNCED = f"bounces+{token.mint(KEY, BOUNCE, ROW)}@example.org"
LOOPED = f"X-Gatekeeper-Loop: {token.mint(KEY, LOOP, ROW)}"


def classified(raw: bytes, to: str = str(ALIAS), *, sender: str = "") -> Classified:
    envelope = Envelope(
        sender=Address.parse(sender) if sender else None,
        recipients=tuple(Address.parse(each) for each in to.split()),
        peer="192.0.2.7",
        protocol="ESMTP",
    )
    mail = parse.read(raw, ReadingLimits())
    reading = Reading(
        mail=mail,
        subject=mail.subject,
        content=mail.root,
        protection=Protection(),
        loop_tokens=mail.loop_tokens,
    )
    return classify(reading, envelope, OWN, KEY)


def test_a_bounce_names_its_delivery() -> None:
    assert Classified(kind=Kind.BOUNCE, delivery=ROW) == classified(plain(), BOUNCED)
    assert Classified(kind=Kind.BOUNCE, delivery=ROW) == classified(plain(), BOUNCED.upper())


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "x.y",
        token.mint(KEY, LOOP, ROW),
        token.mint(b"j" * 32, BOUNCE, ROW),
        token.mint(KEY, BOUNCE, ROW)[:-1],
    ],
)
def test_a_bounce_with_a_token_that_is_not_ours_names_nothing(name: str) -> None:
    assert Classified(kind=Kind.BOUNCE) == classified(plain(), f"bounces+{name}@example.org")


def test_a_bounce_is_one_whatever_it_carries() -> None:
    """A letter of ours inside the token's mail is still the bounce of its delivery."""
    found = classified(plain(LOOPED, "Auto-Submitted: auto-replied"), BOUNCED)
    assert (Kind.BOUNCE, ROW) == (found.kind, found.delivery)


def test_a_letter_of_ours_names_the_message_it_carried() -> None:
    assert Classified(kind=Kind.LOOP, carried=ROW) == classified(plain(LOOPED))
    several = plain("X-Gatekeeper-Loop: foreign.token", LOOPED)
    assert Classified(kind=Kind.LOOP, carried=ROW) == classified(several)


def test_a_bounce_token_is_no_loop_token() -> None:
    raw = plain(f"X-Gatekeeper-Loop: {token.mint(KEY, BOUNCE, ROW)}")
    assert Classified(kind=Kind.REPORT) == classified(raw)


@pytest.mark.parametrize(
    ("value", "automatic"),
    [
        ("no", False),
        ("No", False),
        ("no (by hand)", False),
        ("auto-generated", True),
        ("AUTO-REPLIED; owner-email=x@y.example", True),
        ("strange", True),
    ],
)
def test_what_a_mail_says_of_itself_is_kept_and_decides_nothing(
    value: str, *, automatic: bool
) -> None:
    found = classified(plain(f"Auto-Submitted: {value}"))
    assert Classified(kind=Kind.REPORT, automatic=automatic) == found


REPLY = token.mint_reply(KEY, ROW)


@pytest.mark.parametrize(
    "to",
    [
        f"security+{REPLY}@example.org",
        f"Security+{REPLY.upper()}@EXAMPLE.org",
        f"{ALIAS} security+{REPLY}@example.org",
        f"bounces+x@example.org security+{REPLY}@example.org",
        f"security+{token.mint_reply(b'j' * 32, ROW)}@example.org security+{REPLY}@example.org",
    ],
)
def test_a_reply_address_names_where_it_leads(to: str) -> None:
    assert Classified(kind=Kind.REPORT, route=ROW) == classified(plain(), to)


@pytest.mark.parametrize(
    "name",
    [
        "x",
        REPLY[:-1],
        f"{REPLY}a",
        token.mint_reply(b"j" * 32, ROW),
        token.mint(KEY, LOOP, ROW),
        token.mint(KEY, BOUNCE, ROW),
    ],
)
def test_a_reply_address_that_is_not_ours_leads_nowhere(name: str) -> None:
    """Mail to it is refused when it comes; what came by another way is still a report."""
    assert Classified(kind=Kind.REPORT) == classified(plain(), f"security+{name}@example.org")


def test_a_reply_token_in_a_header_or_a_loop_field_says_nothing() -> None:
    raw = plain(f"X-Gatekeeper-Loop: {REPLY}", f"Reply-To: security+{REPLY}@example.org")
    raw = raw.replace(b"To: security@", f"To: security+{REPLY}@".encode())
    assert Classified(kind=Kind.REPORT) == classified(raw)


def test_a_letter_of_ours_is_one_at_whatever_address_it_comes_back() -> None:
    found = classified(plain(LOOPED), f"security+{REPLY}@example.org")
    assert Classified(kind=Kind.LOOP, carried=ROW) == found


def test_the_envelope_routes_not_the_header() -> None:
    assert Kind.POSTMASTER is classified(plain(), "abuse@example.org").kind
    raw = plain().replace(b"To: security@", b"To: postmaster@")
    assert Kind.REPORT is classified(raw).kind


@given(st.text(max_size=200), st.text(max_size=200), st.binary(max_size=200))
def test_no_subject_sender_or_body_makes_a_report_anything_else(
    subject: str, sender: str, body: bytes
) -> None:
    one_line = str.maketrans("", "", "\r\n")
    named = plain(
        sender=sender.translate(one_line).encode("ascii", "replace").decode(),
        subject=subject.translate(one_line).encode("ascii", "replace").decode(),
        text=b"\r\n" + body,
    )
    assert Kind.REPORT is classified(named).kind
