"""A rotation that goes on after it was killed loses nothing of what came in meanwhile."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.config import rotation
from gatekeeper.config.extending import extend
from gatekeeper.config.importing import take
from gatekeeper.config.importing_secret import take_secret
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of
from gatekeeper.config.replacing import put, remove
from gatekeeper.config.rotation import rotate
from gatekeeper.domain.errors import Refusal
from gatekeeper.domain.instants import DAY, later
from tests.config.installation import Installation, use_offline_key
from tests.config.renewing import changed, ending
from tests.config.rotating import ensure_whole, opens, sealed_for
from tests.house import START
from tests.keys import Key, gpg, key_of, short_home
from tests.pgp.offline import OfflineKey


class Gone(BaseException):
    """The process is gone."""


def cut_short(site: Installation, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """Begin a rotation and kill it before it writes or removes the file whose path ends so."""

    def before(step: Callable[..., None]) -> Callable[..., None]:
        def run(path: Path, *arguments: bytes, **options: bool) -> None:
            if str(path).endswith(at):
                raise Gone
            step(path, *arguments, **options)

        return run

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "put", before(put))
        patch.setattr(rotation, "remove", before(remove))
        with pytest.raises(Gone):
            rotate(site.load(), now=START)
    assert rotation.unfinished(site.folder)


def new_secret(site: Installation, key: OfflineKey) -> Key:
    """Import a new subkey with its secret."""
    newer = changed(key.whole, ("--quick-add-key", "{key}", "cv25519", "encr", "never"))
    with short_home() as home:
        gpg(home, "--import", given=newer.secret)
        subkeys = gpg(home, "--export-secret-subkeys", newer.fingerprint)
    take_secret(site.load(), subkeys, now=START)
    return newer


def new_secret_alone(site: Installation, key: OfflineKey) -> Key:
    """Import it, and be killed before the certificate."""
    certificate = site.load().alias.certificate
    newer = new_secret(site, key)
    site.load().alias.certificate_file.write_bytes(certificate)
    return newer


def later_end(site: Installation, key: OfflineKey) -> Key:
    """Import a certificate that lasts longer, made where the primary key is."""
    newer = ending(key.whole, 2029)
    take(site.load(), newer.public, now=START)
    return newer


@pytest.mark.parametrize("renew", [new_secret, new_secret_alone, later_end])
@pytest.mark.parametrize("placed", [False, True])
def test_what_came_in_since_an_unfinished_rotation_is_kept(
    placed: bool,
    renew: Callable[[Installation, OfflineKey], Key],
    site: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The copy of the old key was made before; nothing of what it lacks is lost."""
    key = use_offline_key(site, until="20270101T000000")
    cut_short(site, monkeypatch, "gatekeeper.yaml" if placed else f"{key.fingerprint}.asc")
    newer = renew(site, key)
    certificate = site.load().alias.certificate
    done = rotate(site.load(), now=START)
    assert not done.resumed
    ensure_whole(site, key.fingerprint, done)
    assert certificate == site.load().alias.former[0].certificate
    assert opens(site, sealed_for(newer.public), sealed_for(key.whole.public))


def test_an_extension_since_an_unfinished_rotation_is_kept(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short(site, monkeypatch, "gatekeeper.yaml")
    end = later(START, 1500 * DAY)
    old = extend(site.load(), until=end, now=START).fingerprint
    certificate = site.load().alias.certificate
    done = rotate(site.load(), now=START)
    ensure_whole(site, old, done)
    assert certificate == site.load().alias.former[0].certificate


def test_a_secret_that_is_kept_nowhere_else_is_not_removed(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever made it so; once somebody has looked, the run goes to its end."""
    old = site.load().alias
    secret = old.secret.path.read_bytes()
    cut_short(site, monkeypatch, "alias/secret.sealed")
    other = codec_of(site.load()).wrap(ALIAS_SECRET, key_of("Other <o@example.org>").secret)
    for unknown in (other, b"damaged"):
        old.secret.path.write_bytes(unknown)
        with pytest.raises(Refusal, match="is not removed") as refused:
            rotate(site.load(), now=START)
        assert "gatekeeper key rotate" in refused.value.remedy
        assert unknown == old.secret.path.read_bytes()
    old.secret.path.write_bytes(secret)
    done = rotate(site.load(), now=START)
    assert done.resumed
    ensure_whole(site, old.fingerprint, done)


def test_a_renewal_by_another_run_is_not_taken_back(site: Installation) -> None:
    """The settings were read before it; what is made from them would lack it."""
    stale = site.load()
    extend(site.load(), until=later(START, 1500 * DAY), now=START)
    with pytest.raises(Refusal, match="changed meanwhile"):
        rotate(stale, now=START)
