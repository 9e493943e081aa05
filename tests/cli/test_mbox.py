"""Mail in one file comes out byte for byte, read by a program that is not ours."""

import mailbox
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cli import mbox
from tests.house import START

LINES = st.lists(
    st.sampled_from(
        [b"From me", b">From me", b">>From you", b"", b"From:", b" From x", b"a\rFrom b", b"\xff"]
    ),
    min_size=1,
)


def unquoted(stored: bytes) -> bytes:
    """Take away what the format adds, as its rule says."""
    return re.sub(rb"(?m)^>(?=>*From )", b"", stored)


def read_back(folder: Path, mails: list[bytes]) -> list[bytes]:
    """Write mails into a file, and return them as the standard library reads them."""
    path = folder / "x.mbox"
    path.write_bytes(b"".join(mbox.entry(mail, sender="a@b.example", at=START) for mail in mails))
    box = mailbox.mbox(path, create=False)
    found = [unquoted(box.get_bytes(key)) for key in box.keys()]  # noqa: SIM118 - no mapping
    box.close()
    return found


@given(st.lists(LINES, min_size=1, max_size=4), st.sampled_from([b"\n", b"\r\n"]))
def test_every_mail_comes_back(
    tmp_path_factory: pytest.TempPathFactory, mails: list[list[bytes]], end: bytes
) -> None:
    """Lines that look like the format's own, empty ones at the end, any bytes."""
    written = [b"".join(line + end for line in lines) for lines in mails]
    assert written == read_back(tmp_path_factory.mktemp("mbox"), written)


def test_a_mail_without_a_last_line_end_gets_one(tmp_path: Path) -> None:
    """The format has no other way."""
    assert [b"A: b\n\nend\n", b"C: d\n"] == read_back(tmp_path, [b"A: b\n\nend", b"C: d\n"])


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("robin@research.example", b"From robin@research.example Thu Sep  3 12:00:00 2026\n"),
        ("", b"From MAILER-DAEMON Thu Sep  3 12:00:00 2026\n"),
        ("ro\nbin\u05e9@x.example", b"From ro?bin?@x.example Thu Sep  3 12:00:00 2026\n"),
    ],
)
def test_who_sent_it_stands_before_it(sender: str, expected: bytes) -> None:
    """In ASCII without blanks, so that no address can be a line of its own."""
    assert mbox.entry(b"A: b\n", sender=sender, at=START).startswith(expected)
