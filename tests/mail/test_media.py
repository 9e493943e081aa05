"""What a part says it is, read leniently and once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.media import Media, media_of
from tests.sampling import tries

LIMIT = 4096


def media(content_type: str = "", disposition: str = "", encoding: str = "") -> Media:
    about = {
        "content-type": content_type.encode(),
        "content-disposition": disposition.encode(),
        "content-transfer-encoding": encoding.encode(),
    }
    kept = {name: value for name, value in about.items() if value}
    return media_of(kept, default="text/plain", limit=LIMIT)


@tries(300)
@given(
    st.lists(
        st.sampled_from(
            [
                "; ",
                "filename",
                "*0",
                "*1*",
                "*",
                "=",
                '"',
                "\\",
                "a",
                "utf-8''",
                "%41",
                "(",
                "/",
                "é",
            ]
        )
    )
)
def test_any_value_is_read_and_safe_to_show(words: list[str]) -> None:
    text = "".join(words)
    found = media("text/plain;" + text, "attachment;" + text, text)
    assert found.filename is None or is_printable_line(found.filename)
    assert all(is_printable_line(value) for value in found.params.values())
    assert is_printable_line(found.encoding)


def test_types_are_lower_case() -> None:
    assert "text/html" == media(" TEXT/Html ; charset=x").content_type


@pytest.mark.parametrize("value", ["text", "/", "text/", "", " ;charset=utf-8", "te xt/plain"])
def test_a_type_that_is_none_is_the_default(value: str) -> None:
    assert "text/plain" == media(value).content_type


def test_parameters_quoted_and_bare() -> None:
    found = media('multipart/mixed; Boundary="a \\"b\\"; c" ; charset = x;y=z')
    assert {"boundary": 'a "b"; c', "charset": "x", "y": "z"} == dict(found.params)
    assert b'a "b"; c' == found.boundary


def test_a_boundary_keeps_its_bytes() -> None:
    raw = b"multipart/mixed; boundary=\xe9\xfc"
    found = media_of({"content-type": raw}, default="text/plain", limit=LIMIT)
    assert b"\xe9\xfc" == found.boundary


def test_of_a_repeated_parameter_the_first_counts() -> None:
    assert "a" == media("text/plain; charset=a; charset=b").params["charset"]


def test_folded_parameters() -> None:
    assert b"q" == media("multipart/mixed;\r\n\tboundary=q\r\n").boundary


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('attachment; filename="poc.pdf"', "poc.pdf"),
        ("attachment; filename*=utf-8''p%C3%B6c.pdf", "pöc.pdf"),
        ("attachment; filename*=iso-8859-1'de'p%F6c.pdf", "pöc.pdf"),
        ("attachment; filename*1=c.pdf; filename*0=po", "poc.pdf"),
        ("attachment; filename*0*=utf-8''p%C3%B6; filename*1=c.pdf", "pöc.pdf"),
        ("attachment; filename*=poc", "poc"),
        ("attachment; filename==?utf-8?q?p=C3=B6c?=", "pöc"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\temp\\\\x.exe"', "x.exe"),
        ("attachment; filename*=utf-8''%E2%80%AEfdp.exe%00", "fdp.exe\ufffd"),
        ('attachment; filename=""', None),
        ("attachment; filename=/", None),
        ("attachment", None),
    ],
)
def test_file_names(value: str, name: str | None) -> None:
    assert name == media(disposition=value).filename


def test_a_file_name_may_stand_in_the_type() -> None:
    assert "a.gpg" == media('application/octet-stream; name="a.gpg"').filename


def test_a_long_file_name_is_cut() -> None:
    assert 255 == len(media(disposition=f"attachment; filename={'x' * 1000}").filename or "")


def test_disposition_and_encoding_are_one_lower_case_word() -> None:
    found = media(disposition="ATTACHMENT; x=y", encoding=" Base64 (yes)")
    assert ("attachment", "base64") == (found.disposition, found.encoding)
    assert ("", "7bit") == (media().disposition, media().encoding)


def test_only_so_many_parameters_are_read() -> None:
    value = "text/plain" + "".join(f";p{number}=x" for number in range(500))
    assert 100 == len(media(value).params)


@pytest.mark.parametrize(
    ("value", "content_type", "params"),
    [
        ("(x) MULTIPART/Signed (y) ; (z) BOUNDARY=a", "multipart/signed", {"boundary": "a"}),
        ('multipart/mixed (; boundary="b"); boundary=a', "multipart/mixed", {"boundary": "a"}),
        ('text/plain; name="a (1).txt"', "text/plain", {"name": "a (1).txt"}),
        ("text/plain; name=a(1).txt", "text/plain", {"name": "a(1).txt"}),
        ("text/(a(b\\)c)d)html", "text/html", {}),
        ("text/plain; charset=utf-8 (never closed", "text/plain", {"charset": "utf-8"}),
        ('text/plain; name="(" ; charset=utf-8', "text/plain", {"name": "(", "charset": "utf-8"}),
    ],
)
def test_comments_are_no_part_of_a_type(
    value: str, content_type: str, params: dict[str, str]
) -> None:
    """RFC 2045 §5.1 lets them stand between the words of a field."""
    found = media_of({"content-type": value.encode()}, default="x/y", limit=1000)
    assert (content_type, params) == (found.content_type, dict(found.params))


@pytest.mark.parametrize("piece", ["(", "()", "( ", '"(', "\\(", ";("])
def test_comments_cost_no_more_than_their_bytes(piece: str) -> None:
    media_of({"content-type": piece.encode() * 300_000}, default="x/y", limit=2_000_000)
