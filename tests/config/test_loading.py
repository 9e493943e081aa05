"""Every broken configuration is told whole, with its places; a sound one is one value."""

import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from gatekeeper.config import BadConfiguration, former, load
from gatekeeper.config.models import Protocol
from gatekeeper.config.settings import AdvisoryKey, RelayPeer
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.instants import HOUR, MINUTE
from gatekeeper.domain.policy import AnswerPolicy, Policy, TimelinePolicy
from gatekeeper.domain.team import Role
from gatekeeper.pgp.armor import Kind, armor
from gatekeeper.texts.templates import REQUIRED
from tests.config.installation import Installation, armored
from tests.house import ALIAS, PEOPLE, person_key
from tests.keys import key_of

GOLDEN = Path(__file__).parent.parent / "golden" / "config"


def _write(name: str, text: str | bytes) -> Callable[[Installation], None]:
    def change(site: Installation) -> None:
        raw = text.encode() if isinstance(text, str) else text
        (site.folder / name).write_bytes(raw)

    return change


def _remove(*names: str) -> Callable[[Installation], None]:
    def change(site: Installation) -> None:
        for name in names:
            (site.folder / name).unlink()

    return change


def _empty(*names: str) -> Callable[[Installation], None]:
    def change(site: Installation) -> None:
        for name in names:
            (site.folder / name).write_bytes(b"")

    return change


def _mode(*modes: tuple[str, int]) -> Callable[[Installation], None]:
    def change(site: Installation) -> None:
        for name, mode in modes:
            (site.folder / name).chmod(mode)

    return change


def _replace(*changes: tuple[str, str, str]) -> Callable[[Installation], None]:
    def change(site: Installation) -> None:
        for name, old, new in changes:
            site.replace(name, old, new)

    return change


def _key_files(site: Installation) -> None:
    """An unused key, a stray file, a lower-case name, a secret key, no key at all, and one gone."""
    keys = site.folder / "keys"
    andrea, wei, sam = (person_key(index).fingerprint for index in range(3))
    stranger = key_of("Stranger <stranger@example.net>")
    (keys / ("0" * 40 + ".asc")).write_bytes(armored(stranger))
    (keys / "notes.txt").write_text("a note")
    (keys / f"{andrea}.asc").rename(keys / f"{andrea.lower()}.asc")
    (keys / f"{wei}.asc").write_bytes(armor(Kind.PRIVATE_KEY, person_key(1).secret))
    (keys / f"{sam}.asc").write_bytes(b"not a key\n")


def _people_share(site: Installation) -> None:
    """Two people with one key and one address, a key listed twice, and our own address."""
    andrea, wei, sam = (person_key(index).fingerprint for index in range(3))
    site.replace("team.yaml", f"keys: [{wei}]", f"keys: [{andrea}]")
    site.replace("team.yaml", f"keys: [{sam}]", f"keys: [{sam}, {sam}]")
    site.replace("team.yaml", "wei@team.example", "Andrea@Team.example")
    site.replace("team.yaml", "sam@vendor.example", str(ALIAS))
    (site.folder / "keys" / f"{wei}.asc").unlink()


def _former(site: Installation) -> None:
    """The key in use, one that others may read, the same again, one without files, no key."""
    andrea, wei, sam = (person_key(index).fingerprint for index in range(3))
    current = site.load().alias.fingerprint
    listed = f"former: [{current}, {andrea}, {andrea}, {wei}, {sam}]"
    site.replace("gatekeeper.yaml", "former: []", listed)
    folder = site.folder / "alias" / "former"
    folder.mkdir()
    (folder / f"{andrea}.asc").write_bytes(armored(person_key(0)))
    (folder / f"{andrea}.sealed").write_bytes(b"sealed")
    (folder / f"{andrea}.sealed").chmod(0o640)
    (folder / f"{sam}.asc").write_bytes(b"no key\n")
    (folder / f"{sam}.sealed").touch(mode=0o600)


def _advise(fingerprint: str) -> Callable[[Installation], None]:
    """Name an advisory key; {andrea} is one that people have, {alias} the alias's."""

    def change(site: Installation) -> None:
        known = {"andrea": person_key(0).fingerprint, "alias": site.load().alias.fingerprint}
        key = known.get(fingerprint, fingerprint)
        site.replace("gatekeeper.yaml", "fingerprint:\n", f"fingerprint: {key}\n")

    return change


