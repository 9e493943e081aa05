"""What keys contain is judged by gpg: whose they are, and whether they can be used now."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from gatekeeper.config import certificates, former
from gatekeeper.config.certificates import examine
from gatekeeper.config.judging import judged, scratch_engine
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of, former_name
from gatekeeper.domain.instants import DAY, later
from gatekeeper.pgp.armor import Kind, armor
from gatekeeper.store.seal import MasterKey
from tests.config.installation import Installation, add_former, advise, armored
from tests.house import START, person_key
from tests.keys import Key, gpg, key_of, read_key, short_home
from tests.pgp.conftest import revoked
from tests.pgp.crafting import CraftedKey
from tests.pgp.offline import offline_key, secret_without

GOLDEN = Path(__file__).parent.parent / "golden" / "config"

_MADE = ("--faked-system-time", "20260101T000000!")


def _key(uid: str, *subkey: str, until: str = "never") -> Key:
    """Make a key for `uid` with one subkey (algorithm, use, expiry), or none."""
    with short_home() as home:
        status = gpg(
            home, *_MADE, "--status-fd", "1", "--quick-gen-key", uid, "ed25519", "cert,sign", until
        )
        fingerprint = status.rpartition(b"KEY_CREATED P ")[2][:40].decode("ascii")
        if subkey:
            gpg(home, *_MADE, "--quick-add-key", fingerprint, *subkey)
        return read_key(home, fingerprint)


def _give(site: Installation, index: int, key: Key, *, beside: bool = False) -> Key:
    """Give a person another key, in place of the own one or beside it."""
    own = person_key(index).fingerprint
    keys = f"{own}, {key.fingerprint}" if beside else key.fingerprint
    site.replace("team.yaml", f"keys: [{own}]", f"keys: [{keys}]")
    (site.folder / "keys" / f"{key.fingerprint}.asc").write_bytes(armored(key))
    if not beside:
        (site.folder / "keys" / f"{own}.asc").unlink()
    return key


def _ended(site: Installation) -> Key:
    key = _key("Ended <ended@example.net>", "cv25519", "encr", "2026-06-01", until="2026-06-01")
    return _give(site, 0, key)


def _ended_subkey(site: Installation) -> Key:
    return _give(site, 0, _key("Sub <sub@example.net>", "cv25519", "encr", "2026-06-01"))


def _ended_beside(site: Installation) -> Key:
    key = _key("Old <old@example.net>", "cv25519", "encr", "2026-06-01", until="2026-06-01")
    return _give(site, 0, key, beside=True)


def _signs_only(site: Installation) -> Key:
    return _give(site, 0, _key("Signs <signs@example.net>"))


def _ends_soon(site: Installation) -> Key:
    return _give(site, 0, _key("Soon <soon@example.net>", "cv25519", "encr", "2026-10-01"))


def _carries_a_colleagues(site: Installation) -> Key:
    """A certificate below which anybody may bind another's key; gpg then spoils that one's."""
    thief = CraftedKey(b"Thief <thief@example.net>")
    public = thief.adopting(person_key(1).public, subkey=1)
    return _give(site, 0, Key(fingerprint=thief.fingerprint, public=public, secret=b""))


def _another_key(site: Installation) -> Key:
    """A file that holds another key than its name says."""
    key = key_of("Mallory <mallory@example.net>")
    own = person_key(0).fingerprint
    (site.folder / "keys" / f"{own}.asc").write_bytes(armored(key))
    return key


def _two_keys(site: Installation) -> Key:
    key = key_of("Mallory <mallory@example.net>")
    both = armor(Kind.PUBLIC_KEY, person_key(0).public + key.public)
    (site.folder / "keys" / f"{person_key(0).fingerprint}.asc").write_bytes(both)
    return key


def _secret_in_public_armor(site: Installation) -> Key:
    key = person_key(0)
    disguised = armor(Kind.PUBLIC_KEY, key.secret)
    (site.folder / "keys" / f"{key.fingerprint}.asc").write_bytes(disguised)
    return key


def _alias_is_another(site: Installation) -> Key:
    key = key_of("Mallory <mallory@example.net>")
    (site.folder / "alias" / "certificate.asc").write_bytes(armored(key))
    return key


def _alias_of_another_address(site: Installation) -> Key:
    site.replace("gatekeeper.yaml", "  security: security", "  security: psirt")
    return person_key(0)


def _alias_secret_is_another(site: Installation) -> Key:
    key = key_of("Mallory <mallory@example.net>")
    sealed = codec_of(site.load()).wrap(ALIAS_SECRET, key.secret)
    (site.folder / "alias" / "secret.sealed").write_bytes(sealed)
    return key


def _alias_secret_is_public(site: Installation) -> Key:
    settings = site.load()
    sealed = codec_of(settings).wrap(ALIAS_SECRET, settings.alias.certificate)
    (site.folder / "alias" / "secret.sealed").write_bytes(sealed)
    return person_key(0)


def _master_key_is_another(site: Installation) -> Key:
    (site.folder / "master.key").write_bytes(MasterKey.of(b"m" * 32).dump())
    return person_key(0)


def _master_key_is_broken(site: Installation) -> Key:
    (site.folder / "master.key").write_bytes(b"gatekeeper-master-key-1 nonsense\n")
    return person_key(0)


def _rsa(bits: int) -> Key:
    with short_home() as home:
        words = (*_MADE, "--status-fd", "1", "--quick-gen-key", "Short <short@example.net>")
        status = gpg(home, *words, f"rsa{bits}", "cert,sign", "never")
        fingerprint = status.rpartition(b"KEY_CREATED P ")[2][:40].decode("ascii")
        gpg(home, *_MADE, "--quick-add-key", fingerprint, "rsa2048", "encr", "never")
        return read_key(home, fingerprint)


def _short(site: Installation) -> Key:
    return _give(site, 0, _rsa(1024))


def _short_beside(site: Installation) -> Key:
    return _give(site, 0, _rsa(1024), beside=True)


def _control_characters(site: Installation) -> Key:
    evil = CraftedKey(b"Evil\n[GNUPG:] GOODSIG x <evil@example.net>")
    public = evil.adopting(key_of("Evil <evil@example.net>").public, subkey=1)
    return _give(site, 0, Key(fingerprint=evil.fingerprint, public=public, secret=b""))


def _secret_beside(site: Installation) -> Key:
    """It is an error also while the person has another key: the secret must be told."""
    key = key_of("Open <open@example.net>")
    disguised = Key(fingerprint=key.fingerprint, public=key.secret, secret=b"")
    return _give(site, 0, disguised, beside=True)


def _former_ended(site: Installation) -> Key:
    """It and a revoked one are as they should be: nothing is told."""
    ended = _key("Old <old@example.org>", "cv25519", "encr", "2026-06-01", until="2026-06-01")
    gone = key_of("Gone <gone@example.org>")
    add_former(site, ended)
    add_former(site, gone, certificate=revoked(gone))
    return ended


def _former_is_another(site: Installation) -> Key:
    key, other = key_of("Old <old@example.org>"), person_key(0)
    add_former(site, key, certificate=other.public)
    sealed = codec_of(site.load()).wrap(former_name(key.fingerprint), other.secret)
    (site.folder / former.secret(key.fingerprint)).write_bytes(sealed)
    return key


def _former_is_broken(site: Installation) -> Key:
    """Two certificates in one file, and a secret that is another's by its seal."""
    key = key_of("Old <old@example.org>")
    add_former(site, key, certificate=key.public * 2)
    sealed = codec_of(site.load()).wrap(ALIAS_SECRET, key.secret)
    (site.folder / former.secret(key.fingerprint)).write_bytes(sealed)
    return key


