"""Names in a Web Key Directory: the draft's own example, and gpg's, where its program is here."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.publication.wkd import advanced, direct, host_name, local_hash

JOE = Address.parse("Joe.Doe@Example.ORG")
PEER = Path("/usr/lib/gnupg/gpg-wks-client")
"""Where Debian's package gpg-wks-client puts it; it is not on PATH."""

KNOWN = {
    "Joe.Doe": "iy9q119eutrkn8s1mk4r39qejnbu3n5q",
    "security": "t5s8ztdbon8yzntexy6oz5y48etqsnbb",
}


@pytest.mark.parametrize(("local", "name"), KNOWN.items())
def test_known_names(local: str, name: str) -> None:
    """The first is the example of draft-koch-openpgp-webkey-service, section 3.1."""
    assert name == local_hash(local)


def test_both_places_are_those_of_the_draft() -> None:
    """The addresses that section 3.1 prints for Joe."""
    name = KNOWN["Joe.Doe"]
    assert (
        "https://openpgpkey.example.org/.well-known/openpgpkey/"
        f"example.org/hu/{name}?l=Joe.Doe" == advanced(JOE).url(JOE)
    )
    assert f"https://example.org/.well-known/openpgpkey/hu/{name}?l=Joe.Doe" == direct(JOE).url(JOE)
    assert ".well-known/openpgpkey/example.org/policy" == advanced(JOE).policy
    assert ".well-known/openpgpkey/policy" == direct(JOE).policy


@pytest.mark.parametrize(
    "local", ["security", "Joe.Doe", "PSIRT", "a", "cert-1_x", "sécurité", "ÄRGER", "o'brien#1"]
)
def test_gpg_finds_the_same_name(local: str) -> None:
    if not PEER.exists():
        pytest.skip("missing peer: gpg-wks-client; apt-get install gpg-wks-client")
    command = [str(PEER), "--print-wkd-hash", f"{local}@example.org"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert local_hash(local) == done.stdout.split()[0]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=64))
def test_every_name_is_a_file_name(local: str) -> None:
    """32 letters and digits whatever the local part, the same for both cases of ASCII."""
    name = local_hash(local)
    assert 32 == len(name)
    assert name.isascii()
    assert name.isalnum()
    swapped = "".join(c.swapcase() if c.isascii() else c for c in local)
    assert name == local_hash(swapped)


def test_what_stands_in_a_query_is_escaped() -> None:
    """A local part may hold what means something in a URL."""
    odd = Address.parse("a&b=c/d?e@example.org")
    assert direct(odd).url(odd).endswith("?l=a%26b%3Dc%2Fd%3Fe")


def test_domains_are_named_as_servers_know_them() -> None:
    assert "xn--bcher-kva.example" == host_name("Bücher.example")
    with pytest.raises(ValueError, match="label"):
        host_name("a..example")
