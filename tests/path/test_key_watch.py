"""The real service looks at everybody's keys when it starts, and two of them tell the team once."""

import smtplib
from pathlib import Path

import pytest

from tests.config.installation import armored
from tests.house import ALIAS, PEOPLE, decrypt_with, person_key
from tests.keys import Key, gpg, read_key, short_home
from tests.path.arrivals import TEAM, wait_for, wait_until_delivered
from tests.running import Site, make_site, serving
from tests.sinks import running_sink

REPORT = b"From: robin@research.example\r\nTo: security@example.org\r\nSubject: x\r\n\r\nIt is.\r\n"


@pytest.fixture
def dialect() -> str:
    """PostgreSQL, where several services share one database."""
    return "postgresql"


def ending_soon() -> Key:
    """Return a key of one of the team, as it is with an end in some days."""
    with short_home() as home:
        gpg(home, "--import", given=person_key(2).secret)
        gpg(home, "--quick-set-expire", person_key(2).fingerprint, "5d")
        return read_key(home, person_key(2).fingerprint)


def site_with(folder: Path, key: Key, *, relay: int, database: str) -> Site:
    """Return an installation in which somebody's key ends soon."""
    folder.mkdir()
    site = make_site(folder, relay=relay, database=database)
    (site.config / "keys" / f"{key.fingerprint}.asc").write_bytes(armored(key))
    return site


def test_two_services_tell_of_a_key_once(database_url: str, tmp_path: Path) -> None:
    key = ending_soon()
    with running_sink() as sink:
        first, second = (
            site_with(tmp_path / name, key, relay=sink.port, database=database_url)
            for name in ("first", "second")
        )
        first.run("db", "upgrade")
        with serving(first), serving(second):
            copies = wait_for(sink.inbox, TEAM, len(PEOPLE))
            mine = [each for each in copies if str(each.envelope.recipients[0]) == PEOPLE[0][1]]
            text, _ = decrypt_with(person_key(0), mine[0].raw, first.alias_certificate)
            assert b"The key of Sam Example ends in 4 days" in text
        with serving(first):
            with smtplib.SMTP("127.0.0.1", first.port) as client:
                client.sendmail("robin@research.example", [str(ALIAS)], REPORT)
            wait_for(sink.inbox, TEAM, 2 * len(PEOPLE))
            assert 2 * len(PEOPLE) + 1 == wait_until_delivered(first), "told once, and the report"
