"""What keeps the service from starting: one clear sentence, exit 2 or 75, nothing changed."""

import hashlib
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.store.seal import Codec, MasterKey
from tests.house import ALIAS
from tests.keys import gpg, short_home
from tests.running import Site, make_site, serving
from tests.sinks import running_sink


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An installation that would start."""
    return make_site(tmp_path, relay=1)


def snapshot(folder: Path) -> dict[str, str]:
    """Return name and hash of every file and folder below."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in folder.rglob("*")
    }


def assert_refused(site: Site, status: int, *words: str) -> str:
    """See that `serve` says so in clear lines, and that nothing was changed."""
    before = snapshot(site.config)
    said = site.refused("serve", status=status)
    assert before == snapshot(site.config)
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 2
    for word in words:
        assert word in said, said
    return said


def test_a_port_in_use(site: Site) -> None:
    """Somebody else listens there: it is temporary, and says where."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", site.port))
        other.listen()
        before = snapshot(site.config)
        said = site.refused("serve", status=75)
        assert before == snapshot(site.config)
    assert f"127.0.0.1 port {site.port}" in said
    assert "Traceback" not in said


def test_a_second_service_on_one_sqlite_file(site: Site) -> None:
    """The lock keeps it out and names the first one's process."""
    with running_sink() as sink:
        site.change("gatekeeper.yaml", "port: 1\n", f"port: {sink.port}\n")
        with serving(site) as process:
            said = site.refused("serve", status=2)
            assert f"(pid {process.pid})" in said


def test_a_state_folder_that_cannot_be_made(site: Site) -> None:
    """A path below a file is no folder."""
    site.change("gatekeeper.yaml", "folder: state", "folder: policy.yaml/state")
    assert_refused(site, 2, "policy.yaml/state")


def test_a_database_newer_than_the_program(site: Site) -> None:
    """A database of a later version is not touched."""
    site.run("db", "upgrade")
    path = next((site.config / "state").glob("*.sqlite*"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    connection.close()
    assert_refused(site, 2, "newer than this program")


def test_gpg_too_old(site: Site) -> None:
    """An old gpg believes what must not be believed."""
    old = site.config.parent / "gpg"
    old.write_text("#!/bin/sh\necho 'gpg (GnuPG) 2.2.27'\necho cfg:version:2.2.27\n")
    old.chmod(0o755)
    site.change("gatekeeper.yaml", "binary: gpg", f"binary: {old}")
    assert_refused(site, 2, "2.2.40", "2.2.27")


def test_another_master_key(site: Site) -> None:
    """With another key nothing opens: it says which file to put back."""
    (site.config / "master.key").write_bytes(MasterKey.generate().dump())
    assert_refused(site, 2, "master key")


def test_another_master_key_than_the_database_was_made_with(site: Site) -> None:
    """The alias's secret opens, the database does not: it is noticed before anything is written."""
    site.run("db", "upgrade")
    sealed = site.config / "alias" / "secret.sealed"
    old = Codec(MasterKey.load((site.config / "master.key").read_bytes()))
    new = MasterKey.generate()
    sealed.write_bytes(
        Codec(new).wrap("alias-secret", old.unwrap("alias-secret", sealed.read_bytes()))
    )
    (site.config / "master.key").write_bytes(new.dump())
    assert_refused(site, 2, "master key")


def replace_alias(site: Site, make: Callable[[Path], str]) -> None:
    """Give the alias another key, made by `make` in an empty home."""
    with short_home() as home:
        fingerprint = make(home)
        secret = gpg(home, "--export-secret-keys", fingerprint)
        (site.config / "alias" / "certificate.asc").write_bytes(
            gpg(home, "--armor", "--export", fingerprint)
        )
    codec = Codec(MasterKey.load((site.config / "master.key").read_bytes()))
    (site.config / "alias" / "secret.sealed").write_bytes(codec.wrap("alias-secret", secret))
    text = (site.config / "gatekeeper.yaml").read_text()
    old = text.partition("fingerprint: ")[2][:40]
    site.change("gatekeeper.yaml", old, fingerprint)


def generated(home: Path, *arguments: str) -> str:
    """Make a primary key and return its fingerprint."""
    status = gpg(home, "--status-fd", "1", *arguments)
    return status.rpartition(b"KEY_CREATED ")[2][2:42].decode("ascii")


def test_an_expired_alias_key(site: Site) -> None:
    """Nobody could encrypt to it any more."""

    def make(home: Path) -> str:
        then = ("--faked-system-time", "20200101T000000!")
        user = f"Example <{ALIAS}>"
        made = generated(home, *then, "--quick-gen-key", user, "ed25519", "cert,sign", "1y")
        gpg(home, *then, "--quick-add-key", made, "cv25519", "encr", "1y")
        return made

    replace_alias(site, make)
    assert_refused(site, 2, "expired", "alias")


def test_an_alias_key_without_encryption_subkey(site: Site) -> None:
    """Reports could not be encrypted to it."""

    def make(home: Path) -> str:
        user = f"Example <{ALIAS}>"
        return generated(home, "--quick-gen-key", user, "ed25519", "cert,sign", "never")

    replace_alias(site, make)
    assert_refused(site, 2, "encrypt", "alias")


def test_every_mistake_of_the_configuration_at_once(site: Site) -> None:
    """Each with its file, line and column; the service does not start half-configured."""
    site.change("gatekeeper.yaml", "domain: example.org", "domain: not a domain")
    site.change("gatekeeper.yaml", "port: 1\n", "port: 70000\n")
    site.change("policy.yaml", "connections: ", "conections: ")
    site.change("team.yaml", "sam@vendor.example", "sam")
    before = snapshot(site.config)
    said = site.refused("serve", status=2).strip().splitlines()
    assert before == snapshot(site.config)
    assert 4 <= len(said)
    assert {"gatekeeper.yaml", "policy.yaml", "team.yaml"} <= {
        line.partition(":")[0].rpartition("/")[2] for line in said
    }
