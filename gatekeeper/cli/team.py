"""`gatekeeper team`: who the team is, changes of it, and who of it counts now."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.governed import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.domain.instants import Instant
    from gatekeeper.issues.acting import Actor, Done
    from gatekeeper.issues.letterhead import Desk
    from gatekeeper.store.tx import Tx

    Act = Callable[[Tx, Desk, Actor], Done]

_FILES = ("team.yaml", "keys/")


def add(nouns: Verbs) -> None:
    """Declare the noun and its verbs."""
    verbs = noun(nouns, "team", text="who is the team: changes, approval, absence, codes")
    _changes(verbs)
    parser = verb(
        verbs,
        "suspend",
        run=suspend,
        text="let nothing that a person signs count from now on, and tell the others",
        more=(
            "For a leaver or a stolen key. What the person asked for or approved, and what waits, "
            "is void, and so are codes on paper; no mail goes to them. One is enough for it, two "
            "others undo it: gatekeeper team reinstate. For seven days a team that is small "
            "because of it needs as many approvals as before."
        ),
        example="gatekeeper team suspend sam@team.example",
    )
    _name(parser)
    parser = verb(
        verbs,
        "reinstate",
        run=reinstate,
        text="ask that a suspended person count again; two people approve it",
        example="gatekeeper team reinstate sam@team.example",
    )
    _name(parser)
    parser = verb(
        verbs,
        "away",
        run=away,
        text="note until when a person is away, or that they are back",
        more="Reminders go to others meanwhile; it takes no right from anybody.",
        example="gatekeeper team away wei@team.example 2026-12-08T12:00Z",
    )
    _name(parser)
    parser.add_argument("until", metavar="INSTANT", nargs="?", help="without it: back again")
    parser = verb(
        verbs,
        "codes",
        run=codes,
        text="mail a person new codes for paper; those of before are void",
        more=(
            "Ten codes go to the person alone, encrypted. Each works once, to hold a disclosure or "
            "lift a broken embargo when no key is at hand. No shell ever shows one."
        ),
        example="gatekeeper team codes wei@team.example",
    )
    _name(parser)


def _changes(verbs: Verbs) -> None:
    verb(
        verbs,
        "check",
        run=check,
        text="look at team.yaml and keys/; no database",
        example="gatekeeper team check",
    )
    verb(
        verbs,
        "plan",
        run=plan,
        text="say what team.yaml would change of the team in force; changes nothing",
        more=(
            "The service works by the team in force, whatever team.yaml says by now. A certificate "
            "that its owner renewed is used without approval."
        ),
        example="gatekeeper team plan",
    )
    verb(
        verbs,
        "apply",
        run=apply,
        text="ask the team to put team.yaml into force",
        more=(
            "The roster in force decides: two people sign, of two employers where the team has "
            "them. A shell approves nothing. It is in force as soon as enough have signed."
        ),
        example="gatekeeper team apply",
    )


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the person's name or address")


def check(options: argparse.Namespace) -> int:
    """Print what is wrong with team.yaml and keys/."""
    from gatekeeper.cli import governed

    return governed.check(options, _FILES)


def plan(options: argparse.Namespace) -> int:
    """Print the differences in words."""
    from gatekeeper.cli import governed

    return governed.plan(options, (Kind.TEAM,))


def apply(options: argparse.Namespace) -> int:
    """Record a request for the change."""
    from gatekeeper.cli import governed

    return governed.apply(options, (Kind.TEAM,))


def suspend(options: argparse.Namespace) -> int:
    """Suspend the person at once."""
    from gatekeeper import clock
    from gatekeeper.issues import roster_acts

    now = clock.now()
    return _do(
        options,
        lambda tx, desk, by: roster_acts.suspend(tx, desk, actor=by, name=options.name, now=now),
    )


def reinstate(options: argparse.Namespace) -> int:
    """Ask for the person's return."""
    from gatekeeper import clock
    from gatekeeper.issues import roster_acts

    now = clock.now()
    return _do(
        options,
        lambda tx, desk, by: roster_acts.reinstate(tx, desk, actor=by, name=options.name, now=now),
    )


def away(options: argparse.Namespace) -> int:
    """Note the person's absence."""
    from gatekeeper import clock
    from gatekeeper.issues import roster_acts

    now = clock.now()
    until = _instant(options.until, now) if options.until else None
    return _do(
        options,
        lambda tx, desk, by: roster_acts.away(
            tx, desk, actor=by, name=options.name, until=until, now=now
        ),
    )


def codes(options: argparse.Namespace) -> int:
    """Mail the person new codes."""
    from gatekeeper import clock
    from gatekeeper.issues import roster_acts

    now = clock.now()
    return _do(
        options,
        lambda tx, desk, by: roster_acts.codes(tx, desk, actor=by, name=options.name, now=now),
    )


def _do(options: argparse.Namespace, act: "Act") -> int:
    """Do it in one transaction by what is in force, and print what came of it."""
    from gatekeeper import start
    from gatekeeper.cli import governed
    from gatekeeper.cli.opening import actor, settings_of
    from gatekeeper.issues.acting import Actor

    settings = settings_of(options)

    def write(tx: "Tx") -> "Done":
        used = start.settings_in(tx, settings)
        desk = start.desk_of(used, product=start.product_of(tx, settings))
        return act(tx, desk, Actor(shell=actor()))

    with start.open_store(settings) as store:
        done = store.write(write)
    return governed.asks(done, json=options.json)


def _instant(text: str, now: "Instant") -> "Instant":
    from gatekeeper.domain import wording
    from gatekeeper.domain.errors import TheirFault

    found = wording.read(text, now)
    if found.exact is None:
        why = found.why() or f"{text!r} names no time of day"
        raise TheirFault(why, remedy="write it as 2026-12-08T12:00Z")
    return found.exact
