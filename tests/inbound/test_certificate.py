"""The certificate for STARTTLS: what is a pair, how long it is valid, and what a change does."""

import logging
import ssl
import subprocess
from pathlib import Path

import pytest

from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import DAY, SECOND
from gatekeeper.inbound.certificate import Certificate, make_context, validity
from tests.worlds import make_certificate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two certificates, each with its key in one file and in a file of its own."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("one", "two"):
        make_certificate(folder / f"{name}.pem", f"{name}.example.org")
    return folder


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def test_a_pair_in_one_file_or_in_two(folder: Path) -> None:
    for key in ("one.pem", "one.key"):
        context = make_context(certificate=folder / "one.pem", key=folder / key)
        assert ssl.TLSVersion.TLSv1_2 is context.minimum_version
        found = validity(context, certificate=folder / "one.pem")
        assert 2 * DAY == found.ends - found.begins


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("one.pem", "two.key", "two.key is not the key of"),
        ("one.pem", "none", "(No such file or directory)"),
        ("none", "one.key", "(No such file or directory)"),
        ("one.key", "one.key", "no certificate with its private key can be read there"),
    ],
)
def test_what_is_no_pair(folder: Path, certificate: str, key: str, words: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        make_context(certificate=folder / certificate, key=folder / key)
    assert words in refused.value.diagnostics()
    assert "in PEM, without a passphrase" in refused.value.diagnostics()


def test_a_key_with_a_passphrase_is_told_and_nobody_is_asked(folder: Path) -> None:
    locked = folder / "locked.key"
    openssl(
        *("ec", "-in", str(folder / "one.key"), "-aes256", "-passout", "pass:secret"),
        *("-out", str(locked)),
    )
    with pytest.raises(Misconfigured, match=r"locked\.key"):
        make_context(certificate=folder / "one.pem", key=locked)


def test_a_certificate_of_an_authority_that_is_for_clients_only(tmp_path: Path) -> None:
    """It pairs with its key, but a server that verifies would refuse it."""
    authority = make_certificate(tmp_path / "ca.pem", "ca.example.org")
    request, key, made = (tmp_path / name for name in ("leaf.csr", "leaf.key", "leaf.pem"))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    openssl("req", *curve, "-nodes", "-subj", "/CN=x", "-keyout", str(key), "-out", str(request))
    for usage, fits in (("serverAuth", True), ("clientAuth", False)):
        extension = tmp_path / "extension"
        extension.write_text(f"extendedKeyUsage={usage}\n")
        openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(authority), "-days", "3"),
            *("-CAcreateserial", "-extfile", str(extension), "-out", str(made)),
        )
        context = make_context(certificate=made, key=key)
        if fits:
            assert (
                3 * DAY
                == validity(context, certificate=made).ends
                - validity(context, certificate=made).begins
            )
        else:
            with pytest.raises(Misconfigured, match="holds no certificate for a server"):
                validity(context, certificate=made)


class Ticks:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> int:
        return self.at


def replaced(path: Path, text: bytes) -> None:
    """Put another file in a file's place, as programs that renew certificates do."""
    new = path.with_suffix(".new")
    new.write_bytes(text)
    new.replace(path)


def test_changed_files_are_used_and_broken_ones_are_not(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Looked at once a second; while certificate and key do not match the old pair stays."""
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    replaced(certificate, (folder / "one.pem").read_bytes())
    replaced(key, (folder / "one.key").read_bytes())
    ticks = Ticks()
    used = Certificate(certificate=certificate, key=key, ticks=ticks)
    first = used.context()
    replaced(certificate, (folder / "two.pem").read_bytes())
    assert first is used.context()
    ticks.at += SECOND
    with caplog.at_level(logging.INFO):
        assert first is used.context()
        ticks.at += SECOND
        assert first is used.context()
        assert 1 == caplog.text.count("the certificate in use stays: ")
        replaced(key, (folder / "two.key").read_bytes())
        ticks.at += SECOND
        second = used.context()
        assert first is not second
        assert second is used.context()
        certificate.unlink()
        ticks.at += SECOND
        assert second is used.context()
    assert 2 == caplog.text.count("the certificate in use stays: ")
    assert 1 == caplog.text.count("a new certificate is in use")


def test_a_start_with_broken_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        Certificate(certificate=tmp_path / "none", key=tmp_path / "none")
