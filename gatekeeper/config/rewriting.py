"""Values changed in a YAML text in place, so that every comment stays."""

import json
import re
from collections.abc import Mapping
from typing import Final

from gatekeeper.config.positions import Document, Span, read
from gatekeeper.config.problems import Path, dotted

_WORD: Final = r"[A-Za-z0-9/][A-Za-z0-9/._@+-]*(?::[A-Za-z0-9/._@+-]+)*"
_PLAIN: Final = re.compile(rf"{_WORD}(?: {_WORD})*")
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def scalar(value: str | bool) -> str:
    """Return a value as a YAML scalar: plain where every reader agrees on it, else quoted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def rewritten(text: str, values: Mapping[Path, str | bool], *, file: str) -> str:
    """Return the YAML `text` with the value at each path replaced; none there is ValueError.

    `file` names the text in an error, here and below.
    """
    document = _sound(text, file)
    for path in sorted(values, key=lambda p: document.values[p].start, reverse=True):
        span = document.values[path]
        if span.start == span.end:
            message = f"{dotted(path)} has no value to replace"
            raise ValueError(message)
        text = text[: span.start] + scalar(values[path]) + text[span.end :]
    return text


def given(text: str, path: Path, value: str, *, file: str) -> str:
    """Return the YAML `text` with the value at `path`, in place of the one there or added.

    The group of settings that it belongs to must be there, else ValueError.
    """
    document = _sound(text, file)
    span = document.values.get(path)
    if span is None:
        return _added(text, document, path, scalar(value))
    if span.start == span.end:
        return text[: span.start] + _apart(text, span) + scalar(value) + text[span.end :]
    return text[: span.start] + scalar(value) + text[span.end :]


def listed_first(text: str, path: Path, value: str, *, file: str) -> str:
    """Return the YAML `text` with `value` first in the list at `path`, added if there is none.

    The group of settings that it belongs to must be there, and no other value in the list's place,
    else ValueError.
    """
    document = _sound(text, file)
    span = document.values.get(path)
    if span is None:
        return _added(text, document, path, f"[{scalar(value)}]")
    if span.start == span.end:
        return f"{text[: span.start]}{_apart(text, span)}[{scalar(value)}]{text[span.end :]}"
    head = text[span.start]
    if head == "[":
        rest = ", " if (*path, 0) in document.values else ""
        return f"{text[: span.start + 1]}{scalar(value)}{rest}{text[span.start + 1 :]}"
    if head == "-":
        indent = " " * (span.column - 1)
        return f"{text[: span.start]}- {scalar(value)}\n{indent}{text[span.start :]}"
    message = f"{dotted(path)} is no list"
    raise ValueError(message)


def _sound(text: str, file: str) -> Document:
    document, problems = read(file, text.encode())
    if document is None or problems:
        message = f"not sound YAML: {problems[0] if problems else ''}"
        raise ValueError(message)
    return document


def _apart(text: str, span: Span) -> str:
    """Return what keeps a value apart from the colon before it."""
    return "" if text[: span.start].endswith((" ", "\t")) else " "


def _added(text: str, document: Document, path: Path, value: str) -> str:
    """Put a setting below the last one of its group, or first into one in braces."""
    *around, name = path
    group = document.values.get(tuple(around))
    inside = [p for p in document.keys if p[:-1] == tuple(around)]
    if group is None or not inside:
        message = f"{dotted(tuple(around))} is no group of settings"
        raise ValueError(message)
    if text[group.start] == "{":
        return f"{text[: group.start + 1]}{name}: {value}, {text[group.start + 1 :]}"
    column = document.keys[inside[0]].column
    last = max(_end(text, document, p) for p in inside)
    at = text.find("\n", last)
    at = len(text) if at < 0 else at
    return f"{text[:at]}\n{' ' * (column - 1)}{name}: {value}{text[at:]}"


def _end(text: str, document: Document, path: Path) -> int:
    """Return where a value ends: a block's span reaches to what follows, its last value's not."""
    span = document.values[path]
    if text[span.start : span.start + 1] in {"[", "{"}:
        return span.end
    inner = [_end(text, document, p) for p in document.values if p and p[:-1] == path]
    return max(inner, default=span.end)
