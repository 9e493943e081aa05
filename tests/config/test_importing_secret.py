"""Secret subkeys come in from where the primary key is kept; nothing that opens mail is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.config import importing_secret
from gatekeeper.config.certificates import examine
from gatekeeper.config.importing import take
from gatekeeper.config.importing_secret import take_secret
from gatekeeper.config.keyhome import codec_of, open_keys
from gatekeeper.config.replacing import put
from gatekeeper.domain.errors import Refusal
from gatekeeper.pgp.armor import Kind, armor
from gatekeeper.pgp.opening import Opened, open_message
from tests.config.installation import Installation, use_alias_key, use_offline_key
from tests.config.renewing import MADE, changed, grown
from tests.house import START
from tests.keys import Key, gpg, key_of, short_home
from tests.pgp.conftest import revoked
from tests.pgp.offline import offline_key, secret_without

UID = "Example security <security@example.org>"
NEW_SUBKEY = ("--quick-add-key", "{key}", "cv25519", "encr", "never")


def subkeys_of(key: Key) -> bytes:
    """Return what gpg --export-secret-subkeys writes."""
    with short_home() as home:
        gpg(home, "--import", given=key.secret)
        return gpg(home, "--export-secret-subkeys", key.fingerprint)


def contents(site: Installation) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}


def opens(site: Installation, certificate: bytes) -> bool:
    """Say whether the service opens what is encrypted to the alias by this certificate."""
    with short_home() as home:
        gpg(home, "--import", given=certificate)
        message = gpg(
            home,
            "--faked-system-time",
            MADE,
            "--encrypt",
            "--recipient",
            "security@example.org",
            given=b"x",
        )
    settings = site.load()
    with open_keys(settings, codec_of(settings)) as keys:
        return isinstance(open_message(keys.engine, message, now=START), Opened)


@pytest.mark.parametrize("armored", [True, False])
def test_the_primary_key_goes_offline(armored: bool, site: Installation) -> None:
    """The subkeys of the key in use replace the whole of it."""
    key = offline_key(UID)
    use_alias_key(site, key.whole)
    before = site.load().alias.certificate
    block = key.subkeys.secret
    done = take_secret(site.load(), armor(Kind.PRIVATE_KEY, block) if armored else block, now=START)
    assert (True, "alias", key.fingerprint) == (done.offline, done.owner, done.fingerprint)
    settings = site.load()
    assert 0o600 == settings.alias.secret.path.stat().st_mode & 0o777
    assert () == examine(settings, now=START)
    with open_keys(settings, codec_of(settings)) as keys:
        cert = keys.keyring.find(key.fingerprint, START)
        assert cert is not None
        assert (True, True, True) == (cert.primary_offline, cert.signs, cert.opens)
    assert opens(site, before)


def test_new_subkeys_come_in_with_their_certificate(site: Installation) -> None:
    """Mail to the subkey of before is read as well as mail to the new one."""
    key = use_offline_key(site)
    newer = changed(key.whole, NEW_SUBKEY)
    done = take_secret(site.load(), subkeys_of(newer), now=START)
    assert done.offline
    certificate = site.load().alias.certificate
    assert () == examine(site.load(), now=START)
    assert opens(site, certificate)
    assert opens(site, key.whole.public)


def locked() -> bytes:
    """Return the secret subkeys of the alias's key behind a passphrase."""
    words = ("--passphrase", "secret words")
    key = offline_key(UID)
    with short_home() as home:
        (home / "gpg-agent.conf").write_text("s2k-count 65536\n")  # else it measures the machine
        gpg(home, "--import", given=key.whole.secret)
        gpg(home, *words, "--passwd", key.fingerprint)
        return gpg(home, *words, "--export-secret-subkeys", key.fingerprint)


