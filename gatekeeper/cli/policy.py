"""`gatekeeper policy`: the policy in sentences, and what its files would change of it."""

import argparse
from typing import Final

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.governed import Kind

_KINDS: Final = (Kind.POLICY, Kind.TEMPLATES, Kind.ADDRESSES)
_MORE: Final = (
    "Governed are policy.yaml with its preset, templates/, and of gatekeeper.yaml the domain, "
    "addresses, relay, trusted_relays and forwarders. Of these the service uses what is in force, "
    "whatever the files say by now. "
)


def add(nouns: Verbs) -> None:
    """Declare the noun and its verbs."""
    verbs = noun(nouns, "policy", text="policy, texts and addresses: what changes, and approval")
    parser = verb(
        verbs,
        "show",
        run=show,
        text="print the policy in sentences, for the policy page",
        more=(
            "It says what reporters may expect, by the numbers that are in force: dates, clocks, "
            "approvals, reminders, and how small the team is where that matters."
        ),
        example="gatekeeper policy show",
    )
    parser.add_argument(
        "--files", action="store_true", help="as the files say, in force or not; no database"
    )
    verb(
        verbs,
        "check",
        run=check,
        text="look at policy.yaml, presets/, templates/ and gatekeeper.yaml; no database",
        example="gatekeeper policy check",
    )
    verb(
        verbs,
        "plan",
        run=plan,
        text="say what the files would change of what is in force; changes nothing",
        more=_MORE,
        example="gatekeeper policy plan",
    )
    verb(
        verbs,
        "apply",
        run=apply,
        text="ask the team to put the files into force",
        more=_MORE + "What is asked for comes into force as soon as enough people have signed it.",
        example="gatekeeper policy apply",
    )


def show(options: argparse.Namespace) -> int:
    """Print the policy as text."""
    from gatekeeper import start
    from gatekeeper.cli.opening import records, settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.domain.policy_text import printed

    settings = settings_of(options)
    if not options.files:
        with records(options) as store:
            settings = store.read(lambda tx: start.settings_in(tx, settings))
    text = printed(settings.policy, project=settings.product_name, team=settings.team)
    if options.json:
        emit_json({"preset": settings.policy.process.preset, "text": text})
    else:
        emit_lines(*text.splitlines())
    return 0


def check(options: argparse.Namespace) -> int:
    """Print what is wrong with these files."""
    from gatekeeper.cli import governed

    return governed.check(options, ("policy.yaml", "presets/", "templates/", "gatekeeper.yaml"))


def plan(options: argparse.Namespace) -> int:
    """Print the differences in words."""
    from gatekeeper.cli import governed

    return governed.plan(options, _KINDS)


def apply(options: argparse.Namespace) -> int:
    """Record one request for each part that differs."""
    from gatekeeper.cli import governed

    return governed.apply(options, _KINDS)
