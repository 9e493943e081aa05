"""A name that a stranger chose is never a path, never hides anything, and fits everywhere."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatekeeper.domain.filenames import NAME_MAX, file_name
from tests.sampling import tries

PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
DEVICES = {"CON", "PRN", "AUX", "NUL"} | {f"{d}{n}" for d in ("COM", "LPT") for n in range(10)}
SUPERSCRIPTS = ("\N{SUPERSCRIPT ONE}", "\N{SUPERSCRIPT TWO}", "\N{SUPERSCRIPT THREE}")

hostile = st.text(
    alphabet=st.one_of(
        st.sampled_from("abCON19._- /\\:\0\r\n\u202e\u200d~*?\"'|<>$%"),
        st.characters(),
    ),
    max_size=150,
)
shaped = st.builds(
    "{}.{}".format, hostile, st.sampled_from(["pdf", "tar.gz", "exe ", "p\u202ef", "", "_"])
)
long_names = st.builds(
    lambda letter, number, end: letter * number + end,
    st.sampled_from("a._ü"),
    st.integers(80, 400),
    st.sampled_from([".tar.gz", ".c", ".", "", ".averyveryverylongextension"]),
)
fallbacks = st.sampled_from(["attachment-1", "part-12.txt", "a" * NAME_MAX])


@tries(1000)
@given(text=st.one_of(hostile, shaped, long_names), fallback=fallbacks)
@example(text="con.", fallback="a")
@example(text="CON" + "\u200b", fallback="a")
@example(text="a" * 99 + ".." + "b" * 20, fallback="a")
@example(text="_" * 20 + "." + "b" * 120, fallback="a" * NAME_MAX)
def test_every_text_becomes_a_name_that_is_safe_and_stays_as_it_is(
    text: str, fallback: str
) -> None:
    name = file_name(text, fallback=fallback)
    assert PATTERN.fullmatch(name)
    assert len(name.encode()) <= NAME_MAX
    assert not name.endswith(".")
    assert name.partition(".")[0].upper() not in DEVICES
    assert name == file_name(name, fallback=fallback)
    assert name == file_name(name, fallback="another")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("crash.pdf", "crash.pdf"),
        ("0001-fix.patch", "0001-fix.patch"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\finder\\poc.py", "poc.py"),
        ("folder/inner/", "inner"),
        ("C:poc.py", "C_poc.py"),
        ("my proof of concept.txt", "my_proof_of_concept.txt"),
        ("  spaced.txt  ", "spaced.txt"),
        ("r\u00e9sum\u00e9.pdf", "r_sum_.pdf"),
        ("re\u0301sume\u0301.pdf", "r_sum_.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nb\0.txt", "ab.txt"),
        ("soft\u00adhyphen\ufeff.txt", "softhyphen.txt"),
        (".bashrc", "bashrc"),
        ("..pdf", "pdf"),
        ("-rf", "rf"),
        ("--output=x", "output_x"),
        ("__init__.py", "init__.py"),
        ("name.", "name"),
        ("name . . ", "name_._"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("con", "con_"),
        ("Con.txt", "Con_.txt"),
        ("nul.tar.gz", "nul_.tar.gz"),
        ("COM1", "COM1_"),
        ("console.log", "console.log"),
        ("aCON", "aCON"),
        ("\u65e5\u672c\u8a9e.pdf", "attachment-1.pdf"),
        ("___.pdf", "attachment-1.pdf"),
        ("\u65e5\u672c.\u65e5", "attachment-1"),
        ("", "attachment-1"),
        (".", "attachment-1"),
        ("..", "attachment-1"),
        ("/", "attachment-1"),
        ("a/..", "attachment-1"),
        ("\u202e\u200b", "attachment-1"),
        ("\ud800.txt", "txt"),
    ],
)
def test_names(text: str, expected: str) -> None:
    assert expected == file_name(text, fallback="attachment-1")


@pytest.mark.parametrize("digit", SUPERSCRIPTS)
def test_devices_with_a_raised_digit_are_none_either(digit: str) -> None:
    """Windows takes COM¹ for COM1."""
    assert "COM_.txt" == file_name(f"COM{digit}.txt", fallback="a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 200 + ".pdf", "a" * 96 + ".pdf"),
        ("a" * 200 + ".tar.gz", "a" * 93 + ".tar.gz"),
        ("a" * 200, "a" * 100),
        ("a" * 99 + "." + "b" * 40, "a" * 99),
        ("a" * 50 + "." + "b" * 80, "a" * 50 + "." + "b" * 49),
    ],
)
def test_a_long_name_loses_its_middle_and_keeps_its_extension(text: str, expected: str) -> None:
    assert expected == file_name(text, fallback="a")


@pytest.mark.parametrize("fallback", ["", ".", "a/b", "a b", "CON", "a.", "-a", "a" * 101])
def test_a_fallback_that_is_no_name_is_refused(fallback: str) -> None:
    with pytest.raises(ValueError, match="fallback"):
        file_name("a.txt", fallback=fallback)
