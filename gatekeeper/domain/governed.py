"""What decides who is trusted, by content: a change of it is planned, approved and applied (05).

What is compared is what the files say: comments, the order of settings and settings without a value
make no difference. The tree of a file keeps every value as the text that stands there, so that a
newer version of the program, with other defaults, changes no digest.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree] | None"

_DEPTH_MAX: Final = 20


class Kind(StrEnum):
    """A part of the configuration that is governed."""

    TEAM = "team"
    POLICY = "policy"
    TEMPLATES = "templates"
    ADDRESSES = "addresses"

    @property
    def where(self) -> str:
        """Say where an operator writes it."""
        return _WHERE[self]

    @property
    def noun(self) -> str:
        """Return the command's noun under which a change of it is planned."""
        return "team" if self is Kind.TEAM else "policy"


_WHERE: Final = {
    Kind.TEAM: "team.yaml",
    Kind.POLICY: "policy.yaml",
    Kind.TEMPLATES: "templates/",
    Kind.ADDRESSES: "the addresses and peers in gatekeeper.yaml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one governed part says.

    `tree` is a mapping · `certificates`, of the team alone, maps the fingerprints of its keys to
    armored certificates. They are no part of the digest: a certificate proves itself by its
    fingerprint, so one that was renewed by its owner is used without anybody's approval.
    """

    kind: Kind
    tree: Mapping[str, Tree]
    certificates: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Keep the tree without what says nothing; refuse certificates of anything but a team."""
        if self.certificates and self.kind is not Kind.TEAM:
            message = "only a team has certificates"
            raise ValueError(message)
        bare = _bare(dict(self.tree), _DEPTH_MAX)
        object.__setattr__(self, "tree", MappingProxyType(bare if isinstance(bare, dict) else {}))
        object.__setattr__(self, "certificates", MappingProxyType(dict(self.certificates)))

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 (FIPS 180-4) of its kind and what it says."""
        said = {"kind": str(self.kind), "tree": dict(self.tree)}
        return hashlib.sha256(_canonical(said)).digest()

    def dump(self) -> bytes:
        """Return all of it as bytes that `load` reads."""
        said = {
            "kind": str(self.kind),
            "tree": dict(self.tree),
            "certificates": dict(self.certificates),
        }
        return _canonical(said)


def load(stored: bytes) -> Content:
    """Return the content that `dump` wrote; ValueError for anything else."""
    said: Any = json.loads(stored)  # ValueError when it is no JSON
    try:
        kind, tree, certificates = Kind(said["kind"]), said["tree"], said["certificates"]
    except (KeyError, TypeError) as error:
        message = "not what a governed part is kept as"
        raise ValueError(message) from error
    return Content(kind=kind, tree=tree, certificates=certificates)


def plain(value: Tree) -> Tree:
    """Return a value without what says nothing: settings and entries that have no value."""
    return _bare(value, _DEPTH_MAX)


def leaves(value: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each setting below `value` with its text; a list is one value, in brackets."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from leaves(value[name], (*path, name))
    elif isinstance(value, list):
        yield path, _listed(value)
    elif value is not None:
        yield path, value


def _listed(value: list[Tree]) -> str:
    return "[" + ", ".join(_entry(each) for each in value) + "]"


def _entry(value: Tree) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{'.'.join(path)}: {text}" for path, text in leaves(value))
        return "{" + inside + "}"
    return _listed(value) if isinstance(value, list) else str(value or "")


def _bare(value: Tree, depth: int) -> Tree:
    if depth == 0:
        message = "nested too deeply; no setting lies that deep"
        raise ValueError(message)
    if isinstance(value, dict):
        inside = {str(name): _bare(each, depth - 1) for name, each in value.items()}
        return {name: each for name, each in inside.items() if each is not None and each != {}}
    if isinstance(value, list):
        return [_bare(each, depth - 1) for each in value]
    return value


def _canonical(said: Mapping[str, object]) -> bytes:
    """Return JSON of one form only: sorted, without blanks, ASCII."""
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
