"""Armor in texts is found whatever the text is written in, and names no charset that lies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.inline import ascii_text, charset_of, unstuffed
from gatekeeper.mail.openpgp import InlineEncrypted, InlineSigned, layer
from gatekeeper.mail.structure import text_entity
from gatekeeper.mail.text import readable
from tests.hostile.making import ARMOR, mail
from tests.mail.samples import part_of
from tests.mail.test_openpgp import CLEARSIGNED
from tests.sampling import tries

WIDE = ("utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le")
WHOLE = ARMOR.rstrip() + b"\n"


def typed(more: str) -> bytes:
    return f"Content-Type: text/plain{more}".encode()


@pytest.mark.parametrize("charset", WIDE)
def test_a_body_in_wide_characters_that_is_one_message(charset: str) -> None:
    raw = mail(ARMOR.decode().encode(charset), typed(f"; charset={charset}"))
    assert InlineEncrypted(armor=WHOLE) == layer(part_of(raw))


@pytest.mark.parametrize("more", ["", "; charset=utf-8", "; charset=x-none"])
def test_a_mark_of_wide_characters_is_believed(more: str) -> None:
    found = layer(part_of(mail(ARMOR.decode().encode("utf-16"), typed(more))))
    assert InlineEncrypted(armor=WHOLE, charset="utf-8" if "utf-8" in more else "") == found


@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "utf-7", "iso-2022-jp", "x-none"])
def test_armor_in_ascii_is_found_under_any_charset(charset: str) -> None:
    found = layer(part_of(mail(ARMOR, typed(f"; charset={charset}"))))
    assert isinstance(found, InlineEncrypted)
    assert WHOLE == found.armor


@pytest.mark.parametrize("body", [b"gr\xfcn \xff", "日本語".encode("iso2022_jp"), b"", b"a\0b"])
def test_a_body_in_ascii_letters_is_what_it_is(body: bytes) -> None:
    """What is signed in clear is signed in its own octets."""
    for charset in ("iso-8859-1", "iso-2022-jp", "utf-8"):
        assert body == ascii_text(part_of(mail(body, typed(f"; charset={charset}"))))


def armored(*headers: str) -> bytes:
    lines = "".join(f"{each}\r\n" for each in headers).encode()
    return ARMOR.replace(b"-----\r\n", b"-----\r\n" + lines, 1)


@pytest.mark.parametrize(
    ("headers", "outside", "charset"),
    [
        (("Charset: ISO-8859-2",), "utf-8", "ISO-8859-2"),
        (("Version: x", "Charset: koi8-r", "Comment: y"), "", "koi8-r"),
        ((), "windows-1251", "windows-1251"),
        (("Charset: utf-7",), "", ""),
        (("Charset: hz",), "", ""),
        (("Charset: utf-16",), "", ""),
        (("Charset: x-none",), "koi8-r", ""),
        (("Charset: a b",), "koi8-r", "koi8-r"),
        ((), "utf-7", ""),
    ],
)
def test_the_charset_of_a_message(headers: tuple[str, ...], outside: str, charset: str) -> None:
    assert charset == charset_of(armored(*headers), outside)


def test_a_charset_below_the_armors_header_is_none() -> None:
    assert "" == charset_of(ARMOR.replace(b"=AAAA", b"Charset: koi8-r"), "")


@pytest.mark.parametrize(
    ("text", "charset", "shown"),
    [
        ("Grüße".encode(), "iso-8859-2", "Grüße"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
        ("日本語".encode("iso2022_jp"), "ISO-2022-JP", "日本語"),
        ("Grüße".encode("latin-1"), "", "Grüße"),
        ("Grüße".encode("latin-1"), "no charset; x", "Grüße"),
        (b"words", "x-none", "words"),
        (b"words", "", "words"),
    ],
)
def test_the_text_of_a_message_is_in_its_charset(text: bytes, charset: str, shown: str) -> None:
    entity = text_entity(text, charset)
    assert (shown, text) == (readable(entity), entity.body)


@tries(200)
@given(st.binary(max_size=80), st.text(max_size=30))
def test_any_text_becomes_an_entity(text: bytes, charset: str) -> None:
    assert text == text_entity(text, charset).body


def test_stuffing_is_undone_once() -> None:
    assert b"a\n> b\n c\r\n\n" == unstuffed(b" a\n > b\n  c\r\n\n")


def test_a_flowed_text_may_be_signed_with_and_without_stuffing() -> None:
    stuffed = CLEARSIGNED.replace(b"There", b" There")
    found = layer(part_of(mail(stuffed, typed("; format=flowed"))))
    expected = InlineSigned(armor=stuffed.rstrip() + b"\n", unstuffed=CLEARSIGNED.rstrip() + b"\n")
    assert expected == found
    found = layer(part_of(mail(CLEARSIGNED, typed("; format=Flowed"))))
    assert InlineSigned(armor=CLEARSIGNED.rstrip() + b"\n") == found
    found = layer(part_of(mail(stuffed)))
    assert InlineSigned(armor=stuffed.rstrip() + b"\n") == found
