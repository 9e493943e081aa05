"""A small project around the real dev.py, with a wheel of its own, for tests of the set-up."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import dev

DEMO = """
import os, sys
print("demo", os.getpid(), *sys.argv[1:])
sys.exit(7)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A project's folder and the environment in which its dev.py is called.

    Only the programs in `programs` are on PATH: no apt-get that would change this machine.
    """

    folder: Path
    programs: Path
    environment: dict[str, str]

    @property
    def stamp(self) -> Path:
        """The record of what was set up."""
        return self.folder / ".venv" / dev.STAMP.name

    def dev(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call dev.py and keep what it prints."""
        return subprocess.run(
            [sys.executable, str(self.folder / "dev.py"), *arguments],
            env=self.environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )

    def tool(self, name: str, script: str) -> None:
        """Put a program of our own into the virtual environment."""
        write_script(self.folder / ".venv" / "bin" / name, script)

    def lock(self, name: str, *wheels: Path) -> None:
        """Write a lock file that pins these wheels by hash."""
        lines = [
            f"{wheel.name.split('-')[0]}==1.0 --hash=sha256:"
            f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
            for wheel in wheels
        ]
        self.folder.joinpath(name).write_text("".join(lines), encoding="utf-8")

    def wheel(self, name: str) -> Path:
        """Make a wheel with one module in the folder where the installers look for wheels."""
        path = self.folder / "wheels" / f"{name}-1.0-py3-none-any.whl"
        about = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{name}.py", f"NAME = {name!r}\n")
            archive.writestr(
                f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            archive.writestr(
                f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{about}/RECORD", "")
        return path


def make(folder: Path) -> Workshop:
    """Make a project whose runtime lock holds the package `pebble`, its dev lock `chisel` too."""
    shutil.copy(dev.ROOT / "dev.py", folder)
    demo = folder / "gatekeeper" / "demo"
    demo.mkdir(parents=True)
    for path, text in (
        (demo.parent / "__init__.py", ""),
        (demo.parent / "__main__.py", "import sys\nprint('called', *sys.argv[1:])\n"),
        (demo / "__init__.py", ""),
        (demo / "__main__.py", DEMO),
    ):
        path.write_text(text, encoding="utf-8")
    programs = folder / "programs"
    programs.mkdir()
    programs.joinpath("gpg").symlink_to(shutil.which("gpg") or "/usr/bin/gpg")
    folder.joinpath("wheels").mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
    environment = kept | {
        "PATH": str(programs),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder / "wheels"),
        "UV_NO_CONFIG": "1",
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(folder / "wheels"),
        "UV_CACHE_DIR": str(folder / "uv-cache"),
    }
    made = Workshop(folder=folder, programs=programs, environment=environment)
    made.lock("requirements.lock", made.wheel("pebble"))
    made.lock("requirements-dev.lock", made.wheel("pebble"), made.wheel("chisel"))
    return made


def write_script(path: Path, script: str) -> None:
    """Write an executable shell script, also over a link."""
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
