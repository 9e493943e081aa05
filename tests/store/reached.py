"""Which functions of the store the tests reach on both databases, read from their code.

A test is on both databases when it gets there by its fixtures: to `dialect` of tests/databases.py,
which runs it once on each. It reaches what it names, and what is named in whatever it names: its
helpers, fixtures, parameters and constants, in its own module and in others below tests/, and what
those functions of the store call within the store.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
STORE: Final = "gatekeeper.store"
BOTH: Final = "tests.databases.dialect"

_Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module: what it defines at its top, and what the names that it imports stand for."""

    name: str
    defined: Mapping[str, ast.stmt]
    imported: Mapping[str, str]


def public_functions() -> set[str]:
    """Return every public function of the store that takes a transaction, and Store's methods."""
    found: set[str] = set()
    for path in sorted((ROOT / "gatekeeper" / "store").glob("*.py")):
        module = f"{STORE}.{path.stem}"
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and _takes_tx(node):
                found.add(f"{module}.{node.name}")
            elif isinstance(node, ast.ClassDef) and node.name == "Store":
                methods = (one for one in node.body if isinstance(one, ast.FunctionDef))
                found |= {f"{module}.Store.{m.name}" for m in methods if _public(m.name)}
    return found


def reached_on_both(folder: Path) -> set[str]:
    """Return what the tests in a folder reach on both databases, as full names."""
    found: set[str] = set()
    for path in sorted(folder.rglob("test_*.py")):
        module = _module(_name_of(path))
        for name, node in module.defined.items():
            if name.startswith("test_") and isinstance(node, ast.FunctionDef):
                seen = _closure(f"{module.name}.{name}")
                if BOTH in seen and not _on_one(node):
                    found |= {one for one in seen if one.startswith(STORE)}
    return found


def _takes_tx(node: ast.FunctionDef) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args]
    return _public(node.name) and bool(arguments) and arguments[0].arg == "tx"


def _public(name: str) -> bool:
    return not name.startswith("_")


def _on_one(node: ast.FunctionDef) -> bool:
    """Say whether a test chooses its database by a parameter of its own."""
    return any(
        isinstance(one, ast.Constant) and one.value == "dialect"
        for decorator in node.decorator_list
        for one in ast.walk(decorator)
    )


@cache
def _module(name: str) -> Module:
    text = (ROOT / Path(*name.split("."))).with_suffix(".py").read_text(encoding="utf-8")
    defined: dict[str, ast.stmt] = {}
    imported: dict[str, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                imported[one.asname or one.name] = f"{node.module}.{one.name}"
        elif isinstance(node, _Definition):
            for target in _targets(node):
                defined[target] = node
    return Module(name=name, defined=defined, imported=imported)


def _targets(node: _Definition) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
        return
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _closure(start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _named_in(name)
    return seen


@cache
def _named_in(name: str) -> tuple[str, ...]:
    """Return the full names of what a definition names; nothing outside the tests and the store."""
    module_name, _, own = name.rpartition(".")
    if not _is_ours(module_name):
        return ()
    module = _module(module_name)
    node = module.defined.get(own)
    return tuple(_names(module, node)) if node is not None else ()


def _names(module: Module, node: ast.stmt) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield from _resolved(module, one.id)
        elif isinstance(one, ast.arg):
            # a parameter of a test or fixture names a fixture
            yield from _resolved(module, one.arg)
            yield f"tests.databases.{one.arg}"
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            # request.getfixturevalue and usefixtures name theirs so
            yield from _resolved(module, one.value) if one.value.isidentifier() else ()
        elif isinstance(one, ast.Attribute) and (chain := _chain(one)):
            first, *rest = chain
            for base in _resolved(module, first):
                named = ".".join([base, *rest])
                yield named.replace("tests.databases.store.", f"{STORE}.engine.Store.")


def _resolved(module: Module, name: str) -> Iterator[str]:
    if name in module.defined:
        yield f"{module.name}.{name}"
    elif name in module.imported:
        yield module.imported[name]
    elif name == "store":
        yield "tests.databases.store"


def _chain(node: ast.Attribute) -> list[str]:
    parts = [node.attr]
    inner: ast.expr = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    return [inner.id, *reversed(parts)] if isinstance(inner, ast.Name) else []


def _is_ours(module: str) -> bool:
    path = (ROOT / Path(*module.split("."))).with_suffix(".py")
    return module.startswith(("tests.", f"{STORE}.")) and path.is_file()


def _name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)
