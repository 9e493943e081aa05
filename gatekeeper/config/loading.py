"""A configuration folder read as one value: Settings, or every problem of every file at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from gatekeeper.config import (
    databases,
    former,
    guarded,
    keyfiles,
    presets,
    recovery,
    relay_peer,
    roster,
    sources,
    templates,
)
from gatekeeper.config.models import (
    AddressesSection,
    AdvisorySection,
    AliasSection,
    GatekeeperFile,
    ListenSection,
)
from gatekeeper.config.places import Places
from gatekeeper.config.policy_models import PolicyFile
from gatekeeper.config.positions import Document, read
from gatekeeper.config.problems import BadConfiguration, Problem
from gatekeeper.config.section import Section
from gatekeeper.config.settings import (
    AdvisoryKey,
    AliasKey,
    Database,
    FormerKey,
    Listener,
    RecoveryKey,
    SecretFile,
    Settings,
)
from gatekeeper.config.validation import sound_parts, validate
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.policy import (
    AnswerPolicy,
    BouncePolicy,
    IntakeLimits,
    OutboxPolicy,
    Policy,
    ReadingLimits,
    RetentionPolicy,
    SpacePolicy,
)
from gatekeeper.domain.process_policy import ApprovalPolicy, ProcessText, ReminderPolicy
from gatekeeper.domain.team import Person, Team

AnySection = TypeVar("AnySection", bound=Section)

FILES = ("gatekeeper.yaml", "policy.yaml", "team.yaml")
"""What an operator edits, in the order in which problems are told."""


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the configuration folder when no `--config` names one."""
    return Path(environ.get("GATEKEEPER_CONFIG") or "config")


