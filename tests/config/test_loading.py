"""Every broken configuration is told whole, with its places; a sound one is one value."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gatekeeper.config import BadConfiguration, former, load
from gatekeeper.config.models import Protocol
from gatekeeper.config.settings import AdvisoryKey, RelayPeer
from gatekeeper.domain.address import Address
from gatekeeper.domain.calendar import Calendar
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import HOUR, MINUTE
from gatekeeper.domain.policy import AnswerPolicy, Policy
from gatekeeper.domain.team import Role
from gatekeeper.outbound.trust import Login, Tls, Trust
from gatekeeper.texts.templates import REQUIRED
from tests.config.installation import Installation, add_former, armored
from tests.config.mistakes import CASES, advise, relay
from tests.house import ALIAS, PEOPLE, person_key
from tests.keys import key_of

GOLDEN = Path(__file__).parent.parent / "golden" / "config"


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_told(name: str, site: Installation) -> None:
    """The messages for one kind of mistake, as they are reviewed in tests/golden/config."""
    CASES[name](site)
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert expected == site.shown(site.problems())


def test_every_golden_text_has_its_case() -> None:
    kept = {path.stem for path in GOLDEN.glob("*.txt") if not path.stem.startswith("keys-")}
    assert set(CASES) == kept


def test_all_files_are_told_at_once(site: Installation) -> None:
    """One pass names every file, and the error holds the lines in reading order."""
    for name in ("mistakes", "policy", "team"):
        CASES[name](site)
    with pytest.raises(BadConfiguration) as caught:
        site.load()
    files = [problem.file for problem in caught.value.problems]
    in_order = ["gatekeeper.yaml", "policy.yaml", "team.yaml"]
    assert in_order == [name for name in dict.fromkeys(files) if name in in_order]
    assert len(files) == len(caught.value.diagnostics().splitlines())
    assert 2 == caught.value.exit_code


def test_a_password_is_never_quoted(site: Installation) -> None:
    CASES["database-password"](site)
    assert "hunter2" not in site.shown(site.problems())


def test_no_folder_is_one_sentence_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path / "none")
    assert "gatekeeper init DIR" in caught.value.diagnostics()


def test_a_sound_configuration_is_one_value(site: Installation) -> None:
    """Everything the service needs, with absolute paths and the policy's defaults."""
    settings = site.load()
    assert ALIAS == settings.own.security
    assert "example.org" == settings.domain
    assert ("Example", "SEC") == (settings.product_name, settings.issue_prefix)
    assert "xen" == settings.policy.process.preset
    assert Policy() == replace(settings.policy, process=Policy().process)
    assert f"sqlite:///{site.folder}/state/gatekeeper.sqlite" == settings.database.url
    assert settings.database.url == settings.database.connection_url()
    assert [(Protocol.SMTP, "127.0.0.1", 2525, None)] == [
        (one.protocol, one.host, one.port, one.socket) for one in settings.listeners
    ]
    assert RelayPeer(host="127.0.0.1", port=25, clear_port=None) == settings.relay
    assert site.folder / "state" == settings.state_folder
    assert Path(site.environ["RUNTIME_DIRECTORY"]) == settings.runtime_folder
    assert settings.gpg.is_absolute()
    assert {person_key(index).fingerprint for index in range(3)} == set(settings.certificates)
    assert [name for name, _ in PEOPLE] == [person.name for person in settings.team.people]
    assert all(frozenset({Role.ADMIN}) == person.roles for person in settings.team.people)
    assert REQUIRED == set(settings.templates)


def test_former_keys_and_an_advisory_key_are_read(site: Installation) -> None:
    """The newest first, each with its own files; without any, none."""
    settings = site.load()
    assert ((), None) == (settings.alias.former, settings.advisory)
    andrea, wei, sam = (person_key(index) for index in range(3))
    advise(sam.fingerprint)(site)
    listed = f"former: [{wei.fingerprint.lower()}, {andrea.fingerprint}]"
    site.replace("gatekeeper.yaml", "former: []", listed)
    for folder in ("alias/former", "advisory"):
        (site.folder / folder).mkdir()
    for key in (wei, andrea):
        (site.folder / former.certificate(key.fingerprint)).write_bytes(armored(key))
        secret = site.folder / former.secret(key.fingerprint)
        secret.touch(mode=0o600)
        secret.write_bytes(key.fingerprint.encode())
    (site.folder / "advisory" / "certificate.asc").write_bytes(armored(sam))
    settings = site.load()
    assert [(key.fingerprint, armored(key), key.fingerprint.encode()) for key in (wei, andrea)] == [
        (key.fingerprint, key.certificate, key.secret.read()) for key in settings.alias.former
    ]
    expected = AdvisoryKey(
        fingerprint=sam.fingerprint,
        certificate=armored(sam),
        certificate_file=site.folder / "advisory" / "certificate.asc",
    )
    assert expected == settings.advisory


