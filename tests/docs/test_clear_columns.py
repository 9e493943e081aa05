"""docs/threat-model.md lists exactly what a stolen database shows."""

from tests.architecture.sources import read
from tests.docs.clear_columns import clear, clear_table, told
from tests.docs.printing import printed_parts

DOCUMENT = "docs/threat-model.md"


def test_every_clear_column_is_told_once_and_no_other() -> None:
    assert sorted(clear()) == sorted(told())


def test_the_table_is_printed_from_the_code() -> None:
    assert clear_table() == printed_parts(read(DOCUMENT))["clear columns"]