_MISTAKES = """\
domian: example.org
addresses: {security: "a b", bounces: postmaster}
product:
  name: [x]
  issue_prefix: sec
listen:
  - protocol: smpt
    prot: 3
  - host: 127.0.0.1
    port: 99999
  - protocol: lmtp
    host: 192.0.2.1
    port: 24
  - host: bad_host!
    port: 1x
  - port: 25
  - host: 127.0.0.1
  - {socket: /run/x, port: 1}
relay: {host: , port: abc}
state: {folder: ~/x}
runtime: {allow_disk: perhaps}
master_key: {file: a, credential: b}
alias: {fingerprint: 123, certificate: [a], secret: {b: c}}
gpg: {binary: gpg-that-is-not-there}
extra: 1
"""
_POLICY = """\
intake:
  message_bytes: 50
  line_bytes: 1 MB
  command_wait: five minutes
  data_wait: 0s
  depth: 3
outbox:
  lease: 30s
  connections: 0
  batch: 1.5
reading: 7
"""
_CALENDAR = """\
timeline:
  predisclosure_days: 0
  public_days: 400
  hour: 25:00
  weekdays: [monday, 1]
  holidays: [2026-02-30, 25.12.2026, [x]]
  minimum_lead: 5
  hours: 12
answers:
  per_sender: 0
  per_hour: many
"""
_KINDS = """\
timeline: {hour: [1], weekdays: mon, holidays: 2026-12-25, minimum_lead: [5d]}
answers:
"""
_RULES = """\
intake:
  message_bytes: 50MiB
  bytes_in_flight: 10MiB
outbox:
  lease: 50s
timeline:
  minimum_lead: 367d
answers:
  per_sender: 6
  per_hour: 5
"""
_TEAM = """\
people:
  - name: A
    adress: a@team.example
    employer: X
    keys: [0123456789ABCDEF0123456789ABCDEF01234567, 12]
    roles: [boss]
  -
  - name: "tab\\there"
    address: not an address
    employer: ""
    keys: []
  - text
  - name: Nine
    address: nine@team.example
    employer: X
    keys: [a, b, c, d, e, f, g, h, i]
"""
_HIDDEN = """\
intake: &limits
  message_bytes: 50MiB
reading: !!map
  depth: 50
outbox: *limits
"""