def load(folder: Path, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the configuration in `folder`; BadConfiguration holds every problem found.

    Nothing is changed and no program is started; what certificates contain is judged by
    `gatekeeper.config.certificates.examine`.
    """
    settings, problems = examine(folder, environ=environ)
    if settings is None:
        raise BadConfiguration(problems)
    return settings


def examine(
    folder: Path, *, environ: Mapping[str, str] = os.environ
) -> tuple[Settings | None, tuple[Problem, ...]]:
    """Return the configuration in `folder`, or None and every problem in reading order.

    Only a folder that is not there raises: Misconfigured.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        message = f"there is no configuration folder {folder}"
        remedy = (
            "make one with `gatekeeper init DIR --domain D --prefix P`, "
            "or name yours with --config DIR"
        )
        raise Misconfigured(message, remedy=remedy)
    reading = _Reading(Places(folder, environ))
    settings = reading.settings()
    return settings, tuple(sorted(reading.problems, key=_reading_order))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roster:
    people: tuple[Person, ...]
    certificates: Mapping[str, bytes]


class _Reading:
    """One pass over all files; problems gather in `problems`."""

    def __init__(self, places: Places) -> None:
        self.problems: list[Problem] = []
        self._places = places

    def settings(self) -> Settings | None:
        """Return the settings, or None when there are problems."""
        main, policy, team = (self._document(name) for name in FILES)
        gatekeeper = self._validated(GatekeeperFile, main) if main else None
        parts = sound_parts(GatekeeperFile, main) if main else {}
        if main:
            found = self._places.complaints(parts)
            self.problems += [main.problem(path, text) for path, text in found]
        if policy:
            policy, problems = presets.applied(policy, self._places.folder)
            self.problems += problems
        numbers = self._validated(PolicyFile, policy) if policy else None
        listed = self._roster(team, _own(parts)) if team else None
        texts, problems = templates.sources(self._places.folder)
        self.problems += problems
        if self.problems or gatekeeper is None or numbers is None or listed is None:
            return None
        if main is None or policy is None or team is None:
            return None
        said = sources.Read(
            main=main,
            policy=policy,
            team=team,
            certificates=listed.certificates,
            templates=texts,
        )
        return _assemble(gatekeeper, numbers, listed, said, self._places)

    def _document(self, name: str) -> Document | None:
        path = self._places.of(Path(name))
        texts = list(guarded.plain_file(path))
        if texts:
            self.problems += [Problem(file=name, text=text) for text in texts]
            return None
        document, problems = read(name, path.read_bytes())
        self.problems += problems
        return document

    def _validated(self, model: type[AnySection], document: Document) -> AnySection | None:
        value, problems = validate(model, document)
        self.problems += problems
        return value

    def _roster(self, document: Document, own: OwnAddresses | None) -> _Roster:
        people, problems = roster.people(document)
        self.problems += problems
        self.problems += roster.addresses(document, own)
        uses = roster.uses(document)
        found, problems = keyfiles.certificates(self._places.folder, uses, document)
        self.problems += problems
        return _Roster(people=people, certificates=found)


def _reading_order(problem: Problem) -> tuple[int, str, int, int]:
    place = FILES.index(problem.file) if problem.file in FILES else len(FILES)
    return place, problem.file, problem.line, problem.column


def _own(parts: Mapping[str, Any]) -> OwnAddresses | None:
    if "domain" not in parts or "addresses" not in parts:
        return None
    names: AddressesSection = parts["addresses"]
    security = Address(local=names.security, domain=parts["domain"])
    return OwnAddresses(security=security, bounces_local=names.bounces.lower())


def _assemble(
    file: GatekeeperFile,
    numbers: PolicyFile,
    listed: _Roster,
    said: sources.Read,
    places: Places,
) -> Settings | None:
    own = _own({"domain": file.domain, "addresses": file.addresses})
    folder, key = places.runtime(file.runtime), places.master_key(file.master_key)
    gpg = places.gpg(file.gpg)
    if own is None or folder is None or key is None or gpg is None:
        return None
    relay = relay_peer.peer(file.relay, places)
    return Settings(
        folder=places.folder,
        product_name=file.product.name,
        issue_prefix=file.product.issue_prefix,
        own=own,
        require_tls=file.addresses.require_tls,
        listeners=tuple(_listener(section, places) for section in file.listen),
        trusted_relays=file.trusted_relays,
        relay=relay,
        database=_database(file, places),
        state_folder=places.of(file.state.folder),
        runtime_folder=folder,
        allow_disk=file.runtime.allow_disk,
        master_key=SecretFile(path=key),
        alias=_alias(file.alias, places),
        advisory=_advisory(file.advisory, places),
        gpg=gpg,
        metrics_file=places.of(file.metrics.file) if file.metrics.file else None,
        witness_file=places.of(file.witness.file),
        recovery=tuple(_recovery(key, places) for key in file.backup.recipients),
        forwarders=file.forwarders,
        team=Team(people=listed.people),
        certificates=MappingProxyType(dict(listed.certificates)),
        templates=said.templates,
        policy=policy_of(numbers),
        governed=sources.contents(said, authorities=relay.authorities),
    )


def _listener(section: ListenSection, places: Places) -> Listener:
    if section.socket is not None:
        return Listener(protocol=section.protocol, socket=places.of(section.socket))
    return Listener(
        protocol=section.protocol,
        host=section.host or "",
        port=section.port or 0,
        tls=places.listener_tls(section.tls) if section.tls else None,
    )


def _database(file: GatekeeperFile, places: Places) -> Database:
    url = databases.resolve(file.database.url, places.of(file.state.folder))
    password = file.database.password_file
    return Database(
        url=url, password_file=SecretFile(path=places.of(password)) if password else None
    )


def _alias(section: AliasSection, places: Places) -> AliasKey:
    certificate = places.of(section.certificate)
    return AliasKey(
        fingerprint=section.fingerprint,
        certificate=certificate.read_bytes(),
        certificate_file=certificate,
        secret=SecretFile(path=places.of(section.secret)),
        former=tuple(_former(key, places) for key in section.former),
    )


def _former(fingerprint: str, places: Places) -> FormerKey:
    return FormerKey(
        fingerprint=fingerprint,
        certificate=places.of(former.certificate(fingerprint)).read_bytes(),
        secret=SecretFile(path=places.of(former.secret(fingerprint))),
    )


def _recovery(fingerprint: str, places: Places) -> RecoveryKey:
    certificate = places.of(recovery.certificate(fingerprint))
    return RecoveryKey(fingerprint=fingerprint, certificate=certificate.read_bytes())


def _advisory(section: AdvisorySection, places: Places) -> AdvisoryKey | None:
    if section.fingerprint is None:
        return None
    certificate = places.of(section.certificate)
    return AdvisoryKey(
        fingerprint=section.fingerprint,
        certificate=certificate.read_bytes(),
        certificate_file=certificate,
    )


def policy_of(numbers: PolicyFile) -> Policy:
    """Return the policy that a file's numbers make."""
    return Policy(
        intake=IntakeLimits(**numbers.intake.model_dump()),
        space=SpacePolicy(**numbers.space.model_dump()),
        reading=ReadingLimits(**numbers.reading.model_dump()),
        outbox=OutboxPolicy(**numbers.outbox.model_dump()),
        process=ProcessText(preset=numbers.preset or "", text=numbers.process or ""),
        embargo=numbers.embargo.policy(),
        approvals=ApprovalPolicy(**numbers.approvals.model_dump()),
        reminders=ReminderPolicy(**numbers.reminders.model_dump()),
        answers=AnswerPolicy(**numbers.answers.model_dump()),
        bounces=BouncePolicy(**numbers.bounces.model_dump()),
        retention=RetentionPolicy(**numbers.retention.model_dump()),
    )
