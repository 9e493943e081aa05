"""`gatekeeper doctor`: each thing looked at is ok, warned of or failed, with a remedy."""

import shutil
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from gatekeeper import clock
from gatekeeper.cli import findings, probes
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of, open_keys
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.domain.policy import MIB
from gatekeeper.domain.verdict import spaced
from gatekeeper.store import deliveries, issues, meta, requests
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.cli.conftest import REPORT, Shell
from tests.cli.keeping import RECOVERY, trust
from tests.config.installation import armored
from tests.house import START, open_house, person_key
from tests.issues.reports import ROBIN
from tests.issues.talk import a_talk
from tests.keys import Key, gpg, key_of
from tests.keys_ending import END, ending
from tests.sinks import running_sink

NAMES = {
    *("configuration", "clock", "home", "keys", "gpg agent", "expiry", "master key", "database"),
    *("messages", "deliveries", "relay", "disk", "permissions", "runtime", "core dumps"),
    *("processes", "witness", "backup", "governed"),
}


def look(shell: Shell) -> dict[str, dict[str, str]]:
    """Return the last finding for each name."""
    return {found["name"]: found for found in shell("doctor", "--json").json["findings"]}


def test_everything_is_looked_at(shell: Shell, store: Store) -> None:
    found = look(shell)
    assert NAMES == set(found)
    assert {"ok", "warn", "fail"} >= {one["state"] for one in found.values()}
    assert all(one["remedy"] for one in found.values() if one["state"] != "ok")


