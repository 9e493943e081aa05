"""docs/operating.md can be followed: its commands work, its files agree with program and tests."""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from gatekeeper.clock import now as read_clock
from gatekeeper.config import load
from gatekeeper.config.certificates import examine
from gatekeeper.config.models import ListenSection, RelaySection
from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.instants import DAY, later
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.issues.commands import VERBS, parse
from gatekeeper.publication.wkd import advanced
from tests.architecture.sources import python_files, read
from tests.docs.test_references import typed_commands
from tests.documented import DOCUMENT, block, main_cf, master_cf, parameters
from tests.house import ALIAS, person_key
from tests.issues.test_authority import a_scene, entity, sealed
from tests.keys import gpg, make_key, short_home
from tests.peers import require
from tests.running import ROOT, gatekeeper, make_site
from tests.toolchain.workshop import write_script


def test_founding_works_as_written(tmp_path: Path) -> None:
    """The command, in other places: what it makes passes `check`."""
    key = tmp_path / "andrea.asc"
    key.write_bytes(person_key(0).public)
    (words,) = [words for words in typed_commands(read(DOCUMENT)) if words[0] == "init"]
    places = {
        "/etc/gatekeeper": str(tmp_path / "config"),
        "/var/lib/gatekeeper": str(tmp_path / "state"),
    }
    words = [places.get(word, word).replace("andrea.asc", str(key)) for word in words]
    gatekeeper(*words)
    done = gatekeeper("--config", str(tmp_path / "config"), "check")
    assert "security@example.org, 1 people, 1 keys" in done.stdout
    for name in ("master.key", "alias/revocation.asc", "team.yaml", "keys"):
        assert (tmp_path / "config" / name).exists()


def test_the_addresses_are_known_to_postfix() -> None:
    """Those of the shipped configuration and the two that always exist; all other mail is no."""
    known = parameters(main_cf())["relay_recipient_maps"]
    assert ["security", "postmaster", "abuse", "bounces"] == re.findall(r"(\w+)@example", known)
    shipped = yaml.safe_load(read("config/gatekeeper.yaml"))["addresses"]
    assert ("security", "bounces") == (shipped["security"], shipped["bounces"])
    refused = re.findall(r"/\^(\w+)@/ 550", parameters(main_cf())["smtpd_recipient_restrictions"])
    assert [shipped["bounces"]] == refused


