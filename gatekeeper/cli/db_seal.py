"""`gatekeeper db seal`: which master key seals the database, and a new one for it."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, noun, verb

if TYPE_CHECKING:
    from gatekeeper.config.seal_rotation import Outcome


def add(verbs: Verbs) -> None:
    """Declare the noun and its verbs."""
    seals = noun(verbs, "seal", text="the master key that seals the database")
    rotating = verb(
        seals,
        "rotate",
        run=rotate,
        text="replace the master key while the service runs",
        more=(
            "The new key comes first into the file of the master key, and every process that runs "
            "on the database has to know it before it is used. Then whatever the old key sealed is "
            "sealed anew, row by row, and at last the old key is put aside: it still opens old "
            "backups. Run it again when it was cut short. Further lines of the file go aside with "
            "the old key. Where several hosts share a database, "
            "put the same file on each while it waits, and end it on each with --finish."
        ),
        example="gatekeeper db seal rotate",
    )
    rotating.add_argument(
        "--finish", action="store_true", help="end what was begun here or on another host"
    )
    old = rotating.add_mutually_exclusive_group()
    old.add_argument(
        "--old-key",
        metavar="FILE",
        type=Path,
        help="where the old key is put (default: beside the file of the key in use)",
    )
    old.add_argument(
        "--discard-old", action="store_true", help="keep the old key nowhere: see to old backups"
    )
    verb(
        seals,
        "status",
        run=status,
        text="say which master keys seal how many values",
        more="Reads every sealed value of the database, which takes its time when it is large.",
        example="gatekeeper db seal status",
    )


def rotate(options: argparse.Namespace) -> int:
    """Rotate and say what to do next."""
    import time

    from gatekeeper import clock
    from gatekeeper.cli.opening import actor, settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.config import seal_rotation
    from gatekeeper.start import open_store

    settings = settings_of(options)
    hands = seal_rotation.Hands(say=_say, pause=time.sleep, now=clock.now, actor=actor())
    with open_store(settings) as store:
        done = seal_rotation.rotate(
            settings,
            store,
            hands,
            aside=options.old_key,
            discard=options.discard_old,
            only_finish=options.finish,
        )
    if options.json:
        emit_json(_value(done))
    else:
        emit_lines(*_told(done))
    return 0


def status(options: argparse.Namespace) -> int:
    """Print which keys seal, which are in the file, and how many values each one sealed."""
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_table
    from gatekeeper.config import master_keys
    from gatekeeper.start import open_store
    from gatekeeper.store import resealing, sealing

    settings = settings_of(options)
    with open_store(settings) as store:
        state = store.read(sealing.state)
        counted = store.read(resealing.counts)
    in_file = [key.key_id for key in master_keys.held(settings)]
    uses = {state.sealing: "seals", state.former: "still opens values"}
    keys = [
        {
            "key": key.hex(),
            "use": uses.get(key, "none"),
            "in_file": key in in_file,
            "values": counted.get(key, 0),
        }
        for key in dict.fromkeys([*in_file, state.sealing, *counted])
    ]
    if options.json:
        emit_json(keys)
    else:
        rows = [
            (one["key"], one["use"], "yes" if one["in_file"] else "no", one["values"])
            for one in keys
        ]
        emit_table(("key", "use", "in the file", "values"), rows)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _told(done: "Outcome") -> list[str]:
    begun = [
        "An earlier run had begun this; it is finished now, and no new key was made. Where the",
        "key that is in use now may have been stolen, run this again.",
    ]
    kept = [
        f"  The old key lies in {done.aside}.",
        "  Move it off this machine, to where the backups are: it opens nothing that is in use,",
        "  and all backups made before. When those are gone, destroy it.",
    ]
    gone = [
        "  The old key was kept nowhere: a backup made before opens only where the key was",
        "  kept with it.",
    ]
    return [
        *(begun if done.resumed else []),
        f"The database is sealed with the key {done.key} alone",
        f"  ({done.values} values and {done.files} files sealed anew).",
        *([] if not done.former else kept if done.aside else gone),
        "  Back up the new key file now, apart from the database.",
    ]


def _value(done: "Outcome") -> dict[str, object]:
    return {
        "key": done.key,
        "former": list(done.former),
        "values": done.values,
        "files": done.files,
        "old_key": str(done.aside) if done.aside else None,
        "resumed": done.resumed,
    }
