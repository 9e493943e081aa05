"""The demonstration tells its story to the end, and a second start keeps its state."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import ROOT, WAIT

ARRIVALS = Counter(
    {
        "  a mail for you@example.org": 1,
        "  a mail for robin@research.example": 1,
        "  a mail for andrea@team.example": 2,
        "  a mail for wei@team.example": 2,
        "  a mail for sam@vendor.example": 2,
    }
)
"""What comes of the things to try: copies and the acknowledgement of a report, then an answer."""

COMMAND = [sys.executable, "-m", "gatekeeper.demo"]


def run_demo(folder: Path) -> str:
    """Run the demonstration once and return what it prints."""
    done = subprocess.run(
        [*COMMAND, "--folder", str(folder), "--any-ports", "--once"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for the state, with a path short enough for gpg's sockets."""
    with tempfile.TemporaryDirectory(prefix="gk-") as short:
        yield Path(short) / "demo"


def test_the_story_is_told_and_kept(folder: Path) -> None:
    """Three reports, nine copies read by their owners, two letters by the reporter; then more."""
    first = run_demo(folder)
    assert re.findall(r"-> (SEC-\d{4}-\d{4}) opened", first) == issues(1, 2, 3, like=first)
    assert first.count("signature of the alias: good") == 9 + 2 + 1
    assert first.count("cannot be decrypted with this key") == 3
    assert first.count("ANOTHER TEXT") == 0
    assert "Fünf Zeilen genügen." in first
    assert "Subject: [SEC-" in first
    assert "Key confusion in session resumption" in first
    assert first.count("Thank you for your report.") == 3
    assert first.count("What Robin Finder is answered at once:") == 3
    assert_answered(first)
    second = run_demo(folder)
    assert re.findall(r"-> (SEC-\d{4}-\d{4}) opened", second) == issues(4, 5, 6, like=second)
    assert second.count("Thank you for your report.") == 3
    assert_answered(second)


def assert_answered(shown: str) -> None:
    """See that the reporter reads the answer, without the quote and the name of its author."""
    written, _, rest = shown.partition("What Robin Finder reads;")
    read, _, above = rest.partition("What stands above it")
    assert "Andrea Example, extension 12" in written
    assert "your 14 days suit us" in read
    assert "Andrea" not in read
    assert "wrote:" not in read
    assert "Done:        reply: goes to the reporter, robin@research.example" in above


def issues(*numbers: int, like: str) -> list[str]:
    """Return issue ids of the year that a text speaks of."""
    found = re.search(r"SEC-(\d{4})-", like)
    assert found
    return [f"SEC-{found[1]}-{number:04d}" for number in numbers]


def test_ctrl_c_ends_it_quietly_and_the_six_things_work(folder: Path) -> None:
    """It stays up until Ctrl-C; the commands that it shows can be typed as they are."""
    with subprocess.Popen(
        [*COMMAND, "--folder", str(folder), "--any-ports"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            watch(process)
        finally:
            process.send_signal(signal.SIGINT)


def watch(process: "subprocess.Popen[str]") -> None:
    """Read the story, try the six things, and end it."""
    assert process.stdout is not None
    shown: list[str] = []
    while not shown or "Ctrl-C stops it" not in shown[-1]:
        line = process.stdout.readline()
        assert line, "".join(shown)
        shown.append(line)
    commands = re.findall(r"^  \d\. .*\n +(.*)$", "".join(shown), re.MULTILINE)
    assert len(commands) == 6
    for command in commands:
        done = subprocess.run(  # noqa: S602 - the very line that a person is told to type
            command,
            shell=True,
            cwd=ROOT,
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        assert done.returncode == 0, (command, done.stderr)
    assert process.stdout.readline() == "\n"
    arrived = [process.stdout.readline().split(" arrived: ")[0] for _ in range(ARRIVALS.total())]
    assert Counter(arrived) == ARRIVALS
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(WAIT) == 0
    assert "Traceback" not in rest
