"""What we sign is signed by whom we say and as we say, or not at all."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.instants import SECOND
from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import armor, packets
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.opening import verify_detached, verify_inline
from gatekeeper.pgp.signing import clearsigned, sign_detached
from tests.keys import Key, gpg, key_of, short_home
from tests.peers import require
from tests.pgp.conftest import NOW, Desk, open_desk, revoked
from tests.pgp.offline import OfflineKey, offline_key
from tests.pgp.test_engine import saying

GOOD = SignatureState.GOOD
LINES = st.lists(st.text(alphabet=[chr(n) for n in range(0x20, 0x7F)], max_size=80), max_size=8)


@pytest.fixture(scope="module")
def offline() -> OfflineKey:
    return offline_key("Example Security <offline@example.org>")


@pytest.fixture(scope="module")
def signers(alias_key: Key, offline: OfflineKey) -> Iterator[Desk]:
    """The home of the alias with another key whose primary is offline."""
    with open_desk(offline.whole.public, secret=alias_key.secret) as ours:
        ours.keyring.load_secret(offline.subkeys.secret)
        yield ours


def key_version_and_digest(signature: bytes) -> list[tuple[int, int]]:
    """Return type and digest of each signature packet in an armored block (RFC 4880 §5.2.3)."""
    (block,) = armor.dearmor(signature)
    return [
        (block.data[packet.body + 1], block.data[packet.body + 3])
        for packet in packets.walk(block.data)
    ]


@pytest.mark.parametrize("content", [b"", b"text\r\n", bytes(range(256)), b"x" * 300_000])
def test_exactly_these_octets_are_signed(content: bytes, signers: Desk, alias_key: Key) -> None:
    signature = sign_detached(signers.engine, content, signer=alias_key.fingerprint, now=NOW)
    assert [(0x00, 10)] == key_version_and_digest(signature)
    (found,) = verify_detached(signers.engine, content, signature, now=NOW)
    assert (GOOD, alias_key.fingerprint, NOW) == (found.state, found.fingerprint, found.made_at)
    (other,) = verify_detached(signers.engine, content + b"x", signature, now=NOW)
    assert SignatureState.BAD == other.state


def test_a_key_with_its_primary_offline_signs_by_its_subkey(
    signers: Desk, offline: OfflineKey
) -> None:
    signature = sign_detached(signers.engine, b"x", signer=offline.fingerprint, now=NOW)
    (found,) = verify_detached(signers.engine, b"x", signature, now=NOW)
    assert (GOOD, offline.fingerprint) == (found.state, found.fingerprint)
    assert not offline.fingerprint.endswith(found.key_id or "")


def test_a_person_checks_both_signatures_at_once(
    signers: Desk, alias_key: Key, offline: OfflineKey
) -> None:
    """One frame, two signers: gpg --verify names both, and both are SHA-512."""
    text = b"-----\n- dash\nFrom here on\n\nsigned by two.\n"
    both = clearsigned(
        signers.engine, text, signer=alias_key.fingerprint, also=[offline.fingerprint], now=NOW
    )
    assert [(0x01, 10)] * 2 == key_version_and_digest(both)
    with short_home() as home:
        gpg(home, "--import", given=alias_key.public + offline.whole.public)
        command = ["gpg", "--homedir", str(home), "--verify", "-"]
        checked = subprocess.run(command, input=both, capture_output=True, check=True)
        assert 2 == checked.stderr.count(b"gpg: Good signature from")
        assert text == gpg(home, "--decrypt", given=both)
    content, found = verify_inline(signers.engine, both, now=NOW)
    assert text.removesuffix(b"\n").replace(b"\n", b"\r\n") == content
    assert [(GOOD, alias_key.fingerprint), (GOOD, offline.fingerprint)] == [
        (one.state, one.fingerprint) for one in found
    ]


def test_another_program_checks_it_too(signers: Desk, alias_key: Key, tmp_path: Path) -> None:
    """A verifier that shares no code with gpg (SOP, draft-dkg-openpgp-stateless-cli)."""
    require("sqop")
    signature = sign_detached(signers.engine, b"text\n", signer=alias_key.fingerprint, now=NOW)
    for name, content in (("cert", alias_key.public), ("signature", signature)):
        (tmp_path / name).write_bytes(content)
    command = ["sqop", "verify", str(tmp_path / "signature"), str(tmp_path / "cert")]
    assert alias_key.fingerprint in subprocess.run(
        command, input=b"text\n", capture_output=True, check=True
    ).stdout.decode("ascii")


@settings(max_examples=15)
@given(LINES)
def test_any_plain_text_is_framed_and_comes_out_again(
    signers: Desk, alias_key: Key, lines: list[str]
) -> None:
    text = "".join(f"{line.rstrip()}\n" for line in lines).encode("ascii")
    framed = clearsigned(signers.engine, text, signer=alias_key.fingerprint, now=NOW)
    content, found = verify_inline(signers.engine, framed, now=NOW)
    assert text.removesuffix(b"\n").replace(b"\n", b"\r\n") == content
    assert [GOOD] == [one.state for one in found]


@pytest.mark.parametrize(
    "text", [b"blank \n", b"tab\t\n", b"umlaut \xc3\xa4\n", b"cr\r\n", b"\0\n"]
)
def test_other_text_is_not_framed(text: bytes, signers: Desk, alias_key: Key) -> None:
    with pytest.raises(ValueError, match="7-bit"):
        clearsigned(signers.engine, text, signer=alias_key.fingerprint, now=NOW)


def test_nobody_else_signs_in_place_of_a_missing_key(signers: Desk, reporter_key: Key) -> None:
    """There are other secret keys, one even of the same address; none of them is taken."""
    for signer in (reporter_key.fingerprint, "A" * 40):
        with pytest.raises(OurFault, match="signing"):
            sign_detached(signers.engine, b"x", signer=signer, now=NOW)


def test_a_certificate_alone_signs_nothing(desk: Callable[..., Desk], alias_key: Key) -> None:
    ours = desk(alias_key.public, secret=key_of("Other <security@example.org>").secret)
    with pytest.raises(OurFault, match="signing"):
        sign_detached(ours.engine, b"x", signer=alias_key.fingerprint, now=NOW)


def test_a_revoked_key_signs_nothing(desk: Callable[..., Desk]) -> None:
    key = key_of("Gone <gone@example.org>")
    ours = desk(revoked(key), secret=key.secret)
    with pytest.raises(OurFault, match="signing"):
        sign_detached(ours.engine, b"x", signer=key.fingerprint, now=NOW)


WRONG = {
    "nothing": (),
    "another key": ("SIG_CREATED D 22 10 00 1790000000 " + "A" * 40,),
    "another digest": ("SIG_CREATED D 22 2 00 1790000000 {key}",),
    "another kind": ("SIG_CREATED C 22 10 01 1790000000 {key}",),
    "another type": ("SIG_CREATED D 22 10 18 1790000000 {key}",),
    "two": ("SIG_CREATED D 22 10 00 1790000000 {key}",) * 2,
    "a word that is not known": ("SIG_CREATED D 22 10 00 1790000000 {key}", "SURPRISE"),
    "no signature in the output": ("SIG_CREATED D 22 10 00 1790000000 {key}",),
}


@pytest.mark.parametrize("name", WRONG)
def test_only_what_gpg_says_exactly_is_believed(
    name: str, desk: Callable[..., Desk], alias_key: Key, tmp_path: Path
) -> None:
    """A gpg that did something else than it was told, with the home of a real one."""
    real = desk(secret=alias_key.secret)
    lines = [line.format(key=alias_key.fingerprint) for line in WRONG[name]]
    lying = Engine(
        binary=saying(tmp_path, *lines),
        home=real.engine.home,
        wait=20 * SECOND,
        output_limit=1_000_000,
    )
    with pytest.raises(OurFault, match=r"as it was told|something else"):
        sign_detached(lying, b"x", signer=alias_key.fingerprint, now=NOW)
