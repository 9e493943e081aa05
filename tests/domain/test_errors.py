"""Errors know whose fault they are, and a reply is always one sound line of SMTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import (
    GatekeeperError,
    Misconfigured,
    NotThere,
    OurFault,
    Refusal,
    Reply,
    TheirFault,
)
from tests.sampling import tries


@tries(300)
@given(
    code=st.integers(0, 700),
    enhanced=st.one_of(st.text(max_size=12), st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}")),
    text=st.text(max_size=600),
)
def test_every_reply_is_one_line_that_a_peer_can_read(code: int, enhanced: str, text: str) -> None:
    """Printable ASCII, at most 512 octets with its end, the two codes of one class."""
    try:
        line = Reply(code=code, enhanced=enhanced, text=text).line()
    except ValueError:
        return
    assert line.isascii()
    assert line.isprintable()
    assert 512 >= len(line) + 2
    assert line[0] == line[4]
    assert f"{code} {enhanced} {text}" == line


@pytest.mark.parametrize(
    ("code", "enhanced", "text"),
    [
        (199, "2.0.0", "Ok"),
        (600, "5.0.0", "Ok"),
        (250, "5.0.0", "Ok"),
        (354, "3.0.0", "Go on"),
        (250, "2.0", "Ok"),
        (250, "2.0.1000", "Ok"),
        (250, "2.0.0 ", "Ok"),
        (250, "2.0.٣", "Ok"),
        (250, "2.0.0", "Ok\r\n550 No"),
        (250, "2.0.0", "Größe"),
        (250, "2.0.0", "x" * 502),
    ],
)
def test_a_reply_that_is_none_cannot_be_made(code: int, enhanced: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"reply|enhanced"):
        Reply(code=code, enhanced=enhanced, text=text)


def test_the_longest_reply_fits_its_line() -> None:
    assert 510 == len(Reply(code=250, enhanced="2.0.0", text="x" * 500).line())


@pytest.mark.parametrize(
    ("code", "temporary"), [(299, False), (400, True), (499, True), (500, False)]
)
def test_4yz_is_temporary(code: int, *, temporary: bool) -> None:
    enhanced = f"{code // 100}.0.0"
    assert temporary is Reply(code=code, enhanced=enhanced, text="x").temporary


@pytest.mark.parametrize(
    ("kind", "temporary", "exit_code"),
    [
        (GatekeeperError, True, 1),
        (Refusal, False, 1),
        (NotThere, False, 4),
        (TheirFault, False, 2),
        (Misconfigured, False, 2),
        (OurFault, True, 75),
    ],
)
def test_each_kind_has_its_reply_and_exit_status(
    kind: type[GatekeeperError], *, temporary: bool, exit_code: int
) -> None:
    """What is our own fault is temporary to the outside, so nothing is lost by it."""
    assert temporary is kind.reply.temporary
    assert exit_code == kind.exit_code
    assert kind.__name__ not in kind.reply.line()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refusal("no"), "no"),
        (Refusal("no", reason="because"), "no (because)"),
        (Refusal("no", remedy="ask"), "no: ask"),
        (Refusal("no", reason="because", remedy="ask"), "no (because): ask"),
    ],
)
def test_diagnostics_say_what_happened_and_what_to_do(error: Refusal, expected: str) -> None:
    assert expected == error.diagnostics()
    assert "no" == str(error)


def test_the_private_reason_is_in_no_public_text() -> None:
    error = OurFault("Database unavailable", reason="password of db wrong", remedy="see the log")
    for text in (str(error), repr(error), error.reply.line()):
        assert "password" not in text
