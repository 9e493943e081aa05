"""Certificates of listeners: what is wrong with the files, and when they end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.config import listen_tls
from gatekeeper.config.problems import Problem
from gatekeeper.config.settings import ListenerTls
from gatekeeper.domain.instants import DAY, Instant, later
from gatekeeper.inbound.certificate import make_context, validity
from tests.config.installation import Installation
from tests.worlds import make_certificate

ONE_FILE = "tls: {certificate: chain.pem}"
TWO_FILES = "tls: {certificate: chain.pem, key: chain.key}"


@pytest.fixture
def pem(site: Installation) -> Path:
    """A sound certificate with its key in one file, and the key in a file of its own, too."""
    made = make_certificate(site.folder / "chain.pem", "mx.example.org")
    made.with_suffix(".key").chmod(0o600)
    return made


def told(site: Installation, tls: str) -> str:
    """Return what is wrong once a listener has this setting."""
    site.replace("gatekeeper.yaml", "    tls:\n", f"    {tls}\n")
    return site.shown(site.problems())


@pytest.mark.parametrize(("tls", "key"), [(ONE_FILE, "chain.pem"), (TWO_FILES, "chain.key")])
def test_files_that_are_a_pair(site: Installation, pem: Path, tls: str, key: str) -> None:
    assert "" == told(site, tls)
    expected = ListenerTls(certificate=pem, key=site.folder / key)
    assert expected == site.load().listeners[0].tls


def _gone(site: Installation) -> None:
    (site.folder / "chain.pem").unlink()


def _open(site: Installation) -> None:
    (site.folder / "chain.key").chmod(0o640)


def _another(site: Installation) -> None:
    other = make_certificate(site.folder / "other.pem", "other.example.org")
    (site.folder / "chain.key").write_bytes(other.with_suffix(".key").read_bytes())


def _nonsense(site: Installation) -> None:
    (site.folder / "chain.key").write_bytes(b"no key\n")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_gone, "listen[0].tls.certificate: DIR/chain.pem does not exist; put it there, or take"),
        (_open, "listen[0].tls.key: DIR/chain.key has mode 0640, others may read it; run: chmod"),
        (_another, "listen[0].tls.certificate: DIR/chain.key is not the key of DIR/chain.pem; put"),
        (_nonsense, "no certificate with its private key can be read there; put certificate"),
    ],
)
def test_what_is_wrong_with_the_files_is_told(
    site: Installation, pem: Path, spoil: Callable[[Installation], None], words: str
) -> None:
    spoil(site)
    found = told(site, TWO_FILES)
    assert words in found
    assert 1 == len(found.splitlines())


@pytest.mark.parametrize(
    "listener", ["{protocol: lmtp, host: 127.0.0.1, port: 24", "{socket: state/smtp.sock"]
)
def test_tls_is_for_smtp_on_a_port(site: Installation, pem: Path, listener: str) -> None:
    site.replace("gatekeeper.yaml", "    socket:\n", f"    socket:\n  - {listener}, {ONE_FILE}}}\n")
    assert "listen[1].tls: is for SMTP on a port" in site.shown(site.problems())


def test_nobody_is_asked_for_tls_that_is_not_offered(site: Installation, pem: Path) -> None:
    """On this machine alone it is not missed: what comes there is trusted."""
    site.replace("gatekeeper.yaml", "require_tls: []", "require_tls: [security, bounces]")
    assert "" == site.shown(site.problems())
    site.replace("gatekeeper.yaml", "    host: 127.0.0.1\n", "    host: 0.0.0.0\n")
    assert "addresses.require_tls: asks for TLS, which listen[0] does not offer" in (
        site.shown(site.problems())
    )
    assert "" == told(site, ONE_FILE)
    assert {"security", "bounces"} == site.load().require_tls


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        ('[192.0.2.7, "2001:db8::/48"]', ""),
        ("[]", ""),
        ("[192.0.2.1/24]", "trusted_relays[0]: '192.0.2.1/24' is no IP address or network"),
        ("[mx.example.org]", "trusted_relays[0]: 'mx.example.org' is no IP address or network"),
        ("[[1]]", "trusted_relays[0]: this is no IP address or network"),
    ],
)
def test_trusted_relays(site: Installation, networks: str, words: str) -> None:
    site.replace("gatekeeper.yaml", '[127.0.0.0/8, "::1/128"]', networks)
    found = site.shown(site.problems())
    assert words in found
    assert bool(words) is bool(found)


def ends(pem: Path) -> Instant:
    return validity(make_context(certificate=pem, key=pem), certificate=pem).ends


@pytest.mark.parametrize(
    ("before", "words", "late"),
    [
        (15 * DAY, "is valid only from", True),
        (DAY, "expires", False),
        (0, "expired", True),
        (-DAY, "expired", True),
    ],
)
def test_the_end_of_a_certificate_is_told(
    site: Installation, pem: Path, before: int, words: str, late: bool
) -> None:
    """It was made for two days. While serving it is a warning: mail comes in all the same."""
    assert "" == told(site, ONE_FILE)
    now = later(ends(pem), -before)
    settings = site.load()
    found: list[Problem] = list(listen_tls.problems(settings, now=now, serving=False))
    assert [(True, not late)] == [(words in each.text, each.warning) for each in found]
    assert all(listen_tls.told_by(each) for each in found)
    (served,) = listen_tls.problems(settings, now=now, serving=True)
    assert served.warning


def test_a_certificate_with_weeks_left_is_not_told(
    site: Installation, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen_tls, "ENDS_SOON", DAY // 2)
    told(site, ONE_FILE)
    now = later(ends(pem), -DAY)
    assert [] == list(listen_tls.problems(site.load(), now=now, serving=False))
