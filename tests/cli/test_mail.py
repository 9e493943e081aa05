"""`gatekeeper mail inspect`: how the service would read a mail, as one JSON object."""

import io
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import REPORT, Shell
from tests.house import person_key
from tests.keys import gpg, make_key, short_home

MIXED = (
    b"From: Robin <robin@research.example>\r\nTo: security@example.org\r\n"
    b"Subject: Re: SEC-2026-0001 a bug\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
    b"--b\r\nContent-Type: application/octet-stream; name=x.bin\r\n"
    b"Content-Disposition: attachment; filename=x.bin\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n"
)
KEYS = {
    *("kind", "automatic", "encryption", "signatures", "headers", "parts", "thread_key"),
    *("problems", "keys"),
}
CLOSED: dict[str, object] = {
    "state": "none",
    "own_key": None,
    "cipher": None,
    "integrity": None,
    "problem": None,
    "pieces": [],
    "said": "none: the message travelled in clear",
}


def encrypted(site_certificate: bytes, inner: bytes) -> bytes:
    """Return a PGP/MIME mail of Andrea's, signed and encrypted to the alias."""
    with short_home() as home:
        gpg(home, "--import", given=person_key(0).secret)
        gpg(home, "--import", given=site_certificate)
        fingerprint = gpg(home, "--with-colons", "--list-keys", "security@example.org")
        alias = fingerprint.partition(b"fpr:::::::::")[2][:40].decode()
        options = ("--armor", "--sign", "--encrypt", "--local-user", person_key(0).fingerprint)
        ciphertext = gpg(home, *options, "--recipient", alias, given=inner)
    return (
        b"From: Andrea Example <andrea@team.example>\r\nTo: security@example.org\r\n"
        b"Subject: ...\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted;"
        b' protocol="application/pgp-encrypted"; boundary=e\r\n\r\n'
        b"--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        b"--e\r\nContent-Type: application/octet-stream\r\n\r\n"
        + ciphertext.replace(b"\n", b"\r\n")
        + b"\r\n--e--\r\n"
    )


