"""`gatekeeper db`: the database's tables, made and brought up to date."""

import argparse
from typing import TYPE_CHECKING

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
        more="Stop the service first, and have a backup: there is no way back but that.",
        example="gatekeeper db upgrade",
    )
    verb(
        verbs,
        "status",
        run=status,
        text="say which version the tables have",
        example="gatekeeper db status --json",
    )


def upgrade(options: argparse.Namespace) -> int:
    """Bring the database to this program's version."""
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.config.keyhome import codec_of
    from gatekeeper.store import schema

    settings = settings_of(options)
    url = settings.database.connection_url()
    return _show(options, schema.upgrade(url, codec_of(settings)))


def status(options: argparse.Namespace) -> int:
    """Print how the database compares with this program."""
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.store import schema

    settings = settings_of(options)
    return _show(options, schema.status(settings.database.connection_url()))


def _show(options: argparse.Namespace, found: "SchemaStatus") -> int:
    from gatekeeper.cli.terminal import emit_json, emit_pairs

    value = {"state": str(found.state), "current": found.current, "head": found.head}
    if options.json:
        emit_json(value)
    else:
        emit_pairs({**value, "current": found.current or "none"})
    return 0
