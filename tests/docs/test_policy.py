"""docs/policy.md says what the presets say, and what is understood of wordings."""

import re

import pytest

from gatekeeper.domain.wording import Doubt
from gatekeeper.domain.wording import read as understood
from tests.architecture.sources import read
from tests.config.presetting import NAMES
from tests.docs.policy_printing import (
    REPORTED,
    WORDINGS,
    example_table,
    preset_table,
    wording_table,
)
from tests.docs.printing import printed_parts

DOCUMENT = "docs/policy.md"
PRINTED = {"presets": preset_table, "preset examples": example_table, "wordings": wording_table}


@pytest.mark.parametrize("name", PRINTED)
def test_the_tables_are_printed_from_the_files(name: str) -> None:
    assert PRINTED[name]() == printed_parts(read(DOCUMENT))[name]


def test_every_preset_says_whose_it_is() -> None:
    part = read(DOCUMENT).partition("\n## The presets\n")[2].partition("\n## ")[0]
    explained = re.findall(r"(?m)^- `([a-z]+)`", part)
    assert list(NAMES) == explained


def test_the_examples_show_certain_readings_and_the_commonest_doubts() -> None:
    doubts = {understood(text, REPORTED).doubt for text in WORDINGS}
    expected = {
        *(None, Doubt.AMBIGUOUS, Doubt.NO_ZONE, Doubt.NO_YEAR),
        *(Doubt.WRONG_WEEKDAY, Doubt.PAST, Doubt.NO_SUCH_DAY),
    }
    assert expected == doubts
