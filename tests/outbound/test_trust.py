"""What can be asked of a relay, and what cannot: a password in clear, a pin that is ignored."""

import ssl

import pytest

from gatekeeper.outbound.trust import Login, Tls, Trust

LOGIN = Login(user="u", password="p")


def test_without_tls_nothing_else_can_be_asked() -> None:
    assert Trust().context() is None
    for wrong in ({"login": LOGIN}, {"pins": frozenset({bytes(32)})}, {"authorities": "x"}):
        with pytest.raises(ValueError, match="need TLS"):
            Trust(**wrong)


def test_a_pin_and_an_authority_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="or an authority"):
        Trust(tls=Tls.STARTTLS, pins=frozenset({bytes(32)}), authorities="x")


def test_a_pin_is_a_digest() -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Trust(tls=Tls.STARTTLS, pins=frozenset({b"short"}))


def test_authorities_are_certificates() -> None:
    with pytest.raises(ValueError, match="no certificates in PEM"):
        Trust(tls=Tls.STARTTLS, authorities="nothing").context()


def test_without_a_pin_the_certificate_and_its_name_are_verified() -> None:
    context = Trust(tls=Tls.STARTTLS).context()
    assert context is not None
    assert (ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)
    assert ssl.TLSVersion.TLSv1_2 is context.minimum_version


@pytest.mark.parametrize("certificate", [None, b"", b"another"])
def test_only_the_pinned_certificate_is_trusted(certificate: bytes | None) -> None:
    assert Trust(tls=Tls.STARTTLS, pins=frozenset({bytes(32)})).objection(certificate)


@pytest.mark.parametrize(("user", "password"), [("", "p"), ("u", ""), ("u\0", "p"), ("u", "\0p")])
def test_a_login_that_could_not_be_said(user: str, password: str) -> None:
    with pytest.raises(ValueError, match="no NUL"):
        Login(user=user, password=password)
