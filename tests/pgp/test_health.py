"""The alias's key is looked at before anything depends on it."""

from collections.abc import Callable

from gatekeeper.domain.instants import DAY, later
from gatekeeper.pgp import health
from tests.keys import Key, gpg, make_key, read_key, short_home
from tests.pgp.conftest import NOW, Desk, revoked
from tests.pgp.offline import offline_key, secret_without


def test_a_good_key_has_no_problem(alias: Desk, alias_key: Key) -> None:
    assert () == health.check(alias.keyring, alias_key.fingerprint, now=NOW)
    assert () == health.warnings(alias.keyring, alias_key.fingerprint, now=NOW)


def test_a_key_that_is_not_loaded(alias: Desk) -> None:
    (problem,) = health.check(alias.keyring, "A" * 40, now=NOW)
    assert "is not loaded" in problem
    assert () == health.warnings(alias.keyring, "A" * 40, now=NOW)


def test_a_key_without_its_secret(alias: Desk, reporter_key: Key) -> None:
    problems = health.check(alias.keyring, reporter_key.fingerprint, now=NOW)
    assert ("gpg-agent does not hold its secret key",) == problems


def test_a_key_that_cannot_sign(desk: Callable[..., Desk]) -> None:
    with short_home() as home:
        options = ("--status-fd", "1", "--quick-gen-key", "No Signer <n@example.org>")
        status = gpg(home, *options, "ed25519", "cert", "never")
        fingerprint = status.rpartition(b"KEY_CREATED P ")[2][:40].decode("ascii")
        gpg(home, "--quick-add-key", fingerprint, "cv25519", "encr", "never")
        key = read_key(home, fingerprint)
    ours = desk(secret=key.secret)
    problems = health.check(ours.keyring, key.fingerprint, now=NOW)
    assert ("the key has no usable signing key",) == problems


def test_a_revoked_key(desk: Callable[..., Desk], reporter_key: Key) -> None:
    ours = desk(revoked(reporter_key), secret=reporter_key.secret)
    problems = health.check(ours.keyring, reporter_key.fingerprint, now=NOW)
    assert ("the key is revoked",) == problems
    assert () == health.warnings(ours.keyring, reporter_key.fingerprint, now=NOW)


def test_expiry_is_warned_of_and_then_a_problem(desk: Callable[..., Desk]) -> None:
    ours = desk()
    life = 100 * DAY
    fingerprint = ours.keyring.generate("Security <security@example.org>", NOW, life=life)

    def at(days: int) -> tuple[int, int]:
        now = later(NOW, days * DAY)
        problems = health.check(ours.keyring, fingerprint, now=now)
        return len(problems), len(health.warnings(ours.keyring, fingerprint, now=now))

    assert [(0, 0), (0, 1), (1, 0)] == [at(days) for days in (39, 41, 100)]


def test_the_expiry_of_the_encryption_subkey_is_warned_of(desk: Callable[..., Desk]) -> None:
    with short_home() as home:
        made = make_key(home, "Sub Key <sub@example.org>")
        gpg(home, "--quick-set-expire", made.fingerprint, "30d", "*")
        key = read_key(home, made.fingerprint)
    ours = desk(secret=key.secret)
    (warning,) = health.warnings(ours.keyring, key.fingerprint, now=NOW)
    assert warning.startswith("the encryption subkey expires ")
    problems = health.check(ours.keyring, key.fingerprint, now=later(NOW, 40 * DAY))
    assert ("its encryption subkey has expired",) == problems


def test_a_key_whose_primary_is_offline_is_healthy_and_said_to_be_so(
    desk: Callable[..., Desk],
) -> None:
    key = offline_key("Example Security <offline@example.org>")
    ours = desk(key.whole.public, secret=key.subkeys.secret)
    assert () == health.check(ours.keyring, key.fingerprint, now=NOW)
    assert ("the primary key is offline",) == health.notes(ours.keyring, key.fingerprint, now=NOW)
    whole = desk(secret=key.whole.secret)
    assert () == health.notes(whole.keyring, key.fingerprint, now=NOW)
    assert () == health.notes(whole.keyring, "A" * 40, now=NOW)


def test_a_subkey_whose_secret_is_elsewhere_is_told(desk: Callable[..., Desk]) -> None:
    """Opening and signing each need the secret of a subkey of their own."""
    key = offline_key("Example Security <offline@example.org>")
    told: list[str] = []
    for subkey in range(2):
        ours = desk(key.whole.public, secret=secret_without(key, subkey))
        told += health.check(ours.keyring, key.fingerprint, now=NOW)
    assert [
        "gpg-agent does not hold the secret of its encryption subkey",
        "gpg-agent does not hold the secret of a signing key",
    ] == told
