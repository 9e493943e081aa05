"""`gatekeeper policy show`: the policy that is in force, or that the files say, in sentences."""

import pytest

from gatekeeper import clock
from gatekeeper.issues import running
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell

FIVE = "We propose to tell the pre-disclosure list 5 working days after a report"
SEVEN = "We propose to tell the pre-disclosure list 7 days after a report"


@pytest.fixture
def begun(shell: Shell, store: Store) -> Shell:
    """Lend an installation whose files were put into force by a first start."""
    files = shell.site.load().governed
    store.write(lambda tx: running.adopt(tx, files, now=clock.now()))
    return shell


def test_the_policy_is_printed_with_the_name_of_the_project(begun: Shell) -> None:
    said = begun("policy", "show")
    assert (0, "") == (said.status, said.err)
    assert said.out.startswith("How Example handles vulnerabilities\n")
    assert FIVE in said.out
    assert "At present all people of the team have one employer." in said.out


def test_what_the_files_say_is_not_in_force_before_it_is_approved(begun: Shell) -> None:
    begun.site.replace("policy.yaml", "preset: xen", "preset: kernel")
    assert FIVE in begun("policy", "show").out
    assert SEVEN in begun("policy", "show", "--files").out
    value = begun("policy", "show", "--files", "--json").json
    assert "kernel" == value["preset"]
    assert SEVEN in value["text"]


def test_files_are_printed_before_there_is_a_database(shell: Shell) -> None:
    assert FIVE in shell("policy", "show", "--files").out


def test_a_mistake_in_a_preset_is_one_of_the_policy(shell: Shell) -> None:
    shell.site.replace("presets/xen.yaml", "public_days: 10", "public_days: ten")
    said = shell("policy", "check")
    assert 2 == said.status
    assert said.err.startswith("presets/xen.yaml:")
