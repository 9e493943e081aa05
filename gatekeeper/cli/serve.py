"""`gatekeeper serve`: the service itself, until it is told to stop."""

import argparse

from gatekeeper.cli.grammar import Verbs, verb


def add(nouns: Verbs) -> None:
    """Declare the command."""
    verb(
        nouns,
        "serve",
        run=run,
        text="run the service until SIGTERM or Ctrl-C",
        more=(
            "Everything is checked first: with a broken configuration nothing starts and "
            "nothing is changed; a person's key that has ended is a warning while somebody can "
            "still read. SIGTERM lets the work in hand finish."
        ),
        example="gatekeeper --config /etc/gatekeeper serve",
        shows=False,
    )


def run(options: argparse.Namespace) -> int:
    """Check the configuration, then serve."""
    import resource

    from gatekeeper import clock, service
    from gatekeeper.cli import logs
    from gatekeeper.cli.check import tell
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.config import BadConfiguration
    from gatekeeper.config.certificates import examine

    settings = settings_of(options)
    problems = examine(settings, now=clock.now(), serving=True)
    errors = [problem for problem in problems if not problem.warning]
    if errors:
        raise BadConfiguration(errors)
    tell(problems)
    # A core dump would hold opened mail and keys (promise P-11).
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logs.start()
    return service.serve(settings)