def test_people_who_are_waited_for_are_told(
    shell: Shell, reported: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report is answered within a working day, and what waits is approved within one."""
    monkeypatch.setattr(clock, "now", lambda: later(START, DAY - 1))
    assert "people" not in look(shell)
    monkeypatch.setattr(clock, "now", lambda: later(START, DAY))
    found = look(shell)["people"]
    said = "a report waits since Thu 2026-09-03 12:00:00Z for the answer of a person"
    assert ("warn", said) == (found["state"], found["text"])
    row = reported.read(issues.list_all)[0].id
    reported.write(
        lambda tx: requests.add(
            tx,
            issue=row,
            kind="reply-clear",
            effect=bytes(32),
            payload={},
            needed=2,
            created_by="Andrea Example",
            now=START,
        )
    )
    said = "something waits since Thu 2026-09-03 12:00:00Z for approval"
    assert said == look(shell)["people"]["text"]


def test_a_fit_machine(shell: Shell, store: Store) -> None:
    """Relay up, master key and witness apart, a recovery key, no revocation certificate."""
    memory = Path(shell.site.environ["RUNTIME_DIRECTORY"]) / "master.key"
    (shell.site.folder / "master.key").rename(shell.site.folder / "moved")
    memory.write_bytes((shell.site.folder / "moved").read_bytes())
    memory.chmod(0o600)
    shell.site.replace("gatekeeper.yaml", "file: master.key", f"file: {memory}")
    witness = memory.parent / "witness" / "seen"
    shell.site.replace("gatekeeper.yaml", "file: witness/seen", f"file: {witness}")
    trust(shell.site, key_of(RECOVERY))
    (shell.site.folder / "alias" / "revocation.asc").unlink()
    with running_sink() as sink:
        shell.site.replace("gatekeeper.yaml", "port: 25\n", f"port: {sink.port}\n")
        said = shell("doctor")
    assert 0 == said.status, said.out
    states = {
        line[6:19].strip(): line[:4].strip() for line in said.out.splitlines() if line[0] != " "
    }
    for name in NAMES - {"clock", "core dumps"}:
        assert "ok" == states[name], said.out


def test_what_fails_makes_status_1(shell: Shell, store: Store) -> None:
    """A relay that is down, and a master key on the state folder's volume (promise P-11)."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        shell.site.replace("gatekeeper.yaml", "port: 25\n", f"port: {port}\n")
        said = shell("doctor")
        found = look(shell)
    assert (1, "") == (said.status, said.err)
    assert ("fail", "fail") == (found["relay"]["state"], found["master key"]["state"])
    assert f"127.0.0.1:{port} cannot be used (" in said.out
    assert "→ " in said.out


def test_a_broken_configuration_is_told_line_by_line(shell: Shell) -> None:
    shell.site.replace("gatekeeper.yaml", "port: 2525", "port: 0")
    said = shell("doctor", "--json")
    assert 1 == said.status
    (found,) = said.json["findings"]
    assert ("configuration", "fail") == (found["name"], found["state"])
    assert found["text"].startswith("gatekeeper.yaml:39:11: listen[0].port")


def test_without_tables_it_warns(shell: Shell) -> None:
    assert "warn" == look(shell)["database"]["state"]


def test_another_master_key_fails(shell: Shell, store: Store) -> None:
    shell.site.replace("master.key", "gatekeeper-master-key-2", "gatekeeper-master-key-9")
    found = look(shell)
    assert ("fail", "fail") == (found["keys"]["state"], found["database"]["state"])


def test_blocked_and_failed_deliveries_are_named(shell: Shell, store: Store) -> None:
    with open_house(store) as house:
        house.receive_quietly(REPORT)
        while house.inbound.tick():
            pass
    letter = store.read(lambda tx: deliveries.list_all(tx)[0].letter)

    def block(tx: Tx) -> None:
        for row in deliveries.pending_of(tx, RowId(letter)):
            deliveries.blocked(tx, delivery=row.id, reason="no usable key", now=START)

    store.write(block)
    found = look(shell)["deliveries"]
    assert ("warn", "3 blocked") == (found["state"], found["text"])
    assert "gatekeeper delivery list --state blocked" in found["remedy"]


def test_mail_that_waits_too_long_fails(shell: Shell, store: Store) -> None:
    """Whatever the reason is, the service does not do its work."""
    with open_house(store) as house:
        house.receive_quietly(REPORT)
    found = look(shell)["messages"]
    assert "fail" == found["state"]
    assert "since Thu 2026-09-03 12:00:00Z" in found["text"]


def test_mail_that_cannot_be_encrypted_for_long_fails(shell: Shell, store: Store) -> None:
    with open_house(store) as house:
        house.receive_quietly(REPORT)
        while house.inbound.tick():
            pass
    found = look(shell)["deliveries"]
    assert ("fail", "gatekeeper delivery list" in found["remedy"]) == (found["state"], True)
    assert "to be encrypted since Thu 2026-09-03 12:00:00Z" in found["text"]


def test_the_port_for_replies_in_clear_is_looked_at(shell: Shell, store: Store) -> None:
    with socket.socket() as closed, running_sink() as sink:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        shell.site.replace("gatekeeper.yaml", "port: 25\n", f"port: {sink.port}\n")
        shell.site.replace("gatekeeper.yaml", "clear_port:\n", f"clear_port: {port}\n")
        found = look(shell)["relay"]
    assert "fail" == found["state"]
    assert f"127.0.0.1:{port}, for replies in clear, cannot be used (" in found["text"]


def test_keys_that_end_are_named_once_with_the_stages_of_the_letters(
    shell: Shell, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours fails once it has ended; the team's, the advisory key and a reporter's are warnings."""
    settings = shell.site.load()
    sam = ending("Sam Example (ends) <sam@vendor.example>", primary="20261001T000000")
    replace_key(shell, person_key(2), sam)
    advisory = ending("Advisories <advisories@example.org>", primary="20261001T000000")
    (shell.site.folder / "advisory").mkdir()
    (shell.site.folder / "advisory" / "certificate.asc").write_bytes(armored(advisory))
    key_of_advisories = f"signs them.\n  fingerprint: {advisory.fingerprint}"
    shell.site.replace("gatekeeper.yaml", "signs them.\n  fingerprint:", key_of_advisories)
    with open_house(store) as house, a_talk(house) as talk:
        key = ending(ROBIN, primary="20261001T000000")
        gpg(talk.pen.home, "--import", given=key.secret)
        talk.opened(key=key)
    monkeypatch.setattr(clock, "now", lambda: later(END, -7 * DAY))
    said = all_of(shell, "expiry")
    when = "ends Thu 2026-10-01 00:00:00Z, in 7 days"
    who = ("the advisory key", "the key of Sam Example", "SEC-2026-0001: the key of the reporter")
    keys = (advisory, sam, key)
    then = ("", "; then no key of theirs is left, and mail to them is blocked", "")
    assert [
        f"{name}, {spaced(each.fingerprint)}: {when}{rest}"
        for name, each, rest in zip(who, keys, then, strict=True)
    ] == [found["text"] for found in said]
    assert {"warn"} == {found["state"] for found in said}
    assert "gatekeeper key import FILE" in said[1]["remedy"]
    assert not any("expires" in found["text"] for found in all_of(shell, "keys")), "named once"
    ends = settings_end(shell, settings.alias.fingerprint)
    monkeypatch.setattr(clock, "now", lambda: ends)
    ours = all_of(shell, "expiry")[0]
    assert ("fail", True) == (ours["state"], ours["text"].startswith("the alias key, "))
    assert "gatekeeper key extend" in ours["remedy"]


def all_of(shell: Shell, name: str) -> list[dict[str, str]]:
    """Return all findings of that name."""
    return [one for one in shell("doctor", "--json").json["findings"] if one["name"] == name]


def replace_key(shell: Shell, old: Key, new: Key) -> None:
    """Put another key in the place of a person's."""
    folder = shell.site.folder / "keys"
    (folder / f"{old.fingerprint}.asc").unlink()
    (folder / f"{new.fingerprint}.asc").write_bytes(armored(new))
    shell.site.replace("team.yaml", old.fingerprint, new.fingerprint)


def settings_end(shell: Shell, fingerprint: str) -> Instant:
    """Return when the alias's key ends."""
    settings = shell.site.load()
    with open_keys(settings, codec_of(settings)) as keys:
        cert = keys.keyring.find(fingerprint, START)
    assert cert is not None
    assert cert.expires_at is not None
    return cert.expires_at


@pytest.mark.parametrize("gone", ["", "private-keys-v1.d"])
def test_a_home_that_is_held_is_looked_at(gone: str, shell: Shell, store: Store) -> None:
    """That of a running service, which has lost its keys perhaps."""
    settings = shell.site.load()
    assert f"nobody holds one in {settings.runtime_folder}" == look(shell)["home"]["text"]
    with open_keys(settings, codec_of(settings)) as keys:
        shutil.rmtree(keys.engine.home / gone) if gone else None
        found = look(shell)["home"]
    if gone:
        assert ("warn", f"{keys.engine.home} has lost its keys") == (
            found["state"],
            found["text"].partition(";")[0],
        )
    else:
        assert f"1 held in {settings.runtime_folder}" == found["text"]


def test_a_home_without_secrets_is_whole(shell: Shell, store: Store) -> None:
    """A process that does the clock's work alone opens none: that is no loss."""
    settings = shell.site.load()
    with open_keys(settings, codec_of(settings), secrets=False):
        found = look(shell)["home"]
    assert ("ok", f"1 held in {settings.runtime_folder}") == (found["state"], found["text"])


def test_a_key_that_people_do_not_know_is_told(shell: Shell, store: Store) -> None:
    """One that waits for a restart, and one of before a rotation that others made."""
    ours = shell.site.load().alias.fingerprint
    for known, state in (((ours,), None), (("A" * 40,), "warn"), (("A" * 40, ours), "fail")):
        store.write(partial(meta.note_alias_keys, fingerprints=known))
        found = look(shell)
        assert state == (found["alias key"]["state"] if "alias key" in found else None)


def test_an_agent_without_the_key_that_signs_fails(shell: Shell, store: Store) -> None:
    """Its secret is another key's."""
    settings = shell.site.load()
    other = codec_of(settings).wrap(ALIAS_SECRET, key_of("O <o@example.org>").secret)
    (shell.site.folder / "alias" / "secret.sealed").write_bytes(other)
    found = look(shell)["gpg agent"]
    assert ("fail", True) == (found["state"], "does not hold a secret" in found["text"])


def test_a_readable_database_file_fails(shell: Shell, store: Store) -> None:
    (shell.site.folder / "state" / "gatekeeper.sqlite").chmod(0o644)
    found = look(shell)["permissions"]
    assert "fail" == found["state"]
    assert "chmod 600" in found["remedy"]


def test_a_disk_that_fills_up_is_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mail is put off already it fails; where that is not far away it is warned of."""
    settings = shell.site.load()
    usage = shutil.disk_usage(settings.state_folder)
    for free, state in ((100 * MIB, "fail"), (600 * MIB, "warn"), (5000 * MIB, "ok")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        assert state == look(shell)["disk"]["state"]


@pytest.mark.parametrize(
    ("pattern", "state"), [("core\n", "ok"), ("|/usr/lib/systemd/systemd-coredump %P\n", "warn")]
)
def test_a_kernel_that_pipes_core_dumps_is_warned_of(
    pattern: str, state: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "core_pattern"
    file.write_text(pattern)
    monkeypatch.setattr(findings, "_CORE_PATTERN", file)
    assert state == look(shell)["core dumps"]["state"]


@pytest.mark.parametrize(("said", "state"), [(True, "ok"), (False, "warn"), (None, "warn")])
def test_the_kernels_word_on_its_clock(
    said: bool | None, state: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "clock_is_synchronised", lambda: said)
    assert state == look(shell)["clock"]["state"]


def test_the_kernel_is_really_asked() -> None:
    """adjtimex(2) answers everywhere on Linux: yes or no, not silence."""
    assert probes.clock_is_synchronised() in {True, False}


def _greets(banner: bytes) -> Callable[[socket.socket], None]:
    def serve(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(banner)

    return serve


@pytest.mark.parametrize(
    ("banner", "said"),
    [(b"220 mail.example ESMTP\r\n", ""), (b"HTTP/1.1 400\r\n", "it does not greet"), (b"", "it")],
)
def test_a_relay_is_known_by_its_greeting(banner: bytes, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_greets(banner), args=(listener,))
        thread.start()
        found = probes.relay_complaint("127.0.0.1", listener.getsockname()[1])
        thread.join()
    assert found.startswith(said)
    assert bool(said) == bool(found)
