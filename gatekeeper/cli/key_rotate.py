"""`gatekeeper key rotate`: give the alias a new key, and keep the old one for old mail."""

import argparse
import shlex
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, verb

if TYPE_CHECKING:
    from gatekeeper.config import Settings
    from gatekeeper.config.rotation import Rotated


def add(verbs: Verbs) -> None:
    """Declare the verb."""
    verb(
        verbs,
        "rotate",
        run=run,
        text="give the alias a new key, and keep the old one for old mail",
        more=(
            "Makes the key, a revocation certificate for it, and a statement of the change that "
            "both keys sign; then gatekeeper.yaml names the new key, and the old one among the "
            "former. All of it happens or nothing; when it is cut short, run it again. A running "
            "service goes on with the old key until it is restarted. Then it tells the team, and "
            "those we write to in open issues as far as they can be told, signed by the old key."
        ),
        example="gatekeeper key rotate",
    )


def run(options: argparse.Namespace) -> int:
    """Rotate and say what to do next."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.config.rotation import rotate

    settings = settings_of(options)
    done = rotate(settings, now=clock.now())
    if options.json:
        emit_json(_value(settings, done))
    else:
        emit_lines(*_told(settings, done))
    return 0


def _told(settings: "Settings", done: "Rotated") -> list[str]:
    command = f"gatekeeper --config {shlex.quote(str(settings.folder))}"
    begun = ["An earlier run had begun this; it is finished now."] if done.resumed else []
    signers = "both keys" if done.old_signed else "the new key alone (the old one cannot sign)"
    return [
        *begun,
        f"{settings.own.security} has a new key:",
        f"  new  {done.new}",
        f"  old  {done.old}",
        f"The change is stated in this file, signed by {signers}:",
        f"  {settings.folder / done.transition}",
        "",
        "Next:",
        "  1. Move this off the machine, to a safe place; published, it makes the new key void:",
        f"     {settings.folder / done.revocation}",
        f"  2. {command} check",
        "  3. Restart the service. It then tells the team, and others in open issues.",
        f"  4. {command} key publish FOLDER",
        "  5. Say the new fingerprint wherever people look for your security contact.",
        f"  6. Back up {settings.folder}. Keep the former key: mail to it may come for years.",
    ]


def _value(settings: "Settings", done: "Rotated") -> dict[str, object]:
    folder = settings.folder
    return {
        "old": done.old,
        "new": done.new,
        "certificate": str(folder / done.certificate),
        "secret": str(folder / done.secret),
        "revocation": str(folder / done.revocation),
        "transition": str(folder / done.transition),
        "old_key_signed": done.old_signed,
        "resumed": done.resumed,
    }
