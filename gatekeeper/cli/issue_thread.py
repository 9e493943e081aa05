"""`gatekeeper issue thread`: who said what to whom, when, and what was verified of it."""

import argparse
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gatekeeper.cli import inside
from gatekeeper.cli.fates import delays, fates, form_words, troubles
from gatekeeper.cli.folding import HOW, folded
from gatekeeper.cli.inside import Inside, Opener, Written
from gatekeeper.cli.opening import record, settings_of
from gatekeeper.cli.screen import Screen, counted, width
from gatekeeper.cli.terminal import emit_json, emit_lines, progress
from gatekeeper.cli.turn_values import letter_value, message_value
from gatekeeper.cli.turns import Thread, Turn, gather, named
from gatekeeper.domain.instants import MINUTE, Instant, from_datetime, spoken
from gatekeeper.domain.report import Envelope
from gatekeeper.issues.column import size
from gatekeeper.mail.attachments import Attachment
from gatekeeper.start import open_store
from gatekeeper.store.letters import LetterHead
from gatekeeper.store.messages import StoredMessage
from gatekeeper.store.tx import Tx

_CLOSE_ENOUGH: Final = 10 * MINUTE
"""How far a message's own date may be from its arrival before it is shown beside it."""


def run(options: argparse.Namespace) -> int:
    """Print the thread; that it is read is recorded before anything of it is opened."""
    settings = settings_of(options)

    def look(tx: Tx) -> Thread:
        thread = gather(tx, named(tx, options.id))
        record(tx, "issue.read", issue=thread.issue.id, payload=thread.amount)
        return thread

    with open_store(settings) as store:
        thread = store.write(look)
        with inside.opener(settings, store, product=thread.issue.product) as opener:
            if options.json:
                emit_json(_value(thread, opener))
                return 0
            screen = Screen(width())
            head(screen, thread)
            emit_lines(*screen.lines)
            for turn in progress(thread.turns):
                screen = Screen(width())
                show_turn(screen, turn, opener, full=options.full)
                emit_lines("", *screen.lines)
    return 0


def _value(thread: Thread, opener: Opener) -> dict[str, object]:
    messages, letters = [], []
    for turn in progress(thread.turns):
        if turn.message is not None:
            found = opener.message(turn.message.id)
            messages.append(message_value(turn, turn.message, found))
        if turn.letter is not None:
            written = opener.letter(turn.letter.id)
            letters.append(letter_value(turn, turn.letter, written))
    return {
        "issue": str(thread.issue.issue_id),
        "subject": thread.issue.subject,
        "messages": messages,
        "letters": letters,
    }


def head(screen: Screen, thread: Thread) -> None:
    """Write what the thread is about, how long it is and when it was."""
    screen.title(str(thread.issue.issue_id), thread.issue.subject)
    parts = [counted(len(thread.messages), "message")]
    if thread.letters:
        parts.append(counted(len(thread.letters), "letter of ours", "letters of ours"))
    first, last = thread.turns[0].at, thread.turns[-1].at
    when = _day(first) if _day(first) == _day(last) else f"{_day(first)} to {_day(last)}"
    screen.say(f"{' and '.join(parts)}, {when}")


def _day(instant: Instant) -> str:
    return spoken(instant)[:14]


def show_turn(screen: Screen, turn: Turn, opener: Opener, *, full: bool) -> None:
    """Write one message or one letter of ours, opened now."""
    if turn.message is not None:
        _message(screen, turn, turn.message, opener.message(turn.message.id), full=full)
    if turn.letter is not None:
        written = opener.letter(turn.letter.id)
        _letter(screen, turn, turn.letter, written, full=full)


