"""What `doctor` finds of keys: sound or not, which of them end, whether gpg-agent works."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gatekeeper.cli.finding import Finding, State
from gatekeeper.config import Settings, homes, listen_tls
from gatekeeper.config.certificates import examine
from gatekeeper.config.keyhome import OpenKeys, codec_of, open_keys
from gatekeeper.domain.expiry import said
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues import key_watch
from gatekeeper.issues.key_watch import Group, Watched
from gatekeeper.pgp.signing import sign_detached
from gatekeeper.store import issues, meta, schema
from gatekeeper.store.engine import Store
from gatekeeper.store.schema import SchemaState

_TOLD_AS_ENDING: Final = "the key expires "
"""How `examine` begins what the finding on the ends of keys says at more length."""

_REMEDIES: Final[Mapping[Group, str]] = MappingProxyType(
    {
        Group.ALIAS: "run: gatekeeper key extend, or: gatekeeper key rotate",
        Group.ADVISORY: "have whoever holds it extend it, and run: gatekeeper key import FILE",
        Group.PEOPLE: "ask for the renewed key, and run: gatekeeper key import FILE",
        Group.CORRESPONDENT: "ask for the renewed key in a mail that the present one signs",
    }
)


def sound(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Yield what is wrong with the files of the keys."""
    problems = [
        each
        for each in examine(settings, now=now)
        if not (each.warning and each.text.startswith(_TOLD_AS_ENDING))
        and not listen_tls.told_by(each)
    ]
    for problem in problems:
        state = State.WARN if problem.warning else State.FAIL
        text, _, remedy = str(problem).rpartition("; ")
        yield Finding(name="keys", state=state, text=text, remedy=remedy)
    if not problems:
        count = len(settings.certificates)
        yield Finding(name="keys", state=State.OK, text=f"the alias's and {count} of the team")


def opened(settings: Settings, now: Instant) -> Iterator[Finding]:
    """Yield whether gpg-agent works with our secret keys, and which keys of anybody end."""
    with open_keys(settings, codec_of(settings)) as keys:
        yield _agent(keys, settings.alias.fingerprint, now)
        advisory = settings.advisory.certificate if settings.advisory else None
        found = key_watch.inside(
            keys.engine,
            alias=settings.alias.fingerprint,
            advisory=advisory,
            team=settings.team,
            now=now,
        )
        ending = [_ending(each, now) for each in found]
        ending += _outside(settings, keys, now)
    yield from ending
    if not ending:
        yield Finding(name="expiry", state=State.OK, text="no key ends within 60 days")


def _agent(keys: OpenKeys, fingerprint: str, now: Instant) -> Finding:
    """Have gpg-agent sign something: that it answers is not enough."""
    cert = keys.keyring.find(fingerprint, now)
    if cert is None or not cert.signs:
        text = "it does not hold a secret by which the alias can sign now"
        remedy = "see what is said of the keys"
        return Finding(name="gpg agent", state=State.FAIL, text=text, remedy=remedy)
    sign_detached(keys.engine, b"doctor", signer=fingerprint, now=now)
    return Finding(name="gpg agent", state=State.OK, text="it answers, and signs for the alias")


def _ending(watched: Watched, now: Instant, issue: str = "") -> Finding:
    ended = watched.end.at <= now
    serious = ended and watched.group is Group.ALIAS
    what = f"its {watched.part} " if watched.part else ""
    text = f"{watched.owner}, {spaced(watched.certificate)}: {what}{said(watched.end.at, now)}"
    return Finding(
        name="expiry",
        state=State.FAIL if serious else State.WARN,
        text="; ".join(part for part in (f"{issue}{text}", watched.then) if part),
        remedy=_REMEDIES[watched.group],
    )


def _outside(settings: Settings, keys: OpenKeys, now: Instant) -> Iterator[Finding]:
    url, codec = settings.database.connection_url(), codec_of(settings)
    if schema.status(url).state is not SchemaState.CURRENT:
        return
    with closing(Store.open(url, codec)) as store:
        yield from _told(store, settings.alias.fingerprint)
        for each in key_watch.outside(keys.engine, store, now):
            row = each.issue
            if row is not None:
                issue = store.read(partial(issues.by_row, issue=row)).issue_id
                yield _ending(each, now, f"{issue}: ")


def _told(store: Store, fingerprint: str) -> Iterator[Finding]:
    """Yield whether people know another key of the alias than the one in the settings."""
    known = store.read(lambda tx: meta.alias_keys(tx, lock=False))
    if not known or known[0] == fingerprint:
        return
    if fingerprint in known:
        text = f"the alias's key in these settings was replaced before, by {known[0]}"
        remedy = "take over the settings of the rotation, or run: gatekeeper key rotate"
        yield Finding(name="alias key", state=State.FAIL, text=text, remedy=remedy)
    else:
        text = "nobody was told of the alias's new key yet"
        remedy = "restart the service: it tells the team, and those we write to"
        yield Finding(name="alias key", state=State.WARN, text=text, remedy=remedy)


def served(settings: Settings) -> Iterator[Finding]:
    """Yield how the homes are that other processes hold now; a service holds one."""
    folder = settings.runtime_folder
    held = homes.in_use(folder)
    broken = [home for home in held if not _is_whole(home)]
    for home in broken:
        text = f"{home} has lost its keys; it is made anew when gpg is needed next"
        remedy = f"see what cleans {folder} (systemd-tmpfiles?), and have it leave that folder"
        yield Finding(name="home", state=State.WARN, text=text, remedy=remedy)
    if not broken:
        text = f"{len(held)} held in {folder}" if held else f"nobody holds one in {folder}"
        yield Finding(name="home", state=State.OK, text=text)


def _is_whole(home: Path) -> bool:
    if not homes.is_for_secrets(home):
        # of a process that opens no secret, or that just looks at certificates
        return True
    secrets = home / "private-keys-v1.d"
    return (home / "trustdb.gpg").exists() and secrets.is_dir() and any(secrets.glob("*.key"))
