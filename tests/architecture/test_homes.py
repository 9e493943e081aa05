"""Each third-party package has one home; the rules and the mail formats touch no world at all."""

import ast
import re
import sys
import tomllib

import pytest

import dev
from tests.architecture.sources import imports, problems, python_files, read, within

HOMES = {
    "aiosmtpd": ["gatekeeper/inbound/connection.py"],
    "aiosmtplib": ["gatekeeper/outbound/relay.py"],
    "alembic": ["gatekeeper/store/", "migrations/"],
    "apscheduler": ["gatekeeper/clock.py"],
    "cryptography": ["gatekeeper/store/"],
    "gnupg": ["gatekeeper/pgp/"],
    "jinja2": ["gatekeeper/texts/"],
    "psycopg": ["gatekeeper/store/"],
    "pydantic": ["gatekeeper/config/"],
    "pydantic_core": ["gatekeeper/config/"],
    "rapidfuzz": ["gatekeeper/issues/likeness.py"],
    "sqlalchemy": ["gatekeeper/store/", "migrations/"],
    "yaml": ["gatekeeper/config/"],
}

# The name under which a package is installed, where it differs from the one it is imported by.
INSTALLED_AS = {"gnupg": "python-gnupg", "pydantic_core": "pydantic", "yaml": "pyyaml"}

PURE = ("gatekeeper/domain/", "gatekeeper/mail/")
WORLD = frozenset(
    "asyncio concurrent ctypes fcntl fileinput ftplib getpass glob http imaplib locale logging "
    "mmap multiprocessing os pathlib pickle platform poplib pwd queue random resource sched "
    "secrets select selectors shelve shutil signal smtplib socket socketserver sqlite3 ssl "
    "subprocess sys syslog tempfile threading time urllib uuid webbrowser".split()
)


def strangers(path: str, text: str) -> list[str]:
    """Find imports of third-party packages outside their homes."""
    found = []
    for line, name in imports(ast.parse(text)):
        package = name.split(".")[0]
        if package == "gatekeeper" or package in sys.stdlib_module_names:
            continue
        if package not in HOMES:
            found.append(f"{path}:{line}: {package} has no home in this house")
        elif not within(path, HOMES[package]):
            found.append(f"{path}:{line}: {package} lives in {' and '.join(HOMES[package])}")
    return found


def worldly(path: str, text: str) -> list[str]:
    """Find imports of what reads or changes the world in the packages that may not."""
    if not path.startswith(PURE):
        return []
    return [
        f"{path}:{line}: {name} touches the world; hand the value in instead"
        for line, name in imports(ast.parse(text))
        # urllib.parse computes; the rest of urllib connects.
        if name.split(".")[0] in WORLD and not name.startswith("urllib.parse")
    ]


def test_every_package_is_imported_in_its_home_only() -> None:
    assert [] == problems(strangers, python_files("gatekeeper", "migrations"))


def test_the_set_up_needs_the_standard_library_only() -> None:
    assert [] == problems(strangers, ["dev.py"])


def test_rules_and_mail_formats_do_not_touch_the_world() -> None:
    assert [] == problems(worldly, python_files("gatekeeper"))


def test_the_homes_are_those_of_the_runtime_dependencies() -> None:
    """A dependency without a home, or a home without a dependency, is a leftover."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    declared = {re.split(r"[\[<>=!~ ]", line)[0].lower() for line in project["dependencies"]}
    assert declared == {INSTALLED_AS.get(package, package) for package in HOMES}


@pytest.mark.parametrize("package", HOMES)
def test_every_home_is_lived_in(package: str) -> None:
    """Each package is really used at home, if only by its name, as a database's driver is."""
    for home in HOMES[package]:
        used = any(re.search(rf"\b{package}\b", read(path)) for path in python_files(home))
        assert used, f"nothing in {home} uses {package}"


@pytest.mark.parametrize(
    "sample",
    [
        "import sqlalchemy",
        "import sqlalchemy.engine as e",
        "from sqlalchemy import text",
        "def f() -> None:\n    from sqlalchemy.engine import Engine",
        "import requests",
        "from pytest import raises",
    ],
)
def test_a_stranger_is_seen(sample: str) -> None:
    assert 1 == len(strangers("gatekeeper/issues/sample.py", sample))


def test_a_package_at_home_is_no_stranger() -> None:
    sample = "import re\n\nimport sqlalchemy\n\nfrom gatekeeper.domain import team\n"
    assert [] == strangers("gatekeeper/store/sample.py", sample)


@pytest.mark.parametrize(
    "sample", ["import os", "from pathlib import Path", "import time as t", "import urllib.request"]
)
def test_the_world_is_seen_in_a_rule(sample: str) -> None:
    assert 1 == len(worldly("gatekeeper/domain/sample.py", sample))
    assert [] == worldly("gatekeeper/store/sample.py", sample)


def test_computing_is_not_the_world() -> None:
    sample = "import re\nfrom urllib.parse import quote\nfrom datetime import UTC, datetime\n"
    assert [] == worldly("gatekeeper/mail/sample.py", sample)


def test_the_files_are_found() -> None:
    """The checks above look at real files."""
    found = python_files("gatekeeper", "dev.py")
    assert {"gatekeeper/__init__.py", "dev.py"} <= set(found)
    assert all(dev.ROOT.joinpath(path).is_file() for path in found)
