"""`gatekeeper issue people`, `invite`, `remove`, `consent`, `credit`: who outside takes part.

The verbs of the verb table, from a shell, through the functions that signed mail comes to.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatekeeper import clock, start
from gatekeeper.cli.given import given
from gatekeeper.cli.issue_act import do
from gatekeeper.cli.issue_values import correspondent_value
from gatekeeper.cli.opening import record, settings_of
from gatekeeper.cli.screen import Screen, width
from gatekeeper.cli.terminal import emit_json, emit_lines
from gatekeeper.cli.turns import named
from gatekeeper.config.keyhome import codec_of, open_keys
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.instants import Instant, rfc3339, spoken
from gatekeeper.domain.participants import Part
from gatekeeper.domain.policy import MIB
from gatekeeper.domain.retention import ERASED, ERASED_ADDRESS
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues import crediting, people, sharing
from gatekeeper.pgp import guests
from gatekeeper.pgp.guests import Guest
from gatekeeper.store import correspondents, tellings
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tellings import Telling
from gatekeeper.store.tx import Tx

_KEY_MAX: Final = MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody outside, and all that they were told."""

    known: Correspondent
    told: tuple[Telling, ...]


def run(options: argparse.Namespace) -> int:
    """Do what the verb says, and return the exit status."""
    return _ACTS[options.act](options)


def _people(options: argparse.Namespace) -> int:
    """Show who takes part; that it is looked at is recorded with the read."""
    settings = settings_of(options)

    def look(tx: Tx) -> tuple[IssueRow, tuple[Person, ...]]:
        issue = named(tx, options.id)
        record(tx, "issue.people_shown", issue=issue.id)
        return issue, people_of(tx, issue)

    with start.open_store(settings) as store:
        issue, found = store.write(look)
    if options.json:
        emit_json([_value(one) for one in found])
        return 0
    screen = Screen(width())
    screen.title(str(issue.issue_id), issue.subject)
    if not found:
        screen.say("nobody outside takes part")
    for one in found:
        show(screen, one)
    emit_lines(*screen.lines)
    return 0


def people_of(tx: Tx, issue: IssueRow) -> tuple[Person, ...]:
    """Return everybody outside who takes part or did, the oldest first."""
    return tuple(
        Person(known=each, told=tellings.of_correspondent(tx, each.id))
        for each in correspondents.of_issue(tx, issue.id)
    )


def show(screen: Screen, one: Person) -> None:
    """Write who somebody is, and what they were told, each letter in a line of its own."""
    known = one.known
    screen.heading(known.name)
    if known.address == ERASED_ADDRESS:
        screen.pair("Address", ERASED)
    else:
        screen.pair("Address", str(known.address))
        screen.pair("Key", spaced(known.fingerprint) if known.fingerprint else "none known")
    screen.pair("As", known.role.meaning)
    screen.pair("Since", spoken(known.created_at))
    if known.removed_at is not None:
        screen.pair("Removed", spoken(known.removed_at), colour="yellow")
    if known.consented_at is not None:
        screen.pair("Shares", f"a conversation with others, agreed {spoken(known.consented_at)}")
    if known.credit is not None:
        screen.pair("Credit", known.credit.line or "none, as they wished")
    elif known.role.is_finder:
        screen.pair("Credit", "not said yet")
    for telling in one.told:
        screen.item(spoken(telling.written_at), _said(telling))
    if not one.told:
        screen.say("  was told nothing yet")


def _said(telling: Telling) -> str:
    """Return what one letter was and what became of it, in one line."""
    state = telling.state
    parts = [f'{telling.kind}: "{telling.subject}"' if telling.subject else telling.kind]
    if state is DeliveryState.DELIVERED:
        parts.append(f"delivered {spoken(telling.at)}")
    else:
        parts.append(str(state).replace("_", " "))
    if telling.came_back:
        parts.append("it came back")
    if telling.fingerprints:
        parts.append("to " + ", ".join(map(spaced, telling.fingerprints)))
    return "; ".join(parts)


def _value(one: Person) -> dict[str, object]:
    return {
        **correspondent_value(one.known),
        "told": [
            {
                "kind": telling.kind,
                "subject": telling.subject,
                "written_at": rfc3339(telling.written_at),
                "state": str(telling.state),
                "at": rfc3339(telling.at),
                "fingerprints": list(telling.fingerprints),
                "came_back": telling.came_back,
            }
            for telling in one.told
        ],
    }


def _invite(options: argparse.Namespace) -> int:
    """Ask that somebody take part; their key is looked at before anything is opened."""
    now, role = clock.now(), Part(options.role)
    key = _key(options, now)
    return do(
        options,
        lambda tx, desk, issue, by: people.invite(
            tx,
            desk,
            issue=issue,
            actor=by,
            address=options.address,
            role=role,
            keys=[key],
            now=now,
        ),
    )


def _key(options: argparse.Namespace, now: Instant) -> Guest:
    block = given(options.key, limit=_KEY_MAX, remedy="name a file with their public key")
    settings = settings_of(options)
    with open_keys(settings, codec_of(settings)) as keys:
        return guests.examine(keys.engine, block, now)


def _remove(options: argparse.Namespace) -> int:
    """Ask that somebody be told nothing more."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: people.remove(
            tx, desk, issue=issue, actor=by, name=options.name, now=now
        ),
    )


def _consent(options: argparse.Namespace) -> int:
    """Record that somebody agreed, or agrees no more."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: sharing.consent(
            tx, desk, issue=issue, actor=by, name=options.name, via=options.via, now=now
        ),
    )


def _credit(options: argparse.Namespace) -> int:
    """Record how a finder is named."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: crediting.credit(
            tx, desk, issue=issue, actor=by, line=options.line, name=options.of, now=now
        ),
    )


_ACTS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = MappingProxyType(
    {
        "people": _people,
        "invite": _invite,
        "remove": _remove,
        "consent": _consent,
        "credit": _credit,
    }
)
