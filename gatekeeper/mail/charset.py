"""Bytes in a named charset to text that is safe to show; unknown names never lose the text."""

import codecs
import re
from dataclasses import dataclass
from encodings.aliases import aliases
from types import MappingProxyType
from typing import Final

_NAMES: Final = """
ascii utf_8 utf_7 utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le latin_1 iso8859_2
iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11
iso8859_13 iso8859_14 iso8859_15 iso8859_16 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256
cp1257 cp1258 cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864
cp865 cp866 cp869 cp874 koi8_r koi8_u koi8_t kz1048 ptcp154 tis_620 mac_roman mac_cyrillic
mac_greek mac_latin2 mac_turkish mac_iceland gb2312 gbk gb18030 hz big5 big5hkscs cp950 cp932
cp949 euc_jp euc_jis_2004 shift_jis shift_jis_2004 iso2022_jp iso2022_jp_1 iso2022_jp_2
iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr euc_kr johab
"""
_KNOWN: Final = frozenset(_NAMES.split())
"""Text codecs that decode in linear time; punycode, idna and the like are not among them."""

_WIDER: Final = MappingProxyType(
    {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
)
"""What mail that names the small set really uses; the wide one reads both."""

_CODECS: Final = MappingProxyType(
    {alias: _WIDER.get(codec, codec) for alias, codec in aliases.items() if codec in _KNOWN}
    | {codec: _WIDER.get(codec, codec) for codec in _KNOWN}
    | {"iso_8859_8_i": "iso8859_8", "iso_8859_8_e": "iso8859_8", "windows_874": "cp874"}
    | {"x_sjis": "cp932", "x_gbk": "gb18030", "utf8mb4": "utf_8", "unicode_1_1_utf_7": "utf_7"}
)
"""Looked up here and not in `codecs`, which remembers every unknown name it was ever asked for."""

_WESTERN: Final = MappingProxyType(
    {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}
)
"""What C1 bytes mean in mail that says ISO-8859-1: Windows' quotation marks and dashes."""

_SHIFTS: Final = MappingProxyType({"iso2022": b"\x1b", "hz": b"~{"})
"""Codecs of seven bits, by what begins other letters: without them their text is noise in ASCII."""

_WIDE: Final = ("utf_16", "utf_32")
_MIXED_MAX: Final = 256 * 1024
_WESTERN_IN_UTF8: Final = "gatekeeper_western_in_utf8"
_SEPARATORS: Final = re.compile(r"[^0-9a-z]+")
_LINE_ENDS: Final = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNSEEN: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]+"
)
"""Characters that reorder or hide text: bidi controls, zero width, tags."""

_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANKS: Final = re.compile("[\t\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text, and a word on how it was read when its charset could not be taken at its word."""

    text: str
    problem: str = ""


def codec_of(charset: str) -> str | None:
    """Return Python's name for a charset as mail writes it, None when it is unknown here."""
    name = charset.partition("*")[0].partition("(")[0].strip().lower()[:64]
    return _CODECS.get(_SEPARATORS.sub("_", name).strip("_"))


def is_wide(codec: str | None) -> bool:
    """Say whether ASCII text in that codec is not its own bytes: UTF-16 and UTF-32."""
    return codec is not None and codec.startswith(_WIDE)


def decode_in(raw: bytes, charset: str) -> Decoded:
    """Return `raw` as text; if `charset` is unknown or wrong, as UTF-8, else as Western bytes.

    Of a text that is all but a few bytes in its charset, these are lost, and no others. The text
    may hold any character; `printable_text` and `printable_line` make it safe to show.
    """
    codec = codec_of(charset)
    if codec is not None and not (is_wide(codec) and _is_narrow(raw)):
        try:
            text = raw.decode(codec)
        except UnicodeError:
            pass
        else:
            return Decoded(text=text.translate(_WESTERN) if codec == "latin_1" else text)
    problem = "text that is not in the charset it names" if codec else "text in an unknown charset"
    return Decoded(text=_rescued(raw, codec), problem=problem)


def _is_narrow(raw: bytes) -> bool:
    """Say whether no text of more than one word could be UTF-16 or UTF-32: a blank has a NUL."""
    return bool(raw) and b"\0" not in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff"))


def _rescued(raw: bytes, codec: str | None) -> str:
    shifted = any(
        (codec or "").startswith(name) and shift in raw for name, shift in _SHIFTS.items()
    )
    if shifted and (text := _nearly(raw, codec)) is not None:
        return text
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        seven_bits = codec in {"ascii", "utf_7", "utf_8"} or (codec or "").startswith(
            tuple(_SHIFTS)
        )
        nearly = None if seven_bits else _nearly(raw, codec)
        return nearly if nearly is not None else _utf8_or_western(raw)


def _nearly(raw: bytes, codec: str | None) -> str | None:
    """Return a text of which few characters cannot be read in `codec`, None for any other."""
    if codec is None or (is_wide(codec) and _is_narrow(raw)):
        return None
    text = raw.decode(codec, "replace")
    return text if text.count("\ufffd") <= 1 + len(text) // 20 else None


def _utf8_or_western(raw: bytes) -> str:
    """Return UTF-8 in which every other byte is a Western one; one bad byte spoils no other."""
    if len(raw) > _MIXED_MAX:
        return raw.decode("latin-1").translate(_WESTERN)
    return raw.decode("utf-8", _WESTERN_IN_UTF8)


def _as_western(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1").translate(_WESTERN), error.end


codecs.register_error(_WESTERN_IN_UTF8, _as_western)


def printable_text(text: str) -> str:
    """Return `text` with LF line ends and tabs and no other control, hidden or bidi character."""
    return _CONTROLS.sub("\ufffd", _UNSEEN.sub("", _LINE_ENDS.sub("\n", text)))


def printable_line(text: str) -> str:
    """Return `text` as one line without any control, hidden or bidi character."""
    return _BLANKS.sub(" ", printable_text(text)).strip()


def is_printable_line(text: str) -> bool:
    """Say whether `text` is one line that can be shown, and sent in a header, as it is."""
    return "\n" not in text and "\t" not in text and printable_text(text) == text
