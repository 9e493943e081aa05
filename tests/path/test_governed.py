"""A change of the team, from the file to the mail that only the new team gets; by real mail."""

import json
import re
import smtplib
import time
from pathlib import Path

from tests.config.installation import armored
from tests.house import ALIAS, PEOPLE, person_key, uid
from tests.keys import Key, key_of
from tests.path.arrivals import wait_for, wait_until_delivered
from tests.path.mail_program import MailProgram, Words, mail_programs
from tests.path.test_service import plain_report, send
from tests.running import WAIT, Site, gatekeeper, make_site, serving
from tests.sinks import running_sink

KIM = ("Kim Example", "kim@team.example")
WEI = PEOPLE[1][1]


def kim_for_wei(site: Site) -> None:
    """Write another person into team.yaml in place of the second one."""
    old, new = person_key(1).fingerprint, key_of(uid(*KIM))
    site.change("team.yaml", PEOPLE[1][0], KIM[0])
    site.change("team.yaml", WEI, KIM[1])
    site.change("team.yaml", old, new.fingerprint)
    (site.config / "keys" / f"{old}.asc").unlink()
    (site.config / "keys" / f"{new.fingerprint}.asc").write_bytes(armored(new))


def log_of(site: Site) -> str:
    """Return what the service said so far."""
    return (site.config.parent / "serve.log").read_text()


def until(site: Site, words: str, times: int = 1) -> None:
    """Wait until the service has said something so often."""
    deadline = time.monotonic() + WAIT
    while log_of(site).count(words) < times:
        assert time.monotonic() < deadline, log_of(site)
        time.sleep(0.1)


def signed(site: Site, program: MailProgram, text: str) -> None:
    """Have one of the team write to the alias."""
    our_key = program.take_key(site.alias_certificate)
    raw = program.sealed(Words(to=str(ALIAS), subject="approval", text=text), to=our_key)
    with smtplib.SMTP("127.0.0.1", site.port) as client:
        client.sendmail(program.address, [str(ALIAS)], raw)


def asked(site: Site) -> str:
    """Ask that team.yaml come into force, and return the hash to be signed."""
    said = gatekeeper("--config", str(site.config), "team", "apply", status=3).stdout
    found = re.search(r"!approve ([0-9a-f]{64})", said)
    assert found
    return found[1]


def findings(site: Site, name: str) -> list[dict[str, str]]:
    """Return what `doctor` finds under a name."""
    said = json.loads(gatekeeper("--config", str(site.config), "doctor", "--json", status=1).stdout)
    return [each for each in said["findings"] if each["name"] == name]


def members() -> list[tuple[str, str, Key | None]]:
    """Return those who approve: two employers, as `init` took them from the addresses."""
    return [(*PEOPLE[index], person_key(index)) for index in (0, 2)]


def test_the_team_changes_when_two_have_signed_and_not_before(
    database_url: str, tmp_path: Path
) -> None:
    """The file alone changes nothing, not even after a restart; two signatures do, at once."""
    with running_sink() as sink, mail_programs(members()) as (andrea, sam):
        site = make_site(tmp_path, relay=sink.port, database=database_url)
        with serving(site):
            assert log_of(site).count("in force as it is from now on") == 4
        kim_for_wei(site)
        with serving(site):
            assert "team.yaml: says something else than what is in force" in log_of(site)
            send(site, plain_report())
            before = wait_for(sink.inbox, {WEI, KIM[1]}, 1)
            assert [WEI] == [str(each.envelope.recipients[0]) for each in before]
            wait_until_delivered(site)
            effect = asked(site)
            signed(site, andrea, f"!approve {effect}")
            wait_until_delivered(site)
            signed(site, sam, f"!approve {effect}")
            until(site, "begins anew with what is in force now")
            until(site, '"ready"', 3)
            known = len(sink.inbox.received)
            send(site, plain_report())
            (to_kim,) = wait_for(sink.inbox, {KIM[1]}, 1)
            wait_until_delivered(site)
            assert WEI not in {
                str(each.envelope.recipients[0]) for each in sink.inbox.received[known:]
            }
            assert to_kim.raw
        assert ["ok"] == [each["state"] for each in findings(site, "governed")]
        assert site.json("audit", "verify")["sound"]


def test_who_is_suspended_gets_nothing_and_commands_nothing(tmp_path: Path) -> None:
    """By one word at a shell, while the service runs; their next signed mail changes nothing."""
    with running_sink() as sink, mail_programs([(*PEOPLE[1], person_key(1))]) as (wei,):
        site = make_site(tmp_path, relay=sink.port)
        with serving(site):
            site.run("team", "suspend", WEI)
            until(site, "begins anew with what is in force now")
            until(site, '"ready"', 2)
            signed(site, wei, f"!suspend {PEOPLE[0][1]}\n\nThis is for {ALIAS}.")
            send(site, plain_report())
            wait_for(sink.inbox, {PEOPLE[0][1]}, 3)
            wait_until_delivered(site)
            left = [str(each.envelope.recipients[0]) for each in sink.inbox.received]
        assert WEI not in left
        suspended = [each for each in findings(site, "team") if "is suspended" in each["text"]]
        assert ["Wei Example is suspended: nothing they sign counts"] == [
            each["text"] for each in suspended
        ]
