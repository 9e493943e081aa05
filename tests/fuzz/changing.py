"""Strategies that change sound inputs a little: where parsers go wrong is near what is right."""

from collections.abc import Callable, Sequence
from typing import Final

from hypothesis import strategies as st

INTERESTING: Final = (
    *(
        bytes([octet])
        for octet in (0, 1, 9, 10, 13, 27, 32, 45, 61, 62, 127, 128, 192, 224, 254, 255)
    ),
    *(b"\r\n", b"\n\n", b"\r\n\r\n", b"\r", b"--b1\r\n", b"--b1--", b"--b2\r\n", b"- ", b"=\r\n"),
    *(b"-----BEGIN PGP MESSAGE-----\n", b"-----END PGP MESSAGE-----\n", b"-----BEGIN PGP "),
    *(b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"-----BEGIN PGP SIGNATURE-----\n", b"=AAAA"),
    *(b"\xff\xff\xff\xff\xff", b"\xc1\x00", b"\xd2\xff\x00\x00\x00\x01", b"\xca\x03PGP", b"\xa7"),
    *(b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xff\xfe", b"=?utf-8?b?", b"?=", b"\x1b[2J"),
    *(b"Content-Type: multipart/mixed; boundary=b1\r\n", b"Content-Type: message/rfc822\r\n\r\n"),
    *(
        b"Content-Transfer-Encoding: base64\r\n",
        b"boundary=",
        b'boundary="',
        b"; name*0*=",
        b"[GNUPG:] ",
    ),
)
"""Pieces of the languages that are fuzzed, and octets at the borders of what they mean."""

LARGEST: Final = 60_000
"""Octets that a changed input may grow to."""

Edit = Callable[[bytes], bytes]


@st.composite
def _edits(draw: st.DrawFn, others: Sequence[bytes]) -> Edit:
    """Draw one change: its place is a share of the input, so that it fits inputs of any length."""
    share = draw(st.floats(min_value=0, max_value=1, allow_nan=False))
    length = draw(st.integers(min_value=0, max_value=64))
    kind = draw(
        st.sampled_from(["flip", "set", "insert", "delete", "repeat", "cut", "splice", "move"])
    )
    bit = draw(st.integers(min_value=0, max_value=7))
    token = draw(st.sampled_from(INTERESTING) | st.binary(min_size=1, max_size=8))
    other = draw(st.sampled_from(list(others)))
    times = draw(st.sampled_from([1, 2, 5, 200]))

    def edit(data: bytes) -> bytes:
        at = int(share * len(data))
        head, span, tail = data[:at], data[at : at + length], data[at + length :]
        changed = {
            "flip": lambda: (
                head + bytes([(data[at : at + 1] or b"\0")[0] ^ 1 << bit]) + data[at + 1 :]
            ),
            "set": lambda: head + token + data[at + len(token) :],
            "insert": lambda: head + token * times + data[at:],
            "delete": lambda: head + tail,
            "repeat": lambda: head + span * (times + 1) + tail,
            "cut": lambda: head,
            "splice": lambda: head + other[int(share * len(other)) :],
            "move": lambda: span + head + tail,
        }[kind]()
        return changed[:LARGEST]

    return edit


@st.composite
def changed(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """Draw a sound input and up to six changes, or none: the sound one is an input too."""
    data = draw(st.sampled_from(list(seeds)))
    for edit in draw(st.lists(_edits(seeds), max_size=6)):
        data = edit(data)
    return data
