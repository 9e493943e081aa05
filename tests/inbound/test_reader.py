"""Commands and messages are cut exactly, whatever pieces they arrive in, in bounded memory."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import Reply
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.reader import (
    BAD_LINE,
    BARE,
    BUSY,
    COMMAND_BYTES,
    HEADER_TOO_LARGE,
    LINE_TOO_LONG,
    TEXT_TOO_LONG,
    TOO_LARGE,
    TOO_MANY_HOPS,
    Body,
    Budget,
    Incoming,
)

SMALL = IntakeLimits(message_bytes=2000, line_bytes=200, header_bytes=500, received_headers=3)


def body(limits: IntakeLimits = SMALL, budget: int = 100_000) -> Body:
    return Body(limits=limits, budget=Budget(budget))


def fed(target: Body, wire: bytes, size: int) -> bytes | None:
    """Feed `wire` in pieces of `size` bytes; return what follows the message."""
    for start in range(0, len(wire), size):
        rest = target.feed(wire[start : start + size])
        if rest is not None:
            return rest + wire[start + size :]
    return None


def stuffed(content: bytes) -> bytes:
    lines = content.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)


LINE = st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))


@given(
    st.lists(st.one_of(LINE, st.sampled_from([b".", b"..", b". ", b".\0"])), max_size=12),
    st.integers(min_value=1, max_value=50),
    st.binary(max_size=20),
)
def test_a_message_arrives_as_it_was_sent(lines: list[bytes], size: int, after: bytes) -> None:
    """Any lines, NUL included, in any pieces, with anything pipelined behind them."""
    content = b"".join(line + b"\r\n" for line in lines)
    target = body()
    assert after == fed(target, stuffed(content) + b".\r\n" + after, size)
    assert None is target.refusal
    assert content == target.content()


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.\r\n"]), max_size=40))
def test_only_crlf_dot_crlf_ends_a_message_that_is_kept(pieces: list[bytes]) -> None:
    """Against an oracle: the first CRLF.CRLF, and no bare CR or LF before it."""
    wire = b"".join(pieces)
    for size in (1, 3, len(wire) + 1):
        target = body()
        rest = fed(target, wire, size)
        at = (b"\r\n" + wire).find(b"\r\n.\r\n")
        before = wire[: max(at, 0)]
        sound = (
            at >= 0
            and b"\r" not in (plain := before.replace(b"\r\n", b""))
            and (b"\n" not in plain)
        )
        assert sound is (rest is not None and target.refusal is None)
        if sound:
            assert wire[at + 3 :] == rest


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r.\r", b"\n.\r"]
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_lenient_end_is_refused_and_ends_the_session(end: bytes, size: int) -> None:
    """SMTP smuggling: what follows such an end is never taken for commands."""
    target = body()
    wire = b"Subject: x\r\n\r\ntext" + end + b"MAIL FROM:<a@b.example>\r\nDATA\r\nx\r\n.\r\n"
    rest = fed(target, wire, size)
    assert rest is not None
    assert BARE == target.refusal
    assert target.ends_session
    assert b"" == target.content()


def test_lines_with_lf_alone_are_answered_without_waiting_for_crlf() -> None:
    target = body()
    assert b"" == target.feed(b"Subject: x\n\ntext\n.\n")
    assert BARE == target.refusal


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\r\n" + b"x" * 98 + b"\r\n", None),
        (b"\r\n" + (b"x" * 98 + b"\r\n") * 19, None),
        (b"\r\n" + (b"x" * 98 + b"\r\n") * 20, TOO_LARGE),
        (b"\r\n" + b"x" * 198 + b"\r\n", None),
        (b"\r\n" + b"x" * 199 + b"\r\n", TEXT_TOO_LONG),
        (b"A: b\r\n\r\n" + b"x" * 5000 + b"\r\n", TEXT_TOO_LONG),
        (b"Subject: " + b"x" * 180 + b"\r\n\r\ntext\r\n", None),
        (b"Subject: x\r\n" + b" folded\r\n" * 55 + b"\r\n", HEADER_TOO_LARGE),
        (b"no header at all\r\n" * 60, None),
        (b"Received: x\r\n" * 3 + b"\r\n" + b"Received: y\r\n" * 9, None),
        (b"Received: x\r\n" * 3 + b"RECEIVED : y\r\n\r\n", TOO_MANY_HOPS),
    ],
)
@pytest.mark.parametrize("size", [1, 13, 10_000])
def test_limits(content: bytes, expected: Reply | None, size: int) -> None:
    """Each limit holds at its edge; what follows the refused message is still found."""
    target = body()
    assert b"QUIT\r\n" == fed(target, content + b".\r\nQUIT\r\n", size)
    assert expected == target.refusal
    assert (b"" if expected else content) == target.content()
    assert not target.ends_session


def test_the_message_limit_counts_no_stuffed_dots() -> None:
    limits = IntakeLimits(message_bytes=8)
    target = body(limits)
    assert b"" == target.feed(b"..a\r\n..b\r\n.\r\n")
    assert (None, b".a\r\n.b\r\n") == (target.refusal, target.content())


def test_the_budget_is_shared_and_given_back() -> None:
    budget = Budget(100)
    first = Body(limits=SMALL, budget=budget)
    second = Body(limits=SMALL, budget=budget)
    assert None is first.feed(b"x" * 68 + b"\r\n")
    assert 30 == budget.free()
    assert b"" == second.feed(b"x" * 68 + b"\r\n.\r\n")
    assert BUSY == second.refusal
    assert 30 == budget.free()
    first.release()
    assert 100 == budget.free()


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"\r\n" * 32_768, b"\r" * 65_536, b"." * 65_536])
def test_an_endless_message_costs_no_memory(piece: bytes) -> None:
    """64 MiB of anything, far over every limit, within a few of the pieces' size."""
    target = Body(limits=IntakeLimits(message_bytes=100_000), budget=Budget(2**30))
    tracemalloc.start()
    for _ in range(1024):
        assert None is target.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert target.refusal in {TOO_LARGE, TEXT_TOO_LONG}
    assert peak < 3_000_000


