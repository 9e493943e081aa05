"""`gatekeeper policy`: what the policy, the texts and the addresses of the files would change."""

import argparse
from typing import Final

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.governed import Kind

_KINDS: Final = (Kind.POLICY, Kind.TEMPLATES, Kind.ADDRESSES)
_MORE: Final = (
    "Governed are policy.yaml, templates/, and of gatekeeper.yaml the domain, addresses, relay, "
    "trusted_relays and forwarders. Of these the service uses what is in force, whatever the files "
    "say by now. "
)


def add(nouns: Verbs) -> None:
    """Declare the noun and its verbs."""
    verbs = noun(nouns, "policy", text="policy, texts and addresses: what changes, and approval")
    verb(
        verbs,
        "check",
        run=check,
        text="look at policy.yaml, templates/ and gatekeeper.yaml; no database",
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


def check(options: argparse.Namespace) -> int:
    """Print what is wrong with these files."""
    from gatekeeper.cli import governed

    return governed.check(options, ("policy.yaml", "templates/", "gatekeeper.yaml"))


def plan(options: argparse.Namespace) -> int:
    """Print the differences in words."""
    from gatekeeper.cli import governed

    return governed.plan(options, _KINDS)


def apply(options: argparse.Namespace) -> int:
    """Record one request for each part that differs."""
    from gatekeeper.cli import governed

    return governed.apply(options, _KINDS)
