"""`gatekeeper issue thread`: who said what to whom, when, verified how; nothing poses as ours."""

import getpass
import re
from pathlib import Path

import pytest

from gatekeeper.cli.screen import ROOM_MIN
from gatekeeper.store import audit
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell
from tests.cli.story import ANSWER, ISSUE, ROBINS, answered, refused, report, steady
from tests.cli.terminals import on_a_terminal
from tests.house import open_house
from tests.issues.talk import Talk

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def compare(name: str, shown: str) -> None:
    """Compare a screen with the reviewed one."""
    assert (GOLDEN / name).read_text(encoding="utf-8") == shown


def test_the_screens_are_as_reviewed(
    shell: Shell, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report with files that lie, an answer, an agreement; in three widths, and in full."""
    report(talk)
    answered(talk)
    compare("thread-full.txt", steady(shell("issue", "thread", ISSUE, "--full").out))
    for width in (60, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        said = shell("issue", "thread", ISSUE)
        assert (0, "") == (said.status, said.err)
        compare(f"thread-{width}.txt", steady(said.out))


def test_a_thread_in_clear(shell: Shell, reported: Store) -> None:
    """The same for programs: stable keys, and the text that cannot steer a terminal."""
    said = shell("issue", "thread", ISSUE)
    assert 0 == said.status
    assert said.out.startswith(f"{ISSUE}  Crash in the frame parser\n1 message and 1 letter")
    assert "\n  A frame of length 0 reads one byte too far." in said.out
    assert "\x1b" not in said.out
    found = shell("issue", "thread", ISSUE, "--json").json
    assert {"issue", "subject", "messages", "letters"} == set(found)
    (message,) = found["messages"]
    assert (1, "report", 26) == (message["number"], message["kind"], len(message["id"]))
    assert ("2026-09-03T12:00:00Z", "2026-09-03T11:58:00Z") == (
        message["received_at"],
        message["date"],
    )
    assert ([], []) == (message["problems"], message["attachments"])
    assert ROBINS == message["envelope"]["sender"]
    assert 3 == len(message["passed_on"])
    (letter,) = found["letters"]
    assert (2, "acknowledgement", "clear form", True) == (
        letter["number"],
        letter["kind"],
        letter["form"],
        letter["automatic"],
    )
    assert [ROBINS] == [row["recipient"] for row in letter["deliveries"]]
    assert ["timeline.ics", "security-key.asc"] == [file["file"] for file in letter["files"]]


def test_everything_is_there_for_programs(shell: Shell, talk: Talk) -> None:
    """Decrypted text, attachments by a name that is safe, our own words, in one order."""
    report(talk)
    answered(talk)
    found = shell("issue", "thread", ISSUE, "--json").json
    first = found["messages"][0]
    assert "memcpy(frame->data" in first["text"]
    files = {each["file"]: each for each in first["attachments"]}
    assert {"frames.pdf.sh", "frame.bin", "key.asc"} == set(files)
    assert 2048 == files["frame.bin"]["size"]
    assert ANSWER.split("\n")[0] in found["letters"][1]["text"]
    numbers = [each["number"] for each in (*found["messages"], *found["letters"])]
    assert list(range(1, 7)) == sorted(numbers)


def test_the_reporters_code_is_not_told(shell: Shell, talk: Talk) -> None:
    """Whoever could read it in a thread could pass for the reporter."""
    talk.receive(talk.text("It crashes."), sender=ROBINS)
    code = str(talk.reporter().nonce)
    assert any(code.encode() in job.what.content for job in talk.sent)
    for options in (["--full"], ["--json"]):
        said = shell("issue", "thread", ISSUE, *options).out
        assert code not in said
        assert "a code that only the recipient is told" in said


@pytest.mark.parametrize("person", ["sam@vendor.example", ROBINS])
def test_trouble_is_told_where_it_belongs(person: str, shell: Shell, talk: Talk) -> None:
    """Beside the message or letter whose copy did not get through, with the relay's reason."""
    talk.house.receive(talk.text("It crashes."), sender=ROBINS)
    talk.house.settle()
    refused(talk, person)
    said = shell("issue", "thread", ISSUE).out
    assert f"           {person}: failed after 1 try, 550 5.1.1 No such user\n" in said


HOSTILE = (
    b"From: =?utf-8?q?=E2=80=AEnaerdnA?= <robin@research.example>\r\nTo: security@example.org\r\n"
    b"Subject: =?utf-8?q?=1B]0=3Bowned=07_=E2=80=8B?= x\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"\x1b[2J\x9b31m\r\n"
    b"\xe2\x94\x80\xe2\x94\x80 9 \xe2\x94\x80\xe2\x94\x80 our reply\r\nFrom       me\r\n"
    + b"From "
    * 60
    + b"\r\n--b\r\nContent-Type: application/octet-stream\r\n"
    b'Content-Disposition: attachment; filename="\x1b[2J/../../\xe2\x80\xaefdp.exe"\r\n\r\nx\r\n'
    b"--b--\r\n"
)


@pytest.mark.parametrize("width", [20, 32, 60, 80])
@pytest.mark.parametrize("verb", ["thread", "show"])
def test_no_word_of_a_sender_poses_as_ours(
    verb: str, width: int, shell: Shell, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line fits, is printable, and begins with a word of ours or with a blank."""
    monkeypatch.setenv("COLUMNS", str(width))
    with open_house(store) as house:
        house.receive(HOSTILE)
        house.settle()
    lines = shell("issue", verb, ISSUE).out.splitlines()
    assert all(line.isprintable() for line in lines)
    assert all(len(line) <= max(width, ROOM_MIN) for line in lines)
    assert 1 == sum(line.startswith("From ") for line in lines if verb == "thread") + (
        verb == "show"
    )
    assert not any(line.startswith("── 9") for line in lines)


def test_looking_is_recorded_before_anything_is_opened(shell: Shell, reported: Store) -> None:
    """Also when the look then fails, because the alias's key cannot be opened."""
    before = reported.read(audit.head).seq
    secret = shell.site.folder / "alias" / "secret.sealed"
    secret.write_bytes(secret.read_bytes()[:-1] + b"?")
    said = shell("issue", "thread", ISSUE)
    assert 0 != said.status
    assert "" == said.out
    assert before + 1 == reported.read(audit.head).seq
    assert () == reported.read(audit.verify)


def test_the_record_names_who_looked_and_at_how_much(shell: Shell, reported: Store) -> None:
    shell("issue", "thread", ISSUE)
    entry = shell("issue", "show", ISSUE, "--json").json["history"][-1]
    assert ("issue.read", f"shell:{getpass.getuser()}") == (entry["kind"], entry["actor"])
    assert {"messages": 1, "letters": 1} == entry["payload"]


def test_no_opened_key_is_left_behind(shell: Shell, reported: Store) -> None:
    shell("issue", "thread", ISSUE)
    assert [] == list(Path(shell.site.environ["RUNTIME_DIRECTORY"]).iterdir())


@pytest.mark.parametrize("verb", ["show", "thread"])
def test_people_at_a_terminal_get_colours_and_their_width(
    verb: str, shell: Shell, reported: Store
) -> None:
    """Nothing but colours steers the terminal, and no line is wrapped by it."""
    command = ["-m", "gatekeeper", "--config", str(shell.site.folder), "issue", verb, ISSUE]
    shown = on_a_terminal(command, **shell.site.environ)
    assert "\x1b[1m" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert all(line.isprintable() for line in plain.splitlines())
    assert 60 >= max(map(len, plain.splitlines())) > 50