@given(
    st.lists(LINE.filter(lambda line: b"\0" not in line), max_size=8),
    st.integers(min_value=1, max_value=30),
)
def test_commands_come_out_as_they_went_in(lines: list[bytes], size: int) -> None:
    incoming = Incoming()
    wire = b"".join(line + b"\r\n" for line in lines)
    read: list[bytes | Reply] = []
    for start in range(0, len(wire), size):
        incoming.feed(wire[start : start + size])
        while (line := incoming.command()) is not None:
            read.append(line)
    assert lines == read


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"NOOP\n", BAD_LINE),
        (b"NO\rOP\r\n", BAD_LINE),
        (b"NOOP\0\r\n", BAD_LINE),
        (b"NOOP " + b"x" * (COMMAND_BYTES - 7) + b"\r\n", None),
        (b"NOOP " + b"x" * (COMMAND_BYTES - 6) + b"\r\n", LINE_TOO_LONG),
        (b"x" * 100_000 + b"\r\n", LINE_TOO_LONG),
        (b"x" * COMMAND_BYTES + b"\r\n", LINE_TOO_LONG),
        (b"x" * (COMMAND_BYTES - 1) + b"\r\n", LINE_TOO_LONG),
        (b"x" * 100_000 + b"\n", BAD_LINE),
    ],
)
@pytest.mark.parametrize("size", [1, 1000, 200_000])
def test_a_bad_command_line_is_refused_and_the_next_one_read(
    wire: bytes, expected: Reply | None, size: int
) -> None:
    incoming = Incoming()
    read: list[bytes | Reply] = []
    wire += b"QUIT\r\n"
    for start in range(0, len(wire), size):
        incoming.feed(wire[start : start + size])
        while (line := incoming.command()) is not None:
            read.append(line)
    assert [expected or wire[: COMMAND_BYTES - 2], b"QUIT"] == read


def test_what_follows_data_is_handed_over_once() -> None:
    incoming = Incoming()
    incoming.feed(b"DATA\r\ntext\r\n")
    assert b"DATA" == incoming.command()
    assert b"text\r\n" == incoming.take_rest()
    assert None is incoming.command()
