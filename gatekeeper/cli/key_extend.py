"""`gatekeeper key extend`: let the alias's key last longer, also when it has ended already."""

import argparse
import shlex
from datetime import UTC, datetime, time
from typing import Final

from gatekeeper.cli.grammar import Verbs, verb, whole
from gatekeeper.domain.instants import DAY, Instant, from_datetime, later, rfc3339, spoken

DAYS: Final = 2 * 365
_DAYS_MAX: Final = 10 * 366


def add(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = verb(
        verbs,
        "extend",
        run=run,
        text="let the alias's key last longer, two years from now by default",
        more=(
            "The fingerprint stays. This works while the service runs, and also when the key has "
            "ended and the service does not start any more. The subkeys in use are extended too. "
            "A key whose primary secret is kept elsewhere is extended there and comes back with "
            "`gatekeeper key import`."
        ),
        example="gatekeeper key extend --until 2030-12-31",
    )
    until = parser.add_mutually_exclusive_group()
    days = whole(1, _DAYS_MAX, "days")
    until.add_argument("--days", metavar="N", type=days, default=DAYS, help="so long from now")
    until.add_argument("--until", metavar="DATE", type=_date, help="until that day begins (UTC)")


def _date(text: str) -> Instant:
    from gatekeeper.config.units import day

    try:
        found = day(text)
    except ValueError as error:
        message = f"{text!r} {error}"
        raise argparse.ArgumentTypeError(message) from None
    midnight = datetime.combine(found, time(), UTC)
    return from_datetime(midnight)


def run(options: argparse.Namespace) -> int:
    """Extend the key and say what to do next."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.config.extending import extend
    from gatekeeper.domain.errors import Misconfigured

    settings = settings_of(options)
    now = clock.now()
    until = options.until if options.until is not None else later(now, options.days * DAY)
    if not now < until <= later(now, _DAYS_MAX * DAY):
        message = f"{rfc3339(until)[:10]} is not within ten years from now"
        raise Misconfigured(message, remedy="name a later day, or a nearer one")
    done = extend(settings, until=until, now=now)
    if options.json:
        emit_json(
            {
                "fingerprint": done.fingerprint,
                "expires_at_before": rfc3339(done.before) if done.before else None,
                "expires_at": rfc3339(done.after) if done.after else None,
                "certificate": str(settings.alias.certificate_file),
                "secret": str(settings.alias.secret.path),
            }
        )
        return 0
    command = f"gatekeeper --config {shlex.quote(str(settings.folder))}"
    emit_lines(
        f"The alias's key {done.fingerprint}",
        f"lasts until {_spoken(done.after)}; before: {_spoken(done.before)}",
        "",
        "Next:",
        "  1. Restart the service: until then it goes on with the end of before.",
        f"  2. {command} key publish FOLDER",
        f"  3. Back up {settings.folder}.",
    )
    return 0


def _spoken(end: Instant | None) -> str:
    return spoken(end) if end is not None else "without end"
