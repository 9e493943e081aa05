"""`gatekeeper serve` as a process: no core dumps, a log for machines, warnings stop nothing."""

import json
import logging
import sys
from pathlib import Path

import pytest

from gatekeeper.cli import logs
from tests.house import person_key
from tests.keys import gpg, read_key, short_home
from tests.running import Site, make_site, serving


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Lend an installation whose relay is nowhere."""
    return make_site(tmp_path, relay=1)


def test_it_lets_no_core_be_dumped_and_logs_json(site: Site) -> None:
    """Opened mail and keys must not end in a core file (promise P-11)."""
    with serving(site) as process:
        limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    (core,) = [line.split() for line in limits if line.startswith("Max core file size")]
    assert ["0", "0"] == core[4:6]
    events = [
        json.loads(line) for line in (site.config.parent / "serve.log").read_text().splitlines()
    ]
    assert all({"at", "level", "logger", "event"} == set(event) for event in events)
    assert {"ready", "stopped"} <= {event["event"] for event in events}


def test_one_persons_ended_key_is_a_warning(site: Site) -> None:
    """The others still read; the service starts and says whose key it is."""
    with short_home() as home:
        faked = ("--faked-system-time", "20200101T000000!")
        made = gpg(
            home,
            *faked,
            "--status-fd",
            "1",
            "--quick-gen-key",
            "o@example.net",
            "ed25519",
            "cert,sign",
            "1y",
        )
        fingerprint = made.rpartition(b"KEY_CREATED P ")[2][:40].decode()
        ended = read_key(home, fingerprint)
        (site.config / "keys" / f"{fingerprint}.asc").write_bytes(gpg(home, "--armor", "--export"))
    old = person_key(0).fingerprint
    (site.config / "keys" / f"{old}.asc").unlink()
    site.change("team.yaml", f"keys: [{old}]", f"keys: [{ended.fingerprint}]")
    assert "no usable key is left" in site.refused("check", status=2)
    with serving(site):
        pass
    warning = (site.config.parent / "serve.log").read_text().splitlines()[0]
    assert warning.startswith(
        f"warning: keys/{fingerprint}.asc: the key has expired (Andrea Example"
    )


def test_a_line_for_people_cannot_steer_their_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a line has time, level and event, and what steers is shown."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    root, ours = logging.getLogger(), logging.getLogger("gatekeeper")
    kept = (root.handlers[:], root.level, ours.level)
    try:
        logs.start()
        logging.getLogger("gatekeeper.inbound").info("from %s", "\x1b[2J")
        logging.getLogger("elsewhere").info("chatter")
    finally:
        root.handlers[:] = kept[0]
        root.setLevel(kept[1])
        ours.setLevel(kept[2])
    said = capsys.readouterr().err
    assert said.endswith("Z info    from \\x1b[2J\n")
    assert 1 == said.count("\n")
