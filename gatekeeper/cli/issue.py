"""`gatekeeper issue`: declare its verbs, each in a module of its own; list the issues."""

import argparse
from pathlib import Path
from typing import Final

from gatekeeper.cli import issue_verbs, people_verbs
from gatekeeper.cli.grammar import Run, Verbs, noun, verb
from gatekeeper.issues.verbs import VERBS

_RECORDED: Final = "Looking is recorded in the event log."
_SENT: Final = "It is recorded with your name on this system; a running service sends it."
_ID: Final = "SEC-2026-0007"


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "issue", text="issues and their threads")
    verb(
        verbs,
        "list",
        run=show_all,
        text="list all issues",
        more=f"State, date, what is next, and who of the team looks after it. {_RECORDED}",
        example="gatekeeper issue list",
    )
    shown = verb(
        verbs,
        "show",
        run=_show,
        text="show how one issue stands, on one screen",
        more=f"The reporter, the proposed dates, what waits, and what happened last. {_RECORDED}",
        example=f"gatekeeper issue show {_ID}",
    )
    shown.add_argument("--all", action="store_true", help="show every entry of its history")
    thread = verb(
        verbs,
        "thread",
        run=_thread,
        text="print who said what to whom, when, and how it was verified",
        more=f"Opens each message with the alias's key. {_RECORDED}",
        example=f"gatekeeper issue thread {_ID}",
    )
    thread.add_argument(
        "--full", action="store_true", help="leave nothing out: quoted text, long text, envelopes"
    )
    lived = verb(
        verbs,
        "timeline",
        run=_timeline,
        text="print what was decided of one issue, when and by whom",
        more=f"And how long each part of it took. {_RECORDED}",
        example=f"gatekeeper issue timeline {_ID}",
    )
    exported = _add_export(verbs)
    for parser in (shown, thread, lived, exported):
        _name_issue(parser)
    exported.add_argument(
        "folder", metavar="FOLDER", type=Path, help="a new folder, or an empty one"
    )
    _add_hold(verbs)
    _add_acts(verbs)
    issue_verbs.add(verbs)
    people_verbs.add(verbs)


def _add_export(verbs: Verbs) -> argparse.ArgumentParser:
    """Declare what writes all of an issue into a folder."""
    return verb(
        verbs,
        "export",
        run=_export,
        text="write an issue into a folder: mail as files, everything else as JSON",
        more=(
            "FOLDER is made with mode 0700: issue.json; received.mbox, every message as it came; "
            "opened.mbox, the same decrypted, and our own letters; attachments/. It holds "
            "everything in clear, so keep it off disks that others read. Exporting is recorded "
            "in the event log."
        ),
        example=f"gatekeeper issue export {_ID} /run/user/1000/export",
    )


def _add_hold(verbs: Verbs) -> None:
    """Declare what keeps an issue from being erased."""
    held = verb(
        verbs,
        "legal-hold",
        run=_hold,
        text="keep everything of an issue, whatever retention says",
        more=(
            "Nothing of it is erased until --off. The team is told by mail, and it is recorded "
            "with your name on this system."
        ),
        example=f"gatekeeper issue legal-hold {_ID}",
    )
    held.add_argument("--off", action="store_true", help="let retention erase it again")
    _name_issue(held)


def _add_acts(verbs: Verbs) -> None:
    """Declare the verbs of the verb table; what they do is told there."""
    own = _act(
        verbs,
        "own",
        run=_own,
        text="say who of the team looks after an issue",
        more="The team is told by mail, and that it was said at a shell.",
        tail="--for 'Andrea Example'",
    )
    own.add_argument(
        "--for", dest="owner", metavar="NAME", required=True, help="a person's name or address"
    )
    note = _act(
        verbs,
        "note",
        run=_note,
        text="keep a remark in an issue and mail it to the team",
        more=_SENT,
    )
    reply = _act(
        verbs,
        "reply",
        run=_reply,
        text="answer the reporter as the alias",
        more=_SENT,
        tail="--file answer.txt",
    )
    for parser in (note, reply):
        parser.add_argument(
            "--file", metavar="TEXT", default="-", help="the text; - is standard input (default)"
        )
    reply.add_argument(
        "--to",
        metavar="NAME",
        default="reporter",
        help="to whom in the issue (default: reporter); reporter,upstream for both",
    )
    reply.add_argument(
        "--clear",
        action="store_true",
        help="unencrypted; it waits for a second person's approval (exit status 3)",
    )
    reply.add_argument(
        "--attach",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a file that goes with it, encrypted; may be given again, 25 MiB in all",
    )


def _act(
    verbs: Verbs, name: str, *, run: Run, text: str, more: str, tail: str = ""
) -> argparse.ArgumentParser:
    """Declare a verb of the table with what it says there; a shell's text is not below it."""
    said = VERBS[name].summary.replace("The text below", "The text")
    example = f"gatekeeper issue {name} {_ID} {tail}".rstrip()
    parser = verb(verbs, name, run=run, text=text, more=f"{said} {more}".strip(), example=example)
    _name_issue(parser)
    return parser


def _name_issue(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help=f"the issue's id, such as {_ID}")


def show_all(options: argparse.Namespace) -> int:
    """Print every issue, oldest first."""
    from gatekeeper.cli import issue_list

    return issue_list.run(options)


def _timeline(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_timeline

    return issue_timeline.run(options)


def _show(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_show

    return issue_show.run(options)


def _thread(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_thread

    return issue_thread.run(options)


def _export(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_export

    return issue_export.run(options)


def _hold(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_hold

    return issue_hold.run(options)


def _own(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_act

    return issue_act.own(options)


def _note(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_act

    return issue_act.note(options)


def _reply(options: argparse.Namespace) -> int:
    from gatekeeper.cli import issue_act

    return issue_act.reply(options)
