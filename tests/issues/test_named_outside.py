"""No text shows one person outside the address of another, however it is written around it."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant
from gatekeeper.issues.acting import named_outside
from gatekeeper.store.correspondents import Correspondent

ADDRESS = Address.parse("robin.o'hara+x@research.example")
ROBIN = Correspondent(
    id=RowId(b"r" * 16),
    issue=RowId(b"i" * 16),
    name="reporter",
    address=ADDRESS,
    route=RowId(b"t" * 16),
    certificate=None,
    fingerprint=None,
    nonce=None,
    wrote_in_clear=True,
    created_at=Instant(0),
)
AROUND = st.text(alphabet=" \n\t<>()[]{}\"';:,!?|*/=>`", max_size=8)
CASES = st.sampled_from([str, str.upper, str.title])


@given(
    before=st.text(max_size=20), after=st.text(max_size=20), left=AROUND, right=AROUND, how=CASES
)
def test_an_address_is_found_among_any_words(
    before: str, after: str, left: str, right: str, how: object
) -> None:
    assert callable(how)
    said = f"{before} {left}{how(str(ADDRESS))}{right} {after}"
    assert ("it names the address of the reporter, which nobody else is shown",) == named_outside(
        said, [ROBIN]
    )


@given(st.text())
def test_a_text_without_it_may_leave(text: str) -> None:
    if "research.example" not in text.lower():
        assert () == named_outside(text, [ROBIN])


def test_longer_addresses_that_end_like_it_are_others() -> None:
    for other in (f"x{ADDRESS}", f"x.{ADDRESS}", f"{ADDRESS}s"):
        assert () == named_outside(other, [ROBIN])
