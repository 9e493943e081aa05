"""Two people, of two employers where there are two; a small team works with less and says so."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.address import Address
from gatekeeper.domain.approving import NEEDS, Need, RequestKind, Standing, enough
from gatekeeper.domain.process_policy import ApprovalPolicy, Employers
from gatekeeper.domain.team import Person, Role, Team
from tests.domain.samples import FINGERPRINTS
from tests.sampling import tries

K = RequestKind


USUAL = ApprovalPolicy()
BY_SHELL = True


def named(name: str, employer: str, number: int) -> Person:
    """Return a person of an employer."""
    return Person(
        name=name,
        address=Address(local=name.lower(), domain="team.example"),
        employer=employer,
        keys=(FINGERPRINTS[number],),
    )


ANDREA = named("Andrea", "Example Cloud", 0)
BO = named("Bo", "example  cloud", 1)
WEI = named("Wei", "Example Linux", 2)
TEAM = Team(people=(ANDREA, BO, WEI))
ALONE = Team(people=(ANDREA,))
ONE_EMPLOYER = Team(people=(ANDREA, BO))


def standing(
    *approved_by: str,
    kind: RequestKind = K.DATE_MOVE,
    team: Team = TEAM,
    policy: ApprovalPolicy = USUAL,
    shell: bool = False,
    suspended: frozenset[str] = frozenset(),
) -> Standing:
    """Return how a request that Andrea made stands after those approvals."""
    return enough(
        kind,
        asked_by="Andrea",
        approved_by=approved_by,
        team=team,
        policy=policy,
        shell=shell,
        suspended=suspended,
    )


def test_admins_decide_who_is_trusted_where_there_are_enough_of_them() -> None:
    """Two of two employers where the team has two; else everybody of the team."""
    admins = [replace(each, roles=frozenset({Role.ADMIN})) for each in (ANDREA, WEI)]
    for kind in (K.TEAM, K.REINSTATE, K.POLICY, K.TEMPLATES, K.ADDRESSES):
        found = standing("Bo", kind=kind, team=Team(people=(admins[0], BO, admins[1])))
        assert (("Andrea",), False) == (found.counted, found.enough)
        assert standing("Wei", kind=kind, team=Team(people=(admins[0], BO, admins[1]))).enough
        assert standing("Wei", kind=kind, team=Team(people=(admins[0], BO, WEI))).enough
        alike = replace(BO, roles=frozenset({Role.ADMIN}))
        assert standing("Wei", kind=kind, team=Team(people=(admins[0], alike, WEI))).enough
    assert standing("Wei", team=Team(people=(admins[0], BO, WEI))).enough


def test_a_roster_of_two_employers_is_not_one_of_one_because_somebody_is_suspended() -> None:
    """Two of one employer cannot suspend the third and decide alone (T-11)."""
    lately = replace(USUAL, alone_allowed=False)
    found = standing("Bo", team=replace(ONE_EMPLOYER, roster_employers=2), policy=lately)
    assert (False, "") == (found.enough, found.remark)
    assert "another employer" in found.why_not
    assert standing("Bo", team=ONE_EMPLOYER).enough


def test_one_person_is_not_enough_however_often_they_approve() -> None:
    found = standing("Andrea", "andrea@team.example", "Andrea")
    assert ("Andrea",) == found.counted
    assert "1 more person has to approve, of an employer other than Example Cloud" == found.why_not
    assert not found.enough


def test_two_people_of_one_employer_are_not_enough_where_there_are_two() -> None:
    found = standing("Bo")
    assert ("Andrea", "Bo") == found.counted
    assert (
        "all who approved are employed by Example Cloud: somebody of another employer has to"
        " approve, too"
    ) == found.why_not
    assert standing("Bo", "Wei").enough
    assert standing("Wei").enough


def test_a_second_look_at_text_needs_no_other_employer() -> None:
    assert standing("Bo", kind=K.REPLY_CLEAR).enough
    assert standing("Bo", kind=K.REPORTER_KEY).enough
    assert "1 more person has to approve" == standing(kind=K.REPLY_CLEAR).why_not


def test_policy_may_not_ask_for_employers() -> None:
    assert standing("Bo", policy=ApprovalPolicy(employers=Employers.ANY)).enough


def test_a_request_from_a_shell_counts_as_none() -> None:
    found = standing("Wei", shell=BY_SHELL)
    assert ("Wei",) == found.counted
    assert "1 more person has to approve, of an employer other than Example Linux" == found.why_not
    assert standing("Wei", "Bo", shell=BY_SHELL).enough
    assert "2 more people have to approve" == standing(shell=BY_SHELL).why_not


def test_who_left_or_is_suspended_does_not_count() -> None:
    assert ("Andrea",) == standing("Gone").counted
    assert not standing("Gone").enough
    assert not standing("Wei", suspended=frozenset({"wei@team.example"})).enough


def test_a_suspended_person_brings_no_employer() -> None:
    """With Wei suspended the team has one employer, and that is said."""
    found = standing("Bo", suspended=frozenset({WEI.address.key}))
    assert found.enough
    assert "everybody of the team is employed by Example Cloud" == found.remark


def test_a_team_of_one_works_with_one_by_policy_and_says_so() -> None:
    found = standing(team=ALONE)
    assert found.enough
    assert "1 person is all of the team, so 1 can approve what else needs 2" == found.remark
    by_shell = standing(team=ALONE, shell=BY_SHELL)
    assert "1 more person has to approve" == by_shell.why_not
    strict = standing(team=ALONE, policy=ApprovalPolicy(alone_allowed=False))
    assert "1 person is all of the team, and 2 have to approve" == strict.why_not
    assert "" == strict.remark


def test_a_team_of_one_employer_works_and_says_so() -> None:
    found = standing("Bo", team=ONE_EMPLOYER)
    assert found.enough
    assert "everybody of the team is employed by Example Cloud" == found.remark
    assert "" == standing("Wei").remark


def test_a_team_all_suspended_approves_nothing() -> None:
    found = standing("Andrea", team=ALONE, suspended=frozenset({ANDREA.address.key}))
    assert () == found.counted
    assert "nobody of the team is there to approve" == found.why_not


def test_a_larger_number_of_policy_is_kept() -> None:
    policy = ApprovalPolicy(people=3)
    assert "1 more person has to approve" == standing("Wei", policy=policy).why_not
    assert standing("Wei", "Bo", policy=policy).enough
    assert standing("Bo", kind=K.REPORTER_KEY, policy=policy).enough


def test_every_kind_has_its_need() -> None:
    assert set(RequestKind) == set(NEEDS)
    with pytest.raises(ValueError, match="two people at least"):
        Need(people=1)


@tries(300)
@given(
    kind=st.sampled_from(list(RequestKind)),
    approved_by=st.lists(st.sampled_from(["Andrea", "Bo", "Wei", "Gone", "wei@team.example"])),
    shell=st.booleans(),
    suspended=st.frozensets(st.sampled_from([each.address.key for each in TEAM.people])),
)
def test_no_one_person_is_ever_enough_where_two_can_decide(
    kind: RequestKind, approved_by: list[str], shell: bool, suspended: frozenset[str]
) -> None:
    found = standing(*approved_by, kind=kind, shell=shell, suspended=suspended)
    active = [each for each in TEAM.people if each.address.key not in suspended]
    assert len(found.counted) == len(set(found.counted))
    assert set(found.counted) <= {each.name for each in active}
    if found.enough:
        assert len(found.counted) >= min(2, len(active))
        assert len(found.counted) >= 1
    if found.enough and len(active) < 2:
        assert found.remark
