"""What `doctor` says of people who are waited for: a report without an answer, an approval."""

from collections.abc import Iterator

from gatekeeper.cli.finding import Finding, State
from gatekeeper.config import Settings
from gatekeeper.domain.instants import Instant, later, spoken
from gatekeeper.domain.silence import working_days_after
from gatekeeper.store import figures
from gatekeeper.store.engine import Store


def looked(store: Store, settings: Settings, now: Instant) -> Iterator[Finding]:
    """Yield what waits longer for a person than policy's reminders let it."""
    found, policy = store.read(figures.take), settings.policy
    days, calendar = policy.reminders.unacknowledged_days, policy.embargo.calendar
    asked = found.unanswered
    if asked is not None and working_days_after(asked, days, calendar) <= now:
        yield Finding(
            name="people",
            state=State.WARN,
            text=f"a report waits since {spoken(asked)} for the answer of a person",
            remedy="see: gatekeeper issue list",
        )
    asked = found.unapproved
    if asked is not None and later(asked, policy.reminders.approval_after) <= now:
        yield Finding(
            name="people",
            state=State.WARN,
            text=f"something waits since {spoken(asked)} for approval",
            remedy="see: gatekeeper approval list",
        )
