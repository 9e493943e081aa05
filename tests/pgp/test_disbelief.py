"""A gpg that says too little, too much or something else is not believed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.domain.protection import Integrity, SignatureState, UnreadableReason
from gatekeeper.pgp import fanout, opening
from gatekeeper.pgp.engine import Engine, Run
from gatekeeper.pgp.keyring import Keyring
from gatekeeper.pgp.opening import Closed, Opened
from tests.keys import Key
from tests.pgp import crafting
from tests.pgp.conftest import Desk, gpg_path
from tests.pgp.crafting import CraftedKey
from tests.pgp.test_engine import saying
from tests.pgp.test_fanout import seal, to

_BEGUN = ("DECRYPTION_KEY " + "A" * 40, "BEGIN_DECRYPTION", "DECRYPTION_INFO 2 9 0")
_PLAIN = ("PLAINTEXT 62 0 ", "PLAINTEXT_LENGTH 1")
_ENDED = ("DECRYPTION_OKAY", "GOODMDC", "END_DECRYPTION")
_X = "printf x"
_SEALED = crafting.packet(18, b"\x01" + bytes(40))
_SCREENED = crafting.packet(1, b"\x03" + b"\x11" * 8 + bytes(4)) + _SEALED


def opened_by(
    alias: Desk, folder: Path, *status: str, then: str = _X, wait: int = 20
) -> Opened | Closed:
    """Return what is believed of a gpg that says this and prints what `then` prints."""
    engine = Engine(
        binary=saying(folder, *status, then=then),
        home=alias.engine.home,
        wait=wait * SECOND,
        output_limit=1000,
    )
    return opening.open_message(engine, _SCREENED)


def test_what_gpg_must_say_is_enough(alias: Desk, tmp_path: Path) -> None:
    outcome = opened_by(alias, tmp_path, *_BEGUN, *_PLAIN, *_ENDED)
    assert isinstance(outcome, Opened)
    assert (b"x", "A" * 40, ()) == (outcome.plaintext, outcome.own_key, outcome.signatures)
    assert ("AES256", Integrity.MDC) == (outcome.cipher, outcome.integrity)


def test_the_integrity_protection_of_newer_gpgs_is_named(alias: Desk, tmp_path: Path) -> None:
    """LibrePGP's OCB packet, which gpg 2.4 makes: there is no MDC in it."""
    begun = (*_BEGUN[:2], "DECRYPTION_INFO 0 9 2")
    outcome = opened_by(alias, tmp_path, *begun, *_PLAIN, *_ENDED)
    assert isinstance(outcome, Opened)
    assert ("AES256", Integrity.AEAD) == (outcome.cipher, outcome.integrity)


