"""Hold what the program made of a file against what the corpus says it must come to."""

from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]
"""A verdict of expected.json."""


def differences(expected: Entry, found: Mapping[str, object]) -> list[str]:
    """Return a line for each point in which a finding is another than expected."""
    return _of_key(expected, found) if "load" in expected else _of_message(expected, found)


def _of_message(expected: Entry, found: Mapping[str, Any]) -> list[str]:
    lines = []
    reasons = expected["unreadable"]
    if (found["unreadable"] not in reasons) if reasons else (found["unreadable"] is not None):
        lines.append(_line("unreadable", reasons, found["unreadable"]))
    signatures = [_plain(each, but="by_guest") for each in expected["signatures"]]
    if signatures != _plain(found["signatures"]):
        lines.append(_line("signatures", signatures, found["signatures"]))
    same = ("encryption", "own_key", "cipher", "integrity", "signer", "confirmed", "subject")
    lines += [
        _line(name, expected[name], found[name])
        for name in (*same, "pieces")
        if _plain(expected[name]) != _plain(found[name])
    ]
    if expected["shows"] not in found["text"]:
        lines.append(_line("shows", expected["shows"], found["text"][:80]))
    if expected["hides"] and expected["hides"] in found["text"]:
        lines.append(_line("hides", expected["hides"], found["text"][:80]))
    return lines + _unnamed(expected["problems"], found["problems"])


def _of_key(expected: Entry, found: Mapping[str, Any]) -> list[str]:
    lines = [
        _line(door, expected[door], found[door])
        for door in ("inspect", "examine", "load")
        if expected[door] not in found[door]
    ]
    if expected["encrypts"] != found["encrypts"]:
        lines.append(_line("encrypts", expected["encrypts"], found["encrypts"]))
    return lines + _unnamed(expected["problems"], found["problems"])


def _unnamed(wanted: Sequence[str], found: Sequence[str]) -> list[str]:
    return [
        _line("problems", each, found)
        for each in wanted
        if not any(each in problem for problem in found)
    ]


def _plain(value: object, *, but: str = "") -> object:
    """Return a value as JSON gives it back, without what is called `but`."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if name != but}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _line(name: str, expected: object, found: object) -> str:
    return f"{name}: expected {expected!r}, found {found!r}"
