"""A letter's plaintext opens in a mail reader that people use."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from gatekeeper.mail.compose import inner
from tests import peers
from tests.hostile.making import TEXT, multipart
from tests.mail.samples import letterhead, part_of
from tests.torture import torture

KEYS = 'push "<first-entry><pipe-message>cat>shown<enter><quit>"'


def shown(tmp_path: Path, mutt: Path, raw: bytes) -> str:
    """Return the text that mutt makes of a mail, run on a terminal as a person would run it."""
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    # mutt makes LF of CRLF when it decrypts; a mail in a folder has LF from the start
    (tmp_path / "box" / "cur" / "1:2,S").write_bytes(raw.replace(b"\r\n", b"\n"))
    (tmp_path / "rc").write_text(
        "set pipe_decode=yes\nset wait_key=no\nset charset=utf-8\nset quit=yes\nset folder=box\n"
    )
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [mutt, "-n", "-R", "-F", "rc", "-f", "box", "-e", KEYS],
        cwd=tmp_path,
        env={"TERM": "xterm", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": os.defpath},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    try:
        while os.read(leader, 65536):
            pass
    except OSError:  # how Linux says that the other side of a terminal has gone
        pass
    finally:
        os.close(leader)
        process.wait(timeout=30)
    return (tmp_path / "shown").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["plain", "missing-closing-boundary", "same-boundary-nested"])
def test_mutt_shows_our_block_the_report_and_the_real_subject(tmp_path: Path, name: str) -> None:
    mutt = peers.require("mutt")["mutt"]
    content = part_of(torture()[name])
    letter = inner(
        head=letterhead(subject="Grüße: a hole"),
        outer_subject="Encrypted message",
        block="This was verified: Größe.",
        content=content,
        header_block=content.header_block,
        raw_attachment=content.source,
    )
    text = shown(tmp_path, mutt, letter)
    assert "Subject: Grüße: a hole\n" in text
    block = text.index("This was verified: Größe.")
    report = text.index("There is a hole in your fence.")
    header = text.index("A Reporter <reporter@reporter.example>")
    assert block < report < header


def test_content_that_imitates_us_stays_behind_our_block(tmp_path: Path) -> None:
    """Text of a reporter that looks like a boundary or a block of ours ends nothing."""
    mutt = peers.require("mutt")["mutt"]
    fake = b"\r\n--=_0123456789--\r\nContent-Type: text/plain\r\n\r\nFAKE BLOCK\r\n"
    content = part_of(multipart("mixed", "q", TEXT + fake, TEXT))
    letter = inner(
        head=letterhead(), outer_subject="x", block="OUR BLOCK", content=content, header_block=b""
    )
    text = shown(tmp_path, mutt, letter)
    assert text.index("OUR BLOCK") < text.index("--=_0123456789--") < text.index("FAKE BLOCK")
    assert 2 == text.count("There is a hole in your fence.")
