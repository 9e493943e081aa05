"""Strategies and values that the tests of the rules share."""

from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import ROW_ID_BYTES, RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.team import Person, Team

_ATEXT = "abcXYZ019!#$%&'*+/=?^_`{|}~-"
_LETTERS = "aZ0"

atoms = st.text(alphabet=_ATEXT, min_size=1, max_size=12)
locals_ = st.lists(atoms, min_size=1, max_size=3).map(".".join)
labels = st.builds(
    lambda first, middle, last: first + middle + last,
    st.sampled_from(_LETTERS),
    st.text(alphabet=_LETTERS + "-", max_size=8),
    st.sampled_from(_LETTERS),
)
domains = st.lists(labels, min_size=1, max_size=4).map(".".join)
ascii_addresses = st.builds(
    lambda local, domain: Address(local=local, domain=domain), locals_, domains
)

row_ids = st.binary(min_size=ROW_ID_BYTES, max_size=ROW_ID_BYTES).map(RowId)

# 1970 to 9999, where every instant has a date.
instants = st.integers(0, 253_402_300_799_999_999).map(Instant)

FINGERPRINTS = tuple(f"{number:040X}" for number in range(1, 10))


def person(number: int, *, keys: tuple[str, ...] | None = None) -> Person:
    """Return a person with a name, an address and by default one key that are the number's own."""
    return Person(
        name=f"Person {number}",
        address=Address(local=f"person{number}", domain="team.example"),
        employer=f"Employer {number}",
        keys=(FINGERPRINTS[number],) if keys is None else keys,
    )


TEAM = Team(people=(person(0), person(1, keys=(FINGERPRINTS[1], FINGERPRINTS[5])), person(2)))