def revoked_secret() -> bytes:
    """Return the secret subkeys of the alias's key with its revocation, as gpg exports them."""
    key = offline_key(UID)
    with short_home() as home:
        gpg(home, "--import", given=key.subkeys.secret)
        gpg(home, "--import", given=revoked(key.whole))
        return gpg(home, "--export-secret-subkeys", key.fingerprint)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a certificate": (lambda: offline_key(UID).whole.public, "takes no secret key from the file"),
    "another key": (lambda: key_of("Other <o@example.org>").secret, "is not the alias's"),
    "nothing": (lambda: b"", "not exactly one"),
    "without the secret that opens": (
        lambda: secret_without(offline_key(UID), 0),
        "lacks the secret of the subkey",
    ),
    "without the secret that signs": (
        lambda: secret_without(offline_key(UID), 1),
        "lacks the secret of the subkey",
    ),
    "behind a passphrase": (locked, "one with a passphrase"),
    "revoked": (revoked_secret, "is revoked"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_come_in_changes_nothing(name: str, site: Installation) -> None:
    make, words = REFUSED[name]
    use_offline_key(site)
    before = contents(site)
    with pytest.raises(Refusal, match=words) as refused:
        take_secret(site.load(), make(), now=START)
    assert refused.value.remedy
    assert before == contents(site)


def test_a_key_that_could_not_sign_without_its_primary_is_refused(site: Installation) -> None:
    """As `init` makes it: a signing subkey has to be added before."""
    settings = site.load()
    with open_keys(settings, codec_of(settings)) as keys:
        secret = keys.keyring.export_secret(settings.alias.fingerprint)
    whole = Key(fingerprint=settings.alias.fingerprint, public=b"", secret=secret)
    with pytest.raises(Refusal, match="could not sign") as refused:
        take_secret(settings, subkeys_of(whole), now=START)
    assert f"gpg --quick-add-key {whole.fingerprint} ed25519 sign" in refused.value.remedy
    assert "--secret" not in refused.value.remedy.replace("--export-secret", "")


def test_subkeys_that_are_too_many_with_the_known_ones_stay_out(site: Installation) -> None:
    """What is joined is judged before a byte is written."""
    key = use_offline_key(site).whole
    take(site.load(), grown(key, 1).public, now=START)
    before = contents(site)
    with pytest.raises(Refusal, match="more than 32 keys") as refused:
        take_secret(site.load(), subkeys_of(grown(key, 2)), now=START)
    assert "gatekeeper key rotate" in refused.value.remedy
    assert before == contents(site)
    assert () == examine(site.load(), now=START)


def test_a_signing_subkey_whose_secret_was_left_out_is_asked_for(site: Installation) -> None:
    """There is one: another would not help, the whole of the export does."""
    settings = site.load()
    with open_keys(settings, codec_of(settings)) as keys:
        secret = keys.keyring.export_secret(settings.alias.fingerprint)
    whole = Key(fingerprint=settings.alias.fingerprint, public=b"", secret=secret)
    add = ("--quick-add-key", "{key}", "ed25519", "sign", "never")
    take(settings, changed(whole, add, made="20260903T120000!").public, now=START)
    with pytest.raises(Refusal, match="could not sign") as refused:
        take_secret(site.load(), subkeys_of(whole), now=START)
    assert "exports all of them" in refused.value.remedy


class Killed(BaseException):
    """The process is gone."""


def test_killed_between_the_two_files_mail_is_read(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret is there before anybody can encrypt to what it opens."""
    key = use_offline_key(site)
    newer = changed(key.whole, NEW_SUBKEY)
    written: list[str] = []

    def once(path: Path, content: bytes, *, secret: bool = False) -> None:
        if written:
            raise Killed
        written.append(path.name)
        put(path, content, secret=secret)

    monkeypatch.setattr(importing_secret, "put", once)
    with pytest.raises(Killed):
        take_secret(site.load(), subkeys_of(newer), now=START)
    monkeypatch.undo()
    assert ["secret.sealed"] == written
    assert () == examine(site.load(), now=START)
    assert opens(site, site.load().alias.certificate)
    assert opens(site, newer.public)
    take_secret(site.load(), subkeys_of(newer), now=START)
    assert opens(site, site.load().alias.certificate)
