"""The keys of alias and team as problems: what is wrong with them now, and what soon will be."""

from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper.config import heldkeys, listen_tls, rotation
from gatekeeper.config.judging import Judged, Standing, judged, scratch_engine, with_secrets
from gatekeeper.config.problems import Problem
from gatekeeper.config.settings import Settings
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.instants import DAY, Instant, later, spoken
from gatekeeper.pgp.guests import key_ids
from gatekeeper.pgp.keys import single

EXPIRES_SOON: Final = 60 * DAY
"""From then on an expiry is warned of (design: OpenPGP, "Keys")."""

_FILE: Final = "gatekeeper.yaml"
_PUT_BACK: Final = "put the right file back"


def examine(settings: Settings, *, now: Instant, serving: bool = False) -> tuple[Problem, ...]:
    """Return what is wrong with gpg, master key and keys at `now`: errors, and warnings.

    A person's key that cannot be used is a warning while another one can, an error when none
    is left. When `serving` that is a warning too: mail to this person is blocked and listed,
    which is no reason to take no reports. Nothing is decrypted but the alias's own keys, and
    nothing is kept.
    """
    try:
        with scratch_engine(settings) as engine:
            engine.require_version()
            found = judged(settings, engine, now)
            held, wrong = heldkeys.look(settings, engine, now)
            found = with_secrets(found, held)
            return (
                *_unfinished(settings),
                *_alias(found[0], settings, now),
                *wrong,
                *_former(found),
                *_advisory(found, now),
                *_people(found, settings, now, serving=serving),
                *_carried(found),
                *listen_tls.problems(settings, now=now, serving=serving),
            )
    except GatekeeperError as error:
        return (Problem(file=_FILE, text=error.diagnostics()),)


def _of(keys: Sequence[Judged], standing: Standing) -> list[Judged]:
    return [key for key in keys if key.standing is standing]


def _problem(path: str, text: str, *, warning: bool = False) -> Problem:
    return Problem(file=_FILE, path=path, text=text, warning=warning)


def _unfinished(settings: Settings) -> Iterator[Problem]:
    if rotation.unfinished(settings.folder):
        text = "a new key of the alias was begun and not finished; run: gatekeeper key rotate"
        yield _problem("alias", text, warning=True)


def _alias(key: Judged, settings: Settings, now: Instant) -> Iterator[Problem]:
    path = "alias.certificate"
    if key.info is None:
        yield _problem(path, key.refused)
        return
    if key.wrong:
        text = f"is the key {key.info.fingerprint}; put back the one named in alias.fingerprint"
        yield _problem(path, text)
        return
    for text in key.info.problems:
        yield _problem(path, f"{text}; extend or replace the alias's key")
    if not key.info.can_sign and not key.info.problems:
        yield _problem(path, "the key cannot sign; replace the alias's key")
    if text := _ending(key, now):
        yield _problem(path, f"{text}; extend it and publish it again", warning=True)
    address = settings.own.security.key
    if not any(f"<{address}>" in f"<{user.lower()}>" for user in key.info.user_ids):
        text = f"no user ID of the key names {address}; senders' programs may not find it"
        yield _problem(path, text, warning=True)


def _former(keys: Sequence[Judged]) -> Iterator[Problem]:
    """Tell of damaged files alone: a former key may have ended or be revoked."""
    for index, key in enumerate(_of(keys, Standing.FORMER)):
        if key.info is None:
            yield _problem(f"alias.former[{index}]", f"{key.file}: {key.refused}")
        elif key.wrong:
            text = f"{key.file} is the key {key.info.fingerprint}; {_PUT_BACK}"
            yield _problem(f"alias.former[{index}]", text)


def _advisory(keys: Sequence[Judged], now: Instant) -> Iterator[Problem]:
    path = "advisory.certificate"
    for key in _of(keys, Standing.ADVISORY):
        if key.info is None:
            yield _problem(path, key.refused)
        elif key.wrong:
            text = (
                f"is the key {key.info.fingerprint}; put back the one named in advisory.fingerprint"
            )
            yield _problem(path, text)
        elif not key.usable:
            state = key.info.dead or "the key cannot sign"
            text = f"{state}, so nobody can check what it signs; extend or replace it"
            yield _problem(path, text, warning=True)
        elif text := _ending(key, now):
            yield _problem(path, f"{text}; extend it and publish it again", warning=True)


def _people(
    keys: Sequence[Judged], settings: Settings, now: Instant, *, serving: bool
) -> Iterator[Problem]:
    team = _of(keys, Standing.TEAM)
    if serving and not any(key.usable for key in team):
        text = "nobody has a usable key, so nobody could read a report; renew the keys in keys/"
        yield Problem(file="team.yaml", path="people", text=text)
    for person in settings.team.people:
        own = [key for key in team if key.owner == person.name and key.fingerprint in person.keys]
        another = any(key.usable for key in own)
        for key in own:
            yield from _persons_key(key, now, another=another, serving=serving)


def _persons_key(key: Judged, now: Instant, *, another: bool, serving: bool) -> Iterator[Problem]:
    if key.info is None:
        bearable = (another or serving) and not key.exposed
        yield Problem(file=key.file, text=key.refused, warning=bearable)
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


def _carried(keys: Sequence[Judged]) -> Iterator[Problem]:
    """Name each certificate that shares a key with somebody else's.

    Anybody can bind another's key below the own; gpg then takes its signatures for those of the
    wrong certificate, and refuses them.
    """
    owners: dict[str, Judged] = {}
    for key in keys:
        right = key.info is not None and not key.wrong
        for key_id in key_ids(single(key.block)) if right else ():
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
