"""The README shows what the program really prints."""

import re
import subprocess
import sys
import tempfile

from tests.running import ROOT, gatekeeper

README = (ROOT / "README.md").read_text(encoding="utf-8")

COMMAND = [sys.executable, "-m", "gatekeeper.demo"]

MASKS = (
    (r"\b[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "INSTANT"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", "INSTANT"),
    (r"SEC-\d{4}-", "SEC-YEAR-"),
    (r"\b\d{4}-\d\d-\d\d\b", "DAY"),
    (r"\b[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} at \d\d:\d\d", "MOMENT"),
    (r"\[[a-z2-7]{8}\]", "[TAG]"),
    (r"<[a-z2-7]{26}@", "<ID@"),
    (r"(?:[0-9A-F]{4}\s+(?:\|\s+)?){3,9}[0-9A-F]{4}", "KEY"),
    (r"entry \d+:[0-9a-f]{16}:[0-9a-f]{16}", "entry N:HEAD:MAC"),
    (r"\d+ lines of OpenPGP", "N lines of OpenPGP"),
    (r", \d+ bytes\]", ", N bytes]"),
    # A signature's numbers are shorter when they begin with zeros, and so is the key they are in.
    (r"application/pgp-keys, \d+ bytes", "application/pgp-keys, N bytes"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\d{4}\.eml", "N.eml"),
    (r"\S*demo/(?=config|service\.log|mailbox)", "DEMO/"),
)


def masked(text: str) -> list[str]:
    """Return the lines of a text without what differs in each run."""
    for pattern, name in MASKS:
        text = re.sub(pattern, name, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def blocks() -> list[str]:
    """Return the README's blocks of code."""
    return re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_demonstration_prints_what_the_readme_shows() -> None:
    """Each shown piece stands in a run's output, line by line."""
    (shown,) = [block for block in blocks() if "The reporter sends a report" in block]
    with tempfile.TemporaryDirectory(prefix="gk-") as short:
        done = subprocess.run(
            [*COMMAND, "--folder", f"{short}/demo", "--any-ports", "--once"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    printed = masked(done.stdout)
    for piece in shown.split("[…]"):
        lines = masked(piece)
        starts = [i for i in range(len(printed)) if printed[i : i + len(lines)] == lines]
        assert len(starts) == 1, "\n".join(lines)


def test_the_help_is_the_programs_own() -> None:
    """`gatekeeper --help` as shown."""
    (shown,) = [block for block in blocks() if block.startswith("$ gatekeeper --help")]
    assert gatekeeper("--help").stdout == shown.partition("\n")[2]
