"""`gatekeeper approval text`, `give`, `refuse`, `withdraw`: signed texts instead of mail."""

import argparse
from collections.abc import Callable
from typing import Final, TypeVar

from gatekeeper import clock, start
from gatekeeper.cli.given import given
from gatekeeper.cli.opening import actor, record, settings_of
from gatekeeper.cli.terminal import emit_json, emit_lines, safe
from gatekeeper.config.keyhome import codec_of, open_keys
from gatekeeper.domain.errors import TheirFault
from gatekeeper.domain.policy import MIB
from gatekeeper.issues import approving, statements
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.pending import Pending, pending
from gatekeeper.issues.reading import Reader
from gatekeeper.store.tx import Tx

T = TypeVar("T")

_TEXT_MAX: Final = MIB
_BEGINNING: Final = 8
_WAITS: Final = 3
"""The exit status of what was counted and waits for others (design: commands)."""


def text(options: argparse.Namespace) -> int:
    """Print what is to be signed; that it was looked at is recorded."""

    def look(tx: Tx, desk: Desk) -> Pending:
        one = _named(tx, desk, options.hash)
        issue = one.issue.id if one.issue is not None else None
        record(tx, "approval.text", issue=issue, payload={"effect": one.request.effect.hex()})
        return one

    one = _in_store(options, look)
    if one.changed:
        raise TheirFault("what it would do has changed since", remedy="have it asked for again")
    said = statements.text(one, why=options.why or "")
    if options.json:
        emit_json({"text": said})
    else:
        emit_lines(*map(safe, said.rstrip("\n").split("\n")))
    return 0


def give(options: argparse.Namespace) -> int:
    """Take a signed text that approves."""
    return _obey(options, statements.APPROVE)


def refuse(options: argparse.Namespace) -> int:
    """Take a signed text that says no."""
    return _obey(options, statements.REFUSE)


def withdraw(options: argparse.Namespace) -> int:
    """Take back what this user of the system asked for."""

    def act(tx: Tx, desk: Desk) -> Done:
        one = _named(tx, desk, options.hash)
        return approving.withdraw(
            tx,
            desk,
            issue=one.issue,
            actor=Actor(shell=actor()),
            effect=one.request.effect.hex(),
            now=clock.now(),
        )

    return _told(options, _in_store(options, act))


def _obey(options: argparse.Namespace, verb: str) -> int:
    settings = settings_of(options)
    remedy = "name the file that holds the signed text"
    raw = statements.HEAD + given(options.file, limit=_TEXT_MAX, remedy=remedy)
    with open_keys(settings, codec_of(settings), secrets=False) as keys:
        reading = Reader(engine=keys.engine, limits=settings.policy.reading).read(raw)
    return _told(
        options,
        _in_store(
            options,
            lambda tx, desk: statements.obey(tx, desk, reading, verb=verb, now=clock.now()),
        ),
    )


def _in_store(options: argparse.Namespace, act: Callable[[Tx, Desk], T]) -> T:
    """Do it in one transaction, with the team and the policy that are in force."""
    files = settings_of(options)

    def write(tx: Tx) -> T:
        used = start.settings_in(tx, files)
        return act(tx, start.desk_of(used, product=start.product_of(tx, files)))

    with start.open_store(files) as store:
        return store.write(write)


def _named(tx: Tx, desk: Desk, name: str) -> Pending:
    """Return the one request that waits whose hash begins so."""
    wanted = name.strip().lower()
    found = [each for each in pending(tx, desk) if each.request.effect.hex().startswith(wanted)]
    if len(wanted) < _BEGINNING or len(found) != 1:
        said = f"{len(found)} requests wait" if found else "nothing waits"
        message = f"{said} with a hash that begins with {wanted!r}"
        raise TheirFault(
            message, remedy=f"write its first {_BEGINNING} digits or more: gatekeeper approval list"
        )
    return found[0]


def _told(options: argparse.Namespace, done: Done) -> int:
    if options.json:
        emit_json({"done": list(done.lines), "waiting": done.waiting or None})
    else:
        emit_lines(*map(safe, done.lines))
    return _WAITS if done.waiting else 0
