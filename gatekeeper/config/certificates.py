"""The keys of alias and team, judged by gpg: whose, good for what, until when."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.config.homes import lend_home
from gatekeeper.config.keyfiles import FOLDER
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of
from gatekeeper.config.problems import Problem
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.instants import DAY, Instant, later, spoken
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.guests import key_ids
from gatekeeper.pgp.keys import CertInfo, CertRefused, inspect, single

EXPIRES_SOON: Final = 60 * DAY
"""From then on an expiry is warned of (design: OpenPGP, "Keys")."""

ALIAS: Final = "alias"
_FILE: Final = "gatekeeper.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One key: its owner (`alias`, or a person's name), and what gpg says or why it is refused."""

    owner: str
    fingerprint: str
    file: str
    info: CertInfo | None
    refused: str = ""

    @property
    def usable(self) -> bool:
        """Say whether mail can be encrypted to it now."""
        return self.info is not None and self.info.can_encrypt and not self.wrong

    @property
    def wrong(self) -> bool:
        """Say whether the file holds another key than it should."""
        return self.info is not None and self.info.fingerprint != self.fingerprint

    @property
    def expires_at(self) -> Instant | None:
        """When mail can no longer be encrypted to it: the key, or its last encryption subkey."""
        if self.info is None:
            return None
        ends = [key.expires_at for key in self.info.encryption_keys]
        subkeys = max((end for end in ends if end is not None), default=None)
        known = (self.info.expires_at, None if None in ends else subkeys)
        return min((end for end in known if end is not None), default=None)


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


def judged(settings: Settings, engine: Engine, now: Instant) -> tuple[Judged, ...]:
    """Return the alias's key and every person's keys as they are at `now`."""
    alias = Judged(owner=ALIAS, fingerprint=settings.alias.fingerprint, file="alias", info=None)
    people = [
        Judged(owner=person.name, fingerprint=key, file=f"{FOLDER}/{key}.asc", info=None)
        for person in settings.team.people
        for key in person.keys
    ]
    return (
        _judge(engine, alias, settings.alias.certificate, now),
        *(_judge(engine, key, settings.certificates[key.fingerprint], now) for key in people),
    )


def examine(settings: Settings, *, now: Instant, serving: bool = False) -> tuple[Problem, ...]:
    """Return what is wrong with gpg, master key and keys at `now`: errors, and warnings.

    A person's key that cannot be used is a warning while another one can, an error when none
    is left. When `serving` that is a warning too: mail to this person is blocked and listed,
    which is no reason to take no reports. Nothing is decrypted but the alias's own key, and
    nothing is kept.
    """
    try:
        with scratch_engine(settings) as engine:
            engine.require_version()
            found = judged(settings, engine, now)
            return (
                *_alias(found[0], settings, now),
                *_alias_secret(settings, engine, now),
                *_people(found[1:], settings, now, serving=serving),
                *_carried(found, settings),
            )
    except GatekeeperError as error:
        return (Problem(file=_FILE, text=error.diagnostics()),)


def _judge(engine: Engine, key: Judged, block: bytes, now: Instant) -> Judged:
    try:
        return replace(key, info=inspect(engine, block, now))
    except CertRefused as error:
        return replace(key, refused=_said(error))


def _said(error: GatekeeperError) -> str:
    return f"{error.public}; {error.remedy}" if error.remedy else error.public


def _alias(key: Judged, settings: Settings, now: Instant) -> Iterator[Problem]:
    def problem(text: str, *, warning: bool = False) -> Problem:
        return Problem(file=_FILE, path="alias.certificate", text=text, warning=warning)

    if key.info is None:
        yield problem(key.refused)
        return
    if key.wrong:
        text = f"is the key {key.info.fingerprint}; put back the one named in alias.fingerprint"
        yield problem(text)
        return
    for text in key.info.problems:
        yield problem(f"{text}; extend or replace the alias's key")
    if not key.info.can_sign and not key.info.problems:
        yield problem("the key cannot sign; replace the alias's key")
    if text := _ending(key, now):
        yield problem(f"{text}; extend it and publish it again", warning=True)
    address = settings.own.security.key
    if not any(f"<{address}>" in f"<{user.lower()}>" for user in key.info.user_ids):
        text = f"no user ID of the key names {address}; senders' programs may not find it"
        yield problem(text, warning=True)


