"""How people outside are named: a credit is one line, or none."""

import pytest

from gatekeeper.domain.participants import LINE_MAX, NO_CREDIT, Credit, Part


def test_a_credit_names_by_its_line_or_not_at_all() -> None:
    assert Credit(line="Rea Porter, Example Labs").named
    assert not NO_CREDIT.named
    assert LINE_MAX == len(Credit(line="ÿ" * LINE_MAX).line)


@pytest.mark.parametrize(
    "line", [" Rea", "Rea ", "Rea\nPorter", "Rea\x1b[1m", "x" * (LINE_MAX + 1)]
)
def test_what_is_no_line_of_an_advisory_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="a credit"):
        Credit(line=line)


def test_finders_are_credited_and_others_are_not() -> None:
    finders = [part for part in Part if part.is_finder]
    assert [Part.REPORTER, Part.SECOND_REPORTER] == finders
