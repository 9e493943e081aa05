"""security.txt: the fields that RFC 9116 asks for, never good for longer than the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, Instant, rfc3339
from gatekeeper.publication.security_txt import LIFE, SecurityTxt, expiry
from tests.house import ALIAS, START

instants = st.integers(min_value=0, max_value=4_000_000_000_000_000).map(Instant)


def about(
    *,
    contact: Address = ALIAS,
    host: str = "www.example.org",
    languages: tuple[str, ...] = ("en", "pt-BR"),
) -> SecurityTxt:
    return SecurityTxt(
        contact=contact,
        host=host,
        key="openpgp/security.asc",
        fingerprint="0123456789ABCDEF0123456789ABCDEF01234567",
        expires=expiry(START, None),
        languages=languages,
    )


def test_the_whole_file() -> None:
    lines = about().text().splitlines()
    assert lines[0].startswith("# ")
    assert lines[0].endswith("; not signed.")
    assert [
        "Contact: mailto:security@example.org",
        "Encryption: https://www.example.org/openpgp/security.asc",
        "Encryption: openpgp4fpr:0123456789abcdef0123456789abcdef01234567",
        "Preferred-Languages: en, pt-BR",
        "Canonical: https://www.example.org/.well-known/security.txt",
        "Expires: 2027-07-30T00:00:00Z",
    ] == lines[1:]


def test_an_odd_address_is_escaped() -> None:
    """In a mailto address `%`, `?` and `&` mean something (RFC 6068 §2)."""
    text = about(contact=Address.parse("a?b%c&d@Bücher.example")).text()
    assert "Contact: mailto:a%3Fb%25c%26d@xn--bcher-kva.example\n" in text


@pytest.mark.parametrize("languages", [(), ("",), ("en, de",), ("e",), ("en\nHiring: x",)], ids=str)
def test_a_language_that_is_none_is_refused(languages: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="languages are tags"):
        about(languages=languages)


@pytest.mark.parametrize("host", ["", "https://example.org", "example.org/x", "a b", "a\nb"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        about(host=host)


@given(now=instants, life=st.none() | st.integers(min_value=0, max_value=3 * LIFE))
def test_it_is_good_for_less_than_a_year_and_than_the_key(now: Instant, life: int | None) -> None:
    ends = None if life is None else Instant(now + life)
    end = expiry(now, ends)
    assert end <= now + LIFE < now + 365 * DAY
    assert ends is None or end <= ends
    assert rfc3339(end).endswith("T00:00:00Z")
    assert min(now + LIFE, ends if ends is not None else now + LIFE) - end < DAY
