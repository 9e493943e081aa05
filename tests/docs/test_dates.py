"""docs/dates.md says what the rules decide."""

import pytest

from gatekeeper.domain.date_state import DateState
from tests.architecture.sources import read
from tests.docs.date_printing import (
    agreement_table,
    ceiling_table,
    date_diagram,
    wishes_when_agreed,
    wishes_when_proposed,
)
from tests.docs.printing import printed_parts
from tests.docs.test_states import states_in

DOCUMENT = "docs/dates.md"
PRINTED = {
    "date diagram": date_diagram,
    "reporter and team": agreement_table,
    "two ceilings": ceiling_table,
    "wishes while proposed": wishes_when_proposed,
    "wishes once agreed": wishes_when_agreed,
}


@pytest.mark.parametrize("name", PRINTED)
def test_the_tables_are_printed_from_the_rules(name: str) -> None:
    assert PRINTED[name]() == printed_parts(read(DOCUMENT))[name]


def test_every_state_is_explained_once() -> None:
    part = read(DOCUMENT).partition("\n## The state of a date\n")[2].partition("\n## ")[0]
    assert [str(state) for state in DateState] == states_in(part)
