"""Each preset does what its project's policy says, and single values take its place (S-4)."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gatekeeper.config import presets, shipped
from gatekeeper.config.positions import read
from gatekeeper.config.process_models import EmbargoSection
from gatekeeper.domain.calendar import day_of
from gatekeeper.domain.instants import DAY, HOUR, Instant, from_datetime, later, to_datetime
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.process_policy import OWN_CLOCK, CapAction
from gatekeeper.domain.timeline import found_with_tools, proposed
from tests.config.installation import Installation
from tests.config.presetting import NAMES, policy


def at(text: str) -> Instant:
    """Return the instant written as ISO 8601 in UTC."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


REPORTED = at("2026-09-03T09:41")
"""A Thursday."""


def timeline(name: str, reported: Instant = REPORTED) -> tuple[str, str]:
    """Return what a preset proposes for a report, to the minute."""
    both = proposed(reported, policy(name).embargo)
    return shown(both.predisclosure), shown(both.public)


def cap(name: str, clock: str, started: Instant = REPORTED) -> str:
    """Return until when a clock of a preset lasts that begins at `started`."""
    embargo = policy(name).embargo
    rule = embargo.clock(clock)
    assert rule is not None
    return shown(rule.cap(started, embargo.calendar))


def shown(instant: Instant) -> str:
    """Return an instant with its weekday, to the minute."""
    return to_datetime(instant).strftime("%a %Y-%m-%dT%H:%M")


def test_these_are_the_presets() -> None:
    assert NAMES == presets.names(shipped.folder())
    assert {f"presets/{name}.yaml" for name in NAMES} == set(shipped.presets())


def test_xen_proposes_a_working_week_and_two_more_at_noon() -> None:
    """R-1: report Thu 2026-09-03, list Thu 2026-09-10, public Thu 2026-09-24."""
    assert ("Thu 2026-09-10T12:00", "Thu 2026-09-24T12:00") == timeline("xen")


def test_xen_is_the_policy_without_a_preset() -> None:
    assert Policy().embargo == policy("xen").embargo


def test_distros_ends_a_fortnight_after_the_post_there() -> None:
    """S-4: posted on 2026-09-03, cap 2026-09-17; without a post the clock does not run."""
    assert "Thu 2026-09-17T12:00" == cap("distros", "linux-distros")
    assert "Wed 2026-09-23T12:00" == cap("distros", "linux-distros", at("2026-09-09T18:00"))


def test_distros_proposes_less_than_a_week_on_the_list() -> None:
    """The list prefers embargoes shorter than seven days; one day is its least."""
    assert ("Thu 2026-09-10T12:00", "Wed 2026-09-16T12:00") == timeline("distros")
    assert DAY == policy("distros").embargo.minimum_lead


def test_kernel_waits_a_week_for_the_roll_out_of_a_fix_and_two_at_most() -> None:
    """Seven days from the fix on, fourteen in exceptional cases, whenever the report came."""
    fixed = at("2026-10-01T16:20")
    assert "Thu 2026-10-15T12:00" == cap("kernel", "kernel", fixed)
    both = proposed(REPORTED, policy("kernel").embargo)
    assert 7 * DAY == both.public - both.predisclosure
    assert ("Thu 2026-09-10T12:00", "Thu 2026-09-17T12:00") == timeline("kernel")


def test_kernel_and_linux_distros_count_from_events_of_their_own() -> None:
    """The documents warn of it: the one from the fix on, the other from the post."""
    fixed, posted = at("2026-10-01T16:20"), at("2026-10-05T08:00")
    assert "Thu 2026-10-15T12:00" == cap("kernel", "kernel", fixed)
    assert "Mon 2026-10-19T12:00" == cap("kernel", "linux-distros", posted)


def test_kubernetes_tells_distributors_one_to_four_weeks_ahead_of_no_friday() -> None:
    """A fix within seven days, a release at 16:00 UTC on a weekday that is no Friday."""
    assert ("Thu 2026-09-10T16:00", "Thu 2026-09-24T16:00") == timeline("kubernetes")
    friday = at("2026-09-04T07:00")
    assert ("Mon 2026-09-14T16:00", "Mon 2026-09-28T16:00") == timeline("kubernetes", friday)
    assert "Thu 2026-10-08T16:00" == cap("kubernetes", "distributors", at("2026-09-10T16:00"))


def test_openstack_ends_after_ninety_days_at_its_hour() -> None:
    """S-4: cap 2026-12-02 at 15:00 UTC."""
    assert "Wed 2026-12-02T15:00" == cap("openstack", OWN_CLOCK)


