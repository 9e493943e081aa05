"""`gatekeeper metrics`: how much there is and what waits, for programs that watch."""

import argparse

from gatekeeper.cli.grammar import Verbs, verb


def add(nouns: Verbs) -> None:
    """Declare the command."""
    verb(
        nouns,
        "metrics",
        run=run,
        text="print counts as Prometheus reads them",
        more=(
            "Messages, deliveries and issues by state, since when the oldest mail waits, free "
            "space: no content, no names. With metrics.file in gatekeeper.yaml the running service "
            "writes the same for a node exporter every 15 seconds."
        ),
        example="gatekeeper metrics --json",
    )


def run(options: argparse.Namespace) -> int:
    """Print the figures of now."""
    from gatekeeper import clock, metrics
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.start import open_store
    from gatekeeper.store import figures

    settings = settings_of(options)
    with open_store(settings) as store:
        found = store.read(figures.take)
    free = {"state": metrics.free(settings.state_folder)}
    now = clock.now()
    if options.json:
        emit_json(metrics.values(found, now=now, free=free))
    else:
        emit_lines(*metrics.text(found, now=now, free=free).splitlines())
    return 0
