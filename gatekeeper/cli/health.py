"""`gatekeeper health`: does the service run here? Fast, for programs that watch it."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, verb

if TYPE_CHECKING:
    from gatekeeper.config import Settings
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
            "it may not be frozen, no letter may wait long to be encrypted, and the state folder's "
            "volume must have room for mail of all (space.stop_below). The relay is not asked: "
            "while it is away mail waits, and a new start would not help. Status 0 when all is "
            "well, else 75, or 2 where the configuration is wrong."
        ),
        example="gatekeeper health",
    )


def run(options: argparse.Namespace) -> int:
    """Ask every listener and the database; OurFault at the first that is not well."""
    from gatekeeper import clock, start
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.domain.errors import OurFault
    from gatekeeper.domain.instants import spoken
    from gatekeeper.outbound import overdue
    from gatekeeper.store import frozen, messages

    settings = settings_of(options)
    for listener in settings.listeners:
        if complaint := _complaint(listener):
            message = f"{_name(listener)} does not answer"
            remedy = "start the service, or read its log"
            raise OurFault(message, reason=complaint, remedy=remedy)
    # before the database, which a full disk keeps from being opened
    _require_room(settings)
    with start.open_store(settings) as store:
        waiting = store.read(messages.counts)
        oldest = overdue.since(store, clock.now())
        freeze = store.read(frozen.of)
    if freeze is not None:
        raise OurFault(
            f"the database is frozen since {spoken(freeze.since)}, and nothing is sent",
            reason=freeze.reason,
            remedy="see what thaws it: gatekeeper audit frozen",
        )
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
        emit_lines("there is room for mail of all")
    return 0


def _require_room(settings: "Settings") -> None:
    """Raise OurFault when the intake puts mail off for lack of space, as it says by 452."""
    from gatekeeper.domain.errors import OurFault
    from gatekeeper.domain.policy import MIB
    from gatekeeper.inbound.space import Room, bytes_left, room_in

    folder, policy = settings.state_folder, settings.policy.space
    try:
        left = bytes_left(folder)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        public = f"mail of nobody is taken: the volume of {folder} does not answer"
        raise OurFault(public, reason=reason, remedy="look at the disk") from None
    found = room_in(left, policy)
    if found is Room.ALL:
        return
    whose, name, bound = "only of the team and answers to us", "stop_below", policy.stop_below
    if found is Room.NOBODY:
        whose, name, bound = "of nobody", "reserve", policy.reserve
    raise OurFault(
        f"mail {whose} is taken: {left // MIB} MiB are free for {folder}",
        reason=f"space.{name} is {bound // MIB} MiB",
        remedy="free space; mail that is put off (452) is not lost, its senders try again",
    )


def _name(listener: "Listener") -> str:
    where = listener.socket or f"{listener.host}:{listener.port}"
    return f"{listener.protocol} {where}"


def _complaint(listener: "Listener") -> str:
    from gatekeeper.cli.probes import relay_complaint, socket_complaint

    if listener.socket is not None:
        return socket_complaint(listener.socket)
    return relay_complaint(listener.host, listener.port)