def test_openstack_tells_stakeholders_three_to_five_working_days_ahead() -> None:
    """Not on a Monday or Friday, whatever the day of the report."""
    assert ("Thu 2026-09-17T15:00", "Tue 2026-09-22T15:00") == timeline("openstack")
    for number in range(400):
        both = proposed(later(REPORTED, number * DAY), policy("openstack").embargo)
        days = [to_datetime(one).weekday() for one in (both.predisclosure, both.public)]
        assert set(days) <= {1, 2, 3}
        ahead = (day_of(both.public) - day_of(both.predisclosure)).days
        between = sum(
            to_datetime(later(both.predisclosure, day * DAY)).weekday() < 5
            for day in range(1, ahead + 1)
        )
        assert 3 <= between <= 5, both


def test_certcc_ends_after_45_days_and_rolls_off_a_sunday() -> None:
    """S-4: 2026-10-18 is a Sunday, so Monday 2026-10-19 at 12:00 UTC, cap and proposal."""
    assert "Mon 2026-10-19T12:00" == cap("certcc", OWN_CLOCK)
    assert ("Fri 2026-09-04T12:00", "Mon 2026-10-19T12:00") == timeline("certcc")


def test_certccs_clock_in_others_runs_from_its_first_contact() -> None:
    """Nobody else's calendar moves it: OpenStack publishes on no Monday, and has to be earlier."""
    for name in ("xen", "distros", "kernel", "kubernetes", "openstack"):
        assert "Mon 2026-10-19T12:00" == cap(name, "cert-cc")


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_is_whole_and_sound(name: str) -> None:
    """All settings are written out, with paragraphs of text and no publication without people."""
    path = shipped.folder() / "presets" / f"{name}.yaml"
    document, _ = read(name, path.read_bytes())
    assert document is not None
    assert isinstance(document.value, dict)
    assert isinstance(document.value["embargo"], dict)
    assert set(EmbargoSection.model_fields) == set(document.value["embargo"])
    found = policy(name)
    assert name == found.process.preset
    assert 3 <= found.process.text.count("\n\n") + 1
    assert CapAction.ESCALATE is found.embargo.cap_action


@pytest.mark.parametrize("name", NAMES)
def test_every_report_of_two_years_has_a_timeline_under_the_cap(name: str) -> None:
    """On allowed days, with the lead, and never later for what public tools find."""
    embargo = policy(name).embargo
    for number in range(0, 731 * 24, 37):
        reported = later(REPORTED, number * HOUR)
        both, sooner = proposed(reported, embargo), found_with_tools(reported, embargo)
        for one in (both.predisclosure, both.public, sooner.predisclosure, sooner.public):
            assert embargo.calendar.allows(one)
        assert embargo.minimum_lead <= both.public - both.predisclosure
        assert both.public <= embargo.own_clock.cap(reported, embargo.calendar)
        assert sooner.public <= both.public


def test_single_values_take_the_place_of_the_presets() -> None:
    more = 'embargo:\n  max_embargo: 60d\n  clocks: []\nprocess: "Ours."\n'
    found, kernel = policy("kernel", more), policy("kernel")
    assert (60 * DAY, ()) == (found.embargo.max_embargo, found.embargo.clocks)
    assert kernel.embargo.public_days == found.embargo.public_days
    assert ("kernel", "Ours.") == (found.process.preset, found.process.text)


def test_a_preset_of_ones_own_is_found_beside_the_others(site: Installation) -> None:
    kept = site.folder / "presets" / "kernel.yaml"
    text = kept.read_text(encoding="utf-8").replace("max_embargo: 90d", "max_embargo: 30d")
    kept.rename(site.folder / "presets" / "ours.yaml").write_text(text, encoding="utf-8")
    site.replace("policy.yaml", "preset: xen", "preset: ours")
    assert 30 * DAY == site.load().policy.embargo.max_embargo
    assert (*NAMES[:5], "ours", "xen") == presets.names(site.folder)


def test_a_preset_that_is_not_in_the_folder_is_the_shipped_one(site: Installation) -> None:
    """A configuration of an earlier version has no folder for them."""
    for path in (site.folder / "presets").iterdir():
        path.unlink()
    (site.folder / "presets").rmdir()
    assert "xen" == site.load().policy.process.preset


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("preset: xen\n", "preset:\n"),
        lambda text: text.replace("preset: xen\n", "").replace("process:\n", ""),
    ],
)
def test_without_a_preset_the_numbers_are_the_programs(
    change: Callable[[str], str], site: Installation
) -> None:
    path = site.folder / "policy.yaml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert Policy() == site.load().policy


def test_what_is_governed_holds_the_presets_values(site: Installation) -> None:
    """A change of the preset's file is a change of the policy, and seen as one."""
    before = site.load().governed
    site.replace("presets/xen.yaml", "max_embargo: 90d", "max_embargo: 180d")
    changed = {kind for kind, content in site.load().governed.items() if before[kind] != content}
    assert {"policy"} == changed
