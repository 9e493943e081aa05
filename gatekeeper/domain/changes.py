"""What a change of a governed part does, in words that people can judge before they approve it."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.governed import Content, Kind, Tree, leaves
from gatekeeper.domain.verdict import spaced

_NOTHING: Final = "(the default)"
_FIELDS: Final = frozenset({"name", "address", "keys", "roles"})
_LONG: Final = 120


def differences(before: Content | None, after: Content) -> tuple[str, ...]:
    """Return what is different in `after`, one line each; () when both say the same.

    `before` is None where nothing was in force: all of `after` is new then. ValueError when the two
    are of different kinds.
    """
    if before is None:
        before = Content(kind=after.kind, tree={})
    if before.kind is not after.kind:
        message = "only two contents of one kind can be compared"
        raise ValueError(message)
    if before.digest == after.digest:
        return ()
    said = {Kind.TEAM: _team, Kind.TEMPLATES: _texts}.get(after.kind, _settings)
    found = tuple(said(before.tree, after.tree))
    return found or ("nothing but the way in which it is written",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One person as team.yaml has them, in no way checked."""

    name: str
    address: str
    keys: tuple[str, ...]
    roles: tuple[str, ...]
    rest: Mapping[str, str]

    @property
    def shown(self) -> str:
        return f"{shown(self.name)} <{shown(self.address)}>"


def _entries(tree: Mapping[str, Tree]) -> tuple[_Entry, ...]:
    people = tree.get("people")
    listed = people if isinstance(people, list) else []
    return tuple(_entry(each) for each in listed if isinstance(each, dict))


def _entry(value: dict[str, Tree]) -> _Entry:
    rest = {name: each for name, each in value.items() if name not in _FIELDS}
    return _Entry(
        name=str(value.get("name") or ""),
        address=str(value.get("address") or ""),
        keys=tuple(each.replace(" ", "").upper() for each in _words(value.get("keys"))),
        roles=tuple(sorted(each.lower() for each in _words(value.get("roles")))),
        rest={".".join(path): text for path, text in leaves(rest)},
    )


def _words(value: Tree) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _team(before: Mapping[str, Tree], after: Mapping[str, Tree]) -> Iterator[str]:
    """Say who leaves, who joins, and what is different of those who stay."""
    old, new = _entries(before), _entries(after)
    stay = _pairs(old, new)
    left = [each for each in old if not any(each is was for was, _ in stay)]
    joined = [each for each in new if not any(each is now for _, now in stay)]
    for each in left:
        yield f"{each.shown} leaves"
        yield from (f"  key {spaced(key)} goes" for key in each.keys)
    for each in joined:
        employer = each.rest.get("employer", "")
        roles = f"; roles: {shown(', '.join(each.roles))}" if each.roles else ""
        yield f"{each.shown} of {shown(employer)} joins{roles}"
        yield from (f"  key {spaced(key)} comes" for key in each.keys)
        others = sorted(each.rest.items())
        yield from (f"  {shown(n)}: {shown(v)}" for n, v in others if n != "employer")
    for was, now in stay:
        changed = tuple(_changed(was, now))
        if changed:
            yield f"{was.shown}:"
            yield from (f"  {line}" for line in changed)
    yield from _settings(_without_people(before), _without_people(after))


def _without_people(tree: Mapping[str, Tree]) -> Mapping[str, Tree]:
    return {name: value for name, value in tree.items() if name != "people"}


def _pairs(old: Sequence[_Entry], new: Sequence[_Entry]) -> list[tuple[_Entry, _Entry]]:
    """Return who is the same person in both: by the address, else by a name that is there once."""
    pairs: list[tuple[_Entry, _Entry]] = []
    by_address = {each.address.lower(): each for each in new}
    rest: list[_Entry] = []
    for was in old:
        now = by_address.pop(was.address.lower(), None)
        if now is None:
            rest.append(was)
        else:
            pairs.append((was, now))
    free = list(by_address.values())
    for was in rest:
        named = [each for each in free if each.name == was.name]
        if len(named) == 1 and sum(each.name == was.name for each in rest) == 1:
            pairs.append((was, named[0]))
            free.remove(named[0])
    return pairs


def _changed(was: _Entry, now: _Entry) -> Iterator[str]:
    for what, before, after in (
        ("name", was.name, now.name),
        ("address", was.address, now.address),
    ):
        if before != after:
            yield f"{what}: {shown(before)} → {shown(after)}"
    for key in was.keys:
        if key not in now.keys:
            yield f"key {spaced(key)} goes"
    for key in now.keys:
        if key not in was.keys:
            yield f"key {spaced(key)} comes"
    if set(was.keys) == set(now.keys) and was.keys != now.keys:
        yield "the order of the keys"
    yield from (f"loses the role {shown(r)}" for r in was.roles if r not in now.roles)
    yield from (f"gets the role {shown(r)}" for r in now.roles if r not in was.roles)
    for name in sorted({*was.rest, *now.rest}):
        old, new = was.rest.get(name), now.rest.get(name)
        if old != new:
            yield f"{shown(name)}: {_value(old)} → {_value(new)}"


def _settings(before: Mapping[str, Tree], after: Mapping[str, Tree]) -> Iterator[str]:
    old, new = dict(leaves(dict(before))), dict(leaves(dict(after)))
    for path in sorted({*old, *new}):
        if old.get(path) == new.get(path):
            continue
        name = shown(".".join(path))
        if _is_long(old.get(path)) or _is_long(new.get(path)):
            yield f"{name}:"
            yield from _lines(old.get(path, ""), new.get(path, ""))
        else:
            yield f"{name}: {_value(old.get(path))} → {_value(new.get(path))}"


def _is_long(value: str | None) -> bool:
    return value is not None and ("\n" in value or len(value) > _LONG)


def _value(value: str | None) -> str:
    if value is None:
        return _NOTHING
    return shown(value) or '""'


def _texts(before: Mapping[str, Tree], after: Mapping[str, Tree]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if new is None:
            yield f"{shown(name)} goes"
            continue
        yield f"{shown(name)}:" if old is not None else f"{shown(name)} comes:"
        yield from _lines(str(old or ""), str(new))


def _lines(before: str, after: str) -> Iterator[str]:
    """Yield what is different between two texts as `diff -u` shows it, a line around each place."""
    old, new = before.split("\n"), after.split("\n")
    for line in list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]:
        yield f"  {shown(line)}".rstrip()


def shown(text: str) -> str:
    """Return text of others for one line of ours: what is not printable is written as a number."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)