def test_a_calendar_and_a_port_for_clear_text_are_read(site: Installation) -> None:
    """Numbers as the rules take them; holidays and weekdays in any order."""
    site.replace("policy.yaml", "#weekdays: [mon, tue, wed, thu, fri]", "weekdays: [thu, tue]")
    site.replace("policy.yaml", "#holidays: []", "holidays: [2027-01-01, 2026-12-25]")
    site.replace("policy.yaml", '#hour: "12:00"', "hour: 09:30")
    site.replace("policy.yaml", "per_sender: 5", "per_sender: 7")
    site.replace("gatekeeper.yaml", "clear_port:", "clear_port: 2525")
    settings = site.load()
    expected = Calendar(
        weekdays=frozenset({1, 3}),
        holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
        at=9 * HOUR + 30 * MINUTE,
    )
    assert expected == settings.policy.embargo.calendar
    assert AnswerPolicy(per_sender=7) == settings.policy.answers
    assert 2525 == settings.relay.clear_port


def test_nothing_secret_is_in_a_settings_text(site: Installation) -> None:
    """What might be logged holds neither keys nor the master key."""
    settings = site.load()
    said = repr(settings)
    assert settings.master_key.read().decode().split()[2] not in said
    assert "BEGIN PGP" not in said


def test_a_password_comes_from_its_file(site: Installation) -> None:
    """The URL for the driver has the password, escaped; the one for people has not."""
    site.replace("gatekeeper.yaml", "sqlite:gatekeeper.sqlite", "postgresql://gk@db:5433/gk")
    site.replace("gatekeeper.yaml", "work too.\n  password_file:", "\n  password_file: db.password")
    file = site.folder / "db.password"
    file.write_text("p@ss/word\n")
    file.chmod(0o600)
    database = site.load().database
    assert "postgresql://gk@db:5433/gk" == database.url
    assert "postgresql://gk:p%40ss%2Fword@db:5433/gk" == database.connection_url()


def test_a_credential_of_systemd_is_read(site: Installation, tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (site.folder / "master.key").rename(tmp_path / "credentials" / "gatekeeper-master")
    CASES["credential"](site)
    given = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    settings = load(site.folder, environ={**site.environ, **given})
    assert settings.master_key.read().startswith(b"gatekeeper-master-key-2 ")


def test_a_secret_that_went_away_is_one_sentence(site: Installation) -> None:
    settings = site.load()
    settings.master_key.path.unlink()
    with pytest.raises(Misconfigured, match="cannot be read"):
        settings.master_key.read()


def test_sockets_and_several_listeners_are_read(site: Installation) -> None:
    site.replace(
        "gatekeeper.yaml",
        "    socket:",
        "    socket:\n  - {protocol: lmtp, socket: state/lmtp.sock}\n"
        '  - {protocol: lmtp, host: "::1", port: 24}',
    )
    found = site.load().listeners
    assert [Protocol.SMTP, Protocol.LMTP, Protocol.LMTP] == [one.protocol for one in found]
    assert site.folder / "state" / "lmtp.sock" == found[1].socket
    assert ("::1", 24) == (found[2].host, found[2].port)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_another_user_is_told(site: Installation) -> None:
    os.chown(site.folder / "master.key", 12345, -1)
    assert "belongs to user 12345" in site.shown(site.problems())


def test_a_person_is_found_by_the_address_in_any_case(site: Installation) -> None:
    team = site.load().team
    person = team.by_address(Address.parse("ANDREA@team.example"))
    assert person is not None
    assert "Andrea Example" == person.name


@pytest.mark.parametrize("place", [former.certificate, former.secret])
def test_a_former_key_that_is_lost_may_be_given_up(
    place: Callable[[str], Path], site: Installation
) -> None:
    """No new installation brings it back; what is lost with it is said."""
    key = key_of("Old alias <security@example.org>")
    add_former(site, key)
    (site.folder / place(key.fingerprint)).unlink()
    (problem,) = site.problems()
    assert "put it back from your backup, or take the fingerprint out of alias.former" in str(
        problem
    )
    assert "mail to that key can then not be read" in str(problem)
    assert "init" not in str(problem)


def test_a_relay_elsewhere_is_encrypted_to_without_asking(site: Installation) -> None:
    """And one on this machine is not, unless that is asked for."""
    assert Tls.NEVER is site.load().relay.tls
    relay("host: mail.example.org")(site)
    assert Trust(tls=Tls.STARTTLS) == site.load().relay.trust()


def test_a_relay_with_a_pin_and_a_login(site: Installation) -> None:
    """The password comes from its file when it is needed, and stands in no text of settings."""
    digest = bytes(range(32))
    secret = site.folder / "relay.password"
    secret.touch(mode=0o600)
    secret.write_text("hunter2 ü\n", encoding="utf-8")
    pins = f"pinned_certificates: [{digest.hex(':').upper()}, {'0' * 64}]"
    relay("tls: implicit", pins, "user: gk", "password_file: relay.password")(site)
    settings = site.load()
    trust = settings.relay.trust()
    assert (Tls.IMPLICIT, frozenset({digest, bytes(32)})) == (trust.tls, trust.pins)
    assert Login(user="gk", password="hunter2 ü") == trust.login
    assert "hunter2" not in repr(settings) + repr(trust)
