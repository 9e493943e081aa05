"""`gatekeeper approval text`, `give`, `refuse`, `withdraw`: a text that is signed at a shell."""

import getpass
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper import clock
from gatekeeper.issues import requesting
from gatekeeper.issues.acting import Actor
from gatekeeper.store import audit, correspondents, requests
from gatekeeper.store.engine import Store
from gatekeeper.store.requests import Request
from gatekeeper.store.tx import Tx
from tests.cli.conftest import Shell
from tests.cli.story import ROBINS
from tests.house import person_key
from tests.issues.reports import robin_key
from tests.issues.talk import Talk

Sign = Callable[[str, int], Path]


@pytest.fixture
def waiting(talk: Talk) -> Request:
    """Have this user ask that a key which was offered be the reporter's."""
    talk.receive(talk.text("It crashes."), sender=ROBINS)
    issue, robin, key = talk.issue(), talk.reporter(), robin_key()
    actor = Actor(shell=f"shell:{getpass.getuser()}")  # noqa: S604 - no process, a name

    def write(tx: Tx) -> None:
        correspondents.offer(
            tx,
            correspondent=robin.id,
            certificate=key.public,
            fingerprint=key.fingerprint,
            now=clock.now(),
        )
        requesting.pin_key(
            tx, talk.house.desk, issue=issue, actor=actor, key=key.fingerprint, now=clock.now()
        )

    talk.house.store.write(write)
    (found,) = talk.house.store.read(requests.waiting)
    return found


@pytest.fixture
def sign(talk: Talk, tmp_path: Path) -> Sign:
    """Have one of the team sign a text into a file."""

    def signed(text: str, person: int) -> Path:
        path = tmp_path / f"signed-{person}.asc"
        path.write_bytes(talk.pen.clear_sign(text.encode(), by=person_key(person)))
        return path

    return signed


def state(store: Store, one: Request) -> str:
    """Return the state of a request."""
    found = store.read(lambda tx: requests.by_effect(tx, one.effect))
    assert found is not None
    return found.state


def test_two_people_sign_what_is_shown(
    shell: Shell, store: Store, talk: Talk, waiting: Request, sign: Sign
) -> None:
    digest = waiting.effect.hex()
    shown = shell("approval", "text", digest[:8])
    assert (0, "") == (shown.status, shown.err)
    assert shown.out.startswith(f"!SEC-2026-0001@example.org approve {digest}\n\nIssue: ")
    first = shell("approval", "give", str(sign(shown.out, 0)))
    assert (3, "") == (first.status, first.err)
    assert "approve: counted; 1 more person has to approve" in first.out
    second = shell("approval", "give", str(sign(shown.out, 1)), "--json")
    assert 0 == second.status
    assert second.json["waiting"] is None
    assert requests.DONE == state(store, waiting)
    assert robin_key().fingerprint == talk.reporter().fingerprint


def test_a_person_says_no(shell: Shell, store: Store, waiting: Request, sign: Sign) -> None:
    shown = shell("approval", "text", waiting.effect.hex(), "--why", "ask for the key")
    said = shell("approval", "refuse", str(sign(shown.out, 2)))
    assert (0, "") == (said.status, said.err)
    assert requests.REFUSED == state(store, waiting)


def test_a_shell_alone_approves_nothing(
    shell: Shell, store: Store, waiting: Request, tmp_path: Path
) -> None:
    path = tmp_path / "unsigned.txt"
    path.write_text(shell("approval", "text", waiting.effect.hex()).out)
    said = shell("approval", "give", str(path))
    assert 1 == said.status
    assert "not signed by a person of the team" in said.err
    assert requests.WAITING == state(store, waiting)


def test_who_asked_at_a_shell_takes_it_back(shell: Shell, store: Store, waiting: Request) -> None:
    said = shell("approval", "withdraw", waiting.effect.hex()[:12])
    assert (0, "") == (said.status, said.err)
    assert requests.WITHDRAWN == state(store, waiting)
    again = shell("approval", "withdraw", waiting.effect.hex()[:12])
    assert 2 == again.status
    assert "nothing waits with a hash that begins with" in again.err


@pytest.mark.parametrize("name", ["", "4f1c", "zzzzzzzz"])
def test_what_is_named_too_short_or_wrong_is_nothing(
    name: str, shell: Shell, waiting: Request
) -> None:
    assert 2 == shell("approval", "text", name).status


def test_looking_at_the_text_is_recorded(shell: Shell, store: Store, waiting: Request) -> None:
    before = store.read(audit.head).seq
    shell("approval", "text", waiting.effect.hex())
    assert before + 1 == store.read(audit.head).seq