def _alias_secret(settings: Settings, engine: Engine, now: Instant) -> Iterator[Problem]:
    try:
        codec = codec_of(settings)
    except GatekeeperError as error:
        yield Problem(file=_FILE, path="master_key", text=error.diagnostics())
        return
    try:
        secret = codec.unwrap(ALIAS_SECRET, settings.alias.secret.read())
        info = inspect(engine, secret, now, allow_secret=True)
    except GatekeeperError as error:
        yield Problem(file=_FILE, path="alias.secret", text=error.diagnostics())
        return
    if info.fingerprint != settings.alias.fingerprint:
        text = (
            f"is the key {info.fingerprint}, not the one in alias.fingerprint; "
            "put the right file back"
        )
        yield Problem(file=_FILE, path="alias.secret", text=text)
    elif _is_public(secret):
        text = "holds no secret key; put the right file back"
        yield Problem(file=_FILE, path="alias.secret", text=text)


def _is_public(block: bytes) -> bool:
    try:
        single(block)
    except CertRefused:
        return False
    return True


def _people(
    keys: tuple[Judged, ...], settings: Settings, now: Instant, *, serving: bool
) -> Iterator[Problem]:
    if serving and not any(key.usable for key in keys):
        text = "nobody has a usable key, so nobody could read a report; renew the keys in keys/"
        yield Problem(file="team.yaml", path="people", text=text)
    for person in settings.team.people:
        own = [key for key in keys if key.owner == person.name and key.fingerprint in person.keys]
        another = any(key.usable for key in own)
        for key in own:
            yield from _persons_key(key, now, another=another, serving=serving)


def _persons_key(key: Judged, now: Instant, *, another: bool, serving: bool) -> Iterator[Problem]:
    if key.info is None:
        yield Problem(file=key.file, text=key.refused)
    elif key.wrong:
        text = (
            f"holds the key {key.info.fingerprint}, not the one it is named after; "
            "save the right key there, or rename it and correct team.yaml"
        )
        yield Problem(file=key.file, text=text)
    elif not key.usable:
        state = key.info.problems[0] if key.info.problems else "the key cannot encrypt"
        left = "another key is used" if another else "no usable key is left, mail is blocked"
        text = f"{state} ({key.owner}; {left}); ask {key.owner} for a renewed or a new key"
        yield Problem(file=key.file, text=text, warning=another or serving)
    elif text := _ending(key, now):
        text = f"{text} ({key.owner}); ask {key.owner} to extend it and save it here"
        yield Problem(file=key.file, text=text, warning=True)


def _carried(keys: Sequence[Judged], settings: Settings) -> Iterator[Problem]:
    """Name each certificate that shares a key with somebody else's.

    Anybody can bind another's key below the own; gpg then takes its signatures for those of the
    wrong certificate, and refuses them.
    """
    owners: dict[str, Judged] = {}
    for key in keys:
        is_alias = key.owner == ALIAS
        block = settings.alias.certificate if is_alias else settings.certificates[key.fingerprint]
        for key_id in key_ids(single(block)) if key.info is not None else ():
            other = owners.setdefault(key_id, key)
            if other.owner != key.owner:
                text = (
                    f"holds a key that {other.file} holds, too, so that gpg would refuse its"
                    f" signatures; ask {other.owner} and {key.owner} whose it is, and for a"
                    " certificate without it"
                )
                yield Problem(file=key.file, text=text)


def _ending(key: Judged, now: Instant) -> str:
    end = key.expires_at
    if end is None or end > later(now, EXPIRES_SOON) or not key.usable:
        return ""
    return f"the key expires {spoken(end)}"
