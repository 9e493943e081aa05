"""Configurations that somebody broke: each of CASES changes a sound one in one way."""

import re
from collections.abc import Callable, Mapping

from gatekeeper.pgp.armor import Kind, armor
from tests.config.installation import Installation, armored
from tests.house import ALIAS, person_key
from tests.keys import key_of


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


def _recovery(site: Installation) -> None:
    """The alias's key, one without its file, the same again, and a witness in no folder."""
    current = site.load().alias.fingerprint
    andrea = person_key(0).fingerprint
    (site.folder / "recovery").mkdir()
    certificate = (site.folder / "alias" / "certificate.asc").read_bytes()
    (site.folder / "recovery" / f"{current}.asc").write_bytes(certificate)
    listed = f"recipients: [{current}, {andrea}, {andrea}]"
    site.replace("gatekeeper.yaml", "recipients: []", listed)
    site.replace("gatekeeper.yaml", "file: witness/seen", "file: no/such/folder")


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


def advise(fingerprint: str) -> Callable[[Installation], None]:
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
embargo:
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
_PROCESS = """\
preset: xen
timeline: {public_days: 10}
embargo:
  counted: sometimes
  max_embargo: 10d
  tools_span: 1h
  cap_action: publish!
  roll: back
  reporter_reminders: 11
  clocks:
    - {name: Kernel, start: fix-ready, span: 36h}
    - {name: policy, start: fix, span: 14d, hour: noon}
    - span: 14d
approvals:
  people: 1
  employers: distinct
  expiry: 5m
  alone_allowed: perhaps
  employer_share: 101
reminders:
  before_date: [1h, 1d]
  before_cap: []
  obligations: [5m]
  stale_high: 500d
  daily_at: 8
"""
_PROCESS_RULES = """\
preset: kernel
process: "bell \\a"
embargo:
  max_embargo: 36h
reminders:
  before_date: [1h, 1d]
"""
_CLOCKS = """\
preset: kernel
embargo:
  max_embargo: 10d
  clocks:
    - {name: policy, start: fix-ready, span: 14d}
    - {name: kernel, start: fix-ready, span: 36h}
reminders:
  obligations: [14d, 1d]
"""
_TWO_CLOCKS = """\
embargo:
  clocks:
    - {name: kernel, start: fix-ready, span: 14d}
    - {name: kernel, start: fix-ready, span: 7d}
"""
_KINDS = """\
embargo: {hour: [1], weekdays: mon, holidays: 2026-12-25, minimum_lead: [5d]}
answers:
"""
_RULES = """\
intake:
  message_bytes: 50MiB
  bytes_in_flight: 10MiB
outbox:
  lease: 50s
embargo:
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


def _bad_preset(site: Installation) -> None:
    """One of one's own, with mistakes in it; and another in policy.yaml."""
    text = "process: ''\nembargo: {hour: 25:00}\nnumbers: 1\n"
    (site.folder / "presets" / "ours.yaml").write_text(text)
    site.replace("policy.yaml", "preset: xen", "preset: ours")
    site.replace("policy.yaml", "  #roll: none", "  roll: sideways")


def relay(*lines: str) -> Callable[[Installation], None]:
    """Write these settings of the relay, each in its place."""

    def change(site: Installation) -> None:
        text = (site.folder / "gatekeeper.yaml").read_text(encoding="utf-8")
        before, start, rest = text.partition("\nrelay:\n")
        section, end, after = rest.partition("\ndatabase:\n")
        for line in lines:
            name = line.partition(":")[0]
            section = re.sub(rf"(?m)^  {name}:.*$", f"  {line}", section)
        (site.folder / "gatekeeper.yaml").write_text(
            before + start + section + end + after, encoding="utf-8"
        )

    return change


CASES: Mapping[str, Callable[[Installation], None]] = {
    "mistakes": _write("gatekeeper.yaml", _MISTAKES),
    "policy": _write("policy.yaml", _POLICY),
    "policy-calendar": _write("policy.yaml", _CALENDAR),
    "policy-calendar-kinds": _write("policy.yaml", _KINDS),
    "policy-no-weekday": _write("policy.yaml", "embargo: {weekdays: []}\n"),
    "policy-process": _write("policy.yaml", _PROCESS),
    "policy-process-rules": _write("policy.yaml", _PROCESS_RULES),
    "policy-clocks": _write("policy.yaml", _CLOCKS),
    "policy-cap": _write("policy.yaml", "preset: xen\nembargo:\n  max_embargo: 13d\n"),
    "policy-reminder-days": _write("policy.yaml", "embargo: {reminder_days: 1}\n"),
    "policy-two-clocks": _write("policy.yaml", _TWO_CLOCKS),
    "preset-unknown": _replace(("policy.yaml", "preset: xen", "preset: zen")),
    "preset-no-name": _replace(("policy.yaml", "preset: xen", "preset: ../xen")),
    "preset-broken": _bad_preset,
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
        ("gatekeeper.yaml", "work too.\n  password_file:", "\n  password_file: db.password")
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
    "relay-elsewhere": relay("host: mail.example.org", "tls: never"),
    "relay-without-tls": relay("ca_file: ca.pem", "pinned_certificates: [ab]"),
    "relay-pins": relay("tls: implicit", "ca_file: ca.pem", f"pinned_certificates: [{'0' * 64}]"),
    "relay-login": relay("tls: starttls", "user: gatekeeper"),
    "relay-login-in-clear": relay("user: gatekeeper", "password_file: relay.password"),
    "relay-files": relay(
        *("tls: starttls", "ca_file: keys/ca.pem"),
        *("user: gatekeeper", "password_file: relay.password"),
    ),
    "relay-ca": relay("tls: starttls", "ca_file: team.yaml"),
    "clear-port": _replace(("gatekeeper.yaml", "clear_port:", "clear_port: smtps")),
    "clear-port-is-port": _replace(("gatekeeper.yaml", "clear_port:", "clear_port: 25")),
    "bounces-upper-case": _replace(("gatekeeper.yaml", "bounces: bounces", "bounces: Bounces")),
    "former": _former,
    "recovery": _recovery,
    "former-no-list": _replace(("gatekeeper.yaml", "former: []", "former: 12")),
    "former-no-key": _replace(("gatekeeper.yaml", "former: []", "former: [12]")),
    "advisory-missing": advise("andrea"),
    "advisory-is-the-alias": advise("alias"),
    "advisory-no-key": advise("12"),
    "keys": _key_files,
    "people-share": _people_share,
    "template": _write("templates/team-copy.txt", "one\n{% if x %}\n"),
}
