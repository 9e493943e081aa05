"""A program runs over pipes alone, within its deadline and its bounds."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.domain.instants import SECOND
from gatekeeper.pgp import process
from gatekeeper.pgp.process import Bounds, End, Ended

_WIDE = Bounds(wait=30 * SECOND, output=10_000_000, status=10_000)


def run(
    program: str, *, given: bytes = b"", attached: bytes = b"", bounds: Bounds = _WIDE
) -> Ended:
    """Run a Python program that finds its two descriptors in S and A."""

    def command(status: int, special: int) -> list[bytes]:
        head = f"import os, sys, time; S, A = {status}, {special}\n"
        return [os.fsencode(sys.executable), b"-c", (head + program).encode()]

    return process.run(
        command, given=given, attached=attached, environment={"LC_ALL": "C"}, bounds=bounds
    )


def test_all_pipes_carry_more_than_they_hold_at_once() -> None:
    program = "os.write(S, b'x' * 9999); a = open(A, 'rb').read(); d = sys.stdin.buffer.read();"
    program += "sys.stdout.buffer.write(d + a)"
    ended = run(program, given=b"g" * 3_000_000, attached=b"a" * 3_000_000)
    assert (End.EXITED, 0) == (ended.end, ended.exit_code)
    assert b"g" * 3_000_000 + b"a" * 3_000_000 == ended.output
    assert b"x" * 9999 == ended.status


def test_input_that_nobody_reads_does_no_harm() -> None:
    ended = run("print('done')", given=b"g" * 3_000_000, attached=b"a" * 3_000_000)
    assert (End.EXITED, b"done\n") == (ended.end, ended.output)


def test_the_exit_code_is_told() -> None:
    assert (End.EXITED, 7) == ((ended := run("sys.exit(7)")).end, ended.exit_code)


def test_the_time_it_took_is_told() -> None:
    ended = run("time.sleep(600)", bounds=Bounds(wait=SECOND // 5, output=10, status=10))
    assert SECOND // 5 <= ended.spent
    assert 0 < run("pass").spent


def test_no_time_at_all_is_a_deadline_too() -> None:
    assert End.TOO_SLOW is run("pass", bounds=Bounds(wait=0, output=10, status=10)).end


def test_a_signal_that_is_not_ours_is_told() -> None:
    ended = run("os.kill(os.getpid(), 9)")
    assert (End.KILLED, -9) == (ended.end, ended.exit_code)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("time.sleep(600)", id="silent"),
        pytest.param(
            "os.close(0); os.close(1); os.close(S); os.close(A); time.sleep(600)", id="deaf"
        ),
        pytest.param("os.fork() or time.sleep(600); time.sleep(600)", id="with a child"),
        pytest.param(
            "import signal; signal.signal(15, signal.SIG_IGN); time.sleep(600)", id="stubborn"
        ),
    ],
)
@pytest.mark.timeout(60)  # without the deadline it would take ten minutes
def test_the_deadline_ends_the_whole_group(program: str) -> None:
    ended = run(program, bounds=Bounds(wait=SECOND // 2, output=1000, status=1000))
    assert End.TOO_SLOW is ended.end


@pytest.mark.parametrize(
    "endless", ["while True: os.write(1, b'x' * 9999)", "while True: os.write(S, b'x' * 9999)"]
)
def test_too_much_output_ends_it(endless: str) -> None:
    ended = run(endless, bounds=Bounds(wait=60 * SECOND, output=100_000, status=100_000))
    assert End.TOO_LARGE is ended.end
    assert max(len(ended.output), len(ended.status)) < 1_000_000


def test_exactly_as_much_as_allowed_passes() -> None:
    bounds = Bounds(wait=30 * SECOND, output=1000, status=0)
    assert (End.EXITED, 1000) == ((e := run("print('x' * 999)", bounds=bounds)).end, len(e.output))


def test_a_program_that_is_not_there_is_an_error_of_the_system(
    descriptors: Callable[[], int],
) -> None:
    before = descriptors()
    with pytest.raises(FileNotFoundError):
        process.run(
            lambda _status, _special: [b"/nonexistent"],
            given=b"",
            attached=b"",
            environment={},
            bounds=_WIDE,
        )
    assert before == descriptors()


def test_no_descriptor_is_left_open(descriptors: Callable[[], int]) -> None:
    before = descriptors()
    run("pass", given=b"x" * 1_000_000)
    run("time.sleep(600)", bounds=Bounds(wait=SECOND // 10, output=10, status=10))
    assert before == descriptors()


@pytest.fixture
def descriptors() -> Callable[[], int]:
    return lambda: len(list(Path("/proc/self/fd").iterdir()))


def test_a_lent_file_is_read_by_its_name_again_and_again() -> None:
    """As a key ring is: opened anew for each search, each time from its beginning."""
    content = b"c" * 200_000
    with process.in_memory(content) as number:

        def command(status: int, special: int) -> list[bytes]:
            name = f"/proc/self/fd/{number}"
            program = f"import sys\nfor _ in 'ab': sys.stdout.write(open({name!r}).read())"
            return [os.fsencode(sys.executable), b"-c", program.encode()]

        ended = process.run(
            command,
            given=b"",
            attached=b"",
            environment={"LC_ALL": "C"},
            bounds=_WIDE,
            lent=(number,),
        )
    assert (0, content * 2) == (ended.exit_code, ended.output)
