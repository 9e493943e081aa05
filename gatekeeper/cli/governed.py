"""Check, plan and apply, the same for every governed part: the files against what is in force."""

import argparse
from collections.abc import Iterator, Sequence
from typing import Final

from gatekeeper import clock, start
from gatekeeper.cli.check import tell
from gatekeeper.cli.opening import actor
from gatekeeper.cli.screen import Screen, width
from gatekeeper.cli.terminal import emit_json, emit_lines, safe
from gatekeeper.config import BadConfiguration, Settings, default_folder, governed, load, loading
from gatekeeper.config.certificates import examine
from gatekeeper.domain.changes import differences
from gatekeeper.domain.governed import Content, Kind
from gatekeeper.issues import governing, running
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.running import Force
from gatekeeper.store.requests import Request
from gatekeeper.store.tx import Tx

_WAITS: Final = 3
"""The exit status of what is recorded and waits for approval (design: commands)."""


def check(options: argparse.Namespace, files: Sequence[str]) -> int:
    """Print what is wrong with files whose names begin so; 0 when there are only warnings."""
    settings, problems = loading.examine(options.config or default_folder())
    if settings is not None:
        problems = examine(settings, now=clock.now())
    own = tuple(each for each in problems if each.file.startswith(tuple(files)))
    sound = all(each.warning for each in own)
    if options.json:
        values = [{"problem": str(each), "warning": each.warning} for each in own]
        emit_json({"ok": sound, "problems": values})
        return 0 if sound else 2
    tell(own)
    if sound:
        emit_lines(f"nothing is wrong with {' and '.join(files)}")
    return 0 if sound else 2


def sound_settings(options: argparse.Namespace) -> Settings:
    """Return what the files say; BadConfiguration while anything is wrong with them."""
    settings = load(options.config or default_folder())
    errors = [each for each in examine(settings, now=clock.now()) if not each.warning]
    if errors:
        raise BadConfiguration(errors)
    return settings


def plan(options: argparse.Namespace, kinds: Sequence[Kind]) -> int:
    """Print what the files would change of what is in force, in words; nothing is changed."""
    settings = sound_settings(options)
    with start.open_store(settings) as store:
        plans = store.read(lambda tx: tuple(_plans(tx, settings, kinds)))
    if options.json:
        emit_json([each.value for each in plans])
        return 0
    screen = Screen(width())
    for each in plans:
        each.tell(screen, settings.domain)
    changed = [each for each in plans if each.lines]
    if any(each.before is not None for each in changed):
        screen.gap()
        noun = kinds[0].noun
        screen.say(f"Nothing is changed yet. To ask for approval: gatekeeper {noun} apply")
    emit_lines(*screen.lines)
    return 0


class Plan:
    """What one part's file would change."""

    def __init__(
        self, kind: Kind, before: Content | None, after: Content, waits: Request | None
    ) -> None:
        """Compare the two; `before` is None where nothing is in force, `waits` what asks for it."""
        self.kind = kind
        self.before = before
        self.after = after
        self.waits = waits
        same = before is not None and governed.completed(before).digest == after.digest
        self.lines = () if same else differences(before, after)

    @property
    def value(self) -> dict[str, object]:
        """The plan for programs."""
        return {
            "kind": str(self.kind),
            "in_force": self.before.digest.hex() if self.before is not None else None,
            "files": self.after.digest.hex(),
            "changes": list(self.lines),
            "waits": self.waits.effect.hex() if self.waits is not None else None,
        }

    def tell(self, screen: Screen, domain: str) -> None:
        """Write the plan for people."""
        screen.heading(self.kind.where)
        if self.before is None:
            screen.say("Nothing is in force yet: the first start puts the files into force.")
            return
        if not self.lines:
            screen.say("What it says is in force.")
            return
        screen.pair("In force", self.before.digest.hex())
        screen.pair("File", self.after.digest.hex())
        screen.barred("\n".join(self.lines))
        if self.waits is not None:
            effect = self.waits.effect.hex()
            screen.command("Waits", "sign and mail", f"!approve {effect}")
            screen.say(f"It is about the installation at {domain}: name the alias in the mail.")


def _plans(tx: Tx, settings: Settings, kinds: Sequence[Kind]) -> Iterator[Plan]:
    force = running.of(tx, now=clock.now())
    for kind in kinds:
        after = settings.governed[kind]
        yield Plan(kind, force.held.get(kind), after, governing.waiting(tx, after))


def apply(options: argparse.Namespace, kinds: Sequence[Kind]) -> int:
    """Ask that what the files say come into force, one request for each part that differs."""
    settings = sound_settings(options)
    by = Actor(shell=actor())
    now = clock.now()

    def write(tx: Tx) -> tuple[Done, ...]:
        force = running.of(tx, now=now)
        changed = [kind for kind in kinds if _differs(settings, force, kind)]
        used = start.in_force(settings, force)
        desk = start.desk_of(used, product=start.product_of(tx, settings))
        return tuple(
            governing.ask(tx, desk, content=settings.governed[kind], actor=by, now=now)
            for kind in changed
        )

    with start.open_store(settings) as store:
        done = store.write(write)
    waiting = [each.waiting for each in done if each.waiting]
    lines = [line for each in done for line in each.lines]
    if options.json:
        emit_json({"done": lines, "waiting": waiting})
    else:
        emit_lines(*map(safe, lines or ["What the files say is in force; nothing is to be done."]))
    return _WAITS if waiting else 0


def _differs(settings: Settings, force: Force, kind: Kind) -> bool:
    """Say whether a file says something else; where nothing is in force, asking says so."""
    return kind not in force.held or kind in governed.drifted(settings, force.held)


def asks(done: Done, *, json: bool) -> int:
    """Print what was done or asked for, and return the exit status."""
    if json:
        emit_json({"done": list(done.lines), "waiting": done.waiting or None})
    else:
        emit_lines(*map(safe, done.lines))
    return _WAITS if done.waiting else 0
