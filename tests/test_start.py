"""The start: as many open files as are needed, one service on SQLite, commands beside it."""

import json
import socket
from pathlib import Path

import pytest

from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.start import OWN_FILES
from tests.house import PEOPLE
from tests.path.arrivals import wait_until_delivered
from tests.path.cluster import MAIN, a_cluster
from tests.path.test_processes_apart import opened_keys
from tests.path.test_service import plain_report, send
from tests.running import make_site, serving
from tests.sinks import running_sink

NEEDED = IntakeLimits().connections + 2 + OWN_FILES
"""With the two connections to the relay that the services of a cluster keep."""


@pytest.mark.parametrize(
    ("given", "expected"),
    [((64, 4096), NEEDED), ((64, 300), 300), ((2000, 4096), 2000)],
    ids=["raised", "as far as it may", "never lowered"],
)
def test_a_service_may_open_the_files_that_it_needs(
    given: tuple[int, int], expected: int, tmp_path: Path
) -> None:
    """Where it may not, it says so and how to mend that; the hard limit stays as it was."""
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, {given}){MAIN}"
    roles = {"all": "inbound,outbound,publication,clock"}
    url = f"sqlite:///{tmp_path}/unused"
    with a_cluster(tmp_path, relay=1, url=url, roles=roles, programs={"all": limited}) as cluster:
        cluster.start("all")
        place = Path(f"/proc/{cluster.running['all'].process.pid}/limits")
        (line,) = [each for each in place.read_text().splitlines() if "open files" in each]
        cluster.end("all")
        said = [json.loads(each) for each in cluster.log("all").read_text().splitlines()]
    assert [str(expected), str(given[1])] == line.split()[3:5]
    warned = [each["event"] for each in said if each["level"] == "warning"]
    assert (expected < NEEDED) == any("LimitNOFILE=" in each for each in warned)


def test_a_second_service_on_sqlite_is_refused_and_commands_are_not(tmp_path: Path) -> None:
    """One sentence with who is in the way and what to do; the first one takes no notice."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        with serving(site) as first:
            said = site.refused("serve", status=2)
            expected = f"another gatekeeper serve runs on this database (pid {first.pid})"
            assert f"gatekeeper: {expected}: stop it first, or give this one a" in said
            assert 1 == len(said.splitlines())
            send(site, plain_report())
            assert len(PEOPLE) + 1 == wait_until_delivered(site)
            (issue,) = site.json("issue", "list")
            site.run("issue", "own", "--for", PEOPLE[0][0], issue["issue"])
            assert PEOPLE[0][0] == site.json("issue", "list")[0]["owner"]
            assert site.json("audit", "verify")["sound"]
            assert 1 == site.config.parent.joinpath("serve.log").read_text().count('"ready"')


def test_on_sqlite_one_process_does_all(tmp_path: Path) -> None:
    """Part of the work is refused before anything is made."""
    site = make_site(tmp_path, relay=1)
    said = site.refused("serve", "--only", "inbound", status=2)
    assert "--only needs PostgreSQL: on SQLite one process does all the work" in said
    assert [] == list((site.config / "state").glob("*.sqlite*"))


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    """At any start, not at the first one alone; what was opened before is closed."""
    site = make_site(tmp_path, relay=1)
    site.run("db", "upgrade")
    with socket.create_server(("127.0.0.1", site.port)):
        said = site.refused("serve", status=75)
    (line,) = [each for each in said.splitlines() if not each.startswith("{")]
    assert line.startswith(f"gatekeeper: cannot listen on 127.0.0.1 port {site.port} (")
    assert line.endswith("end the other program that uses this address, or configure another one")
    assert [] == opened_keys(site)
