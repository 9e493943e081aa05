"""`gatekeeper key list`: every key, what it is for and until when, trouble first."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gatekeeper.cli.grammar import Verbs, verb
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.instants import Instant, rfc3339

if TYPE_CHECKING:
    from gatekeeper.cli.key_states import Listed
    from gatekeeper.cli.screen import Screen
    from gatekeeper.config import Settings
    from gatekeeper.store.correspondents import Correspondent
    from gatekeeper.store.tx import Tx

_NEVER: Final = "never"
_HEADS: Final = {
    "current": "alias, the key in use",
    "former": "alias, former keys",
    "advisory": "advisory",
}


def add(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = verb(
        verbs,
        "list",
        run=run,
        text="list all keys, what each is for, and until when",
        more=(
            "Below each key stand its primary key and its subkeys that sign or encrypt, by the "
            "last 16 digits of their fingerprints. Of each owner the keys in trouble come first. "
            "Whether the primary key is offline is said where the master key can be read. "
            "--reporters adds the keys of those we write to in open issues: it needs the database, "
            "and looking is recorded in the event log."
        ),
        example="gatekeeper key list",
    )
    parser.add_argument(
        "--reporters", action="store_true", help="add the pinned keys of open issues"
    )


def run(options: argparse.Namespace) -> int:
    """Print every key."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.screen import Screen, width
    from gatekeeper.cli.terminal import emit_json, emit_lines

    settings = settings_of(options)
    now = clock.now()
    keys = ordered(found(settings, now, reporters=options.reporters), now)
    if options.json:
        emit_json([value(key, now) for key in keys])
        return 0
    screen = Screen(width())
    show(screen, keys, now)
    emit_lines(*screen.lines)
    return 0


def found(settings: "Settings", now: Instant, *, reporters: bool) -> "Iterator[Listed]":
    """Yield every key of the configuration, and those of reporters if asked for."""
    from gatekeeper.cli.key_states import of_judged
    from gatekeeper.config.heldkeys import look
    from gatekeeper.config.judging import judged, scratch_engine, with_secrets

    with scratch_engine(settings) as engine:
        keys = judged(settings, engine, now)
        # who may not read the master key may still look at the keys
        held, _ = look(settings, engine, now)
    yield from map(of_judged, with_secrets(keys, held))
    if reporters:
        yield from _reporters(settings, now)


def _reporters(settings: "Settings", now: Instant) -> "Iterator[Listed]":
    """Yield the pinned keys of those we write to in open issues; looking goes on record."""
    from gatekeeper.cli.key_states import of_reporter
    from gatekeeper.cli.opening import record
    from gatekeeper.config.judging import scratch_engine
    from gatekeeper.pgp.keys import CertInfo, inspect
    from gatekeeper.start import open_store
    from gatekeeper.store import correspondents, issues

    def look(tx: "Tx") -> "list[tuple[str, Correspondent]]":
        rows = [correspondents.by_row(tx, row) for row in correspondents.in_open_issues(tx)]
        pinned = [row for row in rows if row.certificate is not None]
        record(tx, "key.listed", payload={"reporters": len(pinned)})
        return [(f"{issues.by_row(tx, row.issue).issue_id} {row.name}", row) for row in pinned]

    with open_store(settings) as store:
        rows = store.write(look)
    with scratch_engine(settings) as engine:
        for owner, row in rows:
            info: CertInfo | str
            try:
                info = inspect(engine, row.certificate or b"", now)
            except GatekeeperError as error:
                info = error.public
            yield of_reporter(owner, row.fingerprint or "", info)


def ordered(keys: "Iterable[Listed]", now: Instant) -> "list[Listed]":
    """Return the keys by their owners, in the order of those; of each the ones in trouble first."""
    groups: dict[tuple[str, str], list[Listed]] = {}
    for key in keys:
        groups.setdefault((key.standing, key.owner), []).append(key)
    order = [k for k in groups if k[0] in {"current", "advisory"}]
    order += [k for k in groups if k not in order]
    return [
        key for group in order for key in sorted(groups[group], key=lambda key: key.trouble(now))
    ]


def show(screen: "Screen", keys: "Sequence[Listed]", now: Instant) -> None:
    """Write each owner's keys below a heading, and below each key its parts."""
    from gatekeeper.cli.key_states import uses_of

    uses = {id(part): ", ".join(uses_of(part)) for key in keys for part in key.parts()}
    room = max(map(len, uses.values()), default=0)
    before = ("", "")
    for key in keys:
        if (key.standing, key.owner) != before:
            screen.heading(_HEADS.get(key.standing, key.owner))
            before = key.standing, key.owner
        screen.item(key.fingerprint, key.state(now), colour=_colour(key, now))
        for part in key.parts():
            end = rfc3339(part.expires_at)[:10] if part.expires_at is not None else _NEVER
            lead = f"  {part.key_id}  {uses[id(part)]:<{room}}  {end:<10}"
            screen.item(lead, key.part_state(part, now))


def _colour(key: "Listed", now: Instant) -> str:
    if key.standing == "former":
        return ""
    return ("red", "yellow", "")[key.trouble(now)[0]]


def value(key: "Listed", now: Instant) -> dict[str, object]:
    """Return a key as JSON shows it; `primary_offline` is null where it cannot be told.

    User IDs are told of our own keys alone (design: OpenPGP, "Keys").
    """
    from gatekeeper.cli.key_states import REPORTER, uses_of
    from gatekeeper.config.judging import Standing

    info = key.info
    known = info is not None and info.secret
    own = key.standing not in {Standing.TEAM, REPORTER}
    names = {"user_ids": list(info.user_ids) if info is not None else []} if own else {}
    return {
        "owner": key.owner,
        "standing": key.standing,
        "fingerprint": key.fingerprint,
        "usable": key.usable,
        "expires_at": rfc3339(key.expires_at) if key.expires_at is not None else None,
        **names,
        "state": key.state(now),
        "primary_offline": info.primary_offline if info is not None and known else None,
        "keys": [
            {
                "fingerprint": part.fingerprint,
                "uses": uses_of(part),
                "expires_at": rfc3339(part.expires_at) if part.expires_at is not None else None,
                "state": key.part_state(part, now),
            }
            for part in key.parts()
        ],
    }
