"""`gatekeeper key`: the keys of alias and team, when they end, and how the world gets ours."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.cli.grammar import Verbs, noun, verb
from gatekeeper.domain.errors import NotThere
from gatekeeper.domain.instants import Instant, rfc3339

if TYPE_CHECKING:
    from gatekeeper.config import Settings
    from gatekeeper.config.judging import Judged


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "key", text="OpenPGP keys of alias and team")
    verb(
        verbs,
        "list",
        run=show_all,
        text="list all keys with expiry and use",
        example="gatekeeper key list",
    )
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
        help="alias, or a fingerprint or address of the team",
    )
    _add_publish(verbs)


def _add_publish(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "publish",
        run=publish,
        text="write what a web server must serve: key directory, security.txt",
        more=(
            "FOLDER is the document root of the domain and of openpgpkey.DOMAIN. Written are "
            "the alias's key for the Web Key Directory (both methods) and armored, and "
            ".well-known/security.txt, not signed. Run it again before that file expires, and "
            "after each change of the key; what has not changed is left alone."
        ),
        example="gatekeeper key publish /srv/www/example.org --languages en,de",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="the folder to write into")
    parser.add_argument("--host", metavar="NAME", help="the web server, when not the domain itself")
    parser.add_argument(
        "--languages", metavar="TAGS", default="en", help="languages of the team (default: en)"
    )


def show_all(options: argparse.Namespace) -> int:
    """Print every key of alias and team."""
    from gatekeeper import clock
    from gatekeeper.cli.opening import settings_of
    from gatekeeper.cli.terminal import emit_json, emit_table
    from gatekeeper.config.judging import judged, scratch_engine

    settings = settings_of(options)
    now = clock.now()
    with scratch_engine(settings) as engine:
        keys = judged(settings, engine, now)
    if options.json:
        emit_json([_value(key) for key in keys])
        return 0
    rows = [(key.fingerprint, _end(key.expires_at)[:10], _state(key), key.owner) for key in keys]
    emit_table(("FINGERPRINT", "EXPIRES", "STATE", "OWNER"), rows)
    return 0


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
    alias = settings.alias
    wanted = who.replace(" ", "")
    if wanted.lower() in {"alias", settings.own.security.key, alias.fingerprint.lower()}:
        return alias.fingerprint, alias.certificate
    for person in settings.team.people:
        for key in person.keys:
            if wanted.upper() == key or wanted.lower() == person.address.key:
                return key, settings.certificates[key]
    raise NotThere("no such key here", remedy="see: gatekeeper key list")


def _end(instant: Instant | None) -> str:
    return rfc3339(instant) if instant is not None else "never"


def _state(key: "Judged") -> str:
    if key.usable:
        return "usable"
    if key.info is None:
        return key.refused
    return "another key" if key.wrong else "; ".join(key.info.problems) or "cannot encrypt"


def _value(key: "Judged") -> dict[str, object]:
    return {
        "owner": key.owner,
        "fingerprint": key.fingerprint,
        "usable": key.usable,
        "expires_at": rfc3339(key.expires_at) if key.expires_at is not None else None,
        "user_ids": list(key.info.user_ids) if key.info else [],
        "state": _state(key),
    }
