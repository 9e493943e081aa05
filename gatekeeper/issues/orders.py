"""Carry out what a team mail commands: all of its commands, or none, and an answer to its author.

Whoever only looks like one of the team is answered too, at the registered address, and nothing is
done; so people learn that somebody writes in their name.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import HOUR, later, spoken
from gatekeeper.domain.team import Person
from gatekeeper.issues import authority, codes, commands, performing, reaffirming, thread
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.case import Case
from gatekeeper.issues.column import one_line
from gatekeeper.issues.commands import Parsed
from gatekeeper.issues.post import Words, to_colleague
from gatekeeper.issues.thread import Clues
from gatekeeper.issues.written import written
from gatekeeper.store import attendance, issues, letters, seen
from gatekeeper.store.issues import IssueRow
from gatekeeper.store.tx import savepoint
from gatekeeper.texts.templates import COMMAND_ANSWER

ANSWER: Final = "command-answer"
UNPROVEN_ANSWERS: Final = 5
"""Answers to one person and hour about mail that is not proven to be theirs."""

_WIDTH: Final = 74
_ASKING: Final = frozenset({"help", "status", "list"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What became of a mail's commands, in lines for people; all empty when it had none.

    `told` is for the author alone · `wants_help` that the mail asked for help, and for nothing else
    · `only_asks` that it asked for something to read, and for nothing else · `silent` that nobody
    is answered, not even its author.
    """

    commands: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    wants_help: bool = False
    only_asks: bool = False
    silent: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the rest of the team is told of commands that did nothing."""
        if not self.problems:
            return ()
        return (f"it holds commands, of which NONE was done: {'; '.join(self.problems)}",)


def read(case: Case) -> Parsed:
    """Return the commands of a mail that one of the team seems to have written, else none."""
    if case.colleague is None:
        return Parsed()
    return commands.parse(written(case.ordered).text)


def named_issue(case: Case, parsed: Parsed) -> IssueRow | None:
    """Return the issue that the first command names, for the mail to be read in its thread."""
    named = next((command.issue for command in parsed.commands if command.issue), None)
    return issues.get(case.tx, named) if named is not None else None


def is_about_no_issue(case: Case, parsed: Parsed) -> bool:
    """Say whether a mail commands only what needs no issue, and is proven to be its author's.

    Such a mail opens no issue. Without the proof it may be a report all the same.
    """
    only = bool(parsed.commands) and not any(
        commands.VERBS[each.verb].needs_issue for each in parsed.commands
    )
    return only and not parsed.problems and not _unproven(case, parsed)


def carry_out(case: Case, parsed: Parsed) -> Orders:
    """Do what the mail's commands say, if all of them may be done."""
    person = case.colleague
    if person is None or not (parsed.commands or parsed.problems):
        return Orders()
    lines = tuple(one_line(command.line) for command in parsed.commands)
    if since := _suspended_since(case, person):
        gone = f"{person.name} is suspended since {since}, and nothing in their name is obeyed"
        return Orders(commands=lines, problems=(gone,), silent=True)
    objections = _objections(case, parsed)
    if objections:
        return Orders(commands=lines, problems=objections)
    if parsed.commands and all(command.verb == "help" for command in parsed.commands):
        return Orders(commands=lines, wants_help=True, only_asks=True)
    actor = Actor(person=person, about=case.arrival.id)
    done, problems = _attempt(case, parsed, actor)
    if problems:
        _note_refusal(case, parsed, actor, problems)
        return Orders(commands=lines, problems=tuple(problems))
    said = tuple(line for each in done if not each.waiting for line in each.lines)
    waiting = tuple(line for each in done if each.waiting for line in each.lines)
    return Orders(
        commands=lines,
        done=said,
        waiting=waiting,
        told=tuple(line for each in done for line in each.told),
        only_asks=all(command.verb in _ASKING for command in parsed.commands),
    )


def _suspended_since(case: Case, person: Person) -> str:
    """Return since when a person is suspended, "" when they are not (S-0)."""
    since = attendance.get(case.tx, person.address).suspended_at
    return spoken(since) if since is not None else ""


def _note_refusal(case: Case, parsed: Parsed, actor: Actor, problems: Sequence[str]) -> None:
    """Keep why nobody's word thawed the database: while it is frozen no answer reaches them."""
    if any(command.verb == reaffirming.VERB for command in parsed.commands):
        reaffirming.refused(case.tx, actor=actor, problems=problems, now=case.now)


def _objections(case: Case, parsed: Parsed) -> tuple[str, ...]:
    """Return why nothing may be done, all reasons at once."""
    unsigned = not case.ordered.protection.signatures
    if unsigned and codes.are_given(parsed.commands):
        return _code_objections(case, parsed)
    found = _unproven(case, parsed)
    if found or parsed.problems:
        return (*found, *parsed.problems)
    if astray := _astray(case, parsed):
        return astray
    digest = authority.signed_digest(case.ordered)
    fresh = digest is not None and seen.first_time(
        case.tx, digest=digest, message=case.arrival.id, now=case.now
    )
    if fresh:
        return ()
    return ("this signed mail came before; each works once: write and sign a new one",)


