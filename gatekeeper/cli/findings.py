"""What `doctor` looks at, one function each: every finding with its state and a remedy."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from gatekeeper.cli import (
    governed_findings,
    key_findings,
    process_findings,
    waiting_findings,
    witness_findings,
)
from gatekeeper.cli.finding import Finding, State
from gatekeeper.cli.probes import clock_is_synchronised
from gatekeeper.config import Settings, listen_tls, runtime, witness
from gatekeeper.config.databases import sqlite_path
from gatekeeper.config.founding import REVOCATION
from gatekeeper.config.keyhome import codec_of
from gatekeeper.config.settings import RelayPeer
from gatekeeper.domain.delivery import DeliveryState
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.instants import SECOND, Instant, later, spoken
from gatekeeper.domain.policy import MIB
from gatekeeper.domain.report import MessageState
from gatekeeper.issues import returned
from gatekeeper.outbound import relay as outgoing
from gatekeeper.outbound.overdue import WAITS_LONG
from gatekeeper.outbound.trust import Tls
from gatekeeper.store import deliveries, messages, schema
from gatekeeper.store.engine import Store
from gatekeeper.store.schema import SchemaState

_RELAY_WAIT: Final = 10 * SECOND
_CORE_PATTERN: Final = Path("/proc/sys/kernel/core_pattern")
_FREE_WANTED: Final = 1024 * MIB


def diagnose(settings: Settings, *, now: Instant) -> Iterator[Finding]:
    """Yield all findings; what goes wrong while looking is a finding too."""
    looks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("clock", _clock),
        ("home", lambda: key_findings.served(settings)),
        ("keys", lambda: key_findings.sound(settings, now)),
        ("gpg agent", lambda: key_findings.opened(settings, now)),
        ("master key", lambda: _master_key(settings)),
        ("database", lambda: _database(settings, now)),
        ("governed", lambda: governed_findings.looked(settings, now)),
        ("witness", lambda: witness_findings.looked(settings, now)),
        ("processes", lambda: process_findings.running(settings, now)),
        ("certificate", lambda: _certificates(settings, now)),
        ("relay", lambda: _relay(settings)),
        ("disk", lambda: _disk(settings)),
        ("permissions", lambda: _permissions(settings)),
        ("runtime", lambda: _runtime(settings)),
        ("core dumps", _core_dumps),
        ("backup", lambda: witness_findings.recoverable(settings, now)),
    )
    for name, look in looks:
        try:
            yield from look()
        except GatekeeperError as error:
            text = f"{error.public} ({error.reason})" if error.reason else error.public
            yield Finding(name=name, state=State.FAIL, text=text, remedy=error.remedy)


def _clock() -> Iterator[Finding]:
    said = clock_is_synchronised()
    if said:
        yield Finding(name="clock", state=State.OK, text="the kernel follows a time source")
        return
    text = "the kernel does not say" if said is None else "the kernel follows no time source"
    remedy = "run chrony, ntpd or systemd-timesyncd on this machine or its host"
    yield Finding(name="clock", state=State.WARN, text=text, remedy=remedy)


def _master_key(settings: Settings) -> Iterator[Finding]:
    key, state = settings.master_key.path, settings.state_folder
    if key.stat().st_dev == state.stat().st_dev:
        yield Finding(
            name="master key",
            state=State.FAIL,
            text=f"{key} lies on the same volume as {state}: whoever takes that can open it",
            remedy="use a systemd credential, or move the key to another volume",
        )
    else:
        text = "apart from the state folder's volume"
        yield Finding(name="master key", state=State.OK, text=text)


def _database(settings: Settings, now: Instant) -> Iterator[Finding]:
    url = settings.database.connection_url()
    found = schema.status(url)
    if missed := witness.missed(settings):
        yield Finding(name="database", state=State.FAIL, text=missed, remedy=witness.FIND_IT)
        return
    if found.state is SchemaState.EMPTY:
        text, remedy = "no tables yet", "`gatekeeper serve` or `gatekeeper db upgrade` makes them"
        yield Finding(name="database", state=State.WARN, text=text, remedy=remedy)
        return
    codec = codec_of(settings)
    schema.require_current(url, codec)
    store = Store.open(url, codec)
    try:
        kept = store.read(lambda tx: (messages.counts(tx), deliveries.counts(tx)))
        oldest = store.read(messages.oldest_waiting)
        unsealed = store.read(deliveries.oldest_pending)
        unreachable = store.read(lambda tx: returned.standing(tx, settings.policy.bounces, now))
        people = tuple(waiting_findings.looked(store, settings, now))
    finally:
        store.close()
    text = f"revision {found.current}, and the master key is its own"
    yield Finding(name="database", state=State.OK, text=text)
    yield _waiting(
        "messages", "to be handled", oldest, now, "see that the service runs, and what its log says"
    )
    yield _waiting(
        "deliveries",
        "to be encrypted",
        unsealed,
        now,
        "see the service's log, and: gatekeeper delivery list --state pending",
    )
    if quarantined := kept[0][MessageState.QUARANTINED]:
        text, remedy = f"{quarantined} messages in quarantine", "gatekeeper mail quarantine list"
        yield Finding(name="messages", state=State.WARN, text=text, remedy=remedy)
    for state in (DeliveryState.BLOCKED, DeliveryState.FAILED):
        if count := kept[1][state]:
            remedy = f"see: gatekeeper delivery list --state {state}"
            text = f"{count} {state}"
            yield Finding(name="deliveries", state=State.WARN, text=text, remedy=remedy)
    for recipient in unreachable:
        text = f"mail to {recipient} keeps coming back"
        remedy = "ask them another way; it is said until a mail gets through"
        yield Finding(name="deliveries", state=State.WARN, text=text, remedy=remedy)
    yield from people


def _waiting(name: str, what: str, since: Instant | None, now: Instant, remedy: str) -> Finding:
    """Return since when mail waits for one stage; nothing of it is lost meanwhile."""
    if since is None:
        return Finding(name=name, state=State.OK, text=f"none waits {what}")
    text = f"mail waits {what} since {spoken(since)}"
    if since < later(now, -WAITS_LONG):
        return Finding(name=name, state=State.FAIL, text=text, remedy=remedy)
    return Finding(name=name, state=State.OK, text=text)


def _certificates(settings: Settings, now: Instant) -> Iterator[Finding]:
    name = "certificate"
    for files in dict.fromkeys(each.tls for each in settings.listeners if each.tls):
        text, late = listen_tls.ending(files.certificate, files.key, now=now)
        if text:
            state = State.FAIL if late else State.WARN
            yield Finding(name=name, state=state, text=text, remedy=listen_tls.RENEW)
        else:
            yield Finding(name=name, state=State.OK, text=f"{files.certificate} is valid")


def _relay(settings: Settings) -> Iterator[Finding]:
    relay = settings.relay
    where = f"{relay.host}:{relay.port}"
    complaint = _relay_complaint(settings, relay.port)
    if complaint:
        remedy = "start it, or correct relay in gatekeeper.yaml; mail waits meanwhile"
        text = f"{where} cannot be used ({complaint})"
        yield Finding(name="relay", state=State.FAIL, text=text, remedy=remedy)
    else:
        yield Finding(name="relay", state=State.OK, text=f"{where} greets{_as_asked(relay)}")
    port = relay.clear_port
    if port is not None and (complaint := _relay_complaint(settings, port)):
        remedy = "start it, or correct relay.clear_port; confirmed replies in clear wait meanwhile"
        text = f"{relay.host}:{port}, for replies in clear, cannot be used ({complaint})"
        yield Finding(name="relay", state=State.FAIL, text=text, remedy=remedy)


def _relay_complaint(settings: Settings, port: int) -> str:
    """Return why the service could not hand its mail to a port of the relay, "" if it could."""
    return outgoing.complaint(
        host=settings.relay.host,
        port=port,
        wait=_RELAY_WAIT,
        name=settings.domain,
        trust=settings.relay.trust(),
    )


def _as_asked(relay: RelayPeer) -> str:
    if relay.tls is Tls.NEVER:
        return ""
    proof = "a pinned certificate" if relay.pins else "a certificate for its name"
    login = ", takes our login" if relay.password is not None else ""
    return f", encrypts with {proof}{login}"


def _disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.state_folder).free
    space, needed = settings.policy.space, settings.policy.intake.bytes_in_flight
    text = f"{free // MIB} MiB free for {settings.state_folder}"
    if free >= max(_FREE_WANTED, space.stop_below + 2 * needed):
        yield Finding(name="disk", state=State.OK, text=text)
        return
    state = State.FAIL if free < space.stop_below else State.WARN
    if state is State.FAIL:
        text += ", less than space.stop_below: mail is put off"
    remedy = "free space; mail that is put off (452) is not lost, its senders try again"
    yield Finding(name="disk", state=state, text=text, remedy=remedy)


def _permissions(settings: Settings) -> Iterator[Finding]:
    wrong = False
    alias = (settings.folder / REVOCATION).parent
    for revocation in sorted(alias.glob("revocation*.asc")):
        wrong = True
        text = f"{revocation} is still here"
        remedy = "move it off this machine, to a safe place"
        yield Finding(name="permissions", state=State.WARN, text=text, remedy=remedy)
    file = sqlite_path(settings.database.url)
    if file is not None and file.exists() and file.stat().st_mode & 0o077:
        wrong = True
        text = f"{file} can be opened by others"
        remedy = f"run: chmod 600 {file}"
        yield Finding(name="permissions", state=State.FAIL, text=text, remedy=remedy)
    if not wrong:
        text = "secrets are their owner's alone"
        yield Finding(name="permissions", state=State.OK, text=text)


def _runtime(settings: Settings) -> Iterator[Finding]:
    folder = settings.runtime_folder
    kind = runtime.filesystem(folder) or "an unknown file system"
    if runtime.in_memory(folder):
        yield Finding(name="runtime", state=State.OK, text=f"{folder} is on {kind}")
        return
    text = f"{folder} is on {kind}: opened secrets may stay on a disk"
    remedy = "set runtime.folder to a tmpfs and runtime.allow_disk to false"
    yield Finding(name="runtime", state=State.WARN, text=text, remedy=remedy)


def _core_dumps() -> Iterator[Finding]:
    pattern = _CORE_PATTERN.read_text(encoding="utf-8", errors="replace").strip()
    if not pattern.startswith("|"):
        text = "every command turns them off for itself"
        yield Finding(name="core dumps", state=State.OK, text=text)
        return
    text = "the kernel hands them to a program, whatever limit a process sets"
    remedy = "let that program keep nothing (systemd-coredump: Storage=none), or set core_pattern"
    yield Finding(name="core dumps", state=State.WARN, text=text, remedy=remedy)
