"""`gatekeeper issue export`: one issue in a folder, for other programs and other places."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO, Final

from gatekeeper import __version__, clock
from gatekeeper.cli import inside, mbox
from gatekeeper.cli.folder import made_at_once, new_file, place
from gatekeeper.cli.inside import Inside, Opener
from gatekeeper.cli.issue_show import Standing, standing, value
from gatekeeper.cli.opened_mail import opened_mail
from gatekeeper.cli.opening import actor, record, settings_of
from gatekeeper.cli.screen import counted, listed
from gatekeeper.cli.terminal import emit_json, emit_lines, progress, safe
from gatekeeper.cli.turn_values import attachment_value, letter_value, message_value
from gatekeeper.cli.turns import Turn
from gatekeeper.domain.filenames import file_name
from gatekeeper.domain.instants import rfc3339
from gatekeeper.domain.report import Envelope
from gatekeeper.start import open_store
from gatekeeper.store.letters import LetterHead
from gatekeeper.store.messages import StoredMessage
from gatekeeper.store.tx import Tx

ISSUE: Final = "issue.json"
RECEIVED: Final = "received.mbox"
OPENED: Final = "opened.mbox"
ATTACHMENTS: Final = "attachments"
_FOLDER_MODE: Final = 0o700


def run(options: argparse.Namespace) -> int:
    """Write the folder; that it is exported is recorded before anything of it is written."""
    settings = settings_of(options)
    closed = {"state folder": settings.state_folder, "configuration folder": settings.folder}
    target = place(options.folder, closed=closed)
    now = clock.now()

    def look(tx: Tx) -> Standing:
        found = standing(tx, settings, options.id, now=now)
        record(tx, "issue.exported", issue=found.thread.issue.id, payload=found.thread.amount)
        return found

    with open_store(settings) as store:
        found = store.write(look)
        with (
            inside.opener(settings, store, product=found.thread.issue.product) as opener,
            made_at_once(target) as folder,
        ):
            files = _Export(folder, opener).write(found)
    amount = {**found.thread.amount, "attachments": files}
    if options.json:
        emit_json({"folder": str(target), **amount})
    else:
        parts = [counted(number, name.removesuffix("s")) for name, number in amount.items()]
        emit_lines(f"{safe(str(target))}: {listed(parts)}; all of it is in clear")
    return 0


class _Export:
    """Writes one issue; a message at a time is in memory."""

    def __init__(self, folder: Path, opener: Opener) -> None:
        self._folder = folder
        self._opener = opener
        self._files = 0

    def write(self, found: Standing) -> int:
        """Write everything and return how many attachments there were."""
        (self._folder / ATTACHMENTS).mkdir(mode=_FOLDER_MODE)
        turns = []
        with (
            new_file(self._folder / RECEIVED) as received,
            new_file(self._folder / OPENED) as opened,
        ):
            for turn in progress(found.thread.turns):
                if turn.message is not None:
                    turns.append(self._message(turn, turn.message, received, opened))
                if turn.letter is not None:
                    turns.append(self._letter(turn, turn.letter, opened))
        written = {
            **value(found),
            "messages": [each for each in turns if "received_at" in each],
            "letters": [each for each in turns if "received_at" not in each],
            "exported": {
                "at": rfc3339(found.now),
                "by": actor(),
                "program": f"gatekeeper {__version__}",
            },
        }
        with new_file(self._folder / ISSUE) as file:
            file.write(json.dumps(written, indent=2).encode() + b"\n")
        return self._files

    def _message(
        self, turn: Turn, message: StoredMessage, received: BinaryIO, opened: BinaryIO
    ) -> dict[str, Any]:
        found = self._opener.message(message.id)
        sender = _sender(message.envelope)
        kept = message.erased_at is None
        if kept:
            received.write(mbox.entry(found.raw, sender=sender, at=turn.at))
            opened.write(mbox.entry(opened_mail(found.reading), sender=sender, at=turn.at))
        said = message_value(turn, message, found)
        return {
            **said,
            "sha256": hashlib.sha256(found.raw).hexdigest() if kept else None,
            "attachments": self._attachments(found),
            "opened_pieces": self._pieces(found),
        }

    def _attachments(self, found: Inside) -> list[dict[str, object]]:
        return [
            {**attachment_value(each), "path": self._keep(each.file, each.part.decoded())}
            for each in found.attachments
        ]

    def _pieces(self, found: Inside) -> list[dict[str, object]]:
        return [
            {
                "label": piece.label,
                "path": self._keep(file_name(piece.label, fallback="piece"), piece.data),
            }
            for piece in found.reading.pieces
            if piece.data is not None
        ]

    def _letter(self, turn: Turn, letter: LetterHead, opened: BinaryIO) -> dict[str, Any]:
        written = self._opener.letter(letter.id)
        if letter.erased_at is None:
            opened.write(mbox.entry(written.mail, sender="", at=turn.at))
        files = [
            {"file": file.name, "path": self._keep(file.name, file.data)} for file in written.files
        ]
        return {**letter_value(turn, letter, written), "files": files}

    def _keep(self, name: str, data: bytes) -> str:
        """Write one file under the next number and return its path in the folder."""
        self._files += 1
        # the number comes first, so that no name can be a path, hidden, or another's
        path = Path(ATTACHMENTS) / f"{self._files:02d}-{file_name(name, fallback='file')}"
        with new_file(self._folder / path) as file:
            file.write(data)
        return str(path)


def _sender(envelope: Envelope) -> str:
    return str(envelope.sender) if envelope.sender is not None else ""
