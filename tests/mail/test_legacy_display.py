"""A copy of protected header fields in a text is told from what its writer wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.attachments import attachments
from gatekeeper.mail.legacy_display import is_copy, without_copy
from gatekeeper.mail.structure import Part
from gatekeeper.mail.text import first_text
from tests.hostile.making import mail
from tests.mail.samples import mail_bytes, part_of
from tests.mail.test_openpgp import SIGNATURE
from tests.sampling import tries

CIPHER = '; hp="cipher"'
V1 = '; protected-headers="v1"'
MARKED = '; hp-legacy-display="1"'
WORDS = "There is a hole.\n"
COPY = "Subject: Overflow\nFrom: Robin\n folded\n"


def text(words: str, more: str = "", kind: str = "text/plain", fields: str = "") -> bytes:
    body = words.replace("\n", "\r\n").encode()
    return f"Content-Type: {kind}; charset=utf-8{more}\r\n{fields}\r\n".encode() + body


def parts(kind: str, *inside: bytes, more: str = "", mark: str = "=-m") -> bytes:
    begun = f'Content-Type: multipart/{kind}; boundary="{mark}"{more}\r\n\r\n'.encode()
    lines = b"".join(f"--{mark}\r\n".encode() + each + b"\r\n" for each in inside)
    return begun + lines + f"--{mark}--\r\n".encode()


@pytest.mark.parametrize(
    "entity",
    [
        text(f"{COPY}\n{WORDS}", MARKED + CIPHER),
        text(f"{COPY}  \n{WORDS}", MARKED + CIPHER),
        parts("mixed", text(f"{COPY}\n{WORDS}", MARKED), more=CIPHER),
        parts("signed", text(f"{COPY}\n{WORDS}", MARKED + CIPHER), SIGNATURE),
        parts("mixed", text(COPY, V1, "text/rfc822-headers"), text(WORDS), more=V1),
        parts("mixed", text(COPY, V1), text(WORDS), more=V1 + CIPHER),
        parts("mixed", text("Subject: x", V1, fields="Content-Disposition: inline\r\n"),
              text(WORDS), more=V1),
        parts("signed", parts("mixed", text(COPY, V1), text(WORDS), more=V1, mark="=-i"),
              SIGNATURE),
        text('<div class="header-protection-legacy-display">Subject: x</div><p>There is a hole.',
             MARKED + CIPHER, "text/html"),
    ],
)  # fmt: skip
def test_a_copy_is_not_read_as_text_and_is_no_file(entity: bytes) -> None:
    root = part_of(entity)
    assert WORDS.strip() == first_text(root).strip()
    assert () == attachments(root)


@pytest.mark.parametrize(
    "entity",
    [
        text(f"{COPY}\n{WORDS}", MARKED),
        text(f"{COPY}\n{WORDS}", CIPHER),
        text(f"{COPY}\n{WORDS}", f'{MARKED}; hp="clear"'),
        text(f"{COPY}\n{WORDS}", f'{CIPHER}; hp-legacy-display="2"'),
        text(f"Hello,\n\nSubject: Overflow\n{WORDS}", MARKED + CIPHER),
        text(f"Subject: Overflow\n{WORDS}", MARKED + CIPHER),
        parts("mixed", text(COPY, V1), text(WORDS)),
        parts("mixed", text(COPY), text(WORDS), more=V1),
        parts("mixed", text(COPY, '; protected-headers="v2"'), text(WORDS), more=V1),
        parts("mixed", text(f"{COPY}Hello\n", V1), text(WORDS), more=V1),
        parts("mixed", text(f"{COPY}\nAttack: now\n", V1), text(WORDS), more=V1),
        parts("mixed", parts("mixed", text(COPY, V1), mark="=-i", more=V1), text(WORDS)),
    ],
)
def test_what_is_no_copy_stays(entity: bytes) -> None:
    assert "Subject: Overflow" in first_text(part_of(entity))


def test_only_the_first_part_is_a_copy() -> None:
    root = part_of(parts("mixed", text(WORDS), text(COPY, V1), more=V1))
    assert [False, False] == [is_copy(each, root) for each in root.children]


def test_a_long_first_part_is_no_copy() -> None:
    root = part_of(parts("mixed", text("X: y\n" * 20_000, V1), text(WORDS), more=V1))
    assert not is_copy(root.children[0], root)


def cipher(words: str) -> Part:
    return part_of(text(words, MARKED + CIPHER))


@tries(300)
@given(st.text(max_size=200))
def test_nothing_but_header_lines_is_taken_off(words: str) -> None:
    """What is left is an end of the text, and before it stand field names."""
    root = cipher(words)
    left = without_copy(words, root, root)
    assert words.endswith(left)
    assert not (taken := words[: len(words) - len(left)]) or ":" in taken.partition("\n")[0]


@tries(200)
@given(mail_bytes)
def test_any_mail_is_asked(raw: bytes) -> None:
    root = part_of(raw)
    assert [] == [each for each in root.walk() if is_copy(each, root) and each.children]


def test_a_flood_of_lines_costs_little() -> None:
    words = "A: b\n" * 500_000
    root = part_of(mail(words.encode(), f"Content-Type: text/plain{MARKED}{CIPHER}".encode()))
    assert words == without_copy(words, root, root)
