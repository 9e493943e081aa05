"""Values changed in a YAML text in place, so that every comment stays."""

import json
import re
from collections.abc import Mapping
from typing import Final

from gatekeeper.config.positions import read
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


def rewritten(text: str, values: Mapping[Path, str | bool]) -> str:
    """Return the YAML `text` with the value at each path replaced; none there is ValueError."""
    document, problems = read("shipped", text.encode())
    if document is None or problems:
        message = f"not sound YAML: {problems[0] if problems else ''}"
        raise ValueError(message)
    for path in sorted(values, key=lambda p: document.values[p].start, reverse=True):
        span = document.values[path]
        if span.start == span.end:
            message = f"{dotted(path)} has no value to replace"
            raise ValueError(message)
        text = text[: span.start] + scalar(values[path]) + text[span.end :]
    return text
