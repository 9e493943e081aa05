"""`gatekeeper audit`: whether the event log is whole."""

import argparse

from gatekeeper.cli.grammar import Verbs, noun, verb


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "audit", text="the event log")
    verb(
        verbs,
        "verify",
        run=verify,
        text="check that no entry was changed, removed, added or reordered",
        more=(
            "Reads the whole log and compares its end with the head that the master key seals. "
            "Compare that head with the one quoted in the team's newest mail: a database that "
            "was set back as a whole is sound in itself."
        ),
        example="gatekeeper audit verify",
    )


def verify(options: argparse.Namespace) -> int:
    """Print the head of the log, or what does not hold; 1 when something does not."""
    from gatekeeper.cli.opening import records
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.store import audit

    with records(options) as store:
        problems = store.read(audit.verify)
        head = None if problems else store.read(audit.head)
    if options.json:
        digest = head.digest.hex() if head else None
        emit_json({"sound": not problems, "head": digest, "problems": list(problems)})
    elif head is not None:
        emit_lines(f"the log is whole: entry {head.seq}, {head.digest.hex()[:16]}")
    else:
        emit_lines(*problems)
    return 1 if problems else 0