def test_a_plain_mail(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "report.eml"
    file.write_bytes(MIXED)
    said = shell("mail", "inspect", str(file))
    assert (0, "") == (said.status, said.err)
    found = said.json
    assert KEYS == set(found)
    assert ("report", []) == (found["kind"], found["signatures"])
    assert CLOSED | {"state": "none"} == found["encryption"]
    assert [(0, "multipart/mixed"), (1, "text/plain"), (1, "application/octet-stream")] == [
        (part["depth"], part["type"]) for part in found["parts"]
    ]
    assert "x.bin" == found["parts"][2]["filename"]
    assert [{"name": "Robin", "address": "robin@research.example"}] == found["headers"]["outer"][
        "from"
    ]
    assert found["headers"]["protected"] is None
    assert "SEC-2026-0001" == found["thread_key"]
    assert ["no Date"] == found["problems"]


def test_an_encrypted_and_signed_mail(shell: Shell, tmp_path: Path) -> None:
    """Opened with the configured key; the inner subject counts, the signer is named."""
    inner = (
        b'Content-Type: text/plain; protected-headers="v1"\r\nSubject: the real subject\r\n'
        b"References: <a@x.example> <b@x.example>\r\n\r\nhello\r\n"
    )
    certificate = (shell.site.folder / "alias" / "certificate.asc").read_bytes()
    file = tmp_path / "report.eml"
    file.write_bytes(encrypted(certificate, inner))
    found = shell("mail", "inspect", str(file), "--json").json
    encryption = found["encryption"]
    assert ("whole", "AES256", "MDC", None) == tuple(
        encryption[key] for key in ("state", "cipher", "integrity", "problem")
    )
    assert 40 == len(encryption["own_key"])
    (signature,) = found["signatures"]
    wanted = {
        "status": "good",
        "fingerprint": person_key(0).fingerprint,
        "known_as": "Andrea Example",
        "covers": "all",
        "part": None,
        "from_agrees": True,
    }
    assert wanted == {key: signature[key] for key in wanted}
    headers = found["headers"]
    assert "the real subject" == headers["subject"] == headers["protected"]["subject"]
    assert "..." == headers["outer"]["subject"]
    assert "<b@x.example>" == found["thread_key"]


def test_the_keys_that_came_verify_and_are_told(shell: Shell, tmp_path: Path) -> None:
    """As the service does: a good signature by a key that the mail brought is nobody's here."""
    with short_home() as home:
        key = make_key(home, "Robin <robin@research.example>")
        content = (
            b'Content-Type: multipart/mixed; boundary="k"\r\n\r\n'
            b"--k\r\nContent-Type: text/plain\r\n\r\na hole\r\n"
            b'--k\r\nContent-Type: application/pgp-keys; name="robin.asc"\r\n\r\n'
            + gpg(home, "--armor", "--export", key.fingerprint).replace(b"\n", b"\r\n")
            + b"\r\n--k--\r\n"
        )
        signature = gpg(home, "--armor", "--detach-sign", given=content)
    file = tmp_path / "report.eml"
    file.write_bytes(
        b"From: Robin <robin@research.example>\r\nTo: security@example.org\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary="s"\r\n\r\n--s\r\n'
        + content
        + b"\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n"
        + signature.replace(b"\n", b"\r\n")
        + b"\r\n--s--\r\n"
    )
    found = shell("mail", "inspect", str(file)).json
    (signed,), (brought,) = found["signatures"], found["keys"]
    assert ("good", key.fingerprint, None, False) == tuple(
        signed[name] for name in ("status", "fingerprint", "known_as", "from_agrees")
    )
    assert (key.fingerprint, True, True) == tuple(
        brought[name] for name in ("fingerprint", "usable", "inside")
    )


def test_what_cannot_be_opened_is_said(shell: Shell, tmp_path: Path) -> None:
    """Encrypted to somebody else: an answer like any other."""
    mail = encrypted((shell.site.folder / "alias" / "certificate.asc").read_bytes(), b"x")
    with short_home() as home:
        gpg(home, "--import", given=person_key(1).public)
        options = ("--armor", "--encrypt", "--recipient", person_key(1).fingerprint)
        other = gpg(home, *options, given=b"x").replace(b"\n", b"\r\n")
    start = mail.index(b"-----BEGIN PGP")
    end = mail.index(b"\r\n--e--")
    file = tmp_path / "report.eml"
    file.write_bytes(mail[:start] + other + mail[end:])
    found = shell("mail", "inspect", str(file)).json
    assert "encrypted to a key we do not hold" == found["encryption"]["problem"]


def test_from_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(REPORT)))
    found = shell("mail", "inspect", "-").json
    assert "Crash in the frame parser" == found["headers"]["subject"]
    assert found["thread_key"] is None


@pytest.mark.parametrize("raw", [b"", b"\0" * 100, b"\xff\xfe", b"From: " + b"(" * 20_000])
def test_any_bytes_are_a_mail(raw: bytes, shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "report.eml"
    file.write_bytes(raw)
    assert KEYS == set(shell("mail", "inspect", str(file)).json)


def test_a_file_that_is_not_there_or_too_large(shell: Shell, tmp_path: Path) -> None:
    said = shell("mail", "inspect", str(tmp_path / "none"))
    assert (2, "") == (said.status, said.out)
    assert "cannot be read (No such file or directory)" in said.err
    shell.site.replace("policy.yaml", "message_bytes: 50MiB", "message_bytes: 1KiB")
    file = tmp_path / "report.eml"
    file.write_bytes(b"x" * 1025)
    said = shell("mail", "inspect", str(file))
    assert (2, "") == (said.status, said.out)
    assert "intake.message_bytes" in said.err


def test_no_database_is_needed_and_nothing_is_kept(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "report.eml"
    file.write_bytes(REPORT)
    shell("mail", "inspect", str(file))
    assert [] == list((shell.site.folder / "state").iterdir())
    assert [] == list(Path(shell.site.environ["RUNTIME_DIRECTORY"]).iterdir())
