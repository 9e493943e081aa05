"""Addresses are read strictly, two mailboxes never look equal, and only our own have a route."""

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatekeeper.domain.address import (
    SECURITY_MAX,
    Address,
    Destination,
    OwnAddresses,
    Route,
)
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.token import REPLY_LENGTH, TOKEN_LENGTH, mint, mint_reply
from tests.domain.samples import ascii_addresses, row_ids
from tests.sampling import tries

OWN = OwnAddresses(security=Address.parse("security@example.org"))
KELVIN = "\N{KELVIN SIGN}"

any_text = st.text(max_size=40)
around_an_at = st.builds("{}@{}".format, any_text, any_text)


def parsed(text: str) -> Address | None:
    """Return the address, or None where it is refused."""
    try:
        return Address.parse(text)
    except ValueError:
        return None


def changed_case(text: str) -> str:
    """Return `text` with the case of every other letter changed."""
    return "".join(c.swapcase() if i % 2 else c for i, c in enumerate(text))


@given(address=ascii_addresses)
def test_what_is_written_is_read_back(address: Address) -> None:
    assert address == Address.parse(str(address))


@tries(500)
@given(text=st.one_of(any_text, around_an_at))
def test_what_is_read_is_written_back(text: str) -> None:
    """Nothing is trimmed, decoded or completed: an address is the text, or there is none."""
    found = parsed(text)
    assert found is None or text == str(found)


@tries(300)
@given(
    address=st.one_of(ascii_addresses.map(str), st.just("jörg@münchen.example")),
    at=st.integers(0, 40),
    bad=st.one_of(
        st.characters(categories=["Cc", "Cf", "Zs", "Zl", "Zp", "Cs"]),
        st.sampled_from('@<>,;:\\"[]() '),
    ),
)
def test_no_address_holds_controls_spaces_or_marks(address: str, at: int, bad: str) -> None:
    """Wherever it stands, in ASCII and in SMTPUTF8 addresses alike."""
    place = at % (len(address) + 1)
    assert parsed(address[:place] + bad + address[place:]) is None


@pytest.mark.parametrize(
    "text",
    [
        "security@example.org",
        "SeCurity+tag@EXAMPLE.org",
        "a.b.c@x",
        "!#$%&'*+/=?^_`{|}~-@1.2",
        "jörg@example.org",
        "security@bücher.example",
        f"{'a' * 64}@example.org",
        f"a@{'.'.join(['a' * 63] * 3)}.{'b' * 63}",
    ],
)
def test_plain_mailboxes_are_read(text: str) -> None:
    assert text == str(parsed(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "security",
        "@example.org",
        "security@",
        "a@b@example.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        '"quoted"@example.org',
        "a@[192.0.2.1]",
        "a@-x.example",
        "a@x-.example",
        "a@example..org",
        "a@example.org.",
        "a@exa_mple.example",
        "<a@example.org>",
        f"{'a' * 65}@example.org",
        f"{'ü' * 33}@example.org",
        f"a@{'a' * 64}.example",
        f"a@{'.'.join(['a' * 63] * 4)}.b",
        ".jörg@example.org",
        "jörg.@example.org",
        "a@bücher..example",
        "a@.bücher",
        "a@bücher.",
        f"a@{'ü' * 128}",
        "a\r\n@example.org",
        "\ud800@example.org",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    assert parsed(text) is None


def test_a_refusal_quotes_nothing() -> None:
    for text in ("no mailbox", "a b@example.org", "a@exam ple"):
        with pytest.raises(ValueError, match=r"^[a-z -]+@?$") as refusal:
            Address.parse(text)
        assert text not in str(refusal.value)


@given(address=ascii_addresses)
def test_case_does_not_tell_mailboxes_apart(address: Address) -> None:
    other = Address.parse(changed_case(str(address)))
    assert address.key == other.key
    assert address.key == address.key.lower()


def test_no_letter_beyond_ascii_passes_for_one_within() -> None:
    """Tried with every character that can stand in an address."""
    for number in range(128, sys.maxunicode + 1):
        letter = chr(number)
        if unicodedata.category(letter)[0] in "CZ":
            continue
        found = parsed(f"{letter}@example.org")
        assert found is None or not found.key.isascii(), hex(number)


def test_the_kelvin_sign_is_no_k() -> None:
    assert Address.parse("kim@example.org").key != Address.parse(f"{KELVIN}im@example.org").key
    assert Address.parse(f"JÖ{KELVIN}@example.org").key == f"jö{KELVIN}@example.org"
    own = OwnAddresses(security=Address.parse("k@kernel.example"))
    assert own.route(Address.parse(f"k@{KELVIN}ernel.example")) is None
    assert own.route(Address.parse(f"{KELVIN}@kernel.example")) is None


@pytest.mark.parametrize(
    ("text", "needs"),
    [("a@example.org", False), ("ä@example.org", True), ("a@bücher.example", True)],
)
def test_smtputf8_is_asked_for_where_it_is_needed(text: str, *, needs: bool) -> None:
    assert needs is Address.parse(text).needs_smtputf8


@given(recipient=ascii_addresses)
@example(recipient=Address.parse("security@example.org.example"))
@example(recipient=Address.parse("security@sub.example.org"))
@example(recipient=Address.parse("security@xample.example"))
@example(recipient=Address.parse("postmaster@example.com"))
def test_a_foreign_domain_has_no_route(recipient: Address) -> None:
    if recipient.domain.lower() != "example.org":
        assert OWN.route(recipient) is None


@tries(300)
@given(local=ascii_addresses.map(lambda address: address.local))
def test_a_local_part_that_is_not_ours_has_no_route(local: str) -> None:
    found = OWN.route(Address(local=local, domain="example.org"))
    ours = local.lower() in {"security", "postmaster", "abuse"}
    assert (found is not None) == (ours or local.lower().startswith(("bounces+", "security+")))


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("security", Destination(route=Route.SECURITY)),
        ("SECURITY", Destination(route=Route.SECURITY)),
        ("Postmaster", Destination(route=Route.POSTMASTER)),
        ("abuse", Destination(route=Route.POSTMASTER)),
        ("bounces+ab.cd", Destination(route=Route.BOUNCES, token="ab.cd")),
        ("Bounces+AB.cd", Destination(route=Route.BOUNCES, token="ab.cd")),
        ("bounces+a+b", Destination(route=Route.BOUNCES, token="a+b")),
        ("bounces", None),
        ("bounces+", None),
        ("security+ab", Destination(route=Route.SECURITY, token="ab")),
        ("Security+AB", Destination(route=Route.SECURITY, token="ab")),
        ("security+a+b", Destination(route=Route.SECURITY, token="a+b")),
        ("security+", None),
        ("securitya", None),
        ("postmaster+tag", None),
        ("xbounces+ab.cd", None),
        ("root", None),
    ],
)
def test_routes(local: str, expected: Destination | None) -> None:
    for domain in ("example.org", "Example.ORG"):
        assert expected == OWN.route(Address(local=local, domain=domain))


