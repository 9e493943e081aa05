"""`gatekeeper health`: does the service run here? Fast, for programs that watch it."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, verb

if TYPE_CHECKING:
    from gatekeeper.config.settings import Listener


def add(nouns: Verbs) -> None:
    """Declare the command."""
    verb(
        nouns,
        "health",
        run=run,
        text="ask the running service whether it takes mail",
        more=(
            "Every place of `listen` must greet, the database must open with this master key, "
            "and no letter may wait long to be encrypted. The relay is not asked: while it is away "
            "mail waits, and a new start would not help. Status 0 when all is well, else 75, or 2 "
            "where the configuration is wrong."
        ),
        example="gatekeeper health",
    )


def run(options: argparse.Namespace) -> int:
    """Ask every listener and the database; OurFault at the first that is not well."""
    from gatekeeper import clock, service
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.domain.errors import OurFault
    from gatekeeper.domain.instants import spoken
    from gatekeeper.outbound import overdue
    from gatekeeper.store import messages

    settings = settings_of(options)
    for listener in settings.listeners:
        if complaint := _complaint(listener):
            message = f"{_name(listener)} does not answer"
            remedy = "start the service, or read its log"
            raise OurFault(message, reason=complaint, remedy=remedy)
    with service.open_store(settings) as store:
        waiting = store.read(messages.counts)
        oldest = overdue.since(store, clock.now())
    if oldest is not None:
        raise OurFault(
            f"letters wait to be encrypted since {spoken(oldest)}, and nothing leaves",
            remedy="run `gatekeeper doctor`, and read the service's log",
        )
    if options.json:
        listeners = [_name(listener) for listener in settings.listeners]
        states = {str(state): number for state, number in waiting.items()}
        emit_json({"listeners": listeners, "messages": states})
    else:
        emit_lines(*(f"{_name(listener)} answers" for listener in settings.listeners))
        emit_lines("the database answers", "no letter waits long to be encrypted")
    return 0


def _name(listener: "Listener") -> str:
    where = listener.socket or f"{listener.host}:{listener.port}"
    return f"{listener.protocol} {where}"


def _complaint(listener: "Listener") -> str:
    from gatekeeper.cli.probes import relay_complaint, socket_complaint

    if listener.socket is not None:
        return socket_complaint(listener.socket)
    return relay_complaint(listener.host, listener.port)