CASES: Mapping[str, Callable[[Installation], None]] = {
    "mistakes": _write("gatekeeper.yaml", _MISTAKES),
    "policy": _write("policy.yaml", _POLICY),
    "policy-calendar": _write("policy.yaml", _CALENDAR),
    "policy-calendar-kinds": _write("policy.yaml", _KINDS),
    "policy-no-weekday": _write("policy.yaml", "timeline: {weekdays: []}\n"),
    "policy-rules": _write("policy.yaml", _RULES),
    "team": _write("team.yaml", _TEAM),
    "team-empty": _write("team.yaml", "people: []\n"),
    "team-no-list": _write("team.yaml", "people: andrea\n"),
    "yaml-syntax": _write("policy.yaml", "intake:\n  depth: [1\nreading:\n"),
    "yaml-tab": _write("policy.yaml", "intake:\n\tdepth: 1\n"),
    "yaml-hidden": _write("policy.yaml", _HIDDEN),
    "yaml-twice": _write(
        "policy.yaml", "outbox:\n  batch: 1\n  lease: 5x\n  batch: 2\noutbox: {}\n"
    ),
    "yaml-two-documents": _write("policy.yaml", "intake: {}\n---\nreading: {}\n"),
    "yaml-control-character": _write("policy.yaml", b"intake: {}\nreading: \x07\n"),
    "yaml-not-utf8": _write("policy.yaml", "# ü\nintake: ü\n".encode("latin-1")),
    "yaml-list-as-key": _write("policy.yaml", "? [a, b]\n: 1\n"),
    "yaml-too-deep": _write("policy.yaml", "intake: " + "[" * 2000),
    "yaml-too-large": _write("policy.yaml", b"#" * (1024 * 1024 + 1)),
    "yaml-scalar": _write("policy.yaml", "just text\n"),
    "files-missing": _remove(
        "policy.yaml",
        "master.key",
        "alias/secret.sealed",
        "alias/certificate.asc",
        "templates/team-copy.txt",
    ),
    "modes": _mode(
        ("master.key", 0o640),
        ("alias/secret.sealed", 0o604),
        ("state", 0o755),
        ("team.yaml", 0o666),
    ),
    "files-empty": _empty("master.key", "alias/certificate.asc", "team.yaml"),
    "files-are-folders": _replace(
        ("gatekeeper.yaml", "file: master.key", "file: keys"),
        ("gatekeeper.yaml", "alias/certificate.asc", "keys"),
        ("gatekeeper.yaml", "folder: state", "folder: team.yaml"),
    ),
    "master-key-in-state": _replace(("gatekeeper.yaml", "folder: state", "folder: .")),
    "credential": _replace(
        ("gatekeeper.yaml", "  file: master.key", "  file:"),
        ("gatekeeper.yaml", "  credential:", "  credential: gatekeeper-master"),
    ),
    "database-password": _replace(
        ("gatekeeper.yaml", "sqlite:gatekeeper.sqlite", "postgresql://gk:hunter2@db/gk")
    ),
    "database-unknown": _replace(("gatekeeper.yaml", "sqlite:gatekeeper.sqlite", "mysql://db/gk")),
    "database-password-file": _replace(
        ("gatekeeper.yaml", "password_file:", "password_file: db.password")
    ),
    "database-folder": _replace(
        ("gatekeeper.yaml", "sqlite:gatekeeper.sqlite", "sqlite:/nowhere/here/gk.sqlite")
    ),
    "listen": _replace(
        ("gatekeeper.yaml", "    socket:", "    socket:\n  - {host: 127.0.0.1, port: 2525}"),
        ("gatekeeper.yaml", "relay:", "  - {protocol: lmtp, socket: gone/lmtp.sock}\nrelay:"),
    ),
    "runtime-on-disk": _replace(("gatekeeper.yaml", "  folder:\n", "  folder: /usr/gk\n")),
    "runtime-too-long": _replace(
        ("gatekeeper.yaml", "  folder:\n", f"  folder: /dev/shm/{'x' * 80}\n")
    ),
    "bounces-too-long": _replace(("gatekeeper.yaml", ": bounces", ": undeliverable1")),
    "security-too-long": _replace(
        ("gatekeeper.yaml", "security: security", "security: security-of-the-project1")
    ),
    "clear-port": _replace(("gatekeeper.yaml", "clear_port:", "clear_port: smtps")),
    "clear-port-is-port": _replace(("gatekeeper.yaml", "clear_port:", "clear_port: 25")),
    "bounces-upper-case": _replace(("gatekeeper.yaml", "bounces: bounces", "bounces: Bounces")),
    "former": _former,
    "former-no-list": _replace(("gatekeeper.yaml", "former: []", "former: 12")),
    "former-no-key": _replace(("gatekeeper.yaml", "former: []", "former: [12]")),
    "advisory-missing": _advise("andrea"),
    "advisory-is-the-alias": _advise("alias"),
    "advisory-no-key": _advise("12"),
    "keys": _key_files,
    "people-share": _people_share,
    "template": _write("templates/team-copy.txt", "one\n{% if x %}\n"),
}


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
    assert Policy() == settings.policy
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
    _advise(sam.fingerprint)(site)
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
    assert AdvisoryKey(fingerprint=sam.fingerprint, certificate=armored(sam)) == settings.advisory


def test_a_calendar_and_a_port_for_clear_text_are_read(site: Installation) -> None:
    """Numbers as the rules take them; holidays and weekdays in any order."""
    site.replace("policy.yaml", "[mon, tue, wed, thu, fri]", "[thu, tue]")
    site.replace("policy.yaml", "holidays: []", "holidays: [2027-01-01, 2026-12-25]")
    site.replace("policy.yaml", 'hour: "12:00"', "hour: 09:30")
    site.replace("policy.yaml", "per_sender: 5", "per_sender: 7")
    site.replace("gatekeeper.yaml", "clear_port:", "clear_port: 2525")
    settings = site.load()
    expected = TimelinePolicy(
        weekdays=frozenset({1, 3}),
        holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
        at=9 * HOUR + 30 * MINUTE,
    )
    assert expected == settings.policy.timeline
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
    site.replace("gatekeeper.yaml", "password_file:", "password_file: db.password")
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
    assert settings.master_key.read().startswith(b"gatekeeper-master-key-1 ")


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
