"""Every reason of the fixed vocabularies has its own words."""

from gatekeeper.domain.reasons import NoEmbargo, Rejection


def test_every_reason_has_its_own_meaning() -> None:
    for reasons in (list(Rejection), list(NoEmbargo)):
        meanings = [reason.meaning for reason in reasons]
        assert len(reasons) == len({meaning for meaning in meanings if meaning})


def test_the_reasons_without_an_embargo_are_those_of_the_design() -> None:
    """Rule R-10 names them."""
    assert (
        "already-public public-tracker rediscovery-likely downstream-error exploited leaked"
        " vendor-date batch"
    ) == " ".join(NoEmbargo)
