"""`gatekeeper issue own`, `note`, `reply`: rows are written, and what a rule refuses is told."""

import getpass
import io
import sys
from pathlib import Path

import pytest

from gatekeeper import clock
from gatekeeper.domain.policy import MIB
from gatekeeper.issues.verbs import VERBS
from gatekeeper.outbound.job import Job
from gatekeeper.store import audit, letters, requests
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell
from tests.cli.story import ISSUE, ROBINS, report
from tests.issues.talk import Talk, to

ME = f"shell:{getpass.getuser()}"


def written(folder: Path, text: str) -> str:
    """Return the path of a file with that text."""
    path = folder / "text.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


def work(talk: Talk) -> list[Job]:
    """Let the service work at the moment at which the command was typed; return what left."""
    talk.house.now = clock.now()
    return talk.work()


def kinds(store: Store, talk: Talk) -> list[str]:
    """Return the kinds of our letters in the issue, oldest first."""
    issue = talk.issue().id
    return [letter.kind for letter in store.read(lambda tx: letters.of_issue(tx, issue))]


def test_every_verb_for_a_shell_is_there(shell: Shell) -> None:
    """The command line has exactly the verbs of the verb table that say so.

    A list for the whole shell is another thing than the one that is mailed to who asks.
    """
    for name, verb in VERBS.items():
        if name == "list":
            continue
        said = shell.bare(verb.noun, name, "--help")
        assert (0 if verb.by_shell else 2) == said.status
        if verb.by_shell:
            assert verb.summary[-30:] in " ".join(said.out.split())


def test_a_note_is_kept_and_mailed_to_the_team(shell: Shell, talk: Talk, tmp_path: Path) -> None:
    """A running service seals it; the log says whose it is, by the system's name for them."""
    report(talk)
    before = len(talk.sent)
    said = shell("issue", "note", ISSUE, "--file", written(tmp_path, "Ask upstream.\n"))
    assert (0, "") == (said.status, said.err)
    assert f"note: kept in {ISSUE}" in said.out
    left = work(talk)
    assert 3 == len(left) == len(talk.sent) - before
    assert [] == to(left, ROBINS)
    assert "Ask upstream." in talk.block(left)
    thread = shell("issue", "thread", ISSUE).out
    assert f"By         {ME}\nTo         the response team\n" in thread
    assert "  | Ask upstream.\n" in thread
    assert () == talk.house.store.read(audit.verify)


def test_a_reply_goes_to_the_reporter_encrypted(shell: Shell, talk: Talk, tmp_path: Path) -> None:
    """As the alias, with a file under a name that is safe; nobody's name is in it."""
    report(talk)
    proof = tmp_path / "-rf *.patch"
    proof.write_bytes(b"--- a\n+++ b\n")
    arguments = ["--file", written(tmp_path, "Thank you.\n"), "--attach", str(proof), "--json"]
    said = shell("issue", "reply", ISSUE, *arguments)
    assert (0, "") == (said.status, said.err)
    assert said.json["waiting"] is None
    assert any(ROBINS in line for line in said.json["done"])
    copy = talk.robin.open(to(work(talk), ROBINS)[-1].what.content)
    assert "Thank you." in copy.block
    assert b"--- a\n+++ b\n" == copy.attached("rf__.patch").replace(b"\r\n", b"\n")
    assert getpass.getuser() not in copy.block