@pytest.mark.parametrize(
    ("status", "then", "reason"),
    [
        ((), _X, UnreadableReason.MALFORMED),
        ((*_BEGUN, "DECRYPTION_INFO 2 9 0", *_PLAIN, *_ENDED), _X, UnreadableReason.AMBIGUOUS),
        (
            (*_BEGUN[:2], "DECRYPTION_INFO 0 9 0", *_PLAIN, *_ENDED),
            _X,
            UnreadableReason.NO_INTEGRITY,
        ),
        (
            (*_BEGUN[:2], "DECRYPTION_INFO 2 2 0", *_PLAIN, *_ENDED),
            _X,
            UnreadableReason.WEAK_CIPHER,
        ),
        ((*_BEGUN[:2], "DECRYPTION_INFO", *_PLAIN, *_ENDED), _X, UnreadableReason.WEAK_CIPHER),
        ((*_BEGUN, *_PLAIN, *_PLAIN, *_ENDED), _X, UnreadableReason.AMBIGUOUS),
        ((*_BEGUN, *_PLAIN, *_ENDED, "GOODMDC"), _X, UnreadableReason.NO_INTEGRITY),
        ((*_BEGUN, *_PLAIN, *_ENDED, "BADMDC"), _X, UnreadableReason.NO_INTEGRITY),
        ((*_BEGUN, *_PLAIN, "GOODMDC", "END_DECRYPTION"), _X, UnreadableReason.MALFORMED),
        ((*_BEGUN, *_ENDED), _X, UnreadableReason.MALFORMED),
        ((*_BEGUN, *_PLAIN, *_ENDED[:2]), _X, UnreadableReason.MALFORMED),
        ((*_BEGUN, *_PLAIN, *_ENDED), "printf xy", UnreadableReason.MALFORMED),
        ((*_BEGUN, *_PLAIN, *_ENDED), "exit 0", UnreadableReason.MALFORMED),
        ((*_BEGUN, *_PLAIN, *_ENDED), "printf x; exit 2", UnreadableReason.MALFORMED),
        ((*_BEGUN, *_PLAIN, *_ENDED, "BREAKTHROUGH"), _X, UnreadableReason.MALFORMED),
        ((_BEGUN[0], *_BEGUN, *_PLAIN, *_ENDED), _X, UnreadableReason.MALFORMED),
        ((*_BEGUN[1:], *_PLAIN, *_ENDED), _X, UnreadableReason.MALFORMED),
        ((*_BEGUN, *_PLAIN, *_ENDED), "yes", UnreadableReason.TOO_LARGE),
    ],
)
def test_anything_else_is_not_believed(
    alias: Desk, tmp_path: Path, status: tuple[str, ...], then: str, reason: UnreadableReason
) -> None:
    closed = opened_by(alias, tmp_path, *status, then=then)
    assert isinstance(closed, Closed)
    assert reason is closed.reason


def test_a_hidden_recipient_explains_the_exit_code_and_no_more(alias: Desk, tmp_path: Path) -> None:
    """Trying other keys first ends with 2, though the message is sound."""
    engine = Engine(
        binary=saying(tmp_path, *_BEGUN, *_PLAIN, *_ENDED, then="printf x; exit 2"),
        home=alias.engine.home,
        wait=20 * SECOND,
        output_limit=1000,
    )
    hidden = crafting.packet(1, b"\x03" + bytes(12)) + _SEALED
    assert isinstance(opening.open_message(engine, hidden), Opened)
    engine.binary.write_text(engine.binary.read_text().replace("exit 2", "exit 3"))
    assert isinstance(opening.open_message(engine, hidden), Closed)


def test_an_agent_that_does_not_use_our_key_is_our_fault(
    alias: Desk, alias_key: Key, tmp_path: Path
) -> None:
    """What gpg says then is what it says of a key that is not ours, so we look ourselves."""
    message = crafting.session_for(alias_key).protected(crafting.literal(b"x"))
    said = ("NO_SECKEY", "BEGIN_DECRYPTION", "DECRYPTION_FAILED", "END_DECRYPTION")
    engine = Engine(
        binary=saying(tmp_path, *said, then="exit 2"),
        home=alias.engine.home,
        wait=20 * SECOND,
        output_limit=1000,
    )
    with pytest.raises(OurFault, match="did not use our key"):
        opening.open_message(engine, message)


def test_a_message_that_takes_too_long_stays_closed(alias: Desk, tmp_path: Path) -> None:
    closed = opened_by(alias, tmp_path, *_BEGUN, then="sleep 600", wait=2)
    assert isinstance(closed, Closed)
    assert UnreadableReason.TOO_SLOW is closed.reason


class _Watching(Engine):
    """An engine that remembers how long each run for a message might have taken."""

    __slots__ = ("waits",)

    def __init__(self, binary: Path, home: Path, wait: int) -> None:
        self.waits: list[int] = []
        super().__init__(binary=binary, home=home, wait=wait, output_limit=1000)

    def run(
        self,
        *options: str,
        given: bytes = b"",
        attached: bytes = b"",
        ring: bytes = b"",
        wait: int | None = None,
        limit: int | None = None,
        now: Instant | None = None,
    ) -> Run:
        if wait is not None:
            self.waits.append(wait)
        return super().run(
            *options, given=given, attached=attached, ring=ring, wait=wait, limit=limit, now=now
        )


