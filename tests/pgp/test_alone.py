"""Gpg works alone: no network, no key server, no window, no smart card, and nothing stays behind.

Baits stand where gpg and gpg-agent would find their helpers: small programs that leave a mark when
anybody starts them. Each is first shown to work on a gpg that is asked in the usual way.
"""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import armor, fanout, guests, keys, opening
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.fanout import Recipient
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.opening import Closed, Opened
from tests.keys import Key, gpg, key_of, short_home
from tests.pgp import crafting
from tests.pgp.conftest import NOW, gpg_path
from tests.pgp.crafting import CraftedKey, literal, session_for

AGENT = "gpg-agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baited:
    """A home in which every helper is a bait; `marks` is where they leave theirs."""

    home: Path
    marks: Path
    agent_settings: str

    def found(self) -> list[str]:
        """Return which baits were taken."""
        return sorted(path.name for path in self.marks.iterdir())

    def take_back(self) -> None:
        """Remove the marks, and the agent that may have read other settings."""
        stop = ["gpgconf", "--homedir", str(self.home), "--kill", "all"]
        subprocess.run(stop, capture_output=True, check=False)
        for path in self.marks.iterdir():
            path.unlink()


@pytest.fixture
def baited(tmp_path: Path) -> Iterator[Baited]:
    marks = tmp_path / "marks"
    marks.mkdir()
    with short_home() as home:
        for name in ("dirmngr", "pinentry", "scdaemon"):
            program = tmp_path / name
            program.write_text(f"#!/bin/sh\ntouch {marks}/{name}\nexit 1\n")
            program.chmod(0o755)
        (home / "gpg.conf").write_text(
            "keyserver hkp://127.0.0.1:9\n"
            "keyserver-options auto-key-retrieve,honor-keyserver-url\n"
            "auto-key-locate clear,nodefault,wkd,dane,pka,keyserver\n"
            "trust-model tofu+pgp\n"
            f"dirmngr-program {tmp_path}/dirmngr\n"
        )
        (home / "dirmngr.conf").write_text("keyserver hkp://127.0.0.1:9\nuse-tor\n")
        names = ("pinentry", "scdaemon")
        settings = "".join(f"{name}-program {tmp_path}/{name}\n" for name in names)
        (home / "gpg-agent.conf").write_text(settings)
        yield Baited(home=home, marks=marks, agent_settings=settings)