def _code_objections(case: Case, parsed: Parsed) -> tuple[str, ...]:
    """Return why an unsigned mail may not be obeyed by its codes, of which each works once."""
    found = list(authority.text_objections(case.ordered, parsed.commands))
    person = case.colleague
    for command in parsed.commands:
        if person is None or command.issue is None:
            continue
        code = command.values[codes.KEY]
        digest = codes.digest(
            case.desk, person, command.issue, code, received_at=case.arrival.received_at
        )
        now, message = case.now, case.arrival.id
        if digest is None or not seen.first_time(case.tx, digest=digest, message=message, now=now):
            found.append(
                f"the code of {command.verb} is not yours in {command.issue}, was used before, or"
                " is older than a week; sign the mail with your key"
            )
    return tuple(found)


def _astray(case: Case, parsed: Parsed) -> tuple[str, ...]:
    """Name the commands that would take the text of an answer about one issue into another."""
    taking = [command.issue for command in parsed.commands if command.takes_text]
    if not taking:
        return ()
    clues = Clues(sender=case.sender, reading=case.reading, signers=case.signers)
    found = thread.find(case.tx, clues, team=case.desk.team, prefix=case.desk.prefix).issue
    if found is None:
        return ()
    return tuple(
        f"this mail answers {found.issue_id}, and the command is for {issue}: send it as an answer"
        " to a mail of that issue"
        for issue in taking
        if issue is not None and issue != found.issue_id
    )


def _unproven(case: Case, parsed: Parsed) -> tuple[str, ...]:
    return authority.objections(
        verdict=case.ordered_by,
        reading=case.ordered,
        received_at=case.arrival.received_at,
        own=case.desk.own,
        commands=parsed.commands,
        prefix=case.desk.prefix,
    )


def _attempt(case: Case, parsed: Parsed, actor: Actor) -> tuple[list[Done], list[str]]:
    """Try each command in turn; when one is refused, all are undone and all refusals told."""
    done: list[Done] = []
    problems: list[str] = []
    with savepoint(case.tx) as undo:
        for command in parsed.commands:
            try:
                done.append(performing.perform(case, command, parsed.rest, actor))
            except Refusal as error:
                problems.append(f"{command.verb}: {error.diagnostics()}")
        if problems:
            undo()
    return done, problems


def outsiders(case: Case) -> tuple[str, ...]:
    """Return the addresses outside that a team mail went to besides us, or that answers go to.

    What its header says counts, and what stands in the header inside the signature.
    """
    if case.colleague is None:
        return ()
    mail = case.reading.mail
    reached = [box.address for box in (*mail.to, *mail.cc) if box.address is not None]
    reached += written(case.ordered).recipients
    found = {each.key: str(each) for each in reached if _is_outside(case, each)}
    for box in mail.reply_to:
        if box.address is not None and _is_outside(case, box.address):
            found.setdefault(box.address.key, f"{box.address} (by Reply-To, when answered)")
    return tuple(found.values())


def _is_outside(case: Case, address: Address) -> bool:
    return case.desk.own.route(address) is None and case.desk.team.by_address(address) is None


def reply_to_author(
    case: Case, orders: Orders, issue: IssueRow | None, outside: Sequence[str]
) -> None:
    """Tell the author of a team mail what did not happen, or what happened that should not have.

    What was done is in the copy that everybody gets.
    """
    person = case.colleague
    if person is None or orders.silent:
        return
    if not (orders.problems or orders.wants_help or orders.told or outside):
        return
    proven = case.ordered_by.signer is not None and case.ordered_by.from_confirmed
    if not proven and _had_enough(case, person):
        return
    values = {
        "headline": _headline(orders, outside),
        "commands": orders.commands,
        "done": orders.done,
        "waiting": orders.waiting,
        "told": orders.told,
        "problems": tuple(line for each in orders.problems for line in _wrapped(each)),
        "next_step": _next_step(case, orders, outside),
    }
    words = Words(
        kind=ANSWER,
        subject="Your commands" if orders.commands or orders.problems else "Your mail",
        text=case.desk.texts.fill(COMMAND_ANSWER, values),
        about=case.arrival.id,
    )
    to_colleague(case.tx, case.desk, words, person, issue=issue, automatic=True, now=case.now)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent="  ", break_long_words=False)


def _headline(orders: Orders, outside: Sequence[str]) -> str:
    if orders.problems:
        return "A mail in your name holds commands. NONE of them was done."
    if outside:
        return "A mail in your name about an issue also went to people outside the team."
    return "What you asked for" if orders.told else "Help"


def _next_step(case: Case, orders: Orders, outside: Sequence[str]) -> str:
    parts: list[str] = []
    if outside:
        parts.append(
            "ALARM: it went to " + ", ".join(one_line(each, 100) for each in outside[:10]) + ".\n"
            "What it said is no longer the team's alone. If you did not mean that, ask them to\n"
            "delete it, and tell the team."
        )
    if case.ordered_by.signer is None and orders.problems:
        parts.append("If you did not write it, tell the team: somebody uses your address.")
    if orders.problems or orders.wants_help:
        parts.append(
            commands.help_text(
                prefix=case.desk.prefix, domain=case.desk.own.security.domain
            ).rstrip()
        )
    return "\n\n".join(parts)


def _had_enough(case: Case, person: Person) -> bool:
    """Say whether mail that is not proven to be this person's was answered often enough."""
    hour = later(case.now, -HOUR)
    many = letters.automatic_to(case.tx, recipient=person.address, since=hour)
    return many >= UNPROVEN_ANSWERS
