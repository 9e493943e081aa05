"""A home is filled, listed, emptied and closed; keys made in it are of the kind we want."""

import os
import select
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatekeeper.domain.errors import NotThere, OurFault, Refusal
from gatekeeper.domain.instants import DAY, SECOND, Instant, later, to_datetime
from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import armor, fanout, keys, opening, packets
from gatekeeper.pgp.armor import Kind
from gatekeeper.pgp.engine import Engine
from gatekeeper.pgp.fanout import Recipient
from gatekeeper.pgp.keyring import LIFE, Keyring
from gatekeeper.pgp.keys import CertInfo, CertRefused
from gatekeeper.pgp.opening import Opened
from tests.keys import Key, gpg, key_of, short_home
from tests.pgp import crafting
from tests.pgp.conftest import NOW, Desk, revoked
from tests.pgp.offline import offline_key
from tests.pgp.test_engine import saying
from tests.pgp.test_opening import encrypt


def people(count: int) -> list[Key]:
    return [key_of(f"Person {number} <p{number}@example.org>") for number in range(count)]


def test_certificates_are_loaded_in_order(desk: Callable[..., Desk]) -> None:
    three = people(3)
    ours = desk()
    blocks = [three[0].public, armor.armor(Kind.PUBLIC_KEY, three[1].public), three[2].public]
    wanted = tuple(key.fingerprint for key in three)
    assert wanted == ours.keyring.load(blocks)
    assert wanted == ours.keyring.load(blocks)
    assert set(wanted) == {cert.fingerprint for cert in ours.keyring.list(NOW)}
    assert () == ours.keyring.load([])


def test_a_listing_follows_what_is_loaded(desk: Callable[..., Desk]) -> None:
    first, second = people(2)
    ours = desk(first.public)
    assert 1 == len(ours.keyring.list(NOW))
    ours.keyring.load([second.public])
    assert 2 == len(ours.keyring.list(NOW))
    found = ours.keyring.find(second.fingerprint, NOW)
    assert found is not None
    assert ours.keyring.find("A" * 40, NOW) is None


def test_a_refused_certificate_is_named_by_its_place(desk: Callable[..., Desk]) -> None:
    good, other = people(2)
    ours = desk()
    with pytest.raises(CertRefused, match=r"certificate 2: .*SECRET"):
        ours.keyring.load([good.public, other.secret])
    assert () == ours.keyring.list(NOW)
    broken = crafting.packet(6, b"\x04" + bytes(50))
    with pytest.raises(CertRefused, match="certificate 2 "):
        ours.keyring.load([good.public, broken])


def test_what_may_not_be_used_is_left_out_of_many(desk: Callable[..., Desk]) -> None:
    """One refused certificate keeps nobody else's out."""
    good, other = people(2)
    evil = crafting.CraftedKey(b"Evil\x0a<evil@example.org>").certificate
    broken = crafting.packet(6, b"\x04" + bytes(50))
    ours = desk()
    found = ours.keyring.load_sound([b"", evil, good.public, other.secret, broken, other.public])
    assert {good.fingerprint, other.fingerprint} == found
    assert found == {cert.fingerprint for cert in ours.keyring.list(NOW)}
    assert frozenset() == ours.keyring.load_sound([b"hello"])


def test_a_revocation_arrives_in_a_home_that_knows_the_key(desk: Callable[..., Desk]) -> None:
    key = key_of("Gone <gone@example.org>")
    ours = desk(key.public)
    other = people(1)[0]
    assert not ours.keyring.list(NOW)[0].revoked
    ours.keyring.load([revoked(key), other.public])
    assert {key.fingerprint: True, other.fingerprint: False} == {
        cert.fingerprint: cert.revoked for cert in ours.keyring.list(NOW)
    }


def test_a_secret_key_is_loaded_and_never_asks(desk: Callable[..., Desk]) -> None:
    key = people(1)[0]
    ours = desk()
    assert key.fingerprint == ours.keyring.load_secret(key.secret)
    (cert,) = ours.keyring.list(NOW)
    assert cert.secret
    assert key.secret == ours.keyring.export_secret(key.fingerprint)