@given(target=row_ids)
def test_a_bounce_address_leads_back_with_its_token(target: RowId) -> None:
    token = mint(b"k" * 32, "bounce", target)
    address = OWN.bounce_address(token)
    assert Destination(route=Route.BOUNCES, token=token) == OWN.route(address)
    assert address == Address.parse(str(address))


@pytest.mark.parametrize("local", ["Bounces", "b+c", "postmaster", "abuse", "security", "b b", ""])
def test_a_bounce_address_that_could_not_work_is_refused(local: str) -> None:
    with pytest.raises(ValueError, match=r"bounce|plain local part"):
        OwnAddresses(security=OWN.security, bounces_local=local)


def test_a_bounce_address_leaves_room_for_its_token() -> None:
    longest = "b" * (64 - len("+") - TOKEN_LENGTH)
    OwnAddresses(security=OWN.security, bounces_local=longest)
    with pytest.raises(ValueError, match="plain local part"):
        OwnAddresses(security=OWN.security, bounces_local=f"{longest}b")


@given(route=row_ids, local=st.sampled_from(["security", "SECurity", "s+e", "jörg", "s" * 23]))
def test_a_reply_address_leads_back_with_its_token(route: RowId, local: str) -> None:
    own = OwnAddresses(security=Address(local=local, domain="example.org"))
    token = mint_reply(b"k" * 32, route)
    address = own.reply_address(token)
    assert Destination(route=Route.SECURITY, token=token) == own.route(address)
    assert address == Address.parse(str(address))
    assert Destination(route=Route.SECURITY) == own.route(own.security)


@pytest.mark.parametrize("longest", ["s" * 23, "s" + "ß" * 11])
def test_the_security_alias_leaves_room_for_its_token(longest: str) -> None:
    """Counted in octets."""
    assert SECURITY_MAX == len(longest.encode())
    own = OwnAddresses(security=Address(local=longest, domain="example.org"))
    assert f"{longest}+{'t' * REPLY_LENGTH}" == own.reply_address("t" * REPLY_LENGTH).local
    with pytest.raises(ValueError, match="at most 23 octets"):
        OwnAddresses(security=Address(local=f"{longest}s", domain="example.org"))