def _advise(site: Installation, key: Key, *, of: Key | None = None) -> Key:
    advise(site, key, certificate=armored(of or key))
    return key


def _advisory_ended(site: Installation) -> Key:
    return _advise(site, _key("Advisories <a@example.org>", until="2026-06-01"))


def _advisory_ends_soon(site: Installation) -> Key:
    return _advise(site, _key("Advisories <a@example.org>", until="2026-10-01"))


def _advisory_is_another(site: Installation) -> Key:
    return _advise(site, _key("Advisories <a@example.org>"), of=person_key(0))


def _secret_lacks(site: Installation, *, subkey: int) -> Key:
    """Use an alias key whose primary is offline, without the secret of one subkey."""
    key = offline_key("Example security <security@example.org>")
    settings = site.load()
    codec = codec_of(settings)
    (site.folder / "alias" / "certificate.asc").write_bytes(armored(key.whole))
    secret = codec.wrap(ALIAS_SECRET, secret_without(key, subkey))
    (site.folder / "alias" / "secret.sealed").write_bytes(secret)
    site.replace("gatekeeper.yaml", settings.alias.fingerprint, key.fingerprint)
    return key.whole


CASES: Mapping[str, Callable[[Installation], Key]] = {
    "ended": _ended,
    "ended-subkey": _ended_subkey,
    "ended-beside": _ended_beside,
    "signs-only": _signs_only,
    "ends-soon": _ends_soon,
    "carries-a-colleagues": _carries_a_colleagues,
    "another-key": _another_key,
    "two-keys": _two_keys,
    "secret-in-public-armor": _secret_in_public_armor,
    "short": _short,
    "short-beside": _short_beside,
    "control-characters": _control_characters,
    "secret-beside": _secret_beside,
    "former-ended": _former_ended,
    "former-is-another": _former_is_another,
    "former-is-broken": _former_is_broken,
    "advisory-ended": _advisory_ended,
    "advisory-ends-soon": _advisory_ends_soon,
    "advisory-is-another": _advisory_is_another,
    "secret-opens-nothing": partial(_secret_lacks, subkey=0),
    "secret-signs-nothing": partial(_secret_lacks, subkey=1),
    "alias-is-another": _alias_is_another,
    "alias-of-another-address": _alias_of_another_address,
    "alias-secret-is-another": _alias_secret_is_another,
    "alias-secret-is-public": _alias_secret_is_public,
    "master-key-is-another": _master_key_is_another,
    "master-key-is-broken": _master_key_is_broken,
}