def test_postfix_knows_every_parameter() -> None:
    """All but the one that is our own, and is used."""
    postfix = require("postfix")["postfix"]
    names = parameters(main_cf())
    assert names.pop("no_tls_offered")
    assert "=$no_tls_offered" in master_cf()
    done = subprocess.run(
        [str(postfix.with_name("postconf")), "-d", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "unknown parameter" not in done.stderr
    assert set(names) == set(parameters(done.stdout))


def test_sizes_fit_one_another() -> None:
    """In front Postfix takes what the service takes; behind, a copy of it in base64 as well."""
    front = re.search(r"message_size_limit=(\d+)", master_cf())
    assert front
    assert IntakeLimits().message_bytes == int(front[1])
    behind = int(parameters(main_cf())["message_size_limit"])
    assert behind > int(front[1]) * 78 / 57


def test_the_service_takes_the_sections_as_written() -> None:
    sections = yaml.safe_load(block("`gatekeeper.yaml`:"))
    for section in sections["listen"]:
        assert "lmtp" == ListenSection.model_validate(section).protocol
    relay = RelaySection.model_validate(sections["relay"])
    assert f"{relay.host}:{relay.port} inet" in master_cf()
    assert f"{relay.host}:{relay.clear_port} inet" in master_cf()
    (lmtp,) = sections["listen"]
    maps = parameters(main_cf())["transport_maps"]
    assert f"lmtp:inet:{lmtp['host']}:{lmtp['port']}" in maps


def finding_names() -> set[str]:
    """Return what lines of `doctor` are called in the code: given to one, or in its table."""
    tree = [ast.parse(read(path)) for path in python_files("gatekeeper/cli")]
    nodes = [node for each in tree for node in ast.walk(each)]
    given = [
        keyword.value
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"
        for keyword in node.keywords
        if keyword.arg == "name"
    ]
    listed = [
        node.elts[0]
        for node in nodes
        if isinstance(node, ast.Tuple)
        and len(node.elts) == 2
        and isinstance(node.elts[1], ast.Lambda)
    ]
    return {str(each.value) for each in [*given, *listed] if isinstance(each, ast.Constant)}


def test_doctor_looks_at_what_is_listed() -> None:
    text = read(DOCUMENT).partition("| line | looked at |")[2].partition("\n\n")[0]
    assert finding_names() == set(re.findall(r"^\| ([a-z ]+) \|", text, re.MULTILINE))


def test_exit_statuses_are_the_program_s() -> None:
    text = " ".join(read(DOCUMENT).split())
    assert f"Exit status {Misconfigured.exit_code} says" in text
    assert f", {OurFault.exit_code} that trying again may help" in text


def test_postfix_soon_forgets_that_the_service_was_away() -> None:
    """Else it puts off mail to a token for hours after the service is back."""
    told = parameters(main_cf())
    expiry, refresh = (
        told[f"address_verify_negative_{name}_time"] for name in ("expire", "refresh")
    )
    assert (2, 1) == tuple(int(text.removesuffix("m")) for text in (expiry, refresh))


@pytest.mark.parametrize("name", ["master_key.file", "master_key.credential"])
def test_the_master_key_has_the_places_named(name: str) -> None:
    section, _, key = name.partition(".")
    assert key in yaml.safe_load(read("config/gatekeeper.yaml"))[section]


def told_commands() -> list[str]:
    """Return mails with each line of the table of commands, as it is written there."""
    lines = re.findall(r"^\| `(!.*?)` \|", read(DOCUMENT), re.MULTILINE)
    digits = {"HASH": "a" * 64, "FINGERPRINT": "A" * 40}
    typed = [" ".join(digits.get(word, word) for word in line.split()) for line in lines]
    with_text = re.compile(" (note|reply)")
    return [f"{line}\n\nThe text." if with_text.search(line) else line for line in typed]


def test_the_team_s_commands_are_all_told() -> None:
    """Each verb, in a line that is understood as it is written, and names the domain."""
    found = [parse(mail) for mail in told_commands()]
    assert [()] * len(found) == [parsed.problems for parsed in found]
    commands = [command for parsed in found for command in parsed.commands]
    assert len(found) == len(commands)
    assert set(VERBS) == {command.verb for command in commands}
    for command in commands:
        assert (ALIAS.domain if command.issue is not None else "") == command.domain


def test_the_team_s_commands_are_obeyed_as_they_are_written() -> None:
    """Signed by a program that signs no To; without the domain all but `help` are refused."""
    with a_scene() as scene:
        for mail in told_commands():
            # what is about no issue says in its text for whom it is
            named = mail.startswith(("!SEC-", "!help"))
            whole = mail if named else f"{mail}\n\n{ALIAS}"
            assert () == scene.judged(sealed(scene, entity(whole)))
            bare = mail.replace(f"@{ALIAS.domain}", "")
            assert (bare != "!help") == bool(scene.judged(sealed(scene, entity(bare))))
        signed_to = entity("!SEC-2026-0007 own", f"To: {ALIAS}")
        assert () == scene.judged(sealed(scene, signed_to))


def test_a_command_is_told_without_the_domain_only_where_that_is_explained() -> None:
    text = " ".join(read(DOCUMENT).split())
    (bare,) = re.finditer(r"`!SEC-[\d-]+ [^`]*`", text)
    assert text[: bare.start()].endswith("the domain can be left out: ")


def follow(
    after: str, folder: Path, *, status: int = 0, changed: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Type a block of the manual, `changed` in some words, at the installation in `folder`."""
    (folder / "bin").mkdir(exist_ok=True)
    write_script(folder / "bin" / "runuser", 'shift 3; exec "$@"')
    lines = block(after)
    places = {"/etc/gatekeeper": f"{folder}/config", "/opt/gatekeeper/bin/python": sys.executable}
    assert all(old in lines for old in changed)
    for old, new in {**places, **changed}.items():
        lines = lines.replace(old, new)
    done = subprocess.run(
        ["sh", "-c", lines],
        env={
            **os.environ,
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert status == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_an_upgrade_shows_what_is_new_in_the_templates(tmp_path: Path) -> None:
    """A file that is not there, and lines that one which is there does not have."""
    site = make_site(tmp_path, relay=1)
    assert "" == follow("## Upgrade", tmp_path)
    (site.config / "templates" / "reply.txt").unlink()
    site.change("templates/team-copy.txt", "{{ command }} help", "")
    shown = follow("## Upgrade", tmp_path, status=1)
    assert re.search(r"^Only in .*/config/templates: reply\.txt$", shown, re.MULTILINE)
    assert re.search(r"^\+.*\{\{ command \}\} help$", shown, re.MULTILINE)


def test_the_shipped_templates_lie_where_is_said() -> None:
    wheel = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert f"/site-packages/{wheel['force-include']['config']}/templates/`" in read(DOCUMENT)


def test_the_alias_s_key_is_extended_as_written(tmp_path: Path) -> None:
    """The warning before its end goes, fingerprint and seal stay, nothing opened is left behind."""
    site = make_site(tmp_path, relay=1)
    alias = site.config / "alias"
    names, sealed_before = sorted(alias.iterdir()), (alias / "secret.sealed").read_bytes()
    soon = later(read_clock(), 700 * DAY)
    assert ["alias.certificate"] == [each.path for each in examine(load(site.config), now=soon)]
    (words,) = [words for words in typed_commands(read(DOCUMENT)) if words[:2] == ["key", "extend"]]
    gatekeeper("--config", str(site.config), *words)
    assert () == examine(load(site.config), now=soon)
    assert sealed_before != (alias / "secret.sealed").read_bytes()
    assert names == sorted(alias.iterdir())


def test_the_primary_key_goes_offline_as_written(tmp_path: Path) -> None:
    """The subkeys of the page's commands are taken; nothing else of the secret is left here."""
    site = make_site(tmp_path, relay=1)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        changed = {"mktemp -d /dev/shm": f"mktemp -d {memory}", ">subkeys.asc": f">{memory}/sub"}
        follow("keep what\nyou want to keep of it:", tmp_path, changed=changed)
        gatekeeper("--config", str(site.config), "key", "import", "--secret", f"{memory}/sub")
        for home in Path(memory).glob("offline.*"):
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    said = gatekeeper("--config", str(site.config), "key", "list", "--json").stdout
    assert [True] == [key["primary_offline"] for key in json.loads(said) if key["owner"] == "alias"]
    assert () == examine(load(site.config), now=read_clock())


def test_a_new_key_comes_in_as_written(tmp_path: Path) -> None:
    """Signed by the old one with the command of the page; then both are the person's."""
    site = make_site(tmp_path, relay=1)
    text = block("over the very file, not older than 30 days").splitlines()[0]
    with short_home() as home:
        new = make_key(home, "Andrea Example <andrea@team.example>")
        (tmp_path / "new.asc").write_bytes(new.public)
        gpg(home, "--import", given=person_key(0).secret)
        words = text.replace("OLDFINGERPRINT", person_key(0).fingerprint).split()[1:]
        gpg(home, *[str(tmp_path / word) if ".asc" in word else word for word in words])
    names = [str(tmp_path / name) for name in ("new.asc", "new.asc.sig")]
    gatekeeper("--config", str(site.config), "key", "import", names[0], "--signature", names[1])
    people = load(site.config).team.by_key()
    assert people[person_key(0).fingerprint] is people[new.fingerprint]


def test_names_in_dns_are_those_of_postfix_and_the_key() -> None:
    """The mail exchanger is the machine as it calls itself, and SPF says that it alone sends."""
    rows = re.findall(r"^\| `([\w.-]+)\.` \| (.+?) \| (.+?) \|", read(DOCUMENT), re.MULTILINE)
    records = {(name, kind): value.strip("`") for name, kind, value in rows}
    host = parameters(main_cf())["myhostname"]
    assert f"10 {host}." == records["example.org", "MX"]
    assert f"{host}." == records["25.2.0.192.in-addr.arpa", "PTR"]
    assert records[host, "A, AAAA"].startswith("192.0.2.25`")
    for name in ("example.org", host):
        assert re.fullmatch(r'"v=spf1 (mx|a) -all"', records[name, "TXT"])
    assert (advanced(ALIAS).host, "CNAME") in records
    selector = re.search(r"Selector (\w+)", read(DOCUMENT))
    assert selector
    assert (f"{selector[1]}._domainkey.example.org", "TXT") in records


def test_every_published_file_is_told(tmp_path: Path) -> None:
    """What the section lists is what the command writes."""
    site = make_site(tmp_path, relay=1)
    root = tmp_path / "www"
    root.mkdir()
    section = read(DOCUMENT).partition("\n## Publish")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    listed = [path for cell in cells for path in re.findall(r"`([^`]+)`", cell)]
    written = [page["path"] for page in site.json("key", "publish", str(root))["files"]]
    assert all(any(path.startswith(start) for start in listed) for path in written)
    assert all(any(path.startswith(start) for path in written) for start in listed)
