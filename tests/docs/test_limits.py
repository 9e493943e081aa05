"""docs/limits.md has the replies as they are: each limit's, and none that nobody gets."""

import re
from typing import Final

from gatekeeper.domain.errors import OurFault, Reply
from gatekeeper.inbound import clients, connection, dialogue, paths, reader
from tests.architecture.sources import read

DOCUMENT: Final = "docs/limits.md"
ABOUT_LIMITS: Final = (clients, connection, reader)
"""All that these modules refuse with is a limit."""


def told() -> list[str]:
    """Return the replies in the table."""
    return re.findall(r"`(\d{3} \d\.\d\.\d+ [^`]+)`", read(DOCUMENT))


def replies(*modules: object) -> set[str]:
    """Return the refusals among the constants of modules, as a client sees them."""
    found = [value for module in modules for value in vars(module).values()]
    return {
        f"{each.code} {each.enhanced} {each.text}"
        for each in found
        if isinstance(each, Reply) and each.code >= 400
    }


def test_every_limit_is_told_once() -> None:
    assert len(told()) == len(set(told()))
    assert replies(*ABOUT_LIMITS) <= set(told())


def test_nothing_is_told_that_is_not_said() -> None:
    ours = f"{OurFault.reply.code} {OurFault.reply.enhanced} {OurFault.reply.text}"
    assert set(told()) <= {ours} | replies(*ABOUT_LIMITS, dialogue, paths)


def test_the_names_of_limits_are_those_of_the_policy() -> None:
    policy = read("config/policy.yaml")
    names = re.findall(r"`((?:\w+\.)?\w+_\w+)`", read(DOCUMENT))
    assert names
    for name in names:
        last = name.rpartition(".")[2]
        assert re.search(rf"^ *{last}:", policy + read("config/gatekeeper.yaml"), re.MULTILINE)
