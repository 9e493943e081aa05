"""No file is longer than can be known, no function longer than can be seen."""

import ast

import pytest

from tests.architecture.sources import problems, python_files

FILE_LINES = 400
FUNCTION_LINES = 60


def oversized(path: str, text: str) -> list[str]:
    """Find files and functions that are too long; decorators do not count."""
    found = []
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        found.append(f"{path}:1: {lines} lines, at most {FILE_LINES}")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                found.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
    return found


def test_files_and_functions_are_of_a_size_to_read() -> None:
    assert [] == problems(oversized, python_files("gatekeeper", "tests", "migrations", "dev.py"))


def test_a_long_file_is_seen() -> None:
    assert 1 == len(oversized("sample.py", "x = 1\n" * (FILE_LINES + 1)))
    assert [] == oversized("sample.py", "x = 1\n" * FILE_LINES)


@pytest.mark.parametrize("head", ["def f():", "async def f():"])
def test_a_long_function_is_seen(head: str) -> None:
    assert 1 == len(oversized("sample.py", head + "\n    x = 1" * FUNCTION_LINES))
    assert [] == oversized("sample.py", head + "\n    x = 1" * (FUNCTION_LINES - 1))


def test_a_long_function_inside_a_class_is_seen() -> None:
    body = "\n        x = 1" * FUNCTION_LINES
    assert 1 == len(oversized("sample.py", f"class A:\n    def f(self):{body}"))
