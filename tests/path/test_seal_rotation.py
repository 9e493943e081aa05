"""A new master key under a service that runs: mail comes and goes all the while."""

import threading
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from tests.house import ALIAS, PEOPLE
from tests.path.arrivals import TEAM, wait_for, wait_until_delivered
from tests.path.test_service import read, send
from tests.running import Site, gatekeeper, make_site, serving
from tests.sinks import running_sink


def report(number: int) -> bytes:
    """Return a report of that number."""
    mail = EmailMessage()
    mail["From"] = "Robin Finder <robin@research.example>"
    mail["To"] = str(ALIAS)
    mail["Subject"] = f"Finding {number}"
    mail["Message-ID"] = f"<{number}@research.example>"
    mail.set_content(f"Finding {number} is here.\n" * 100)
    return mail.as_bytes(policy=SMTP)


class Sender(threading.Thread):
    """Sends report after report; `accepted` counts those that were answered with 250."""

    def __init__(self, site: Site) -> None:
        """Take the installation that gets them."""
        super().__init__(name="sender")
        self.accepted = 0
        self.begun = threading.Event()
        self._site = site
        self._over = threading.Event()

    def run(self) -> None:
        """Send, a few each second, until told to finish."""
        while not self._over.wait(0.3):
            send(self._site, report(self.accepted))
            self.accepted += 1
            self.begun.set()

    def finish(self) -> None:
        """Send no more."""
        self._over.set()
        self.join()


def test_the_key_changes_under_load_and_nothing_is_lost(database_url: str, tmp_path: Path) -> None:
    """No restart; every accepted report is an issue, every copy opens, one key seals all."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port, database=database_url)
        (before,) = (site.config / "master.key").read_text().splitlines()
        with serving(site):
            sender = Sender(site)
            sender.start()
            assert sender.begun.wait(30)
            done = site.json("db", "seal", "rotate")
            sender.finish()
            send(site, report(sender.accepted))
            found = wait_for(sink.inbox, TEAM, (sender.accepted + 1) * len(PEOPLE))
            addresses = [address for _, address in PEOPLE]
            for copy in found[-3:]:
                read(site, addresses.index(str(copy.envelope.recipients[0])), copy.raw)
            assert sender.accepted > 3
            assert sender.accepted + 1 == len(site.json("issue", "list"))
            wait_until_delivered(site)
            (used,) = site.json("db", "seal", "status")
            assert (done["key"], "seals", True) == (used["key"], used["use"], used["in_file"])
            assert used["values"] >= done["values"] > 0
            assert site.json("audit", "verify")["sound"]
        (after,) = (site.config / "master.key").read_text().splitlines()
        assert [f"{before}\n"] == [Path(done["old_key"]).read_text()]
        assert before.split()[1] != after.split()[1] == done["key"]
        with serving(site):
            assert sender.accepted + 1 == len(site.json("issue", "list"))


def test_the_command_says_what_to_do_and_shows_how_far_it_is(tmp_path: Path) -> None:
    """Progress on standard error, what to do next on standard output."""
    with running_sink() as sink:
        site = make_site(tmp_path, relay=sink.port)
        site.run("db", "upgrade")
        ended = gatekeeper("--config", str(site.config), "db", "seal", "rotate")
        assert "whatever is written now is sealed with the key" in ended.stderr
        assert "Move it off this machine" in ended.stdout
        assert "all backups made before" in ended.stdout
        assert 0 == ended.stdout.count("gatekeeper-master-key")
        assert "no change of the master key is under way" in site.refused(
            "db", "seal", "rotate", "--finish", status=1
        )
        said = site.run("db", "seal", "rotate", "--discard-old")
        assert "The old key was kept nowhere" in said
        assert 1 == len(list(site.config.glob("master.key.former-*")))
        shown = site.run("db", "seal", "status").splitlines()
        assert 2 == len(shown)
        assert "seals" in shown[1]
