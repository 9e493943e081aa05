"""`gatekeeper key import`: take in a renewed key, a person's new one, or the alias's subkeys."""

import argparse
from typing import TYPE_CHECKING, Final

from gatekeeper.cli.grammar import Verbs, verb
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import Instant, rfc3339, spoken

if TYPE_CHECKING:
    from gatekeeper.config.importing import Imported

_READ_MAX: Final = 16 * 1024 * 1024
_REMEDY: Final = "name a file with one key, or one signature"


def add(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = verb(
        verbs,
        "import",
        run=run,
        text="take in a renewed key, a person's new one, or the alias's subkeys",
        more=(
            "FILE holds one public key. One that is known here, of the alias, of the advisories "
            "or of the team, is joined with what is there: a later end, new subkeys and a "
            "revocation come in, and nothing is lost. A key that is new must be a person's of the "
            "team, and a key of the same person that team.yaml names must have signed FILE within "
            "30 days (gpg --detach-sign FILE); it is put beside the others. With --secret FILE "
            "holds the alias's secret subkeys, without a passphrase, from a machine that keeps "
            "the primary key. Whatever is refused changes nothing."
        ),
        example="gatekeeper key import andrea-2027.asc --signature andrea-2027.asc.sig",
    )
    parser.add_argument("file", metavar="FILE", help="the key; - for standard input")
    parser.add_argument("--signature", metavar="SIG", help="a detached signature over FILE")
    parser.add_argument(
        "--for", metavar="ADDRESS", dest="person", type=_address, help="whose new key it is"
    )
    parser.add_argument(
        "--secret", action="store_true", help="FILE holds the alias's secret subkeys"
    )


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError:
        message = f"{text!r} is no plain mail address"
        raise argparse.ArgumentTypeError(message) from None


def run(options: argparse.Namespace) -> int:
    """Import the file and say what came of it."""
    from gatekeeper import clock
    from gatekeeper.cli.given import given
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines
    from gatekeeper.config.importing import take
    from gatekeeper.config.importing_secret import take_secret
    from gatekeeper.config.succession import Claim

    settings = settings_of(options)
    vouched = options.signature is not None or options.person is not None
    if options.secret and vouched:
        message = "--secret is for the alias's own key, which nobody has to vouch for"
        raise Misconfigured(message, remedy="leave out --signature and --for")
    block = given(options.file, limit=_READ_MAX, remedy=_REMEDY)
    if options.secret:
        done = take_secret(settings, block, now=clock.now())
    else:
        signature = None
        if options.signature is not None:
            signature = given(options.signature, limit=_READ_MAX, remedy=_REMEDY)
        claim = Claim(signature=signature, address=options.person) if vouched else None
        done = take(settings, block, claim=claim, now=clock.now())
    if options.json:
        emit_json(_value(done))
    else:
        emit_lines(*_told(done, secret=options.secret))
    return 0


def _told(done: "Imported", *, secret: bool) -> list[str]:
    from gatekeeper.cli.terminal import safe

    if not done.changed:
        return [safe(f"{done.owner}: key {done.fingerprint}: nothing new in the file")]
    lines = [safe(f"{done.owner}: key {done.fingerprint}"), f"  {_ends(done)}", f"  {done.path}"]
    if done.added:
        lines.append("  and its fingerprint in team.yaml, beside those of before")
    if done.offline:
        lines.append("  The primary key is offline now: see that you have it elsewhere.")
    if done.added:
        return [*lines, "", "It counts once the team has approved it: gatekeeper team plan"]
    lines += ["", "Restart the service to use it."]
    if done.standing != "team":
        lines.append("Then publish it: gatekeeper key publish FOLDER")
    if secret:
        lines.append("Remove the file that you imported: it holds an open secret.")
    return lines


def _ends(done: "Imported") -> str:
    if done.state:
        return f"of no use now: {done.state}"
    now = f"lasts until {_spoken(done.after)}" if done.after is not None else "lasts without end"
    if done.added or done.before == done.after:
        return now
    return f"{now}; before: {_spoken(done.before)}"


def _spoken(end: Instant | None) -> str:
    return spoken(end) if end is not None else "without end"


def _value(done: "Imported") -> dict[str, object]:
    return {
        "owner": done.owner,
        "standing": done.standing,
        "fingerprint": done.fingerprint,
        "file": str(done.path),
        "changed": done.changed,
        "added": done.added,
        "expires_at_before": rfc3339(done.before) if done.before is not None else None,
        "expires_at": rfc3339(done.after) if done.after is not None else None,
        "state": done.state or "usable",
        "primary_offline": done.offline,
    }
