"""Roles as people name them at the command line."""

import pytest

from gatekeeper.domain import roles
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.roles import ALL, Role


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["inbound"], {Role.INBOUND}),
        (["inbound", "clock"], {Role.INBOUND, Role.CLOCK}),
        (["outbound, clock", "clock"], {Role.OUTBOUND, Role.CLOCK}),
        (["inbound,outbound,publication,clock"], ALL),
    ],
)
def test_roles_are_named_one_by_one_or_with_commas(words: list[str], found: set[Role]) -> None:
    assert found == roles.parse(words)


@pytest.mark.parametrize("words", [["mail"], ["inbound,"], [""], ["INBOUND"], []])
def test_anything_else_is_refused_with_what_there_is(words: list[str]) -> None:
    with pytest.raises(Misconfigured) as caught:
        roles.parse(words)
    assert caught.value.remedy == "roles are: inbound, outbound, publication, clock"


def test_who_neither_decrypts_nor_signs_opens_no_secret_key() -> None:
    assert {Role.INBOUND, Role.OUTBOUND} == {role for role in Role if role.opens_secrets}


def test_each_role_says_what_it_does() -> None:
    assert len(Role) == len({role.does for role in Role})
