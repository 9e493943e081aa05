"""Look at the ends of everybody's keys, and tell the team of each stage before one, once."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from gatekeeper.domain import expiry
from gatekeeper.domain.expiry import Stage, said
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import Instant, rfc3339
from gatekeeper.domain.team import Person, Team
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues import notices
from gatekeeper.issues.column import one_line
from gatekeeper.issues.letterhead import Desk
from gatekeeper.issues.post import Words, to_team
from gatekeeper.pgp import ends
from gatekeeper.pgp.ends import CertEnds, KeyEnd
from gatekeeper.pgp.engine import Engine
from gatekeeper.store import audit, correspondents, key_warnings
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from gatekeeper.texts.templates import KEYS_ENDING

_LOG: Final = logging.getLogger("gatekeeper.issues")

KIND: Final = "keys-ending"
"""The kind of letter that tells the whole team of keys."""

_AT_ONCE: Final = 64
"""Certificates of correspondents that are in memory together."""

_NEXT_STEP: Final = (
    "Ask for the key with a later end, or for a new one, in a mail that the present key signs. "
    "Once it has ended answers are blocked."
)


class Group(StrEnum):
    """Whose a key is, in the order in which the team is told."""

    ALIAS = "alias"
    ADVISORY = "advisory"
    PEOPLE = "people"
    CORRESPONDENT = "correspondent"


class Part(StrEnum):
    """What of a certificate ends: all of it, or its last subkey for one use."""

    WHOLE = ""
    MAIL = "last encryption subkey"
    SIGNING = "last signing subkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One end of one key, in our words: `owner` as it is told of, `then` what that end means.

    `certificate` is the primary fingerprint · `issue` the issue in which a correspondent is told
    of, None for what the whole team is told.
    """

    group: Group
    owner: str
    certificate: str
    part: Part
    end: KeyEnd
    then: str = ""
    issue: RowId | None = None

    def lines(self, now: Instant) -> tuple[str, ...]:
        """Return what people read of it."""
        what = f"its {self.part} " if self.part else ""
        told = (self.owner, spaced(self.certificate), f"{what}{said(self.end.at, now)}")
        first, *others = (*told, self.then) if self.then else told
        return (first, *(f"  {line}" for line in others))

    def headline(self, now: Instant) -> str:
        """Return the same in a few words."""
        what = f"the {self.part} of {self.owner}" if self.part else self.owner
        when = said(self.end.at, now).rpartition(", ")[2]
        told = f"{what} {'has ended' if self.end.at <= now else f'ends {when}'}"
        return told[:1].upper() + told[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWatch:
    """Watches our keys, the team's, and those pinned in issues that are open.

    `advisory` is the certificate of the key that signs advisories, if that is another.
    """

    store: Store
    desk: Desk
    engine: Engine
    advisory: bytes | None = field(repr=False)
    now: Callable[[], Instant]

    def tick(self) -> int:
        """Write what is new of any key; return how many letters were written.

        gpg is asked before the transactions; each letter is committed with the note that its
        stages were told, so that nothing is told twice and a look that fails loses nothing.
        """
        now = self.now()
        alias, team = self.desk.fingerprint, self.desk.team
        found = inside(self.engine, alias=alias, advisory=self.advisory, team=team, now=now)
        letters = self._tell(tuple(found), now)
        by_issue: dict[RowId | None, list[Watched]] = {}
        for each in outside(self.engine, self.store, now):
            by_issue.setdefault(each.issue, []).append(each)
        return letters + sum(self._tell(told, now) for told in by_issue.values())

    def _tell(self, near: Sequence[Watched], now: Instant) -> int:
        """Tell of those that are new, all of them the whole team's or one issue's."""
        if not near or not self.store.read(lambda tx: _new(tx, near, now)):
            return 0
        told = self.store.write(lambda tx: _write(tx, self.desk, near, now))
        for each in told:
            if each.group in {Group.ALIAS, Group.ADVISORY}:
                _LOG.warning("%s %s", each.owner, said(each.end.at, now))
        return 1 if told else 0


def inside(
    engine: Engine, *, alias: str, advisory: bytes | None, team: Team, now: Instant
) -> Iterator[Watched]:
    """Yield every end in a stage now of our keys and the team's, which are in the engine's home.

    `alias` is a fingerprint, `advisory` the certificate of a key that is not in the home.
    """
    home = ends.in_home(engine, now)
    found: list[Watched] = []
    if alias in home:
        cert = home[alias]
        parts = {Part.WHOLE: cert.whole, Part.MAIL: cert.mail, Part.SIGNING: cert.signing}
        found += _watched(Group.ALIAS, "the alias key", cert, parts)
    looked_at = ends.of_certificates(engine, [advisory] if advisory else [], now)
    for own in looked_at:
        if own is not None:
            parts = {Part.WHOLE: own.whole, Part.SIGNING: own.signing}
            found += _watched(Group.ADVISORY, "the advisory key", own, parts)
    for person in team.people:
        found += _of_person(person, home)
    yield from (each for each in found if _is_near(each, now))


def outside(engine: Engine, store: Store, now: Instant) -> Iterator[Watched]:
    """Yield every end in a stage now of a key that is pinned in an issue that is open."""
    rows = store.read(correspondents.in_open_issues)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        pinned = store.read(partial(_pinned, rows=some))
        blocks = [each.certificate or b"" for each in pinned]
        for whose, cert in zip(pinned, ends.of_certificates(engine, blocks, now), strict=True):
            if cert is None:
                continue
            parts = {Part.WHOLE: cert.whole, Part.MAIL: cert.mail}
            owner = f"the key of the {whose.name}"
            for each in _watched(Group.CORRESPONDENT, owner, cert, parts, issue=whose.issue):
                if _is_near(each, now):
                    yield each


def _pinned(tx: Tx, *, rows: Sequence[RowId]) -> list[Correspondent]:
    known = (correspondents.by_row(tx, row) for row in rows)
    return [each for each in known if each.certificate is not None]


def _watched(
    group: Group,
    owner: str,
    cert: CertEnds,
    parts: Mapping[Part, KeyEnd | None],
    *,
    then: str = "",
    issue: RowId | None = None,
) -> Iterator[Watched]:
    for part, end in parts.items():
        if end is not None:
            yield Watched(
                group=group,
                owner=owner,
                certificate=cert.fingerprint,
                part=part,
                end=end,
                then=then,
                issue=issue,
            )


def _of_person(person: Person, home: Mapping[str, CertEnds]) -> Iterator[Watched]:
    """Yield the ends of a person's keys, and what each means for the mail to that person."""
    owner = f"the key of {one_line(person.name, 60)}"
    for fingerprint in person.keys:
        cert = home.get(fingerprint)
        if cert is None:
            continue
        another = any(home[key].usable for key in person.keys if key in home and key != fingerprint)
        if another:
            then = "another key of theirs is used"
        elif cert.usable:
            then = "then no key of theirs is left, and mail to them is blocked"
        else:
            then = "no key of theirs is left: mail to them is blocked"
        parts = {Part.WHOLE: cert.whole, Part.MAIL: cert.mail}
        yield from _watched(Group.PEOPLE, owner, cert, parts, then=then)


def _is_near(watched: Watched, now: Instant) -> bool:
    return expiry.stage(watched.end.at, now) is not None


def _new(tx: Tx, near: Sequence[Watched], now: Instant) -> list[tuple[Watched, Stage]]:
    """Return what nobody was told of yet, each with its stage."""
    found: list[tuple[Watched, Stage]] = []
    for each in near:
        told = key_warnings.told(
            tx, fingerprint=each.end.fingerprint, ends_at=each.end.at, issue=each.issue
        )
        stage = expiry.due(each.end.at, now, told)
        if stage is not None:
            found.append((each, stage))
    return found


def _write(tx: Tx, desk: Desk, near: Sequence[Watched], now: Instant) -> tuple[Watched, ...]:
    """Write one letter of all that is new, and note it, in one transaction; return it."""
    key_warnings.lock(tx)
    noted = [
        (each, stage)
        for each, stage in _new(tx, near, now)
        if key_warnings.note(
            tx,
            fingerprint=each.end.fingerprint,
            ends_at=each.end.at,
            stage=stage,
            issue=each.issue,
            now=now,
        )
    ]
    told = tuple(each for each, _ in noted)
    if not told:
        return ()
    issue = told[0].issue
    if issue is None:
        to_team(tx, desk, _words(desk, told, now), issue=None, now=now)
    else:
        _tell_in_issue(tx, desk, issue, told, now)
    for each, stage in noted:
        audit.append(
            tx,
            kind="key.ending",
            actor="gatekeeper",
            now=now,
            payload={
                "of": each.owner,
                "certificate": each.certificate,
                "key": each.end.fingerprint,
                "ends_at": rfc3339(each.end.at),
                "stage": stage,
            },
            issue=issue,
        )
    return told


def _words(desk: Desk, told: Sequence[Watched], now: Instant) -> Words:
    order = list(Group)
    sorted_ = sorted(told, key=lambda each: (order.index(each.group), each.end.at))
    headline = sorted_[0].headline(now)
    if len(told) > 1:
        others = "1 other key" if len(told) == 2 else f"{len(told) - 1} other keys"
        headline = f"{headline}, and {others}"
    groups = {
        str(group): tuple(
            line for each in sorted_ if each.group is group for line in each.lines(now)
        )
        for group in (Group.ALIAS, Group.ADVISORY, Group.PEOPLE)
    }
    text = desk.texts.fill(KEYS_ENDING, {"headline": headline, **groups})
    return Words(kind=KIND, subject=headline, text=text)


def _tell_in_issue(tx: Tx, desk: Desk, issue: RowId, told: Sequence[Watched], now: Instant) -> None:
    notices.tell(
        tx,
        desk,
        issue=issue,
        headline=told[0].headline(now),
        lines=tuple(line for each in told for line in each.lines(now)),
        next_step=_NEXT_STEP,
        now=now,
    )