def test_a_certificate_is_no_secret_key(desk: Callable[..., Desk]) -> None:
    key = people(1)[0]
    ours = desk(key.public)
    assert not ours.keyring.list(NOW)[0].secret
    with pytest.raises(NotThere):
        ours.keyring.export_secret(key.fingerprint)
    with pytest.raises(CertRefused, match="no usable secret key"):
        ours.keyring.load_secret(crafting.packet(5, b"\x04" + bytes(50)))


def test_a_key_with_a_passphrase_does_not_open_and_does_not_ask(
    desk: Callable[..., Desk], reporter: Desk
) -> None:
    with short_home() as home:
        (home / "gpg-agent.conf").write_text("s2k-count 65536\n")  # else it measures the machine
        options = ("--passphrase", "secret words", "--quick-gen-key")
        gpg(home, *options, "Locked <locked@example.org>", "rsa2048", "sign,encr", "never")
        locked = gpg(home, "--passphrase", "secret words", "--export-secret-keys")
        public = gpg(home, "--export")
    ours, theirs = desk(secret=locked), desk(public)
    fingerprint = theirs.keyring.list(NOW)[0].fingerprint
    message = theirs.engine.run("--recipient", fingerprint, "--encrypt", given=b"x").output
    with pytest.raises(OurFault):
        opening.open_message(ours.engine, message)


def test_export_is_armored_and_minimal(desk: Callable[..., Desk]) -> None:
    key = people(1)[0]
    ours = desk(key.public)
    (block,) = armor.dearmor(ours.keyring.export(key.fingerprint))
    assert (Kind.PUBLIC_KEY, key.public) == (block.kind, block.data)
    with pytest.raises(NotThere):
        ours.keyring.export("A" * 40)
    with pytest.raises(ValueError, match="40 hex"):
        ours.keyring.export("example.org")


