"""Take a cleartext-signed message out of its frame (RFC 4880 §7), exactly as it was signed."""

import re
from typing import Final

_DIGEST: Final = rb"(?:MD5|RIPEMD160|SHA1|SHA(?:224|256|384|512)|SHA3-(?:256|512))"
"""Nothing but these may stand in the frame: nobody signed it (RFC 9580 §9.5)."""

_FRAME: Final = re.compile(
    rb"\s*-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n"
    rb"(?:Hash: ?" + _DIGEST + rb"(?:, ?" + _DIGEST + rb"){0,7}[ \t]*\n){0,8}"
    rb"[ \t]*\n((?:.*?\n)?)(-----BEGIN PGP SIGNATURE-----[ \t]*\n.*)",
    re.DOTALL,
)
_END: Final = b"-----END PGP SIGNATURE-----"


def unframed(text: bytes) -> tuple[bytes, bytes] | None:
    """Return the signed text and the armored signature; None for anything but one whole frame.

    The text is what the signature is checked against: without dash escapes, without blanks at
    line ends, in CRLF lines, without the line end before the signature. Line ends may be either.
    """
    found = _FRAME.fullmatch(text.replace(b"\r\n", b"\n"))
    if not found:
        return None
    signature, mark, rest = found[2].partition(_END)
    if not mark or rest.strip():
        return None
    lines = found[1].removesuffix(b"\n").split(b"\n")
    if any(line.startswith(b"-") and not line.startswith(b"- ") for line in lines):
        return None
    plain = [line.removeprefix(b"- ").rstrip(b" \t\r") for line in lines]
    return b"\r\n".join(plain), signature + mark
