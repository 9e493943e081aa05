"""The counts as Prometheus reads them, in the file that the service writes and on the screen."""

import re
from functools import partial
from pathlib import Path

import pytest

from gatekeeper import metrics
from gatekeeper.domain.instants import MINUTE, Instant, later
from gatekeeper.metrics import Metrics
from gatekeeper.store import figures
from gatekeeper.store.engine import Store
from tests.running import Site, make_site, serving
from tests.store import samples
from tests.store.samples import NOW

LINE = re.compile(r'gatekeeper_[a-z_]+(?:\{[a-z]+="[a-z_ -]+"\})? [0-9]+')


def test_every_line_is_of_the_format(store: Store) -> None:
    """Each name has its HELP and its TYPE before its first value."""
    store.write(samples.message)
    found = store.read(figures.take)
    lines = metrics.text(found, now=later(NOW, MINUTE), free={"state": 5}).splitlines()
    told = [line for line in lines if not line.startswith("#")]
    assert [] == [line for line in told if not LINE.fullmatch(line)]
    assert 'gatekeeper_messages{state="stored"} 1' in told
    assert 'gatekeeper_oldest_waiting_seconds{for="handled"} 60' in told
    assert 'gatekeeper_free_bytes{volume="state"} 5' in told
    names = {re.split("[{ ]", line)[0] for line in told}
    for name in names:
        first = next(at for at, line in enumerate(lines) if re.match(rf"{name}[{{ ]", line))
        assert [f"# HELP {name} ", f"# TYPE {name} gauge"] == [
            lines[first - 2][: len(f"# HELP {name} ")],
            lines[first - 1],
        ]


def test_the_file_is_replaced_and_others_may_read_it(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "gatekeeper.prom"
    for minute in (1, 2):
        writer = Metrics(
            store=store,
            file=file,
            state_folder=tmp_path,
            now=partial(later, NOW, minute * MINUTE),
        )
        assert 0 == writer.tick()
    assert f"written_at_seconds {(NOW + 2 * MINUTE) // 1_000_000}\n" in file.read_text()
    assert 0o644 == file.stat().st_mode & 0o777
    assert [file] == list(tmp_path.glob("*prom*"))


def test_a_file_that_cannot_be_written_is_told_once(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"
    writer = Metrics(
        store=store, file=folder / "x.prom", state_folder=tmp_path, now=lambda: Instant(NOW)
    )
    for _ in range(3):
        writer.tick()
    folder.mkdir()
    writer.tick()
    assert (folder / "x.prom").is_file()
    assert 1 == len(caplog.records)


def test_the_running_service_writes_what_the_command_prints(tmp_path: Path) -> None:
    site = make_site(tmp_path, relay=1)
    file = tmp_path / "gatekeeper.prom"
    site.change("gatekeeper.yaml", "value.\n  file:\n", f"value.\n  file: {file}\n")
    with serving(site):
        printed = site.run("metrics").splitlines()
        found = site.json("metrics")
    names = {line.split()[2] for line in printed if line.startswith("# TYPE")}
    assert {f"gatekeeper_{name}" for name in found} == names
    written = {line.split()[2] for line in file.read_text().splitlines() if "TYPE" in line}
    assert names == written


def test_a_missing_folder_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    site: Site = make_site(tmp_path, relay=1)
    site.change("gatekeeper.yaml", "value.\n  file:\n", "value.\n  file: nowhere/x.prom\n")
    assert "nowhere does not exist; make it" in site.refused("check", status=2)
