"""The one registry of what carries a verb out: each verb of the verb table has its function here.

So nothing is understood that does nothing. A verb is added by its line here and its name in
`verbs`; the function takes an Order and calls what the command line calls, too (S-1).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.errors import NotThere, Refusal
from gatekeeper.issues import (
    acting,
    approving,
    perform_course,
    perform_dates,
    perform_people,
    perform_roster,
    reaffirming,
    requesting,
    sharing,
    status_words,
)
from gatekeeper.issues.acting import Actor, Done
from gatekeeper.issues.case import Case
from gatekeeper.issues.commands import Command
from gatekeeper.issues.correspondence import REPORTER
from gatekeeper.issues.order import Order
from gatekeeper.issues.reply_files import files_of
from gatekeeper.store import issues

Performer = Callable[[Order], Done]
"""Carries one command out, or raises Refusal with the reason and what to do next."""


def perform(case: Case, command: Command, text: str, actor: Actor) -> Done:
    """Carry out one command of a mail; Refusal, with nothing to be kept, when it may not be.

    `text` is what stands below the commands.
    """
    issue = issues.get(case.tx, command.issue) if command.issue is not None else None
    if command.issue is not None and issue is None:
        raise NotThere(f"there is no issue {command.issue}", remedy="see the subject of its mails")
    order = Order(case=case, actor=actor, command=command, about=issue, text=text)
    return PERFORMERS[command.verb](order)


def _own(order: Order) -> Done:
    return acting.own(order.tx, order.desk, issue=order.issue, actor=order.actor, now=order.now)


def _note(order: Order) -> Done:
    return acting.note(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        text=order.text,
        now=order.now,
    )


def _reply(order: Order) -> Done:
    tx, desk, issue, now = order.tx, order.desk, order.issue, order.now
    names = tuple(dict.fromkeys((order.value("to") or REPORTER).split(",")))
    content = order.case.ordered.content
    found = files_of(content, team=desk.team, issue=issue.issue_id, prefix=desk.prefix)
    files = found.files
    lines = [f"reply: {line}" for line in found.left_out]
    if "clear" in order.command.words:
        if files or len(names) > 1:
            what = "no files go out in clear" if files else "what goes out in clear goes to one"
            raise Refusal(what, remedy="send the mail without them, to one alone")
        done = requesting.reply_clear(
            tx, desk, issue=issue, actor=order.actor, to=names[0], text=order.text, now=now
        )
    elif len(names) > 1:
        done = sharing.reply(
            tx,
            desk,
            issue=issue,
            actor=order.actor,
            names=names,
            text=order.text,
            files=files,
            now=now,
        )
    else:
        done = acting.reply(
            tx,
            desk,
            issue=issue,
            actor=order.actor,
            to=names[0],
            text=order.text,
            files=files,
            now=now,
        )
    return Done(lines=(*lines, *done.lines), waiting=done.waiting)


def _approve(order: Order) -> Done:
    return approving.approve(
        order.tx,
        order.desk,
        issue=order.about,
        actor=order.actor,
        effect=order.operand,
        now=order.now,
    )


def _refuse(order: Order) -> Done:
    return approving.refuse(
        order.tx,
        order.desk,
        issue=order.about,
        actor=order.actor,
        effect=order.operand,
        why=order.command.operands[1],
        now=order.now,
    )


def _withdraw(order: Order) -> Done:
    return approving.withdraw(
        order.tx,
        order.desk,
        issue=order.about,
        actor=order.actor,
        effect=order.operand,
        now=order.now,
    )


def _key(order: Order) -> Done:
    return requesting.pin_key(
        order.tx,
        order.desk,
        issue=order.issue,
        actor=order.actor,
        key=order.operand,
        now=order.now,
    )


def _revoke(order: Order) -> Done:
    return acting.revoke(order.tx, order.desk, issue=order.issue, actor=order.actor, now=order.now)


def _reaffirm(order: Order) -> Done:
    return reaffirming.reaffirm(
        order.tx,
        order.desk,
        actor=order.actor,
        effect=order.operand,
        after=order.value("after"),
        now=order.now,
    )


def _status(order: Order) -> Done:
    person = order.actor.person
    if person is None:
        return Done(lines=())
    told = status_words.of_issue(order.tx, order.desk, order.issue, person, now=order.now)
    return Done(lines=(), told=told)


def _list(order: Order) -> Done:
    return Done(lines=(), told=status_words.of_all(order.tx, order.desk, now=order.now))


def _help(order: Order) -> Done:
    """Do nothing: the text is in the answer to a mail that asks for nothing else."""
    return Done(lines=(f"{order.command.verb}: send it in a mail of its own",))


PERFORMERS: Final[Mapping[str, Performer]] = MappingProxyType(
    {
        "own": _own,
        "accept": perform_course.accept,
        "severity": perform_course.severity,
        "track": perform_course.track,
        "fact": perform_course.fact,
        "tools": perform_course.tools,
        "reject": perform_course.reject,
        "reopen": perform_course.reopen,
        "hand-over": perform_course.hand_over,
        "merge": perform_course.merge,
        "split": perform_course.split,
        "note": _note,
        "reply": _reply,
        "approve": _approve,
        "refuse": _refuse,
        "withdraw": _withdraw,
        "key": _key,
        "revoke": _revoke,
        "reaffirm": _reaffirm,
        "invite": perform_people.invite,
        "remove": perform_people.remove,
        "consent": perform_people.consent,
        "propose": perform_dates.propose,
        "agree": perform_dates.agree,
        "move": perform_dates.move,
        "extension": perform_dates.extension,
        "credit": perform_people.credit,
        "suspend": perform_roster.suspend,
        "away": perform_roster.away,
        "status": _status,
        "list": _list,
        "help": _help,
    }
)
"""What carries each verb out, by the verb's name in the verb table."""