def told(name: str, site: Installation) -> str:
    """Return the messages of one case."""
    key = CASES[name](site)
    settings = site.load()
    shown = site.shown(examine(settings, now=START))
    return shown.replace(key.fingerprint, "THE-KEY").replace(settings.alias.fingerprint, "ALIAS")


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_a_key_is_told(name: str, site: Installation) -> None:
    """The messages, as they are reviewed in tests/golden/config."""
    expected = (GOLDEN / f"keys-{name}.txt").read_text(encoding="utf-8")
    assert expected == told(name, site)


def test_every_golden_text_has_its_case() -> None:
    assert {f"keys-{name}" for name in CASES} == {p.stem for p in GOLDEN.glob("keys-*.txt")}


def test_sound_keys_have_no_problem(site: Installation) -> None:
    assert () == examine(site.load(), now=START)


def test_one_persons_ended_key_does_not_stop_the_service(site: Installation) -> None:
    """Serving, it is a warning while anyone can read; when nobody can, it is an error."""
    _ended(site)
    (warning,) = examine(site.load(), now=START, serving=True)
    assert warning.warning
    _give(site, 1, _key("Signs <signs@example.net>"))
    _give(site, 2, _key("Signs <signs@example.net>"))
    errors = [p for p in examine(site.load(), now=START, serving=True) if not p.warning]
    assert ["people"] == [problem.path for problem in errors]


def test_an_alias_key_that_ends_is_warned_of_then_refused(site: Installation) -> None:
    """Sixty days before its end a warning, after its end an error."""
    settings = site.load()
    soon = later(START, 2 * 365 * DAY - certificates.EXPIRES_SOON + DAY)
    (warning,) = examine(settings, now=soon)
    assert warning.warning
    assert "the key expires" in warning.text
    errors = [p for p in examine(settings, now=later(START, 3 * 365 * DAY)) if not p.warning]
    assert ["alias.certificate"] == [problem.path for problem in errors]
    assert "has expired" in errors[0].text


def test_a_key_ends_with_its_last_encryption_subkey(site: Installation) -> None:
    """The primary key never expires, mail can be encrypted until the subkey does."""
    _ends_soon(site)
    settings = site.load()
    with scratch_engine(settings) as engine:
        alias, andrea, *_ = judged(settings, engine, START)
    assert alias.expires_at is not None
    assert andrea.usable
    assert andrea.expires_at is not None
    assert START < andrea.expires_at < later(START, 30 * DAY)


def test_nothing_is_left_in_the_runtime_folder(site: Installation) -> None:
    examine(site.load(), now=START)
    assert [] == list(Path(site.environ["RUNTIME_DIRECTORY"]).iterdir())


def test_a_gpg_that_is_none_is_one_sentence(site: Installation, tmp_path: Path) -> None:
    """A program that is not gpg: an error with a remedy, not an exception."""
    fake = tmp_path / "gpg"
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    site.replace("gatekeeper.yaml", "binary: gpg", f"binary: {fake}")
    (problem,) = examine(site.load(), now=START)
    assert "gpg" in problem.text
    assert not problem.warning
