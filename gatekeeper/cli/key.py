"""`gatekeeper key`: the keys of alias and team; here how the world gets ours."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.cli import key_extend, key_import, key_list, key_rotate
from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.errors import NotThere
from gatekeeper.domain.instants import rfc3339

if TYPE_CHECKING:
    from gatekeeper.config import Settings


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "key", text="OpenPGP keys of alias and team")
    key_list.add(verbs)
    _add_export(verbs)
    key_extend.add(verbs)
    key_rotate.add(verbs)
    key_import.add(verbs)
    _add_publish(verbs)


def _add_export(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "export",
        run=export,
        text="print a public key, the alias's by default",
        example="gatekeeper key export > security.asc",
    )
    parser.add_argument(
        "who",
        metavar="WHO",
        nargs="?",
        default="alias",
        help="alias, advisory, a fingerprint (former ones too), or an address of the team",
    )


def _add_publish(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "publish",
        run=publish,
        text="write what a web server must serve: key directory, security.txt",
        more=(
            "FOLDER is the document root of the domain and of openpgpkey.DOMAIN. Written are "
            "the alias's key for the Web Key Directory (both methods) and armored, the advisory "
            "key if there is one, the statement of each change of the alias's key, and "
            ".well-known/security.txt, not signed. Run it again before that file expires, and "
            "after each change of a key; what has not changed is left alone."
        ),
        example="gatekeeper key publish /srv/www/example.org --languages en,de",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="the folder to write into")
    parser.add_argument("--host", metavar="NAME", help="the web server, when not the domain itself")
    parser.add_argument(
        "--languages", metavar="TAGS", default="en", help="languages of the team (default: en)"
    )


def export(options: argparse.Namespace) -> int:
    """Print one public key, armored."""
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines

    fingerprint, certificate = _named(settings_of(options), options.who)
    text = certificate.decode("ascii", "replace")
    if options.json:
        emit_json({"fingerprint": fingerprint, "certificate": text})
    else:
        emit_lines(text.rstrip("\n"))
    return 0


def publish(options: argparse.Namespace) -> int:
    """Write the files and say where each must be found."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.publishing import pages, write
    from gatekeeper.cli.terminal import emit_json, emit_lines, emit_table

    languages = [tag.strip() for tag in options.languages.split(",")]
    expires, files = pages(
        settings_of(options), host=options.host, languages=languages, now=clock.now()
    )
    changed = write(options.folder, files)
    told = list(zip(files, changed, strict=True))
    if options.json:
        found = [{"path": page.path, "url": page.url, "changed": new} for page, new in told]
        emit_json({"folder": str(options.folder), "expires_at": rfc3339(expires), "files": found})
        return 0
    rows = [("written" if new else "as it was", page.path, page.url) for page, new in told]
    emit_table(("STATE", "FILE", "MUST BE FOUND AT"), rows)
    emit_lines("", f"security.txt is good until {rfc3339(expires)}; run this again before.")
    return 0


def _named(settings: "Settings", who: str) -> tuple[str, bytes]:
    from gatekeeper.config.judging import named

    alias, advisory = settings.alias, settings.advisory
    wanted = who.replace(" ", "")
    if wanted.lower() in {"alias", settings.own.security.key}:
        return alias.fingerprint, alias.certificate
    if wanted.lower() == "advisory":
        if advisory is None:
            message = "there is no advisory key: the alias's key signs advisories"
            raise NotThere(message, remedy="name one in gatekeeper.yaml, advisory.fingerprint")
        return advisory.fingerprint, advisory.certificate
    found = {key.fingerprint: key.block for key in named(settings)}
    for person in settings.team.people:
        if wanted.lower() == person.address.key:
            return person.keys[0], found[person.keys[0]]
    if wanted.upper() in found:
        return wanted.upper(), found[wanted.upper()]
    raise NotThere("no such key here", remedy="see: gatekeeper key list")
