"""The wheel carries the program, what an operator edits, and what the store migrates with."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import dev
import gatekeeper


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this folder."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=dev.ROOT, text=True, capture_output=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    [path] = folder.glob("*.whl")
    return path


def test_the_wheel_has_the_program_s_version(wheel: Path) -> None:
    assert f"gatekeeper-{gatekeeper.__version__}-py3-none-any.whl" == wheel.name


@pytest.mark.parametrize(
    ("source", "shipped"),
    [
        ("gatekeeper", "gatekeeper"),
        ("config", "gatekeeper/shipped/config"),
        ("migrations", "gatekeeper/shipped/migrations"),
    ],
)
def test_every_file_travels(wheel: Path, source: str, shipped: str) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    folder = dev.ROOT / source
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    wanted = {f"{shipped}/{path.relative_to(folder).as_posix()}" for path in files}
    assert wanted
    assert set() == wanted - set(names)


def test_nothing_else_travels(wheel: Path) -> None:
    folders = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {"gatekeeper", f"gatekeeper-{gatekeeper.__version__}.dist-info"} == folders


def test_the_wheel_brings_the_command(wheel: Path) -> None:
    about = f"gatekeeper-{gatekeeper.__version__}.dist-info"
    text = zipfile.ZipFile(wheel).read(f"{about}/entry_points.txt").decode()
    assert "gatekeeper = gatekeeper.__main__:main" in text
