"""The state of a date moves by one table, and an ended date only begins anew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.date_state import TRANSITIONS, DateEvent, DateState, after
from gatekeeper.domain.errors import Refusal

# Written out a second time on purpose: a change of the table must be made twice, and seen.
EXPECTED = {
    ("proposed", "propose", "proposed"),
    ("proposed", "agree", "agreed"),
    ("proposed", "bind", "agreed"),
    ("proposed", "end", "ended"),
    ("agreed", "agree", "agreed"),
    ("agreed", "move", "agreed"),
    ("agreed", "end", "ended"),
    ("ended", "propose", "proposed"),
}


def test_the_table_is_the_one_that_was_meant() -> None:
    found = {
        (state.value, event.value, then.value)
        for state, events in TRANSITIONS.items()
        for event, then in events.items()
    }
    assert EXPECTED == found


@given(st.sampled_from(list(DateState)), st.sampled_from(list(DateEvent)))
def test_what_the_table_does_not_have_is_refused_with_what_is_possible(
    state: DateState, event: DateEvent
) -> None:
    allowed = TRANSITIONS[state].get(event)
    if allowed is not None:
        assert allowed is after(state, event)
        return
    with pytest.raises(Refusal) as refused:
        after(state, event)
    assert f"possible: {', '.join(TRANSITIONS[state])}" == refused.value.remedy
