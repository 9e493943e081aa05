"""`gatekeeper health` tells a service that takes mail from one that does not."""

import socket
import time
from pathlib import Path

import pytest

from gatekeeper import clock
from gatekeeper.cli import probes
from gatekeeper.config import load, witness
from gatekeeper.config.keyhome import codec_of
from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, MINUTE, Instant, later
from gatekeeper.store import deliveries, letters
from gatekeeper.store.chain import EMPTY
from gatekeeper.store.engine import Store
from gatekeeper.store.seal import MasterKey
from gatekeeper.store.tx import Tx
from tests.running import WAIT, Site, free_port, make_site, serving
from tests.sinks import running_sink
from tests.store import samples


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Lend an installation that listens twice and whose relay is nowhere."""
    return make_site(tmp_path, relay=1, lmtp=free_port())


def test_a_running_service_is_well_also_without_its_relay(site: Site) -> None:
    with serving(site):
        found = site.json("health")
        said = site.run("health").splitlines()
    assert ["lmtp 127.0.0.1", "smtp 127.0.0.1"] == [
        name.partition(":")[0] for name in found["listeners"]
    ]
    assert {"stored", "claimed", "handled", "quarantined"} == set(found["messages"])
    answer = [*(f"{name} answers" for name in found["listeners"]), "the database answers"]
    answer += ["no letter waits long to be encrypted", "there is room for mail of all"]
    assert answer == said


def test_a_stopped_service_is_not(site: Site) -> None:
    with serving(site):
        pass
    said = site.refused("health", status=75)
    assert "does not answer (Connection refused): start the service" in said


def test_a_service_that_hangs_is_not(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The port is taken but nobody greets there."""
    monkeypatch.setattr(probes, "_WAIT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert "TimeoutError" == probes.relay_complaint("127.0.0.1", listener.getsockname()[1])


def test_a_database_of_another_master_key_is_not_well(site: Site) -> None:
    with serving(site):
        (site.config / "master.key").write_bytes(MasterKey.generate().dump())
        said = site.refused("health", status=2)
    assert "master key" in said


def test_a_database_that_is_gone_under_a_service_is_missed(site: Site) -> None:
    """Also when somebody makes a new one in its place."""
    database = site.config / "state" / "gatekeeper.sqlite"
    with serving(site):
        deadline = time.monotonic() + WAIT
        settings = load(site.config)
        while (held := witness.read(settings.witness_file, codec_of(settings))) is None or (
            held.head == EMPTY
        ):
            assert time.monotonic() < deadline
            site.run("audit", "show")
        for file in database.parent.glob("gatekeeper.sqlite*"):
            if file.suffix != ".lock":
                file.rename(site.config / file.name)
        said = site.refused("health", status=75)
        assert "this host has seen a database here" in said
        assert "frozen" in site.run("db", "upgrade")
        assert "the database is frozen" in site.refused("health", status=75)


def test_a_service_whose_letters_cannot_be_encrypted_is_not(site: Site) -> None:
    """The fault is ours, and no mail can tell of it."""
    with serving(site):
        settings = load(site.config)
        store = Store.open(settings.database.url, codec_of(settings))
        store.write(lambda tx: _waiting(tx, later(clock.now(), -MINUTE * 9)))
        site.run("health")
        store.write(lambda tx: _waiting(tx, later(clock.now(), -MINUTE * 11)))
        said = site.refused("health", status=75)
        store.close()
    assert "letters wait to be encrypted since" in said
    assert "gatekeeper doctor" in said


@pytest.mark.parametrize(
    ("reserve", "whose"),
    [("1B", "only of the team and answers to us"), ("9999999GiB", "of nobody")],
)
def test_a_service_without_room_is_not(reserve: str, whose: str, site: Site) -> None:
    """It answers, and its database too, but it puts mail off by the same rule."""
    with serving(site):
        site.change("policy.yaml", "stop_below: 512MiB", "stop_below: 9999999GiB")
        site.change("policy.yaml", "reserve: 128MiB", f"reserve: {reserve}")
        said = site.refused("health", status=75)
    assert f"mail {whose} is taken: " in said
    assert "free space; mail that is put off (452) is not lost" in said


def _waiting(tx: Tx, since: Instant) -> None:
    """Keep a letter that nobody takes up before long."""
    letter = letters.add(tx, samples.new_letter(None), now=later(clock.now(), DAY))
    address = Address.parse(f"{since}@team.example")
    deliveries.add(
        tx, letter=letter, issue=None, recipient=address, name="Wei", due_at=since, now=since
    )


def test_a_unix_socket_is_asked_too(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    assert "No such file or directory" == probes.socket_complaint(path)
    with running_sink(path=path):
        assert "" == probes.socket_complaint(path)
