"""Two lists that are in each other's teams come to rest after one round."""

import smtplib
import time
from pathlib import Path

from tests.house import PEOPLE, person_key
from tests.running import WAIT, Site, free_port, gatekeeper, serving

DOMAINS = ("a.example", "b.example")


def make_pair(folder: Path) -> tuple[Site, Site]:
    """Make two installations, each the other's relay and the other's whole team."""
    ports = (free_port(), free_port())
    name, address = PEOPLE[0]
    certificate = folder / "person.asc"
    certificate.write_bytes(person_key(0).public)
    sites = []
    for domain, own, other in zip(DOMAINS, ports, reversed(ports), strict=True):
        config = folder / domain
        arguments = ["init", str(config), "--domain", domain, "--prefix", domain[0].upper()]
        arguments += ["--listen", f"127.0.0.1:{own}", "--relay", f"127.0.0.1:{other}"]
        gatekeeper(*arguments, "--team", f"{name}={address}={certificate}")
        sites.append(Site(config=config, port=own))
    first, second = sites
    for site, other_site, domain in ((first, second, DOMAINS[1]), (second, first, DOMAINS[0])):
        put_into_team(site, other_site, f"security@{domain}")
    return first, second


def put_into_team(site: Site, other: Site, address: str) -> None:
    """Replace the one person of a team by the other list's alias."""
    old = person_key(0).fingerprint
    (site.config / "keys" / f"{old}.asc").unlink()
    text = (other.config / "gatekeeper.yaml").read_text()
    new = text.partition("fingerprint: ")[2].split()[0].strip("'\"")
    (site.config / "keys" / f"{new}.asc").write_bytes(other.alias_certificate)
    path = site.config / "team.yaml"
    path.write_text(path.read_text().replace(PEOPLE[0][1], address).replace(old, new))


def kinds(site: Site) -> list[str]:
    """Return the kinds of all messages of all issues."""
    return [
        message["kind"]
        for issue in site.json("issue", "list")
        for message in site.json("issue", "thread", issue["issue"])["messages"]
    ]


def test_two_lists_in_each_others_teams_come_to_rest(tmp_path: Path) -> None:
    """A report to one becomes an issue of both; the copy that comes back goes no further."""
    first, second = make_pair(tmp_path)
    with serving(first), serving(second):
        with smtplib.SMTP("127.0.0.1", first.port) as client:
            text = "Subject: once around\r\n\r\nIt crashes.\r\n"
            client.sendmail("robin@research.example", ["security@a.example"], text)
        deadline = time.monotonic() + WAIT
        while kinds(first) != ["report", "loop"]:
            assert time.monotonic() < deadline, (kinds(first), kinds(second))
        assert ["report"] == kinds(second)
        for site in (first, second):
            assert ["delivered"] == [row["state"] for row in site.json("delivery", "list")]
