"""`gatekeeper issue own`, `note`, `reply`: the verbs of the verb table, from a shell.

They write rows and nothing else; a running service seals and sends what follows.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gatekeeper import clock, start
from gatekeeper.cli.given import given, given_text
from gatekeeper.cli.opening import actor, settings_of
from gatekeeper.cli.terminal import emit_json, emit_lines, safe
from gatekeeper.cli.turns import named
from gatekeeper.domain.errors import Misconfigured, TheirFault
from gatekeeper.domain.filenames import file_name
from gatekeeper.domain.policy import MIB
from gatekeeper.issues import acting, requesting, sharing
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.letterhead import Desk
from gatekeeper.mail.personal import File
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import Tx

_TEXT_MAX: Final = MIB
_FILES_MAX: Final = 25 * MIB
_WAITS: Final = 3
"""The exit status of what is recorded and waits for approval (design: commands)."""

Act = Callable[[Tx, Desk, IssueRow, Actor], Done]


def own(options: argparse.Namespace) -> int:
    """Say who looks after the issue."""
    now = clock.now()
    return do(
        options,
        lambda tx, desk, issue, by: acting.own(
            tx, desk, issue=issue, actor=by, name=options.owner, now=now
        ),
    )


def note(options: argparse.Namespace) -> int:
    """Keep a remark in the issue and mail it to the team."""
    now = clock.now()
    text = given_text(options.file, limit=_TEXT_MAX)
    return do(
        options,
        lambda tx, desk, issue, by: acting.note(
            tx, desk, issue=issue, actor=by, text=text, now=now
        ),
    )


def reply(options: argparse.Namespace) -> int:
    """Answer a correspondent as the alias; in clear only once a second person has approved."""
    now = clock.now()
    if options.clear and options.attach:
        raise Misconfigured(
            "--clear goes without files", remedy="leave out --attach, or reply encrypted"
        )
    files = _files(options.attach)
    text = given_text(options.file, limit=_TEXT_MAX)

    names = tuple(dict.fromkeys(options.to.split(",")))

    def act(tx: Tx, desk: Desk, issue: IssueRow, by: Actor) -> Done:
        if len(names) > 1 and not options.clear:
            return sharing.reply(
                tx, desk, issue=issue, actor=by, names=names, text=text, files=files, now=now
            )
        if options.clear:
            return requesting.reply_clear(
                tx, desk, issue=issue, actor=by, to=options.to, text=text, now=now
            )
        return acting.reply(
            tx, desk, issue=issue, actor=by, to=options.to, text=text, files=files, now=now
        )

    return do(options, act)


def _files(paths: Sequence[Path]) -> tuple[File, ...]:
    """Return the files that go with a reply; TheirFault when they are too large together."""
    files: list[File] = []
    for path in paths:
        data = given(str(path), limit=_FILES_MAX, remedy="name a smaller file")
        if sum(len(file.data) for file in files) + len(data) > _FILES_MAX:
            raise TheirFault(
                f"with {path} the files are larger than {_FILES_MAX} bytes in all",
                remedy="leave some out, or send them with several replies",
            )
        name = file_name(path.name, fallback="file")
        files.append(File(name=name, content_type="application/octet-stream", data=data))
    return tuple(files)


def do(options: argparse.Namespace, act: Act) -> int:
    """Do it in one transaction, and tell what was done and what waits for whom."""
    settings = settings_of(options)

    def write(tx: Tx) -> Done:
        issue = named(tx, options.id)
        desk = start.desk_of(start.settings_in(tx, settings), product=issue.product)
        return act(tx, desk, issue, Actor(shell=actor()))

    with start.open_store(settings) as store:
        done = store.write(write)
    return show_done(options, done)


def show_done(options: argparse.Namespace, done: Done) -> int:
    """Print what was done and what waits, and return the exit status."""
    if options.json:
        emit_json({"done": list(done.lines), "waiting": done.waiting or None})
    else:
        emit_lines(*map(safe, done.lines))
    return _WAITS if done.waiting else 0
