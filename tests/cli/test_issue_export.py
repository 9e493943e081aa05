"""`gatekeeper issue export`: mail as it came and opened, files by safe names, the rest as JSON."""

import email
import hashlib
import json
import mailbox
import re
import signal
import stat
import subprocess
import sys
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gatekeeper.cli.turns import named
from gatekeeper.store import audit, messages
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.cli.conftest import REPORT, Said, Shell
from tests.cli.story import ANSWER, ISSUE, ROBINS, answered, report
from tests.house import open_house
from tests.issues.reports import LAYERS
from tests.issues.talk import Talk


def read_mbox(path: Path) -> list[bytes]:
    """Return the mails of a file as the standard library reads them, quoting undone."""
    box = mailbox.mbox(path, create=False)
    found = [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118 - no mapping
    box.close()
    return [re.sub(rb"(?m)^>(?=>*From )", b"", each) for each in found]


def read_json(folder: Path) -> Any:  # noqa: ANN401 - whatever it holds
    """Return the value in issue.json."""
    return json.loads((folder / "issue.json").read_text(encoding="ascii"))


def stored(store: Store, issue: str = ISSUE) -> list[bytes]:
    """Return the issue's messages as they came."""

    def look(tx: Tx) -> list[bytes]:
        rows = messages.of_issue(tx, named(tx, issue).id)
        return [messages.load(tx, row.id).raw or b"" for row in rows]

    return store.read(look)


@pytest.fixture
def exported(shell: Shell, talk: Talk, tmp_path: Path) -> Path:
    """Export a conversation."""
    report(talk)
    answered(talk)
    said = shell("issue", "export", ISSUE, str(tmp_path / "out"))
    assert (0, "") == (said.status, said.err)
    assert said.out.endswith("/out: 4 messages, 2 letters, 5 attachments; all of it is in clear\n")
    return tmp_path / "out"


def test_a_conversation_is_exported(exported: Path, talk: Talk) -> None:
    """Every message comes back byte for byte, and once more opened; our letters in clear."""
    received = read_mbox(exported / "received.mbox")
    assert stored(talk.house.store) == received
    opened = [
        email.message_from_bytes(each, policy=default)
        for each in read_mbox(exported / "opened.mbox")
    ]
    assert 6 == len(opened)
    assert b"memcpy" not in received[0]
    body = opened[0].get_body(("plain",))
    assert body is not None
    assert "memcpy" in body.get_content()
    assert str(opened[0]["Subject"]).startswith("Überlauf")
    assert "BEGIN PGP MESSAGE" not in str(opened)
    acknowledgement, reply = opened[1], opened[4]
    assert {"timeline.ics", "security-key.asc"} == {
        part.get_filename() for part in acknowledgement.iter_attachments()
    }
    said = reply.get_body(("plain",))
    assert said is not None
    assert ANSWER in said.get_content().replace("\r\n", "\n")
    assert str(talk.reporter().nonce) not in (exported / "opened.mbox").read_text("latin-1")


def test_files_have_names_and_nothing_but_names(exported: Path) -> None:
    """Numbered, so that none hides, escapes or writes over another; their bytes as they were."""
    kept = {path.name: path.read_bytes() for path in (exported / "attachments").iterdir()}
    assert {
        *("01-frames.pdf.sh", "02-frame.bin", "03-key.asc"),
        *("04-timeline.ics", "05-security-key.asc"),
    } == set(kept)
    assert (b"#!/bin/sh\n", b"\x00" * 2048) == (kept["01-frames.pdf.sh"], kept["02-frame.bin"])
    found = read_json(exported)
    paths = [each["path"] for one in found["messages"] for each in one["attachments"]]
    paths += [each["path"] for one in found["letters"] for each in one["files"]]
    assert sorted(paths) == sorted(f"attachments/{name}" for name in kept)


def test_everything_else_is_in_the_json(exported: Path, talk: Talk) -> None:
    """What `show` and `thread` tell, the digest of each message, who exported what when."""
    found = read_json(exported)
    shown = {"issue", "state", "subject", "owner", "timeline", "history", "deliveries", "trouble"}
    assert shown | {"messages", "letters", "exported", "correspondents"} <= set(found)
    digests = [hashlib.sha256(raw).hexdigest() for raw in stored(talk.house.store)]
    assert digests == [one["sha256"] for one in found["messages"]]
    assert [1, 2, 3, 4, 5, 6] == sorted(
        one["number"] for one in (*found["messages"], *found["letters"])
    )
    assert {"at", "by", "program"} == set(found["exported"])


def test_it_is_for_its_owner_alone(exported: Path) -> None:
    for path in (exported, *exported.rglob("*")):
        expected = 0o700 if path.is_dir() else 0o600
        assert expected == stat.S_IMODE(path.stat().st_mode), path


def test_an_encrypted_piece_is_opened_into_a_file(shell: Shell, talk: Talk, tmp_path: Path) -> None:
    """Apart from the mail it came in, which stays as it was."""
    talk.receive(LAYERS["half-clear"](talk.pen), sender=ROBINS)
    shell("issue", "export", ISSUE, str(tmp_path / "out"))
    (message,) = read_json(tmp_path / "out")["messages"]
    paths = [piece["path"] for piece in message["opened_pieces"]]
    contents = [(tmp_path / "out" / path).read_bytes() for path in paths]
    assert b"%PDF-1.4 proof" in contents
    assert stored(talk.house.store) == read_mbox(tmp_path / "out" / "received.mbox")


FROM_LINES = (
    b"From: robin@research.example\r\n\r\nFrom here\r\n>From there\r\n>>From all\r\n\r\n\r\n",
    b"From robin Thu Sep  3 12:00:00 2026\r\nFrom: robin@research.example\r\n\r\n.\r\n\n\n",
    b"\xff\xfe\x80 no header at all\r\nFrom me\nonly LF\n",
)


@pytest.mark.parametrize("raw", FROM_LINES, ids=["lines", "its own", "bytes"])
def test_mail_that_looks_like_the_format_comes_back(
    raw: bytes, shell: Shell, store: Store, tmp_path: Path
) -> None:
    with open_house(store) as house:
        house.receive(raw)
        house.settle()
    assert 0 == shell("issue", "export", ISSUE, str(tmp_path / "out")).status
    assert [raw] == read_mbox(tmp_path / "out" / "received.mbox")


def refused(shell: Shell, target: Path, status: int) -> Said:
    """Export to a place where it may not be; nothing is written there or recorded."""
    said = shell("issue", "export", ISSUE, str(target))
    assert (status, "") == (said.status, said.out)
    return said


def test_what_is_there_is_never_written_over(shell: Shell, reported: Store, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine").write_text("mine")
    before = reported.read(audit.head).seq
    assert "is there already" in refused(shell, target, 2).err
    assert ["mine"] == [path.name for path in target.iterdir()]
    assert before == reported.read(audit.head).seq


def test_nothing_unsealed_comes_into_the_state_folder(shell: Shell, reported: Store) -> None:
    state = shell.site.folder / "state"
    before = sorted(state.iterdir())
    assert "state folder" in refused(shell, state / "out", 1).err
    assert before == sorted(state.iterdir())


def test_nothing_unsealed_comes_into_the_configuration(shell: Shell, reported: Store) -> None:
    """It is kept in backups and version control, where opened mail has no place."""
    before = sorted(shell.site.folder.iterdir())
    said = refused(shell, shell.site.folder / "keys" / "out", 1)
    assert "configuration folder" in said.err
    assert before == sorted(shell.site.folder.iterdir())
    assert not (shell.site.folder / "keys" / "out").exists()


_ENDING_GPG = """#!/bin/sh
case " $* " in *" --decrypt "*) kill -s {name} $PPID;; esac
exec {gpg} "$@"
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_ends_it_leaves_nothing(
    number: signal.Signals, shell: Shell, talk: Talk, tmp_path: Path
) -> None:
    """While a message is being opened: status 128 and the signal's number, as shells have it."""
    report(talk)
    gpg = tmp_path / "ending-gpg"
    name = number.name.removeprefix("SIG")
    gpg.write_text(_ENDING_GPG.format(name=name, gpg=shell.site.load().gpg), encoding="ascii")
    gpg.chmod(0o700)
    shell.site.replace("gatekeeper.yaml", "  binary: gpg", f"  binary: {gpg}")
    place = tmp_path / "place"
    place.mkdir()
    command = [sys.executable, "-m", "gatekeeper", "--config", str(shell.site.folder)]
    done = subprocess.run(
        [*command, "issue", "export", ISSUE, str(place / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (128 + number, "") == (done.returncode, done.stdout)
    assert f"gatekeeper: ended by {number.name}\n" == done.stderr
    assert [] == list(place.iterdir())


def test_a_failure_leaves_nothing_half_made(shell: Shell, reported: Store, tmp_path: Path) -> None:
    """Recorded before it is opened, and no folder when it cannot be opened."""
    secret = shell.site.folder / "alias" / "secret.sealed"
    secret.write_bytes(secret.read_bytes()[:-1] + b"?")
    before = reported.read(audit.head).seq
    place = tmp_path / "place"
    place.mkdir()
    refused(shell, place / "out", 75)
    assert [] == list(place.iterdir())
    assert before + 1 == reported.read(audit.head).seq


def test_a_message_that_is_gone_leaves_nothing_half_made(
    shell: Shell, reported: Store, tmp_path: Path
) -> None:
    """Also when it fails in the middle, with files written already."""
    reported.write(lambda tx: tx.connection.execute(text("DELETE FROM message_chunks")))
    place = tmp_path / "place"
    place.mkdir()
    said = refused(shell, place / "out", 75)
    assert "content" in said.err
    assert [] == list(place.iterdir())


def test_it_is_recorded_and_told(shell: Shell, reported: Store, tmp_path: Path) -> None:
    said = shell("issue", "export", ISSUE, str(tmp_path / "out"), "--json")
    expected = {"folder": str(tmp_path / "out"), "messages": 1, "letters": 1, "attachments": 2}
    assert expected == said.json
    entry = shell("issue", "show", ISSUE, "--json").json["history"][-1]
    assert ("issue.exported", {"messages": 1, "letters": 1}) == (entry["kind"], entry["payload"])
    assert [REPORT] == read_mbox(tmp_path / "out" / "received.mbox")
    assert () == reported.read(audit.verify)