def processes_of(home: Path) -> dict[int, str]:
    """Return the processes whose command line names the home, with their program's name."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if any(os.fsencode(home) in word for word in words):
                found[int(entry.name)] = Path(os.fsdecode(words[0])).name
    return found


def lure() -> CraftedKey:
    """Return a signer whom nobody knows, and whose signatures say where to ask for its key."""
    return CraftedKey(b"Stranger <stranger@example.org>")


LURES = (
    crafting.subpacket(24, b"hkp://127.0.0.1:9/key")
    + crafting.notation(b"pka-address@" + b"gnupg.org", b"stranger@example.org")
    + crafting.subpacket(28, b"stranger@example.org")
)


def test_the_baits_are_taken_by_a_gpg_that_is_asked_as_usual(
    baited: Baited, alias_key: Key
) -> None:
    """The ground to stand on: without our options each helper is started."""
    home = ("gpg", "--homedir", str(baited.home), "--batch", "--no-tty")
    gpg(baited.home, "--import", given=alias_key.secret)
    signed = lure().signed(b"x", more=LURES)
    hidden = ("--hidden-recipient", alias_key.fingerprint, "--encrypt")
    message = gpg(baited.home, *hidden, given=b"x")
    with short_home() as other:
        password = gpg(other, "--passphrase", "p", "--s2k-count", "65536", "-c", given=b"x")
    baited.take_back()
    for given in (signed, password, message):
        subprocess.run([*home, "--decrypt"], input=given, capture_output=True, check=False)
    assert ["dirmngr", "pinentry", "scdaemon"] == baited.found()


def _everything(engine: Engine, keyring: Keyring, alias: Key) -> None:
    """Do with gpg all that is ever done with it."""
    friend, stranger = key_of("Friend <friend@example.org>"), lure()
    assert alias.fingerprint == keyring.load_secret(alias.secret)
    keyring.load([friend.public])
    guests.examine(engine, key_of("Guest <guest@example.org>").public, NOW)
    keys.inspect(engine, stranger.certificate, NOW)
    made = keyring.generate("Made <made@example.org>", NOW)
    keyring.export(made)
    keyring.export_secret(made)
    assert {alias.fingerprint, made, friend.fingerprint} == {
        cert.fingerprint for cert in keyring.list(NOW)
    }
    sealed = fanout.seal(
        engine,
        keyring,
        plaintext=b"x",
        recipients=[Recipient(ref="a", fingerprints=(alias.fingerprint, "A" * 40))],
        signer=made,
        now=NOW,
    )
    session = session_for(alias)
    unknown = stranger.signed(b"x", more=LURES)
    hidden = bytes(session.key_packet[:3]) + bytes(8) + session.key_packet[11:]
    sound = session.protected(literal(b"x"))
    for message in (
        sealed.key_packets["a"] + sealed.shared,
        sound,
        hidden + sound.removeprefix(session.key_packet),
        session.protected(unknown),
    ):
        assert isinstance(opening.open_message(engine, message, now=NOW), Opened)
    with short_home() as other:
        password = gpg(other, "--passphrase", "p", "--s2k-count", "65536", "-c", given=b"x")
    for message in (session.protected(password), password, session_for(friend).protected(sound)):
        assert isinstance(opening.open_message(engine, message, now=NOW), Closed)
    block = stranger.signature(b"x", more=LURES)
    frame = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nx\n"
    clear = frame + armor.armor(Kind.SIGNATURE, stranger.signature(b"x", kind=1, more=LURES))
    found = (
        *opening.verify_detached(engine, b"x", block, guests=[friend.public]),
        *opening.verify_inline(engine, clear)[1],
    )
    assert [SignatureState.UNKNOWN_SIGNER] * 2 == [one.state for one in found]


def test_nothing_is_asked_of_anybody_and_nothing_is_left(baited: Baited, alias_key: Key) -> None:
    engine = Engine(binary=gpg_path(), home=baited.home, wait=60 * SECOND, output_limit=10_000_000)
    with (baited.home / "gpg-agent.conf").open("a") as ours:
        ours.write(baited.agent_settings)
    keyring = Keyring(engine)
    _everything(engine, keyring, alias_key)
    assert [] == baited.found()
    assert {AGENT} == set(processes_of(baited.home).values())
    assert not (baited.home / "S.dirmngr").exists()
    (agent,) = processes_of(baited.home)
    keyring.close()
    assert _ends(agent)
    assert {} == processes_of(baited.home)


def _ends(process: int) -> bool:
    """Wait until a process that is no child of ours has ended."""
    try:
        watched = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return [watched] == select.select([watched], [], [], 30)[0]
    finally:
        os.close(watched)


def test_a_killed_gpg_leaves_only_the_agent_that_is_stopped_at_the_end(
    baited: Baited, alias_key: Key
) -> None:
    engine = Engine(binary=gpg_path(), home=baited.home, wait=60 * SECOND, output_limit=1000)
    keyring = Keyring(engine)
    keyring.load_secret(alias_key.secret)
    bomb = session_for(alias_key).protected(crafting.compressed(literal(bytes(10_000_000))))
    for _ in range(5):
        assert isinstance(opening.open_message(engine, bomb), Closed)
    assert [AGENT] == list(processes_of(baited.home).values())
    left = list(processes_of(baited.home))
    keyring.close()
    assert all(_ends(process) for process in left)
    assert {} == processes_of(baited.home)
