"""Ceilings are one for each holder, and the earliest one wins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.ceilings import Ceiling, CeilingKind, earliest, held_below, with_ceiling
from gatekeeper.domain.instants import MINUTE, Instant
from tests.domain.date_samples import DATE, EARLIER, LATER, VENDOR, ceiling

several = st.lists(
    st.builds(
        Ceiling,
        holder=st.sampled_from(["reporter", "vendor", "cert"]),
        instant=st.integers(0, 50).map(lambda minutes: Instant(minutes * MINUTE)),
        kind=st.sampled_from(list(CeilingKind)),
    ),
    unique_by=lambda each: each.holder,
)


def test_those_a_date_is_past_are_named_the_earliest_first() -> None:
    held = (ceiling("reporter", DATE), ceiling(VENDOR, EARLIER))
    assert (held[1], held[0]) == held_below(LATER, held)
    assert (held[1],) == held_below(DATE, held)
    assert () == held_below(EARLIER, held)


@given(several, several)
def test_a_holder_has_one_ceiling_and_it_is_the_last_one(
    before: list[Ceiling], made: list[Ceiling]
) -> None:
    held = tuple(before)
    for each in made:
        held = with_ceiling(held, each)
    assert {each.holder: each for each in (*before, *made)} == {each.holder: each for each in held}
    assert len({each.holder for each in held}) == len(held)


@given(several)
def test_the_earliest_is_what_no_other_is_before(held: list[Ceiling]) -> None:
    found = earliest(held)
    assert (found is None) == (not held)
    if found is not None:
        assert min(each.instant for each in held) == found.instant


@pytest.mark.parametrize(("holder", "instant"), [("", DATE), ("a\nb", DATE), ("a", DATE + 1)])
def test_what_is_no_ceiling_is_refused(holder: str, instant: int) -> None:
    with pytest.raises(ValueError, match="ceiling"):
        ceiling(holder, Instant(instant))
