"""The settings with what is in force in place of what the files say (05, "Configuration").

A file that says something else than what is in force is not used; what is in force lies in the
database, so that every host on it, a restored one too, works by the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gatekeeper.config import addresses, roster, shipped
from gatekeeper.config.loading import policy_of
from gatekeeper.config.policy_models import PolicyFile
from gatekeeper.config.positions import Document
from gatekeeper.config.problems import BadConfiguration
from gatekeeper.config.settings import Settings
from gatekeeper.config.templates import FOLDER
from gatekeeper.config.validation import validate
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.governed import Content, Kind
from gatekeeper.domain.team import Team
from gatekeeper.texts.templates import REQUIRED, examine

FILES: Final = {Kind.TEAM: "team.yaml", Kind.POLICY: "policy.yaml"}


def drifted(settings: Settings, held: Mapping[Kind, Content]) -> tuple[Kind, ...]:
    """Return the parts of which the files say something else than what is in force."""
    return tuple(
        kind
        for kind in Kind
        if kind in held and completed(held[kind]).digest != settings.governed[kind].digest
    )


def completed(held: Content) -> Content:
    """Return what is in force with the texts that only this version of the program knows.

    They are the shipped ones, so that a new version needs nobody's approval to be started.
    """
    if held.kind is not Kind.TEMPLATES:
        return held
    brought = {name: _shipped(name) for name in sorted(REQUIRED - set(held.tree))}
    return replace(held, tree={**held.tree, **brought}) if brought else held


def in_force(settings: Settings, held: Mapping[Kind, Content]) -> Settings:
    """Return the settings by which to work; a part that is not in `held` is the file's.

    BadConfiguration or Misconfigured when this version of the program cannot use what is in force.
    """
    for kind in drifted(settings, held):
        settings = _PUT[kind](settings, held[kind])
    return _with_certificates(settings, held.get(Kind.TEAM))


def _put_team(settings: Settings, held: Content) -> Settings:
    people, problems = roster.people(_document(held))
    if problems:
        raise BadConfiguration(problems)
    return replace(settings, team=Team(people=people))


def _with_certificates(settings: Settings, held: Content | None) -> Settings:
    """Return the settings with a certificate of every key: the file's, which may be newer."""
    kept = held.certificates if held is not None else {}
    found: dict[str, bytes] = {}
    for person in settings.team.people:
        for key in person.keys:
            block = settings.certificates.get(key)
            found[key] = block if block is not None else kept.get(key, "").encode("latin-1")
    return replace(settings, certificates=MappingProxyType(found))


def _put_policy(settings: Settings, held: Content) -> Settings:
    numbers, problems = validate(PolicyFile, _document(held))
    if numbers is None:
        raise BadConfiguration(problems)
    return replace(settings, policy=policy_of(numbers))


def _put_templates(settings: Settings, held: Content) -> Settings:
    """Put the texts in force; one that this version cannot fill any more is the shipped one."""
    texts = {name: str(text) for name, text in completed(held).tree.items()}
    for name in sorted(REQUIRED):
        try:
            examine(name, texts)
        except Misconfigured:
            texts[name] = _shipped(name)
    return replace(settings, templates=MappingProxyType(texts))


_PUT: Final[Mapping[Kind, Callable[[Settings, Content], Settings]]] = {
    Kind.TEAM: _put_team,
    Kind.POLICY: _put_policy,
    Kind.TEMPLATES: _put_templates,
    Kind.ADDRESSES: addresses.put,
}


def _shipped(name: str) -> str:
    return (shipped.folder() / FOLDER / name).read_text(encoding="utf-8")


def _document(held: Content) -> Document:
    name = FILES[held.kind]
    return Document(file=f"{name} in force", value=dict(held.tree), values={}, keys={})
