"""Bytes become text in the charset they name, or as near to it as can be, and safe to show."""

import encodings
import re
import unicodedata
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.charset import (
    Decoded,
    decode_in,
    is_printable_line,
    printable_line,
    printable_text,
)
from tests.sampling import tries

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\u061c\ud800-\udfff]"
)


@tries(400)
@given(st.binary(max_size=200), st.one_of(st.text(max_size=20), st.sampled_from(sorted(aliases))))
def test_any_bytes_in_any_charset_are_text(raw: bytes, charset: str) -> None:
    found = decode_in(raw, charset)
    printable_text(found.text).encode("utf-8")


@tries(400)
@given(st.text(st.characters(), max_size=100))
def test_printable_text_holds_no_control_or_bidi_character(text: str) -> None:
    shown = printable_text(text)
    assert not FORBIDDEN.search(shown)
    assert shown == printable_text(shown)
    line = printable_line(text)
    assert not FORBIDDEN.search(line)
    assert is_printable_line(line)
    assert len(line.splitlines()) <= 1


def test_no_character_that_ends_a_line_anywhere_comes_through() -> None:
    """Every code point there is, not a sample."""
    for code in range(0x110000):
        shown = printable_text(chr(code))
        assert len(shown) <= 1
        kind = unicodedata.category(shown) if shown else ""
        assert kind not in {"Zl", "Zp", "Cs"}
        assert kind != "Cc" or shown in "\n\t"
        assert unicodedata.bidirectional(shown or "a") not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode(), "UTF8", "Grüße"),
        ("Grüße".encode("latin-1"), "ISO-8859-1", "Grüße"),
        (b"\x93x\x94 \x96", "iso-8859-1", "“x” –"),
        (b"\x93x\x94", "windows-1252", "“x”"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("こんにちは".encode("iso2022_jp"), "iso-2022-jp", "こんにちは"),
        ("漢字".encode("gbk"), "GB2312", "漢字"),
        ("漢字".encode("big5"), "big5*zh", "漢字"),
        ("שלום".encode("iso8859_8"), "iso-8859-8-i", "שלום"),
    ],
)
def test_known_charsets(raw: bytes, charset: str, text: str) -> None:
    assert Decoded(text=text) == decode_in(raw, charset)


@pytest.mark.parametrize(
    ("raw", "charset", "found"),
    [
        (b"Gr\xc3\xbc\xc3\x9fe", "x-none", Decoded(text="Grüße", problem="unknown")),
        (b"Gr\xfc\xdfe", "x-none", Decoded(text="Grüße", problem="unknown")),
        (b"Gr\xfc\xdfe", "utf-8", Decoded(text="Grüße", problem="not in the charset")),
        (b"Gr\xc3\xbc\xc3\x9fe", "us-ascii", Decoded(text="Grüße", problem="not in the charset")),
        (b"abc-", "punycode", Decoded(text="abc-", problem="unknown")),
        (b"616263", "hex", Decoded(text="616263", problem="unknown")),
        (b"abc", "unicode_escape", Decoded(text="abc", problem="unknown")),
        (b"abc", "\x00none\x00", Decoded(text="abc", problem="unknown")),
        (b"abc", "../../x", Decoded(text="abc", problem="unknown")),
        (b"abc", "", Decoded(text="abc", problem="unknown")),
    ],
)
def test_unknown_or_wrong_charsets_lose_nothing(raw: bytes, charset: str, found: Decoded) -> None:
    actual = decode_in(raw, charset)
    assert found.text == actual.text
    assert found.problem in actual.problem
    assert actual.problem


def test_unknown_names_are_not_remembered() -> None:
    """Python keeps each codec name it could not find for ever; a flood of names must not."""
    cache = vars(encodings)["_cache"]
    before = len(cache)
    for number in range(100):
        decode_in(b"x", f"x-flood-{number}")
    assert before == len(cache)


@pytest.mark.timeout(60)  # all together take a few seconds; one that is slow takes minutes
def test_no_known_codec_takes_for_ever() -> None:
    raw = bytes(range(256)) * 4000
    for name in sorted(set(aliases.values())):
        if decode_in(b"x", name).problem.endswith("unknown charset"):
            continue
        assert decode_in(raw, name).text
        assert decode_in(b"+2AA-~{" * 100_000, name).text


def test_line_ends_become_one_kind() -> None:
    assert "a\nb\nc\nd\ne" == printable_text("a\r\nb\rc\u2028d\x85e")
    assert "a b c" == printable_line("a\r\nb\tc\n")


def test_is_printable_line() -> None:
    assert is_printable_line("Grüße, 漢字")
    for text in ("a\nb", "a\tb", "a\x00b", "a\u202eb", "a\u2028b", "\ud800"):
        assert not is_printable_line(text)


JAPANESE = "日本語のテスト文章です"


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        (JAPANESE.encode("iso2022_jp")[:-4], "ISO-2022-JP", "日本語のテスト文章で\ufffd"),
        ((JAPANESE + "ü").encode("gb18030")[:-1], "GB2312", JAPANESE + "\ufffd"),
        (JAPANESE.encode() + b"\xfc" + JAPANESE.encode(), "utf-8", f"{JAPANESE}ü{JAPANESE}"),
        (JAPANESE.encode(), "iso-2022-jp", JAPANESE),
        (JAPANESE.encode(), "windows-1253", JAPANESE),
        (b"gr\xfcn", "us-ascii", "grün"),
        (b"gr\xfcn", "iso-2022-jp", "grün"),
        (b"gr\xfcn", "utf-7", "grün"),
        (b"1 + 1 = 2", "utf-7", "1 + 1 = 2"),
        (b"There is a hole.", "utf-16", "There is a hole."),
        (b"There is a hole.", "utf-32le", "There is a hole."),
        (JAPANESE.encode("utf-16")[:-1], "utf-16", JAPANESE[:-1] + "\ufffd"),
    ],
)
def test_a_cut_or_wrong_charset_costs_no_letter_that_could_be_read(
    raw: bytes, charset: str, text: str
) -> None:
    found = decode_in(raw, charset)
    assert text == found.text
    assert "text that is not in the charset it names" == found.problem


@pytest.mark.parametrize("charset", ["'utf-8'", '"UTF-8"', "utf-8 (Unicode)", " utf_8 ", "utf8*en"])
def test_a_charset_is_found_behind_quotes_and_comments(charset: str) -> None:
    assert Decoded(text="Grüße") == decode_in("Grüße".encode(), charset)


@tries(200)
@given(st.text(max_size=60), st.binary(max_size=3), st.sampled_from(["utf-8", "us-ascii", "x-no"]))
def test_bytes_at_the_end_spoil_no_letter_before_them(text: str, tail: bytes, charset: str) -> None:
    """Whatever follows a text in UTF-8, the text is there; unless the charset has another one."""
    raw = text.encode("utf-8", "replace")
    assert decode_in(raw + tail, charset).text.startswith(raw.decode())


@pytest.mark.timeout(20)  # a second or two; what is not linear would take hours
@pytest.mark.parametrize("charset", ["utf-8", "iso-2022-jp", "gb2312", "utf-7", "utf-16"])
@pytest.mark.parametrize("noise", [b"a\xff", b"\x1b$Bx", b"+", b"\xd8\x00"])
def test_noise_costs_no_more_than_its_bytes(noise: bytes, charset: str) -> None:
    assert decode_in(noise * (4_000_000 // len(noise)), charset).text
