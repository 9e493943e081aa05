"""Every key that the configuration names, judged by gpg: whose, good for what, until when."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from gatekeeper.config import former
from gatekeeper.config.homes import lend_home
from gatekeeper.config.keyfiles import FOLDER
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import Instant
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.keys import CertInfo, CertRefused, SecretRefused, inspect
from gatekeeper.pgp.listing import SubkeyRecord

ALIAS: Final = "alias"
ADVISORY: Final = "advisory"


class Standing(StrEnum):
    """What a key is to us."""

    CURRENT = "current"
    FORMER = "former"
    ADVISORY = "advisory"
    TEAM = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One key: its owner (`alias`, `advisory`, or a person's name), and what gpg says of it.

    `file` names the place of its certificate to people, `path` is that place · `refused` says why
    it is none; `exposed` when that is because there is a secret key where everybody may read it.
    """

    owner: str
    standing: Standing
    fingerprint: str
    file: str
    path: Path
    block: bytes = field(repr=False)
    info: CertInfo | None = None
    refused: str = ""
    exposed: bool = False

    @property
    def usable(self) -> bool:
        """Say whether it does now what it is for: take mail, or for advisories sign."""
        if self.info is None or self.wrong:
            return False
        advisory = self.standing is Standing.ADVISORY
        return self.info.can_sign if advisory else self.info.can_encrypt

    @property
    def wrong(self) -> bool:
        """Say whether the file holds another key than it should."""
        return self.info is not None and self.info.fingerprint != self.fingerprint

    @property
    def expires_at(self) -> Instant | None:
        """When it can no longer do what it is for: the key, or the last subkey of one use.

        The alias's must also sign, by keys whose secret is here when that is known.
        """
        return None if self.info is None else end_of(self.info, self.standing)


def end_of(info: CertInfo, standing: Standing) -> Instant | None:
    """Return when a key can, or could, no longer do what it is for; None when never."""
    alive = [part for part in info.parts if not part.dead]
    held = info.secret_parts or {part.fingerprint for part in alive}
    ends = [info.expires_at]
    if standing is not Standing.ADVISORY:
        ends.append(_last(part for part in alive if "e" in part.uses))
    if standing in {Standing.ADVISORY, Standing.CURRENT}:
        ends.append(_last(p for p in alive if "s" in p.uses and p.fingerprint in held))
    return min((end for end in ends if end is not None), default=None)


def _last(parts: Iterable[SubkeyRecord]) -> Instant | None:
    ends = [part.expires_at for part in parts]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


@contextmanager
def scratch_engine(settings: Settings) -> Iterator[Engine]:
    """Lend an engine on an empty home in the runtime folder; it knows no key."""
    with lend_home(settings.runtime_folder, settings.gpg) as home:
        yield Engine(
            binary=settings.gpg,
            home=home,
            wait=settings.policy.reading.gpg_wait,
            output_limit=settings.policy.reading.plaintext_bytes,
        )


def require_sound(settings: Settings, certificate: bytes, now: Instant, *, remedy: str) -> None:
    """Refuse a certificate that `judged` would, before it is written: joined, two may be too much.

    What gpg puts together of sound ones may hold more keys or user IDs, or be larger, than one may.
    """
    with scratch_engine(settings) as engine:
        try:
            inspect(engine, certificate, now)
        except CertRefused as error:
            message = f"joined with what is known, it could not be used: {error.public}"
            raise Refusal(message, remedy=remedy) from None


def judged(settings: Settings, engine: Engine, now: Instant) -> tuple[Judged, ...]:
    """Return every key as it is at `now`: the alias's, its former ones, advisory, the team's."""
    return tuple(_judge(engine, key, now) for key in named(settings))


def with_secrets(keys: tuple[Judged, ...], held: Mapping[str, CertInfo]) -> tuple[Judged, ...]:
    """Return the keys with what `held` says of their secrets, as `heldkeys.look` returns it."""
    return tuple(_with(key, held) for key in keys)


def named(settings: Settings) -> Iterator[Judged]:
    """Yield every key that the configuration names, not looked at yet."""
    alias, advisory = settings.alias, settings.advisory
    yield Judged(
        owner=ALIAS,
        standing=Standing.CURRENT,
        fingerprint=alias.fingerprint,
        file=ALIAS,
        path=alias.certificate_file,
        block=alias.certificate,
    )
    for key in alias.former:
        yield Judged(
            owner=ALIAS,
            standing=Standing.FORMER,
            fingerprint=key.fingerprint,
            file=str(former.certificate(key.fingerprint)),
            path=settings.folder / former.certificate(key.fingerprint),
            block=key.certificate,
        )
    if advisory is not None:
        yield Judged(
            owner=ADVISORY,
            standing=Standing.ADVISORY,
            fingerprint=advisory.fingerprint,
            file=ADVISORY,
            path=advisory.certificate_file,
            block=advisory.certificate,
        )
    for person in settings.team.people:
        for fingerprint in person.keys:
            yield Judged(
                owner=person.name,
                standing=Standing.TEAM,
                fingerprint=fingerprint,
                file=f"{FOLDER}/{fingerprint}.asc",
                path=settings.folder / FOLDER / f"{fingerprint}.asc",
                block=settings.certificates[fingerprint],
            )


def _judge(engine: Engine, key: Judged, now: Instant) -> Judged:
    try:
        return replace(key, info=inspect(engine, key.block, now))
    except CertRefused as error:
        said = f"{error.public}; {error.remedy}" if error.remedy else error.public
        return replace(key, refused=said, exposed=isinstance(error, SecretRefused))


def _with(key: Judged, held: Mapping[str, CertInfo]) -> Judged:
    cert = held.get(key.fingerprint)
    if cert is None or key.info is None or key.standing is Standing.TEAM:
        return key
    return replace(key, info=replace(key.info, secret_parts=cert.secret_parts))