def _message(
    screen: Screen, turn: Turn, message: StoredMessage, found: Inside, *, full: bool
) -> None:
    said: Mapping[str, Any] = message.summary or {}
    screen.rule(str(turn.number), spoken(turn.at), str(message.kind or "not handled"))
    screen.pair("From", said.get("from") or "not said")
    if said.get("from_confirmed"):
        screen.pair("", "confirmed by the signature", colour="green")
    else:
        screen.pair("", "not confirmed by a signature")
    screen.pair("To", said.get("to") or "not said")
    screen.pair("Cc", *filter(None, [said.get("cc")]))
    screen.pair("Subject", said.get("subject") or "(no subject)")
    screen.pair("Written", *_written(said.get("date"), turn.at, full=full))
    screen.pair("Encrypted", said.get("encryption") or "not known")
    screen.pair("Signed", said.get("signature") or "not known")
    if full:
        screen.pair("Came", _came(message))
    screen.pair("Passed on", *_passed_on(turn))
    screen.pair("", *troubles(turn.passed_on), colour="red")
    screen.pair("", *delays(turn.passed_on), colour="yellow")
    screen.pair("Note", *said.get("problems", ()), colour="yellow")
    screen.pair("Done", *said.get("done", ()))
    if message.erased_at is not None:
        _erased(screen, message.erased_at)
        return
    _text(screen, found.reading.text, full=full)
    for piece in said.get("pieces", ()):
        screen.gap()
        screen.pair("Piece", piece)
    if found.attachments:
        screen.gap()
    for number, each in enumerate(found.attachments):
        _attachment(screen, each, label="" if number else "Attached")


def _erased(screen: Screen, at: Instant) -> None:
    """Say that there was something, and that nobody can read it again."""
    screen.gap()
    screen.note(f"What it said was erased {spoken(at)}, as policy.yaml says under retention.")


def _written(date: str | None, arrived: Instant, *, full: bool) -> list[str]:
    """Return the sender's own date where it is missing, or is not that of the arrival."""
    if date is None:
        return ["not said"]
    written = from_datetime(datetime.fromisoformat(date))
    if abs(written - arrived) <= _CLOSE_ENOUGH and not full:
        return []
    return [f"{spoken(written)}, as the sender says"]


def _came(message: StoredMessage) -> str:
    envelope: Envelope = message.envelope
    sender = f"envelope sender {envelope.sender}" if envelope.sender else "no envelope sender"
    tls = "with" if envelope.tls else "without"
    return f"from {envelope.peer} {tls} TLS, {sender}, {size(message.size)}"


def _passed_on(turn: Turn) -> list[str]:
    if not turn.passed_on:
        return []
    return [f"to the team: {fates(turn.passed_on)}"]


def _text(screen: Screen, text: str, *, full: bool) -> None:
    text = text.strip("\n").rstrip()
    if not text:
        return
    screen.gap()
    if full:
        screen.text(text)
        return
    for stretch in folded(text):
        if stretch.note:
            screen.note(stretch.text)
        else:
            screen.text(stretch.text)


def _attachment(screen: Screen, each: Attachment, *, label: str) -> None:
    screen.pair(label, f"{each.number}  {each.file}, {each.content_type}, {size(each.size)}")
    if each.name != each.file:
        screen.pair("", f'   called "{each.name}"' if each.name else "   without a name")
    screen.pair("", *(f"   {note}" for note in each.notes), colour="yellow")


def _letter(
    screen: Screen, turn: Turn, letter: LetterHead, written: Written, *, full: bool
) -> None:
    said: Mapping[str, Any] = letter.summary
    kind = f"our {letter.kind.replace('-', ' ')}" + (", automatic" if letter.automatic else "")
    screen.rule(str(turn.number), spoken(turn.at), kind)
    screen.pair("By", said.get("by") or "gatekeeper")
    screen.pair("To", said.get("to") or "not said")
    screen.pair("Subject", said.get("subject") or "(no subject)")
    screen.pair("Form", form_words(letter.form, turn.passed_on))
    screen.pair("Sent", fates(turn.passed_on) or "to nobody")
    screen.pair("", *troubles(turn.passed_on), colour="red")
    screen.pair("", *delays(turn.passed_on), colour="yellow")
    if letter.erased_at is not None:
        _erased(screen, letter.erased_at)
    elif letter.automatic and not full:
        screen.gap()
        screen.note(f"{counted(len(written.text.splitlines()), 'line')} of a fixed text; {HOW}")
    else:
        _text(screen, written.text, full=full)
    if written.files:
        screen.gap()
    for number, file in enumerate(written.files, 1):
        label = "" if number > 1 else "Attached"
        about = f"{file.content_type.partition(';')[0]}, {size(len(file.data))}"
        screen.pair(label, f"{number}  {file.name}, {about}")
