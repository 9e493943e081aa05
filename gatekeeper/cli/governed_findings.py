"""What `doctor` says of the files against what is in force, and of the people whose word counts."""

from collections.abc import Iterator
from typing import Final

from gatekeeper import start
from gatekeeper.cli.finding import Finding, State
from gatekeeper.config import Settings, governed
from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.governed import Kind
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.rosters import team_of
from gatekeeper.issues import running
from gatekeeper.issues.running import Force

_NAME: Final = "governed"


def looked(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Yield whether the files say what is in force; a database that cannot be asked is another's.

    A team most of whom one employer pays is warned about (T-11), and so is who is suspended.
    """
    try:
        with start.open_store(settings) as store:
            force = store.read(lambda tx: running.of(tx, now=now))
    except (OurFault, Misconfigured):
        return
    if not force.held:
        text = "nothing is in force yet: the first start puts the files into force as they are"
        yield Finding(name=_NAME, state=State.OK, text=text)
        return
    drifted = governed.drifted(settings, force.held)
    for kind in drifted:
        yield Finding(
            name=_NAME,
            state=State.WARN,
            text=f"{kind.where}: says something else than what is in force, and is not used",
            remedy=f"see what: gatekeeper {kind.noun} plan; have it approved, or put it back",
        )
    if not drifted:
        yield Finding(name=_NAME, state=State.OK, text="the files say what is in force")
    yield from _people(settings, force)


def _people(settings: Settings, force: Force) -> Iterator[Finding]:
    held = force.held.get(Kind.TEAM)
    team = team_of(held) if held is not None else settings.team
    for person in team.people:
        if person.address.key in force.suspended:
            text = f"{person.name} is suspended: nothing they sign counts"
            remedy = "take them out of team.yaml, or: gatekeeper team reinstate"
            yield Finding(name="team", state=State.WARN, text=text, remedy=remedy)
    warning = team.weight_warning(settings.policy.approvals.employer_share)
    if warning:
        remedy = "have people of other employers join: whoever is pressed should not be alone"
        yield Finding(name="team", state=State.WARN, text=warning, remedy=remedy)
