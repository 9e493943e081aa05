"""The lock files pin what pyproject.toml asks for, by hash, and agree with each other."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dev

ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)( ;[^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Read a lock file: name -> version and hashes; a line of any other kind is an error."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    name = ""
    for line in text.splitlines():
        entry = ENTRY.match(line)
        if entry:
            name = canonicalize_name(entry[1])
            found[name] = (entry[2], frozenset())
        elif HASH.match(line):
            version, hashes = found[name]
            found[name] = (version, hashes | {line.strip(" \\")})
        elif not line.lstrip().startswith("#"):
            message = f"not a pin, a hash or a remark: {line}"
            raise ValueError(message)
    return found


RUNTIME = pins(dev.RUNTIME_LOCK.read_text(encoding="utf-8"))
DEVELOPMENT = pins(dev.DEV_LOCK.read_text(encoding="utf-8"))
PROJECT = tomllib.loads(dev.ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=["runtime", "dev"])
def test_every_pin_has_hashes(lock: dict[str, tuple[str, frozenset[str]]]) -> None:
    assert [] == [name for name, (_, hashes) in lock.items() if not hashes]


def test_what_is_tested_is_what_runs() -> None:
    """The dev lock holds each runtime pin, of the same version and with the same hashes."""
    assert {} == {name: pin for name, pin in RUNTIME.items() if DEVELOPMENT.get(name) != pin}


@pytest.mark.parametrize(
    ("asked", "lock"),
    [
        *((line, RUNTIME) for line in PROJECT["project"]["dependencies"]),
        *((line, DEVELOPMENT) for line in PROJECT["dependency-groups"]["dev"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_locks_answer_what_is_asked(
    asked: str, lock: dict[str, tuple[str, frozenset[str]]]
) -> None:
    """A change in pyproject.toml without `python3 dev.py lock` is seen."""
    requirement = Requirement(asked)
    version, _ = lock[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://mirror.example/simple",
        "-e .",
        "package @ https://mirror.example/package.whl",
        "package>=1.0",
    ],
)
def test_anything_but_a_pin_is_seen(line: str) -> None:
    with pytest.raises(ValueError, match="not a pin"):
        pins(line)
