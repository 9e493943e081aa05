"""Reads the project's files and names for the tests that hold the house to its rules."""

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import dev

Checker = Callable[[str, str], list[str]]
"""Takes a path (from the project's root, with slashes) and the text; gives `path:line: problem`."""


def python_files(*places: str) -> list[str]:
    """List the Python files in these folders or, for a place that is a file, itself."""
    found: list[str] = []
    for place in places:
        path = dev.ROOT / place
        files = [path] if path.is_file() else path.rglob("*.py")
        found.extend(file.relative_to(dev.ROOT).as_posix() for file in files)
    return sorted(path for path in found if "__pycache__" not in path)


def all_files() -> list[str]:
    """List every file that belongs to the project: all but what .gitignore names."""
    ignored = dev.ROOT.joinpath(".gitignore").read_text(encoding="utf-8").split()
    names = {line.strip("/") for line in ignored} | {".git"}

    def walk(folder: Path) -> Iterator[str]:
        for path in sorted(folder.iterdir()):
            if path.name in names or path.name.startswith(".coverage."):
                continue
            if path.is_dir():
                yield from walk(path)
            else:
                yield path.relative_to(dev.ROOT).as_posix()

    return list(walk(dev.ROOT))


def read(path: str) -> str:
    """Read one of the project's text files."""
    return dev.ROOT.joinpath(path).read_text(encoding="utf-8")


def problems(checker: Checker, paths: list[str]) -> list[str]:
    """Apply a checker to the project's own files."""
    return [problem for path in paths for problem in checker(path, read(path))]


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give line and dotted name of everything imported: `from a import b` is a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield node.lineno, f"{node.module}.{name.name}"


def uses(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give line and full dotted name of every name used, seen through its import and alias.

    `from os import environ as e; e["X"]` uses os.environ, and a call ends in brackets: `open()`.
    Of names that were not imported only built-in ones are given. The last part of every longer name
    is given with a leading dot as well, for methods of what cannot be known: `.read_text`.
    """
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known.update({n.asname or _first(n.name): _bound(n) for n in node.names})
        elif isinstance(node, ast.ImportFrom):
            known.update({n.asname or n.name: f"{node.module}.{n.name}" for n in node.names})
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, f".{node.attr}"
        if isinstance(node, ast.Attribute | ast.Name) and (name := _resolve(node, known)):
            yield node.lineno, name
        if isinstance(node, ast.Call) and (name := _resolve(node.func, known)):
            yield node.lineno, f"{name}()"
    yield from imports(tree)


def _resolve(node: ast.expr, known: dict[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    full = known.get(node.id, node.id if hasattr(builtins, node.id) else None)
    return None if full is None else ".".join([full, *parts])


def _first(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def _bound(name: ast.alias) -> str:
    return name.name if name.asname else _first(name.name)


def within(path: str, places: Iterable[str]) -> bool:
    """Say if a path is one of the places or lies in one that ends with a slash."""
    return any(
        path == place or (place.endswith("/") and path.startswith(place)) for place in places
    )
