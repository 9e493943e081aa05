"""Print the tables of the process: how an issue moves, what each step needs, who approves what."""

from gatekeeper.domain.approving import NEEDS
from gatekeeper.domain.process import RULES, TRACK_CHANGES, Fact, Rule, Track, edges
from gatekeeper.domain.reasons import NoEmbargo, Rejection


def issue_diagram() -> str:
    """Return the table of steps as a diagram."""
    states = {name: name.replace(" ", "_").replace("-", "_") for edge in edges() for name in edge}
    named = {edge[0] for edge in edges()} | {edge[2] for edge in edges()}
    aliases = [f'    state "{name}" as {states[name]}' for name in named if name != states[name]]
    moves = [f"    {states[source]} --> {states[then]}: {step}" for source, step, then in edges()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *sorted(aliases), *moves, "```"])


def step_table() -> str:
    """Return every row of the table of steps, with what it needs."""
    rows = [
        f"| {rule.step} | {', '.join(rule.sources)} | {_tracks(rule)} | {_needs(rule)} |"
        f" {rule.target} |"
        for rule in RULES
    ]
    return "\n".join(["| step | from | track | it needs | to |", "| --- " * 5 + "|", *rows])


def track_table() -> str:
    """Return which tracks an issue may change to, by its state and its track."""
    rows = [
        f"| {state} | {track} | {', '.join(each for each in Track if each in allowed)} |"
        for state, tracks in TRACK_CHANGES.items()
        for track, allowed in tracks.items()
    ]
    return "\n".join(["| state | track | may change to |", "| --- " * 3 + "|", *rows])


def approval_table() -> str:
    """Return what each kind of request needs."""
    rows = [
        f"| {kind} | {need.people or 'as policy says'} |"
        f" {'where the team has two' if need.employers else 'any'} |"
        f" {'admins, where there are enough' if need.admins else 'anybody of the team'} |"
        for kind, need in NEEDS.items()
    ]
    return "\n".join(["| request | people | two employers | who |", "| --- " * 4 + "|", *rows])


def rejection_table() -> str:
    """Return the reasons for a rejection."""
    rows = [f"| {reason} | {reason.meaning} |" for reason in Rejection]
    return "\n".join(["| reason | it means |", "| --- " * 2 + "|", *rows])


def no_embargo_table() -> str:
    """Return the reasons why an issue has no embargo."""
    rows = [f"| {reason} | {reason.meaning} |" for reason in NoEmbargo]
    return "\n".join(["| reason | it means |", "| --- " * 2 + "|", *rows])


def _tracks(rule: Rule) -> str:
    if rule.tracks >= frozenset(Track):
        return "any" if rule.before_track else "any that is chosen"
    return ", ".join(track for track in Track if track in rule.tracks)


def _needs(rule: Rule) -> str:
    return ", ".join(fact for fact in Fact if fact in rule.needs) or "nothing more"
