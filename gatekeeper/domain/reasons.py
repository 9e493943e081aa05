"""The fixed vocabulary of reasons: why a report is rejected, and why an issue has no embargo."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Rejection(StrEnum):
    """Why a report is none, or is not handled; the reporter is told by a text of its own (T-2)."""

    SPAM = "spam"
    AUTOMATIC = "automatic"
    AI_BULK = "ai-bulk"
    ALREADY_PUBLIC = "already-public"
    OUT_OF_SCOPE = "out-of-scope"
    DOCUMENTED_BEHAVIOUR = "documented-behaviour"
    NOT_A_VULNERABILITY = "not-a-vulnerability"
    NOT_REPRODUCIBLE = "not-reproducible"
    NO_ANSWER = "no-answer"
    DUPLICATE = "duplicate"

    @property
    def meaning(self) -> str:
        """Say in words for the team what it means."""
        return _MEANS[self]


_MEANS: Final[Mapping[Rejection, str]] = MappingProxyType(
    {
        Rejection.SPAM: "unwanted mail, no report",
        Rejection.AUTOMATIC: "written by a program, not by somebody who found something",
        Rejection.AI_BULK: "made by a model and sent unchecked",
        Rejection.ALREADY_PUBLIC: "known and public before it was reported",
        Rejection.OUT_OF_SCOPE: "of something that this team does not look after",
        Rejection.DOCUMENTED_BEHAVIOUR: "what the documentation says it does",
        Rejection.NOT_A_VULNERABILITY: "no boundary is crossed; at most a plain bug",
        Rejection.NOT_REPRODUCIBLE: "could not be reproduced with what was sent",
        Rejection.NO_ANSWER: "questions to the reporter stayed without an answer",
        Rejection.DUPLICATE: "handled already in another issue",
    }
)


class NoEmbargo(StrEnum):
    """Why an issue has no embargo, or none any more (R-10)."""

    ALREADY_PUBLIC = "already-public"
    PUBLIC_TRACKER = "public-tracker"
    REDISCOVERY_LIKELY = "rediscovery-likely"
    DOWNSTREAM_ERROR = "downstream-error"
    EXPLOITED = "exploited"
    LEAKED = "leaked"
    VENDOR_DATE = "vendor-date"
    BATCH = "batch"

    @property
    def meaning(self) -> str:
        """Say in words, fit for the public once the issue is, what it means."""
        return _NO_EMBARGO[self]


_NO_EMBARGO: Final[Mapping[NoEmbargo, str]] = MappingProxyType(
    {
        NoEmbargo.ALREADY_PUBLIC: "it was public already",
        NoEmbargo.PUBLIC_TRACKER: "it was found in a public tracker",
        NoEmbargo.REDISCOVERY_LIKELY: "others were likely to find it as well",
        NoEmbargo.DOWNSTREAM_ERROR: "it was made public downstream by mistake",
        NoEmbargo.EXPLOITED: "it was exploited",
        NoEmbargo.LEAKED: "it leaked",
        NoEmbargo.VENDOR_DATE: "another vendor set the date",
        NoEmbargo.BATCH: "it belongs to others that were made public together",
    }
)
