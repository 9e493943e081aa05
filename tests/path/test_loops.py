"""Programs that write to each other come to rest, whoever they take each other for."""

import smtplib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.house import PEOPLE, person_key
from tests.path.arrivals import unsettled
from tests.path.post_office import PostOffice, open_office
from tests.running import WAIT, Site, free_port, gatekeeper, serving

A, B = "a.example", "b.example"
ROBIN = "robin@research.example"
ANDREA, WEI = PEOPLE[0][1], PEOPLE[1][1]


def make(folder: Path, domain: str, *, relay: int, people: int = 1) -> Site:
    """Make an installation whose whole team is one person, or the first few."""
    config, port = folder / domain, free_port()
    arguments = ["init", str(config), "--domain", domain, "--prefix", domain[0].upper()]
    arguments += ["--listen", f"127.0.0.1:{port}", "--relay", f"127.0.0.1:{relay}"]
    for index, (name, address) in enumerate(PEOPLE[:people]):
        certificate = folder / f"person-{index}.asc"
        certificate.write_bytes(person_key(index).public)
        arguments += ["--team", f"{name}={address}={certificate}"]
    gatekeeper(*arguments)
    return Site(config=config, port=port)


def put_into_team(site: Site, other: Site, address: str) -> None:
    """Replace the one person of a team by the other list's alias."""
    old = person_key(0).fingerprint
    (site.config / "keys" / f"{old}.asc").unlink()
    text = (other.config / "gatekeeper.yaml").read_text()
    new = text.partition("fingerprint: ")[2].split()[0].strip("'\"")
    (site.config / "keys" / f"{new}.asc").write_bytes(other.alias_certificate)
    path = site.config / "team.yaml"
    path.write_text(path.read_text().replace(ANDREA, address).replace(old, new))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Services that write through one post office."""

    office: PostOffice
    sites: Sequence[Site]

    def send(self, sender: str, to: str, *, subject: str = "once around") -> None:
        """Have somebody report to a service."""
        text = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nIt crashes.\r\n"
        with smtplib.SMTP("127.0.0.1", self.office.port) as client:
            client.sendmail(sender, [to], text)

    def rest(self) -> None:
        """Wait until nothing is on its way and nothing waits; fails after a while.

        What is on its way is a delivery of the service that sends it until it was taken. So if all
        have come to an end, and no mail went between them while they were asked, it is the end.
        """
        deadline = time.monotonic() + WAIT
        while True:
            before = self.office.handed_on
            open_ = [*map(unsettled, self.sites), self.office.returning]
            if not any(open_) and before == self.office.handed_on:
                return
            assert time.monotonic() < deadline, (open_, self.office.handed_on)
            time.sleep(0.05)

    def kept(self) -> Counter[str]:
        """Return how many mails the others got."""
        return Counter(str(each.envelope.recipients[0]) for each in self.office.kept)


def kinds(site: Site) -> list[list[str]]:
    """Return the kinds of the messages of each issue."""
    listed = sorted(issue["issue"] for issue in site.json("issue", "list"))
    threads = [site.json("issue", "thread", issue)["messages"] for issue in listed]
    return [[message["kind"] for message in thread] for thread in threads]


@contextmanager
def world(folder: Path, *, entangled: bool) -> Iterator[World]:
    """Run two services, each of them the whole team of the other if they are entangled."""
    with open_office() as office, ExitStack() as stack:
        first, second = (make(folder, domain, relay=office.port) for domain in (A, B))
        if entangled:
            put_into_team(first, second, f"security@{B}")
            put_into_team(second, first, f"security@{A}")
        office.routes = {A: first.port, B: second.port}
        for site in (first, second):
            stack.enter_context(serving(site))
        yield World(office=office, sites=(first, second))


def test_two_lists_in_each_others_teams(tmp_path: Path) -> None:
    """A report to one becomes an issue of both; what comes back is told of once and kept."""
    with world(tmp_path, entangled=True) as here:
        here.send(ROBIN, f"security@{A}")
        here.rest()
        assert [["report", "loop", "loop"]] == kinds(here.sites[0]), "a copy, and of the notice"
        assert [["report", "reply"]] == kinds(here.sites[1]), "the report, and the notice"
        assert Counter([ROBIN]) == here.kept()
        assert 1 + 2 + 2 == here.office.handed_on


def test_an_answer_that_is_refused_by_one_of_two_entangled_lists(tmp_path: Path) -> None:
    """The team is told that an answer did not arrive, which is one more mail, and no more."""
    with world(tmp_path, entangled=True) as here:
        here.office.forwards = {ROBIN: f"nobody@{B}"}
        here.send(ROBIN, f"security@{A}")
        here.rest()
        assert [["report", "loop", "loop", "loop"]] == kinds(here.sites[0])
        assert [["report", "reply", "reply"]] == kinds(here.sites[1])
        assert Counter() == here.kept()


def test_each_is_the_others_reporter(tmp_path: Path) -> None:
    """Each acknowledges one mail; an acknowledgement is answered by nobody."""
    with world(tmp_path, entangled=False) as here:
        here.send(f"security@{A}", f"security@{B}")
        here.send(f"security@{B}", f"security@{A}")
        here.rest()
        for site in here.sites:
            assert [["report"], ["report"]] == kinds(site), "the report, and the acknowledgement"
        assert Counter({ANDREA: 4}) == here.kept()
        assert 2 + 2 == here.office.handed_on


def test_each_is_the_others_team_and_reporter(tmp_path: Path) -> None:
    """One of the team gets no acknowledgement, so that only the copies and one notice go round."""
    with world(tmp_path, entangled=True) as here:
        here.send(f"security@{A}", f"security@{B}")
        here.send(f"security@{B}", f"security@{A}")
        here.rest()
        for site in here.sites:
            assert [["report", "loop", "loop"], ["report", "reply"]] == sorted(kinds(site))
        assert 2 * (1 + 2 + 2) == here.office.handed_on


def test_a_list_that_reports_to_itself(tmp_path: Path) -> None:
    """It is an issue of which the team is told; the list does not answer itself."""
    with world(tmp_path, entangled=False) as here:
        here.send(f"security@{A}", f"security@{A}")
        here.rest()
        assert [["report"]] == kinds(here.sites[0])
        assert Counter([ANDREA]) == here.kept()
        assert 1 == here.office.handed_on


def test_a_reporter_whose_mail_is_forwarded_to_the_list(tmp_path: Path) -> None:
    """The acknowledgement comes back and is known; the team is told once."""
    with world(tmp_path, entangled=False) as here:
        here.office.forwards = {ROBIN: f"security@{A}"}
        here.send(ROBIN, f"security@{A}")
        here.rest()
        assert [["report", "loop"]] == kinds(here.sites[0])
        assert Counter({ANDREA: 2}) == here.kept()


@contextmanager
def alone(folder: Path, *, gone: Sequence[str] = ()) -> Iterator[World]:
    """Run one service with a team of two; mail to those who are gone is taken and comes back."""
    with open_office() as office, ExitStack() as stack:
        site = make(folder, A, relay=office.port, people=2)
        office.routes, office.gone = {A: site.port}, gone
        stack.enter_context(serving(site))
        yield World(office=office, sites=(site,))


def test_a_list_that_is_subscribed_to_itself(tmp_path: Path) -> None:
    """By an address that forwards to it: each mail comes back once, and is known.

    `gatekeeper check` refuses the alias's own key in the team, so that nobody can open them.
    """
    with alone(tmp_path) as here:
        here.office.forwards = {WEI: f"security@{A}"}
        here.send(ROBIN, f"security@{A}")
        here.rest()
        assert [["report", "loop", "loop"]] == kinds(here.sites[0]), "the copy, and the notice"
        assert Counter({ANDREA: 2, ROBIN: 1}) == here.kept()


def test_one_of_the_team_whose_mailbox_returns_everything(tmp_path: Path) -> None:
    """The others are told once, and not for each mail; the reporter notices nothing."""
    with alone(tmp_path, gone=[WEI]) as here:
        for number in range(1, 4):
            here.send(ROBIN, f"security@{A}", subject=f"Finding {number}")
            here.rest()
        assert [["report", "bounce"]] * 3 == kinds(here.sites[0])
        assert Counter({ANDREA: 3 + 1, ROBIN: 3}) == here.kept()
        rows = here.sites[0].json("delivery", "list", "--state", "failed")
        assert [WEI] * 3 == [row["recipient"] for row in rows]
        assert {"permanent"} == {row["returned"]["meaning"] for row in rows}


def test_everybodys_mailbox_returns_everything(tmp_path: Path) -> None:
    """Notices come back as copies do, and bring no others: all comes to rest.

    The answer to the reporter has no envelope sender, so it cannot.
    """
    with alone(tmp_path, gone=[ANDREA, WEI, ROBIN]) as here:
        here.send(ROBIN, f"security@{A}")
        here.rest()
        assert Counter() == here.kept()
        rows = here.sites[0].json("delivery", "list")
        copies = notices = 2
        states = Counter(row["state"] for row in rows)
        assert Counter(failed=copies + notices, delivered=1) == states, rows
        assert 1 + copies + notices == here.office.handed_on, "each came back once"
