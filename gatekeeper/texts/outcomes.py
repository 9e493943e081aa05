"""The texts that tell people outside what became of a report: their names, values and samples."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.outcomes import FOR_OTHERS, Outcome, Telling
from gatekeeper.domain.reasons import Rejection
from gatekeeper.domain.verdict import spaced

_FINGERPRINT: Final = "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567"
_SAMPLE: Final[Mapping[str, str]] = MappingProxyType(
    {"project": "Example", "issue": "SEC-2026-0001", "fingerprint": _FINGERPRINT}
)


def template_of(telling: Telling, reason: Rejection | None) -> str:
    """Return the file of config/templates that says it; a rejection has one for each reason."""
    return f"rejected-{reason}.txt" if reason is not None else f"outcome-{telling}.txt"


def about(form: Outcome) -> str:
    """Return what the subject calls it: whoever did not find it reported nothing."""
    return "An issue of" if form.telling in FOR_OTHERS.values() else "Your report to"


def values(form: Outcome) -> dict[str, str]:
    """Return what its template is filled with, beside the project."""
    found = {"issue": str(form.issue), "fingerprint": spaced(form.fingerprint)}
    return found if form.other is None else {**found, "other": str(form.other)}


_REASONS: Final = tuple((Telling.REJECTED, reason) for reason in Rejection)
_OTHERS: Final = tuple((each, None) for each in Telling if each is not Telling.REJECTED)

SAMPLES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        template_of(telling, reason): MappingProxyType(
            {**_SAMPLE, "other": "SEC-2026-0002"} if telling.names_another else {**_SAMPLE}
        )
        for telling, reason in (*_REASONS, *_OTHERS)
    }
)
"""Every value that each text is given."""

NEVER_LEFT_OUT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: frozenset({"issue", "fingerprint", *({"other"} & sample.keys())})
        for name, sample in SAMPLES.items()
    }
)
"""What each has to say however it is written."""
