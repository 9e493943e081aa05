"""Strategies and values that the tests of the mail package share."""

from hypothesis import strategies as st

from gatekeeper.domain.instants import Instant
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail.compose import Letterhead
from gatekeeper.mail.structure import Part, scan

LIMITS = ReadingLimits()
LOOP_TOKEN = "abc.def"

_MARKS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"--a",
    b"--b",
    b"--a--",
    b"--b--",
    b"\r\n--a\r\n",
    b"\n--b\n",
    b"\r\n--a--\r\n",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=b\n\n",
    b'Content-Type: multipart/encrypted; boundary="b"\r\n',
    b"Content-Type: multipart/digest; boundary=a\r\n",
    b"Content-Type: text/html; charset=utf-16\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Disposition: attachment; filename*=utf-8''%e2%80%ae\r\n",
    b"From: ",
    b"Subject: =?utf-8?q?a=0D=0Ab?=",
    b"Date: Thu, 03 Sep 2026 12:00:00 +0000",
    b"References: <a@b>",
    b"-----BEGIN PGP MESSAGE-----\r\n",
    b"-----END PGP MESSAGE-----\r\n",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n",
    b"-----BEGIN PGP SIGNATURE-----\n",
    b"-----END PGP SIGNATURE-----\n",
    b"<p>",
    b"<!--",
    b"&#",
    b"(",
    b'"',
    b";",
    b"\x00",
    b"\xe2\x80\xa8",
    b"\xff",
)

mail_bytes = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(st.sampled_from(_MARKS), st.binary(max_size=5)), max_size=40).map(b"".join),
    st.lists(st.sampled_from(_MARKS), max_size=30).map(
        lambda marks: b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"".join(marks)
    ),
)
"""Any bytes, and bytes that look enough like mail to go wrong in every way."""

any_limits = st.builds(
    ReadingLimits,
    depth=st.integers(0, 5),
    parts=st.integers(1, 8),
    header_value_bytes=st.integers(0, 200),
    pieces=st.integers(0, 3),
)


def part_of(raw: bytes) -> Part:
    """Return the structure of `raw` under the ordinary limits."""
    return scan(raw, LIMITS).root


def letterhead(
    *,
    from_: str = "Example security <security@security.example.org>",
    to: str = "Response team <security@security.example.org>",
    subject: str = "A hole in your fence",
    message_id: str = "<4fz@security.example.org>",
    reply_to: str = "security@security.example.org",
    references: tuple[str, ...] = ("<1@a.example>", "<2@b.example>"),
    boundary_seed: bytes = b"0123456789abcdef",
    list_id: str = "response-team.security.example.org",
    loop_token: str = LOOP_TOKEN,
    auto_submitted: str = "auto-generated",
    autocrypt: str = "addr=security@security.example.org; keydata= mQAA",
) -> Letterhead:
    """Return a letterhead in which everything is set; tests replace what they are about."""
    return Letterhead(
        from_=from_,
        to=to,
        subject=subject,
        date=Instant(1_788_436_800_000_000),
        message_id=message_id,
        reply_to=reply_to,
        references=references,
        boundary_seed=boundary_seed,
        list_id=list_id,
        loop_token=loop_token,
        auto_submitted=auto_submitted,
        autocrypt=autocrypt,
    )