def test_all_runs_for_one_message_share_its_time(alias: Desk, tmp_path: Path) -> None:
    """A signature that is bad costs a second run, but not a second deadline."""
    said = (*_BEGUN, "NEWSIG", "BADSIG " + "A" * 16 + " Name")
    program = saying(tmp_path, *said, then="sleep 600")
    engine = _Watching(program, alias.engine.home, SECOND)
    closed = opening.open_message(engine, _SCREENED)
    assert isinstance(closed, Closed)
    assert UnreadableReason.TOO_SLOW is closed.reason
    assert [SECOND, 0] == engine.waits


def test_all_signatures_of_a_block_share_its_time(alias: Desk, tmp_path: Path) -> None:
    engine = _Watching(saying(tmp_path, *_GOOD), alias.engine.home, 20 * SECOND)
    block = crafting.packet(2, b"\x04\x00") * 3
    found = opening.verify_detached(engine, b"x", block)
    assert [SignatureState.GOOD] * 3 == [one.state for one in found]
    assert engine.waits == sorted(set(engine.waits), reverse=True)
    assert (3, 20 * SECOND) == (len(engine.waits), engine.waits[0])


class _Exhausted(_Watching):
    """An engine on which each run for a message takes all the time there is for it."""

    __slots__ = ()

    def run(
        self,
        *options: str,
        given: bytes = b"",
        attached: bytes = b"",
        ring: bytes = b"",
        wait: int | None = None,
        limit: int | None = None,
        now: Instant | None = None,
    ) -> Run:
        found = super().run(
            *options, given=given, attached=attached, ring=ring, wait=wait, limit=limit, now=now
        )
        return found if wait is None else replace(found, spent=wait)


def test_when_the_time_is_up_the_first_finding_counts(alias: Desk, alias_key: Key) -> None:
    """However many guests claim the signer's key, there is one deadline for all of them."""
    signer = CraftedKey(b"Owner")
    thieves = [CraftedKey(b"Thief").adopting(signer.certificate, flags=2) for _ in range(3)]
    message = crafting.session_for(alias_key).protected(signer.signed(b"x"))
    engine = _Exhausted(gpg_path(), alias.engine.home, 30 * SECOND)
    outcome = opening.open_message(engine, message, guests=[*thieves, signer.certificate])
    assert isinstance(outcome, Opened)
    assert SignatureState.GOOD not in {one.state for one in outcome.signatures}
    assert [30 * SECOND] == engine.waits
    engine.waits.clear()
    guests = [*thieves, signer.certificate]
    (found,) = opening.verify_detached(engine, b"x", signer.signature(b"x"), guests=guests)
    assert found.state is not SignatureState.GOOD
    assert [30 * SECOND] == engine.waits


def test_a_gpg_that_never_begins_is_our_fault(alias: Desk, tmp_path: Path) -> None:
    with pytest.raises(OurFault, match="did not begin"):
        opened_by(alias, tmp_path, then="sleep 600", wait=1)


_SIGNER = "A" * 40
_GOOD = (
    "NEWSIG",
    f"GOODSIG {_SIGNER[-16:]} Name",
    f"VALIDSIG {_SIGNER} 2026-01-01 1767225600 0 4 0 22 10 00 {_SIGNER}",
)


def verified_by(
    alias: Desk, folder: Path, *status: str, then: str, wait: int = 20
) -> tuple[SignatureState, ...]:
    engine = Engine(
        binary=saying(folder, *status, then=then),
        home=alias.engine.home,
        wait=wait * SECOND,
        output_limit=1000,
    )
    block = crafting.packet(2, b"\x04\x00")
    return tuple(one.state for one in opening.verify_detached(engine, b"x", block))


