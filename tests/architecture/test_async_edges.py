"""Coroutines live in a few files, where sockets wait; all else is plain and runs in threads."""

import ast

import pytest

from tests.architecture.sources import imports, problems, python_files

EDGES = (
    "gatekeeper/inbound/session.py",
    "gatekeeper/inbound/connection.py",
    "gatekeeper/outbound/relay.py",
    "gatekeeper/outbound/pump.py",
    "gatekeeper/service.py",
    "gatekeeper/clock.py",
)
# No coroutine of their own: one drives an edge's listener on a thread, the other stands between an
# edge's connection and what reads it, and is called by the loop.
LOOPS = (*EDGES, "gatekeeper/demo/mailbox.py", "gatekeeper/outbound/answers.py")
COROUTINE = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)


def coroutines(path: str, text: str) -> list[str]:
    """Find coroutines outside the edges, and asyncio where no loop runs."""
    tree = ast.parse(text)
    found = []
    if path not in EDGES:
        lines = {node.lineno for node in ast.walk(tree) if isinstance(node, COROUTINE)}
        lines |= {
            node.target.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.comprehension) and node.is_async
        }
        found += [f"{path}:{line}: coroutines live in {', '.join(EDGES)}" for line in lines]
    if path not in LOOPS:
        lines = {line for line, name in imports(tree) if name.split(".")[0] == "asyncio"}
        found += [f"{path}:{line}: loops run in {', '.join(LOOPS)}" for line in lines]
    return sorted(found)


def test_coroutines_live_at_the_edges_only() -> None:
    assert [] == problems(coroutines, python_files("gatekeeper", "migrations", "dev.py"))


@pytest.mark.parametrize("edge", LOOPS)
def test_every_edge_exists(edge: str) -> None:
    """The lists hold no leftover."""
    assert [edge] == python_files(edge)


@pytest.mark.parametrize(
    "sample",
    [
        "async def f() -> None: ...",
        "class A:\n    async def f(self) -> None: ...",
        "import asyncio",
        "from asyncio import gather",
        "x = [y async for y in z]",
        "x = {y: 1 async for y in z}",
    ],
)
def test_a_coroutine_elsewhere_is_seen(sample: str) -> None:
    assert 1 == len(coroutines("gatekeeper/issues/sample.py", sample))


def test_plain_code_and_the_edges_pass() -> None:
    assert [] == coroutines("gatekeeper/issues/sample.py", "def f() -> None: ...")
    assert [] == coroutines(EDGES[0], "import asyncio\n\n\nasync def f() -> None: ...")