def test_a_generated_key(desk: Callable[..., Desk]) -> None:
    ours = desk()
    fingerprint = ours.keyring.generate("Security <security@example.org>", NOW)
    (cert,) = ours.keyring.list(NOW)
    whole_seconds = Instant(NOW // SECOND * SECOND)
    assert (fingerprint, True, True, True) == (
        cert.fingerprint,
        cert.can_sign,
        cert.can_encrypt,
        cert.secret,
    )
    assert (whole_seconds, later(whole_seconds, LIFE)) == (cert.created_at, cert.expires_at)
    assert [cert.expires_at] == [key.expires_at for key in cert.encryption_keys]
    late = ours.keyring.find(fingerprint, later(NOW, LIFE))
    assert late is not None
    assert ("the key has expired",) == late.problems


def test_a_generated_key_is_ed25519_and_curve25519(desk: Callable[..., Desk]) -> None:
    ours = desk()
    fingerprint = ours.keyring.generate("Security <security@example.org>", NOW)
    (block,) = armor.dearmor(ours.keyring.export(fingerprint))
    tags = [packet.tag for packet in packets.walk(block.data)]
    algorithms = [
        block.data[packet.body + 5] for packet in packets.walk(block.data) if packet.tag in {6, 14}
    ]
    assert [6, 13, 2, 14, 2] == tags
    assert [22, 18] == algorithms


def test_a_generated_key_survives_a_new_home(desk: Callable[..., Desk]) -> None:
    first, second = desk(), desk()
    fingerprint = first.keyring.generate("Security <security@example.org>", NOW, life=30 * DAY)
    secret = first.keyring.export_secret(fingerprint)
    assert fingerprint == second.keyring.load_secret(secret)
    message = encrypt(first, Key(fingerprint=fingerprint, public=b"", secret=b""))
    assert isinstance(opening.open_message(second.engine, message), Opened)


def test_its_revocation_certificate_revokes_and_is_given_once(desk: Callable[..., Desk]) -> None:
    ours = desk()
    fingerprint = ours.keyring.generate("Security <security@example.org>", NOW)
    revocation = ours.keyring.take_revocation(fingerprint)
    assert revocation.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    with pytest.raises(NotThere):
        ours.keyring.take_revocation(fingerprint)
    (certificate,) = armor.dearmor(ours.keyring.export(fingerprint))
    first = next(packets.walk(certificate.data))
    (signature,) = armor.dearmor(revocation)
    end = first.end
    joined = certificate.data[:end] + signature.data + certificate.data[end:]
    assert keys.inspect(ours.engine, joined, NOW).revoked


def test_an_address_that_gpg_refuses_is_our_fault_not_a_crash(desk: Callable[..., Desk]) -> None:
    with pytest.raises(OurFault, match="making the key"):
        desk().keyring.generate("", NOW)


def test_a_gpg_that_makes_nothing_is_our_fault(tmp_path: Path) -> None:
    with short_home() as home:
        engine = Engine(
            binary=saying(tmp_path), home=home, wait=20 * SECOND, output_limit=1_000_000
        )
        with pytest.raises(OurFault, match="made no key"):
            Keyring(engine).generate("Security <security@example.org>", NOW)


def test_a_reset_home_knows_nothing_and_works_again(desk: Callable[..., Desk]) -> None:
    key = people(1)[0]
    ours = desk(secret=key.secret)
    assert 1 == len(ours.keyring.list(NOW))
    ours.keyring.reset()
    assert () == ours.keyring.list(NOW)
    assert [] == list((ours.engine.home / "private-keys-v1.d").glob("*"))
    ours.keyring.load_secret(key.secret)
    assert ours.keyring.list(NOW)[0].secret


def agents_of(home: Path) -> list[int]:
    """Return the process ids of agents that serve this home."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if str(home).encode() in words and b"agent" in words[0]:
                found.append(int(entry.name))
    return found


def test_closing_leaves_no_agent_running(desk: Callable[..., Desk]) -> None:
    ours = desk(secret=people(1)[0].secret)
    (agent,) = agents_of(ours.engine.home)
    handle = os.pidfd_open(agent)
    try:
        ours.keyring.close()
        ended, _, _ = select.select([handle], [], [], 30)
    finally:
        os.close(handle)
    assert [handle] == ended
    ours.keyring.close()
    assert [] == agents_of(ours.engine.home)


def test_secret_keys_are_readable_by_the_owner_only(desk: Callable[..., Desk]) -> None:
    ours = desk(secret=people(1)[0].secret)
    files = list((ours.engine.home / "private-keys-v1.d").iterdir())
    assert files
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in files}


def test_threads_may_load_list_and_export_at_once(desk: Callable[..., Desk]) -> None:
    five = people(5)
    ours = desk()

    def work(number: int) -> int:
        key = five[number % 5]
        ours.keyring.load([key.public])
        ours.keyring.export(key.fingerprint)
        return len(ours.keyring.list(NOW))

    with ThreadPoolExecutor(max_workers=5) as pool:
        counts = list(pool.map(work, range(20)))
    assert 5 == max(counts)
    assert 5 == len(ours.keyring.list(NOW))


def test_a_key_whose_primary_is_offline_opens_and_signs(desk: Callable[..., Desk]) -> None:
    """Subkeys alone do all the work; what is there is told, and nothing more."""
    key = offline_key("Example Security <offline@example.org>")
    ours = desk(key.whole.public)
    assert key.fingerprint == ours.keyring.load_secret(key.subkeys.secret)
    cert = ours.keyring.find(key.fingerprint, NOW)
    assert cert is not None
    assert (True, True, True, True) == (cert.secret, cert.primary_offline, cert.signs, cert.opens)
    assert 2 == len(cert.secret_parts)
    sealed = fanout.seal(
        ours.engine,
        ours.keyring,
        plaintext=b"a letter",
        recipients=[Recipient(ref="self", fingerprints=(key.fingerprint,))],
        signer=key.fingerprint,
        now=NOW,
    )
    whole = sealed.key_packets["self"] + sealed.shared
    opened = opening.open_message(ours.engine, whole, now=NOW)
    assert isinstance(opened, Opened)
    assert [(SignatureState.GOOD, key.fingerprint)] == [
        (one.state, one.fingerprint) for one in opened.signatures
    ]


def test_what_is_held_is_told_of_a_whole_key_too(desk: Callable[..., Desk]) -> None:
    key = people(1)[0]
    (cert,) = desk(secret=key.secret).keyring.list(NOW)
    assert (True, False, True, True) == (cert.secret, cert.primary_offline, cert.signs, cert.opens)
    (bare,) = desk(key.public).keyring.list(NOW)
    assert (False, False, False, False) == (
        *(bare.secret, bare.primary_offline),
        *(bare.signs, bare.opens),
    )


UNTIL = later(Instant(NOW // SECOND * SECOND), 900 * DAY)


def ends(cert: CertInfo | None) -> list[Instant | None]:
    assert cert is not None
    return [part.expires_at for part in cert.parts]


@pytest.mark.parametrize("days", [0, 29, 31, 500], ids=lambda days: f"after {days} days")
def test_a_key_is_extended_also_when_it_has_ended(days: int, desk: Callable[..., Desk]) -> None:
    """Primary key and subkey get the new end, and the secret that is exported carries it."""
    ours = desk()
    fingerprint = ours.keyring.generate("Security <security@example.org>", NOW, life=30 * DAY)
    now = later(NOW, days * DAY)
    extended = ours.keyring.extend(fingerprint, until=UNTIL, now=now)
    assert (True, True, ()) == (extended.can_sign, extended.can_encrypt, extended.problems)
    assert [UNTIL] * 2 == ends(extended)
    other = desk(secret=ours.keyring.export_secret(fingerprint))
    assert [UNTIL] * 2 == ends(other.keyring.find(fingerprint, now))
    third = desk(ours.keyring.export(fingerprint))
    assert [UNTIL] * 2 == ends(third.keyring.find(fingerprint, now))


@pytest.mark.parametrize("days", [40, 400])
def test_a_subkey_of_before_stays_ended(days: int, desk: Callable[..., Desk]) -> None:
    """Only what is in use is extended; when all has ended, what was in use last."""
    ours = desk()
    fingerprint = ours.keyring.generate("Security <security@example.org>", NOW, life=90 * DAY)
    old = later(Instant(NOW // SECOND * SECOND), 30 * DAY)
    run = ours.engine.run
    words = ("--pinentry-mode=loopback", "--passphrase", "")
    for use in ("encr", "sign", "auth"):
        algorithm = "cv25519" if use == "encr" else "ed25519"
        end = to_datetime(old).strftime("%Y%m%dT%H%M%S")
        run(*words, "--quick-add-key", fingerprint, algorithm, use, end, now=NOW).ensure_done("x")
    found = ours.keyring.extend(fingerprint, until=UNTIL, now=later(NOW, days * DAY))
    assert [UNTIL, UNTIL, old, old, old] == ends(found)
    assert found.can_encrypt


def test_nothing_is_shortened(desk: Callable[..., Desk]) -> None:
    """A key without an end keeps none; what lasts longer is left as it is."""
    key = people(1)[0]
    ours = desk(secret=key.secret)
    with pytest.raises(Refusal, match="that long already"):
        ours.keyring.extend(key.fingerprint, until=UNTIL, now=NOW)
    fingerprint = ours.keyring.generate("Security <security@example.org>", NOW)
    for until in (later(NOW, 30 * DAY), later(NOW, LIFE)):
        with pytest.raises(Refusal, match="that long already"):
            ours.keyring.extend(fingerprint, until=until, now=NOW)


def test_a_key_whose_primary_is_offline_is_not_extended(desk: Callable[..., Desk]) -> None:
    key = offline_key("Ends <ends@example.org>", until="2030-01-01")
    ours = desk(key.whole.public, secret=key.subkeys.secret)
    with pytest.raises(Refusal, match="primary key is not here") as refused:
        ours.keyring.extend(key.fingerprint, until=later(NOW, 5000 * DAY), now=NOW)
    assert "gatekeeper key import FILE" in refused.value.diagnostics()


def test_a_revoked_or_missing_key_is_not_extended(desk: Callable[..., Desk]) -> None:
    key = key_of("Gone <gone@example.org>")
    ours = desk(revoked(key), secret=key.secret)
    with pytest.raises(Refusal, match="revoked"):
        ours.keyring.extend(key.fingerprint, until=UNTIL, now=NOW)
    for fingerprint in ("A" * 40, people(1)[0].fingerprint):
        ours.keyring.load([people(1)[0].public])
        with pytest.raises(NotThere):
            ours.keyring.extend(fingerprint, until=UNTIL, now=NOW)
