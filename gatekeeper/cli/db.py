"""`gatekeeper db`: the database's tables, made and brought up to date."""

import argparse
from typing import TYPE_CHECKING

from gatekeeper.cli import db_seal
from gatekeeper.cli.grammar import Verbs, noun, verb

if TYPE_CHECKING:
    from gatekeeper.store.schema import SchemaStatus


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "db", text="the database's tables")
    verb(
        verbs,
        "upgrade",
        run=upgrade,
        text="make the tables, or bring them to this program's version",
        more=(
            "Stop the service first, and have a backup: there is no way back but that. Where this "
            "host has seen a database that is missing now, the new one is frozen."
        ),
        example="gatekeeper db upgrade",
    )
    verb(
        verbs,
        "status",
        run=status,
        text="say which version the tables have",
        more="Status 1 where this host has seen a database that is missing now.",
        example="gatekeeper db status --json",
    )
    db_seal.add(verbs)


def upgrade(options: argparse.Namespace) -> int:
    """Bring the database to this program's version; one in place of a missing one is frozen."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.config import witness
    from gatekeeper.config.keyhome import codec_of
    from gatekeeper.start import open_store
    from gatekeeper.store import schema

    settings = settings_of(options)
    missed = witness.missed(settings)
    found = schema.upgrade(settings.database.connection_url(), codec_of(settings))
    if missed:
        with open_store(settings) as store:
            witness.freeze(settings, store, now=clock.now())
        missed += (
            "; this new one is frozen: put the other one back, or see: gatekeeper audit frozen"
        )
    _show(options, found, missed)
    return 0


def status(options: argparse.Namespace) -> int:
    """Print how the database compares with this program; 1 when it is missing, else 0."""
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.config import witness
    from gatekeeper.store import schema

    settings = settings_of(options)
    missed = witness.missed(settings)
    remedy = f": {witness.FIND_IT}" if missed else ""
    _show(options, schema.status(settings.database.connection_url()), missed + remedy)
    return 1 if missed else 0


def _show(options: argparse.Namespace, found: "SchemaStatus", missed: str) -> None:
    from gatekeeper.cli.terminal import emit_json, emit_pairs

    value = {"state": str(found.state), "current": found.current, "head": found.head}
    if options.json:
        emit_json({**value, "missing": missed or None})
    else:
        pairs = {**value, "current": found.current or "none"}
        emit_pairs(pairs | ({"missing": missed} if missed else {}))
