"""Every decision about what to believe, put to the real gpg, in every locale alike.

The cases are in decisions.py (whole messages), decisions_signed.py (signatures and their keys) and
decisions_text.py (text that poses as gpg's status), each with the verdict it must get.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import opening
from tests.pgp import believing
from tests.pgp.believing import BOUND, CONTENT, LINE_BREAKS, NOW, People
from tests.pgp.conftest import Desk, gpg_path, open_desk
from tests.pgp.crafting import literal
from tests.pgp.decisions import WHOLE, Case
from tests.pgp.decisions_signed import SIGNED, SIGNERS
from tests.pgp.decisions_text import TEXTS

DECISIONS = (*WHOLE, *SIGNED, *SIGNERS, *TEXTS)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def people() -> People:
    return People()


@pytest.fixture(scope="module")
def ours(people: People) -> Iterator[Desk]:
    """The alias's desk with everybody's certificate."""
    secret = people.alias.secret
    with open_desk(*people.certificates(), secret=secret, output_limit=BOUND) as desk:
        yield desk


@pytest.mark.parametrize("case", DECISIONS, ids=lambda case: case.name)
def test_what_is_believed(people: People, ours: Desk, case: Case) -> None:
    found = believing.verdict(ours.engine, case.make(people), people.names())
    newer = case.newer if ours.engine.version() >= (2, 4) else ""
    assert (newer or case.verdict) == found


@pytest.mark.parametrize("name", LINE_BREAKS)
def test_text_in_a_user_id_makes_no_detached_signature_anybody_elses(
    people: People, ours: Desk, name: str
) -> None:
    forger = people.forgers[name]
    blocks = (forger.signature(CONTENT), forger.signature(b"other"))
    found = [opening.verify_detached(ours.engine, CONTENT, block)[0] for block in blocks]
    assert [(SignatureState.GOOD, forger.fingerprint), (SignatureState.BAD, None)] == [
        (one.state, one.fingerprint) for one in found
    ]


@pytest.mark.parametrize("cut", [False, True])
def test_a_packet_in_ocb_mode_is_believed_of_a_gpg_that_tells_its_mode(
    people: People, ours: Desk, cut: bool
) -> None:
    """As gpg 2.4 makes it. What gpg 2.2 says of it is the same for a sound one and a cut one."""
    message = people.session.chunked(literal(CONTENT * 100), power=6, cut=cut)
    found = believing.verdict(ours.engine, message, {})
    if ours.engine.version() < (2, 4) or cut:
        assert "closed: no valid integrity protection" == found
    else:
        assert found.endswith(" AES256 AEAD: unsigned")
    if ours.engine.version() < (2, 4):
        words = [line.word for line in ours.engine.run("--decrypt", given=message).status.lines]
        assert {"GOODMDC", "DECRYPTION_OKAY"} <= set(words)


def test_no_two_decisions_have_one_name() -> None:
    assert len(DECISIONS) == len({case.name for case in DECISIONS})


def test_every_forger_is_known_by_one_user_id(people: People, ours: Desk) -> None:
    """Loaded and listed, each hostile certificate is itself, and nobody else was added."""
    listed = {cert.fingerprint: cert for cert in ours.keyring.list(NOW)}
    wanted = set(people.names()) - {people.stranger.fingerprint}
    primaries = {people.alias.fingerprint} | {
        fingerprint
        for fingerprint, name in people.names().items()
        if fingerprint in wanted and name not in _SUBKEYS
    }
    assert primaries == set(listed)
    for name in LINE_BREAKS:
        cert = listed[people.forgers[name].fingerprint]
        assert len(cert.user_ids) <= 1
        assert all(text.isprintable() for text in cert.user_ids)


_SUBKEYS = frozenset({"old", "withdrawn", "new", "encrypting", "unasked", "unbound"})


@cache
def _installed(locale: str) -> bool:
    done = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True)
    names = {name.lower().replace("-", "") for name in done.stdout.split()}
    return locale.lower().replace("-", "") in names


LOCALES = {
    "C": {"LC_ALL": "C"},
    "C, in ASCII alone": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "C.UTF-8": {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "0"},
    "en_US.UTF-8": {"LC_ALL": "en_US.UTF-8", "PYTHONUTF8": "0"},
}


def test_verdicts_are_the_same_in_every_locale(people: People, ours: Desk, tmp_path: Path) -> None:
    """Byte for byte, and the same as in this process; also what certificates say of themselves."""
    told = ("NEL", "LS", "CR", "NUL", "FS")
    texts = [case for case in TEXTS if case.name.rpartition(", ")[2] in told]
    chosen = [*WHOLE, *SIGNED, *SIGNERS, *texts]
    messages = {case.name: case.make(people) for case in chosen}
    believing.write(tmp_path, people, messages)
    here = [f"{name}: {believing.verdict(ours.engine, messages[name], {})}" for name in messages]
    found = {
        name: _in_a_locale(tmp_path, surroundings)
        for name, surroundings in LOCALES.items()
        if _installed(surroundings["LC_ALL"].replace("UTF-8", "utf8"))
    }
    assert {"C", "C, in ASCII alone"} <= found.keys()
    (lines,) = set(found.values())
    assert sorted(here) == sorted(lines.decode("utf-8").split("\n")[: len(here)])


def _in_a_locale(folder: Path, surroundings: dict[str, str]) -> bytes:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
    command: list[str | Path] = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "tests.pgp.believing",
        gpg_path(),
        folder,
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**kept, **surroundings}, capture_output=True, check=False
    )
    assert 0 == done.returncode, done.stderr.decode("utf-8", "replace")
    return done.stdout
