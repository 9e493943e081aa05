"""`gatekeeper init`: a complete configuration with keys, ready to be checked and served."""

import argparse
import shlex
from pathlib import Path

from gatekeeper.cli.grammar import Verbs, verb
from gatekeeper.domain.address import Address

_MORE = (
    "Makes every file with its comments, the master key, and the security alias's OpenPGP key "
    "with a revocation certificate. The folder must not exist, or be empty; when something "
    "goes wrong nothing is left behind."
)


def add(nouns: Verbs) -> None:
    """Declare the command."""
    parser = verb(
        nouns,
        "init",
        run=run,
        text="make a complete, commented configuration with its keys",
        more=_MORE,
        example=(
            "gatekeeper init /etc/gatekeeper --domain example.org --prefix SEC \\\n"
            "    --name 'Example Project' --state /var/lib/gatekeeper \\\n"
            "    --team 'Andrea Example=andrea@team.example=andrea.asc=Example GmbH'"
        ),
        configured=False,
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder to make")
    parser.add_argument(
        "--domain", required=True, metavar="D", help="the domain of our own addresses"
    )
    parser.add_argument(
        "--prefix", required=True, metavar="P", help="stands before an issue's number: SEC"
    )
    parser.add_argument("--name", metavar="N", help="what the team protects")
    parser.add_argument("--listen", metavar="H:P", type=_place, help="where mail comes in")
    parser.add_argument("--relay", metavar="H:P", type=_place, help="who takes what leaves")
    parser.add_argument("--database", metavar="URL", help="sqlite:FILE or postgresql://…")
    parser.add_argument(
        "--state", metavar="DIR", type=Path, help="where the service keeps what it makes"
    )
    parser.add_argument(
        "--team",
        metavar="NAME=ADDRESS=KEYFILE[=EMPLOYER]",
        type=_person,
        action="append",
        default=[],
        help="a person of the response team; may be given again",
    )
    parser.add_argument(
        "--allow-disk",
        action="store_true",
        help="let opened secrets lie on a disk where no folder is in memory; experiments only",
    )


def _place(text: str) -> tuple[str, str]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal():
        message = f"{text!r} is not HOST:PORT"
        raise argparse.ArgumentTypeError(message)
    return host.removeprefix("[").removesuffix("]"), port


def _person(text: str) -> tuple[str, Address, Path, str]:
    parts = text.split("=")
    if len(parts) not in {3, 4} or not all(parts):
        message = f"{text!r} is not NAME=ADDRESS=KEYFILE[=EMPLOYER]"
        raise argparse.ArgumentTypeError(message)
    try:
        address = Address.parse(parts[1])
    except ValueError:
        message = f"{parts[1]!r} is no plain mail address"
        raise argparse.ArgumentTypeError(message) from None
    return parts[0], address, Path(parts[2]), parts[3] if len(parts) == 4 else address.domain


def run(options: argparse.Namespace) -> int:
    """Make the configuration and print what to do next."""
    from gatekeeper import clock
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.config import founding

    wish = founding.Founding(
        folder=options.folder,
        domain=options.domain,
        prefix=options.prefix,
        name=options.name,
        listen=options.listen,
        relay=options.relay,
        database=options.database,
        state=options.state,
        allow_disk=options.allow_disk,
        team=tuple(
            founding.Recruit(name=name, address=address, key_file=file, employer=employer)
            for name, address, file, employer in options.team
        ),
    )
    made = founding.found(wish, now=clock.now())
    if options.json:
        emit_json(
            {
                "folder": str(made.folder),
                "state": str(made.state),
                "address": str(made.address),
                "fingerprint": made.fingerprint,
                "certificate": str(made.folder / founding.CERTIFICATE),
                "revocation": str(made.folder / founding.REVOCATION),
                "master_key": str(made.folder / founding.MASTER_KEY),
            }
        )
        return 0
    command = f"gatekeeper --config {shlex.quote(str(made.folder))}"
    emit_lines(
        f"{made.folder} is ready: {made.address}, key {made.fingerprint}",
        "",
        "Next:",
        f"  1. Keep a copy of {founding.MASTER_KEY} apart from every backup of {made.state}:",
        "     without it nothing can be read again; with both, everything.",
        f"  2. Move {founding.REVOCATION} off this machine, to a safe place.",
        *_about_the_team(bool(options.team)),
        f"  4. {command} check",
        f"  5. {command} serve",
        f"  6. Publish the alias's key: {command} key publish FOLDER",
    )
    return 0


def _about_the_team(filled: bool) -> tuple[str, ...]:
    if filled:
        return ("  3. Look over gatekeeper.yaml, policy.yaml and team.yaml.",)
    return (
        "  3. Add the response team to team.yaml as its example shows, and each person's",
        "     public key to keys/. Until then `check` and `serve` say that the team is empty.",
    )