def test_a_reply_in_clear_waits_for_people(
    shell: Shell, talk: Talk, store: Store, tmp_path: Path
) -> None:
    """Exit status 3, and the id; nothing leaves before two people have signed for it."""
    shell.site.replace("gatekeeper.yaml", "  clear_port:", "  clear_port: 587")
    talk.receive(talk.text("It crashes."), sender=ROBINS)
    arguments = ["--clear", "--file", written(tmp_path, "Which version?\n")]
    said = shell("issue", "reply", ISSUE, *arguments)
    assert (3, "") == (said.status, said.err)
    (waiting,) = store.read(requests.waiting)
    assert waiting.effect.hex() in said.out
    assert [] == to(work(talk), ROBINS)
    again = shell("issue", "reply", ISSUE, *arguments, "--json")
    assert 3 == again.status
    assert 64 == len(again.json["waiting"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["reply", ISSUE, "--clear"], "relay"),
        (["reply", ISSUE], "no key of the reporter is known"),
    ],
    ids=["in clear without a port for it", "without a key"],
)
def test_what_a_rule_refuses_is_status_1(
    arguments: list[str],
    words: str,
    shell: Shell,
    talk: Talk,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the reason and what to do; nothing is written, nor recorded as done."""
    talk.receive(talk.text("It crashes."), sender=ROBINS)
    before = store.read(audit.head).seq, kinds(store, talk)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Which version?\n")))
    said = shell("issue", *arguments)
    assert (1, "") == (said.status, said.out)
    assert words in said.err
    assert before == (store.read(audit.head).seq, kinds(store, talk))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--clear", "--attach", "x"], "--clear goes without files"),
        (["--attach", "nowhere"], "nowhere cannot be read"),
        (["--file", "nowhere"], "nowhere cannot be read"),
    ],
)
def test_wrong_usage_is_status_2(
    arguments: list[str], words: str, shell: Shell, reported: Store
) -> None:
    said = shell("issue", "reply", ISSUE, *arguments)
    assert (2, "") == (said.status, said.out)
    assert words in said.err


def test_a_text_that_is_none_is_refused(
    shell: Shell, reported: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are no UTF-8 would be sent as something that nobody wrote."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe")))
    said = shell("issue", "note", ISSUE)
    assert (2, "") == (said.status, said.out)
    assert "standard input holds no UTF-8 text" in said.err


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x85"])
@pytest.mark.parametrize("verb", ["note", "reply"])
def test_control_characters_are_refused(
    verb: str, character: str, shell: Shell, reported: Store, tmp_path: Path
) -> None:
    """Which and where is said; nothing is kept."""
    before = reported.read(audit.head).seq
    said = shell(
        *("issue", verb, ISSUE, "--file", written(tmp_path, f"One\n\ttwo {character} three\n"))
    )
    assert (2, "") == (said.status, said.out)
    assert f"holds the control character U+{ord(character):04X} in line 2: take it out" in said.err
    assert before == reported.read(audit.head).seq


def test_what_goes_with_a_reply_is_bounded_in_all(
    shell: Shell, reported: Store, tmp_path: Path
) -> None:
    """Several files that are small enough by themselves."""
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(13 * MIB)
    text = written(tmp_path, "Here it is.")
    said = shell("issue", "reply", ISSUE, "--file", text, *["--attach", str(big)] * 2)
    assert (2, "") == (said.status, said.out)
    assert "the files are larger than 26214400 bytes in all: leave some out" in said.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("-", "standard input is closed: name a file"),
        (".", ". is a folder: name a file"),
        ("/proc/self/mem", "(Input/output error): name a file that can be read"),
    ],
)
def test_what_cannot_be_read_has_its_own_remedy(
    name: str, words: str, shell: Shell, reported: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a standard input that is closed, `<&-`, which Python has as None."""
    monkeypatch.setattr(sys, "stdin", None)
    said = shell("issue", "note", ISSUE, "--file", name)
    assert (2, "") == (said.status, said.out)
    assert words in said.err


def test_somebody_who_is_nobody_here_is_not_there(shell: Shell, talk: Talk, tmp_path: Path) -> None:
    report(talk)
    text = written(tmp_path, "words")
    said = shell("issue", "reply", ISSUE, "--to", "upstream", "--file", text)
    assert (4, "") == (said.status, said.out)
    assert "upstream" in said.err


@pytest.mark.parametrize("name", ["wei example", "WEI@team.example"])
def test_an_owner_is_named_and_the_team_is_told(
    name: str, shell: Shell, talk: Talk, store: Store
) -> None:
    talk.receive(talk.text("It crashes."), sender=ROBINS)
    said = shell("issue", "own", ISSUE, "--for", name)
    assert 0 == said.status
    assert "Wei Example looks after SEC-2026-0001 now" in said.out
    assert "Wei Example" == talk.issue().owner
    talk.house.now = clock.now()
    assert "is Wei Example's, says shell:" in talk.block(talk.work())


def test_an_owner_whom_nobody_knows_is_status_4(shell: Shell, talk: Talk) -> None:
    talk.receive(talk.text("It crashes."), sender=ROBINS)
    said = shell("issue", "own", ISSUE, "--for", "Eve")
    assert 4 == said.status
    assert '"Eve" is nobody of the team' in said.err
    assert "name one of: Andrea Example, Wei Example" in said.err
