"""Documents held against their models; every error becomes a problem with a place and advice."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from gatekeeper.config.positions import Document, Plain
from gatekeeper.config.problems import Path, Problem, quoted
from gatekeeper.config.section import Section

AnySection = TypeVar("AnySection", bound=Section)


def validate(
    model: type[AnySection], document: Document, at: Path = ()
) -> tuple[AnySection | None, tuple[Problem, ...]]:
    """Return what stands at `at` in the document as `model`, or None and the problems."""
    try:
        return model.model_validate(_value_at(document, at)), ()
    except ValidationError as error:
        found = [one for one in error.errors(include_url=False) if not _follows(one)]
        return None, tuple(_problem(model, document, at, one) for one in found)


def sound_parts(model: type[Section], document: Document) -> Mapping[str, Any]:
    """Return those top-level settings that are right by themselves, defaults included.

    So that the files they name are looked at even while another part is wrong.
    """
    raw = document.value if isinstance(document.value, dict) else {}
    parts: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name not in raw:
            if not info.is_required():
                parts[name] = info.get_default()
            continue
        adapter: TypeAdapter[Any] = TypeAdapter(info.rebuild_annotation())
        try:
            parts[name] = adapter.validate_python(raw[name])
        except ValidationError:
            continue
    return parts


def _follows(error: ErrorDetails) -> bool:
    """Say whether a list only counts as too short because its entries are wrong."""
    return error["type"] == "too_short" and bool(error["input"])


def _value_at(document: Document, at: Path) -> Plain:
    value: Plain = document.value
    for step in at:
        if isinstance(value, dict):
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return value


def _problem(model: type[Section], document: Document, at: Path, error: ErrorDetails) -> Problem:
    inside: Path = error["loc"]
    if error["type"] == "misplaced":
        inside = (*inside, str(error["ctx"]["field"]))
    path = (*at, *inside)
    unknown = error["type"] == "extra_forbidden"
    text = _unknown(model, inside) if unknown else _sentence(model, inside, error)
    return document.problem(path, text, at_key=unknown)


def _unknown(model: type[Section], path: Path) -> str:
    section, word = _section_at(model, path[:-1]), str(path[-1])
    if word in section.moved:
        return f"no such setting any more; {section.moved[word]}"
    known = list(section.model_fields)
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    advice = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
    return f"no such setting; {advice}"


def _sentence(model: type[Section], path: Path, error: ErrorDetails) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    shown = quoted(value) if isinstance(value, str) else "this"
    if kind == "missing":
        return f"is missing; add it{_example(model, path)}"
    if kind == "value_error":
        return f"{shown} {context['error']}"
    if kind == "misplaced":
        return str(context["text"])
    if value is None:
        return f"has no value; write one{_example(model, path)}, or remove the line"
    if kind not in _SENTENCES:
        return f"{shown} is not right here; {error['msg']}"
    return _SENTENCES[kind].format(shown=shown, **context)


_LIST = "here belongs a list: lines that start with a dash"
_GROUP = "here belongs a group of settings: indented lines `name: value`"
_SENTENCES: Mapping[str, str] = {
    "int_parsing": "{shown} is no whole number; write digits only",
    "int_type": "here belongs one value, not a list or group",
    "greater_than_equal": "{shown} is too small; write {ge} or more",
    "less_than_equal": "{shown} is too large; write {le} or less",
    "bool_parsing": "{shown} is neither yes nor no; write true or false",
    "bool_type": "here belongs true or false",
    "enum": "{shown} is unknown; write {expected}",
    "string_type": "here belongs one value, not a list or group",
    "path_type": "here belongs one path, not a list or group",
    "is_instance_of": "here belongs one mail address, not a list or group",
    "date_type": "here belongs one date, not a list or group",
    "tuple_type": _LIST,
    "frozen_set_type": _LIST,
    "model_type": _GROUP,
    "model_attributes_type": _GROUP,
    "too_short": "is empty; it needs at least {min_length}",
    "too_long": "holds {actual_length}; at most {max_length} are allowed",
}


def _example(model: type[Section], path: Path) -> str:
    name = str(path[-1]) if path else ""
    info = _section_at(model, path[:-1]).model_fields.get(name)
    if info is None or not info.examples:
        return ""
    return f", for example {name}: {info.examples[0]}"


def _section_at(model: type[Section], path: Path) -> type[Section]:
    """Return the model of the group of settings at `path`; list positions change nothing."""
    for step in path:
        info = model.model_fields.get(str(step))
        inner = _section_in(info.annotation) if info else None
        model = inner or model
    return model


def _section_in(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((s for part in get_args(annotation) if (s := _section_in(part))), None)