@pytest.mark.parametrize(
    ("status", "then", "state"),
    [
        (_GOOD, "exit 0", SignatureState.GOOD),
        (_GOOD, "exit 2", SignatureState.UNCHECKED),
        (_GOOD, "yes", SignatureState.UNCHECKED),
        ((*_GOOD, "BREAKTHROUGH"), "exit 0", SignatureState.UNCHECKED),
        ((*_GOOD, "PLAINTEXT 62 0 "), "exit 0", SignatureState.UNCHECKED),
        ((), "exit 0", SignatureState.UNCHECKED),
    ],
)
def test_a_signature_is_good_only_if_all_of_gpg_says_so(
    alias: Desk, tmp_path: Path, status: tuple[str, ...], then: str, state: SignatureState
) -> None:
    assert (state,) == verified_by(alias, tmp_path, *status, then=then)


def test_a_verification_that_takes_too_long_counts_for_nothing(alias: Desk, tmp_path: Path) -> None:
    """Whoever sent it chose the key that it takes so long with: no other try would end better."""
    assert (SignatureState.UNCHECKED,) == verified_by(alias, tmp_path, then="sleep 600", wait=1)


_ENCRYPTED = "BEGIN_ENCRYPTION 2 9"
_SIGNED = "SIG_CREATED S 22 10 00 1 {key}"
_LITERAL = r"printf '\313\000'"


@pytest.mark.parametrize(
    ("status", "then", "words"),
    [
        (("BEGIN_ENCRYPTION 2 2", _SIGNED), _LITERAL, "not encrypt as"),
        ((_ENCRYPTED, "SIG_CREATED S 22 2 00 1 {key}"), _LITERAL, "not sign as"),
        ((_ENCRYPTED, "SIG_CREATED S 22 10 00 1 " + "A" * 40), _LITERAL, "not sign as"),
        ((_ENCRYPTED, "SIG_CREATED"), _LITERAL, "not sign as"),
        ((_ENCRYPTED,), _LITERAL, "not encrypt as"),
        ((_ENCRYPTED, _SIGNED), _LITERAL, "other packets"),
        ((_ENCRYPTED, _SIGNED), "printf x", "cut short"),
        ((_ENCRYPTED, _SIGNED), "exit 2", "failed while encrypting"),
        (("INV_RECP",), "exit 2", "failed while encrypting"),
    ],
)
def test_a_gpg_that_did_something_else_is_our_fault(
    sender: Desk,
    alias_key: Key,
    members: list[Key],
    tmp_path: Path,
    status: tuple[str, ...],
    then: str,
    words: str,
) -> None:
    lines = [line.format(key=alias_key.fingerprint) for line in status]
    engine = Engine(
        binary=saying(tmp_path, *lines, then=then),
        home=sender.engine.home,
        wait=20 * SECOND,
        output_limit=1_000_000,
    )
    with pytest.raises(OurFault, match=words):
        seal(Desk(engine=engine, keyring=Keyring(engine)), [to(members[0])], alias_key)


def test_a_gpg_that_refuses_every_key_blocks_everybody(
    sender: Desk, alias_key: Key, members: list[Key], tmp_path: Path
) -> None:
    few = members[:4]
    engine = Engine(
        binary=saying(tmp_path, *(f"INV_RECP 10 {key.fingerprint}" for key in few), then="exit 2"),
        home=sender.engine.home,
        wait=20 * SECOND,
        output_limit=1_000_000,
    )
    desk = Desk(engine=engine, keyring=Keyring(engine))
    sealed = seal(desk, [to(member) for member in few], alias_key)
    assert {member.fingerprint for member in few} == set(sealed.blocked)
    assert all("gpg cannot encrypt" in reason for reason in sealed.blocked.values())


def test_retries_are_bounded(
    desk: Callable[..., Desk],
    alias_key: Key,
    members: list[Key],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gpg that names one key in each run is not asked for ever."""
    monkeypatch.setattr(fanout, "_RETRIES", 1)
    first, second = members[:2]
    ours = desk(first.public, second.public, secret=alias_key.secret)
    engine = Engine(
        binary=saying(tmp_path, f"INV_RECP 10 {first.fingerprint}", then="exit 2"),
        home=ours.engine.home,
        wait=20 * SECOND,
        output_limit=1_000_000,
    )
    with pytest.raises(OurFault, match="again and again"):
        seal(Desk(engine=engine, keyring=Keyring(engine)), [to(first), to(second)], alias_key)
