"""`gatekeeper serve`: the service itself, until it is told to stop."""

import argparse

from gatekeeper.cli.grammar import Verbs, verb


def add(nouns: Verbs) -> None:
    """Declare the command."""
    parser = verb(
        nouns,
        "serve",
        run=run,
        text="run the service until SIGTERM or Ctrl-C",
        more=(
            "Everything is checked first: with a broken configuration nothing starts and "
            "nothing is changed; a person's key that has ended is a warning while somebody can "
            "still read. SIGTERM lets the work in hand finish; a second one ends at once. On "
            "PostgreSQL --only spreads the work over processes and hosts: inbound takes mail and "
            "handles it, outbound encrypts and sends, clock does what has its time, one process "
            "at a time; publication has nothing to publish yet. On SQLite one process does all."
        ),
        example="gatekeeper --config /etc/gatekeeper serve",
        shows=False,
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="ROLE",
        help="do only this: inbound, outbound, publication or clock; may be repeated, or several "
        "with commas (default: all)",
    )


def run(options: argparse.Namespace) -> int:
    """Check the configuration, then serve."""
    from gatekeeper import clock, service
    from gatekeeper.cli import logs
    from gatekeeper.cli.check import tell
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.config import BadConfiguration
    from gatekeeper.config.certificates import examine
    from gatekeeper.domain import roles

    chosen = roles.ALL if options.only is None else roles.parse(options.only)
    settings = settings_of(options)
    problems = examine(settings, now=clock.now(), serving=True)
    errors = [problem for problem in problems if not problem.warning]
    if errors:
        raise BadConfiguration(errors)
    tell(problems)
    logs.start()
    return service.serve(settings, roles=chosen)
