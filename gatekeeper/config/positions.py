"""YAML read so that every value keeps its place, every scalar its text, and nothing hides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

import yaml

from gatekeeper.config.problems import Path, Problem, Step, dotted, quoted

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

FILE_MAX: Final = 1024 * 1024
"""No file that an operator edits is larger; in bytes."""

_DEPTH_MAX: Final = 12
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a value stands: line and column from 1, and its characters `[start, end)`."""

    line: int
    column: int
    start: int
    end: int


class _Mark(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


_TOP: Final = Span(line=1, column=1, start=0, end=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's plain values (mappings, lists, text, None) and the places of values and keys."""

    file: str
    value: Plain
    values: Mapping[Path, Span]
    keys: Mapping[Path, Span]

    def problem(self, path: Path, text: str, *, at_key: bool = False) -> Problem:
        """Return a problem placed at `path`, or at the nearest thing around it that is there."""
        span = self._nearest(path, at_key=at_key)
        return Problem(
            file=self.file, line=span.line, column=span.column, path=dotted(path), text=text
        )

    def _nearest(self, path: Path, *, at_key: bool) -> Span:
        if at_key and path in self.keys:
            return self.keys[path]
        if path in self.values:
            return self.values[path]
        while path:
            path = path[:-1]
            found = self.keys.get(path) or self.values.get(path)
            if found:
                return found
        return _TOP


def read(file: str, raw: bytes) -> tuple[Document | None, tuple[Problem, ...]]:
    """Return the document in `raw` and what is wrong with its YAML.

    The document is None when the file cannot be read as a whole. An empty file is an empty
    mapping. Anchors, aliases, tags, several documents and duplicate keys are refused:
    a reader must see what a value is from the line where it stands.
    """
    text = _decode(file, raw)
    if isinstance(text, Problem):
        return None, (text,)
    try:
        problems = tuple(_hidden(file, text))
        if problems:
            return None, problems
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        return None, (_syntax(file, error),)
    except yaml.reader.ReaderError as error:
        return None, (_forbidden_character(file, text, error.position),)
    if root is None:
        return Document(file=file, value={}, values={}, keys={}), ()
    builder = _Builder(file)
    value = builder.build(root, ())
    document = Document(
        file=file,
        value=value,
        values=MappingProxyType(builder.values),
        keys=MappingProxyType(builder.keys),
    )
    return document, tuple(builder.problems)


def _decode(file: str, raw: bytes) -> str | Problem:
    if len(raw) > FILE_MAX:
        text = f"larger than {FILE_MAX // 1024} KiB; is this the right file?"
        return Problem(file=file, text=text)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        text = "a byte that is not UTF-8; save the file as UTF-8"
        return Problem(file=file, line=line, column=column, text=text)


def _hidden(file: str, text: str) -> Iterator[Problem]:
    """Yield what may not stand in a file of ours, before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEPTH_MAX:
                yield _at(file, event.start_mark, "nested too deeply; no setting lies that deep")
                return
        if isinstance(event, yaml.AliasEvent):
            yield _at(file, event.start_mark, "an alias (*name); write the value out")
        elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            yield _at(file, event.start_mark, "an anchor (&name); write each value out")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            yield _at(file, event.start_mark, "a tag (!name); write the plain value")


def _at(file: str, mark: _Mark | None, text: str) -> Problem:
    if mark is None:
        return Problem(file=file, text=text)
    return Problem(file=file, line=mark.line + 1, column=mark.column + 1, text=text)


def _syntax(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    text = f"not YAML: {error.problem or error.context}; look at this line and the one before"
    return _at(file, mark, text)


def _forbidden_character(file: str, text: str, position: int) -> Problem:
    before = text[:position]
    line = before.count("\n") + 1
    column = position - before.rfind("\n")
    return Problem(
        file=file, line=line, column=column, text="a control character; remove or retype it"
    )


class _Builder:
    """Turns YAML nodes into plain values and remembers where each stood."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.values: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, path: Path) -> Plain:
        """Return the plain value of `node`, which stands at `path`."""
        self.values[path] = _span(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and not node.style and node.value in _NOTHING:
            return None
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Plain:
        result: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._add(key_node, path, "a list or mapping as a key; write a plain name")
                continue
            key = str(key_node.value)
            here: tuple[Step, ...] = (*path, key)
            if key in result:
                first = self.keys[here].line
                text = f"{quoted(key)} stands twice, first in line {first}; remove one of them"
                self._add(key_node, here, text)
                continue
            self.keys[here] = _span(key_node)
            result[key] = self.build(value_node, here)
        return result

    def _add(self, node: yaml.Node, path: Path, text: str) -> None:
        span = _span(node)
        self.problems.append(
            Problem(
                file=self._file, line=span.line, column=span.column, path=dotted(path), text=text
            )
        )


def _span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span(line=start.line + 1, column=start.column + 1, start=start.index, end=end.index)
