"""One run of a program over pipes alone: bytes in and out, within a deadline and a bound."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gatekeeper.domain.instants import SECOND

_CHUNK: Final = 1 << 18


class End(StrEnum):
    """How a run ended."""

    EXITED = "exited by itself"
    KILLED = "killed by a signal that was not ours"
    TOO_SLOW = "killed at its deadline"
    TOO_LARGE = "killed for writing too much"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a run left: how it ended, its exit code, each pipe's bytes, and its time in µs.

    `number` is the process id that it had.
    """

    number: int
    end: End
    exit_code: int
    output: bytes
    status: bytes
    spent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a run may use: microseconds, and bytes of output and of status."""

    wait: int
    output: int
    status: int


@dataclass(slots=True, kw_only=True)
class _Sink:
    limit: int
    data: bytearray = field(default_factory=bytearray)


def run(
    command: Callable[[int, int], list[bytes]],
    *,
    given: bytes,
    attached: bytes,
    environment: Mapping[str, str],
    bounds: Bounds,
    lent: tuple[int, ...] = (),
) -> Ended:
    """Run a command with `given` on its standard input; OSError when it cannot be started.

    `command` is told two inherited descriptors, the one to write status to and the one to read
    `attached` from, and returns the arguments; it also inherits the descriptors `lent`, under
    their numbers. The program leads a process group of its own, which is killed at the deadline
    or when it writes more than allowed.
    """
    with ExitStack() as stack:
        given_read, given_write = _pipe(stack)
        output_read, output_write = _pipe(stack)
        status_read, status_write = _pipe(stack)
        attached_read, attached_write = _pipe(stack)
        process = subprocess.Popen(
            command(status_write.number, attached_read.number),
            stdin=given_read.number,
            stdout=output_write.number,
            stderr=subprocess.DEVNULL,
            pass_fds=(status_write.number, attached_read.number, *lent),
            env=dict(environment),
            start_new_session=True,
        )
        for theirs in (given_read, output_write, status_write, attached_read):
            theirs.close()
        begun = time.monotonic()
        pump = _Pump(deadline=begun + bounds.wait / SECOND)
        pump.give(given_write.number, given, given_write.close)
        pump.give(attached_write.number, attached, attached_write.close)
        output = pump.take(output_read.number, bounds.output)
        status = pump.take(status_read.number, bounds.status)
        end = _finish(process, pump)
        return Ended(
            number=process.pid,
            end=end,
            exit_code=process.returncode,
            output=bytes(output.data),
            status=bytes(status.data),
            spent=int((time.monotonic() - begun) * SECOND),
        )


@contextmanager
def in_memory(content: bytes) -> Iterator[int]:
    """Lend the descriptor of a file with `content`, which has no name and lies on no disk.

    It is gone when its last holder has ended, however that ended.
    """
    number = os.memfd_create("gatekeeper", os.MFD_CLOEXEC)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(number, left) :]
        yield number
    finally:
        os.close(number)


def _finish(process: subprocess.Popen[bytes], pump: "_Pump") -> End:
    end = End.TOO_SLOW
    try:
        end = pump.move()
        if end is End.EXITED:
            process.wait(timeout=max(pump.left(), 0))
    except subprocess.TimeoutExpired:
        end = End.TOO_SLOW
    finally:
        pump.close()
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return End.KILLED if end is End.EXITED and process.returncode < 0 else end


@dataclass(slots=True, kw_only=True)
class _Descriptor:
    """A file descriptor that is closed once."""

    number: int
    open: bool = True

    def close(self) -> None:
        if self.open:
            self.open = False
            os.close(self.number)


def _pipe(stack: ExitStack) -> tuple[_Descriptor, _Descriptor]:
    read, write = (_Descriptor(number=number) for number in os.pipe())
    stack.callback(read.close)
    stack.callback(write.close)
    return read, write


class _Pump:
    """Moves bytes between many pipes in one thread, so that none waits for another."""

    __slots__ = ("_deadline", "_selector")

    def __init__(self, *, deadline: float) -> None:
        self._deadline = deadline
        self._selector = selectors.DefaultSelector()

    def give(self, number: int, data: bytes, close: Callable[[], None]) -> None:
        """Write `data` to a pipe, then close it."""
        os.set_blocking(number, False)
        source = _Source(left=memoryview(data), close=close)
        self._selector.register(number, selectors.EVENT_WRITE, source)

    def take(self, number: int, limit: int) -> _Sink:
        """Read a pipe to its end into what is returned."""
        os.set_blocking(number, False)
        sink = _Sink(limit=limit)
        self._selector.register(number, selectors.EVENT_READ, sink)
        return sink

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self._deadline - time.monotonic()

    def move(self) -> End:
        """Move everything until all pipes are at their end, or the run must be ended."""
        while self._selector.get_map():
            if (left := self.left()) <= 0:
                return End.TOO_SLOW
            for key, _ in self._selector.select(left):
                if isinstance(key.data, _Sink):
                    if not self._read(key.fd, key.data):
                        return End.TOO_LARGE
                else:
                    self._write(key.fd, key.data)
        return End.EXITED

    def close(self) -> None:
        """Let go of all pipes."""
        self._selector.close()

    def _read(self, number: int, sink: _Sink) -> bool:
        data = os.read(number, _CHUNK)
        if not data:
            self._selector.unregister(number)
        sink.data += data
        return len(sink.data) <= sink.limit

    def _write(self, number: int, source: "_Source") -> None:
        try:
            sent = os.write(number, source.left[:_CHUNK]) if source.left else 0
        except BlockingIOError:
            return
        except BrokenPipeError:
            sent = len(source.left)
        source.left = source.left[sent:]
        if not source.left:
            self._selector.unregister(number)
            source.close()


@dataclass(slots=True, kw_only=True)
class _Source:
    left: memoryview
    close: Callable[[], None]
