"""`gatekeeper key list`: every key with use and end, what is wrong first, and for programs too."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from gatekeeper.cli.key_list import found, ordered, show, value
from gatekeeper.cli.key_states import Listed
from gatekeeper.cli.screen import Screen
from gatekeeper.config.judging import Standing
from gatekeeper.domain.instants import DAY, HOUR, Instant, later
from gatekeeper.store.engine import Store
from tests.cli.conftest import Shell
from tests.config.installation import Installation, add_former, advise, use_offline_key
from tests.config.renewing import changed, public
from tests.house import PEOPLE, START, person_key
from tests.issues.reports import robin_key
from tests.issues.talk import Talk
from tests.keys import Key, key_of
from tests.pgp.conftest import revoked
from tests.pgp.crafting import CraftedKey

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


def give(site: Installation, index: int, key: Key, *, beside: bool = False) -> None:
    """Give a person another key, in place of the own one or behind it."""
    own = person_key(index).fingerprint
    keys = f"{own}, {key.fingerprint}" if beside else key.fingerprint
    site.replace("team.yaml", f"keys: [{own}]", f"keys: [{keys}]")
    (site.folder / "keys" / f"{key.fingerprint}.asc").write_bytes(public(key))
    if not beside:
        (site.folder / "keys" / f"{own}.asc").unlink()


def signs_only() -> Key:
    crafted = CraftedKey(b"Wei Example <wei@team.example>")
    return Key(fingerprint=crafted.fingerprint, public=crafted.certificate, secret=b"")


def troubled(site: Installation) -> None:
    """Give every owner a key of another state."""
    use_offline_key(site, until="20261001T000000")
    old = key_of("Old alias <security@example.org>")
    add_former(site, changed(old, ("--quick-set-expire", "{key}", "20260301T000000")))
    advise(site, key_of("Example advisories <advisories@example.org>"))
    gone = key_of("Andrea before <andrea@team.example>")
    dead = Key(fingerprint=gone.fingerprint, public=revoked(gone), secret=b"")
    give(site, 0, dead, beside=True)
    give(site, 1, signs_only())
    ended = changed(person_key(2), ("--quick-set-expire", "{key}", "20260801T000000", "*"))
    (site.folder / "keys" / f"{ended.fingerprint}.asc").write_bytes(public(ended))


def shown(site: Installation, now: Instant, *, room: int = 80) -> str:
    """Return what people see, fingerprints and key ids replaced by words of their length."""
    settings = site.load()
    keys = ordered(found(settings, now, reporters=False), now)
    screen = Screen(room)
    show(screen, keys, now)
    lines = "\n".join(screen.lines) + "\n"
    for number, key in enumerate(keys):
        lines = lines.replace(key.fingerprint, f"{f'KEY-{number}-':=<40}")
        for place, part in enumerate(key.parts()):
            lines = lines.replace(part.key_id, f"{f'PART-{number}-{place}-':=<16}")
    return lines


def test_the_list_is_as_reviewed(site: Installation) -> None:
    """Trouble first within each owner; no line is wider than 80 columns."""
    troubled(site)
    lines = shown(site, START)
    assert (GOLDEN / "key-list.txt").read_text(encoding="utf-8") == lines
    assert max(map(len, lines.splitlines())) <= 80


def test_on_a_narrow_terminal_states_stand_below(site: Installation) -> None:
    """Only what has to be copied whole is wider than the terminal."""
    troubled(site)
    wide = [line for line in shown(site, START, room=40).splitlines() if len(line) > 40]
    assert wide
    assert all(re.match(r" +(KEY|PART)-\d", line) for line in wide)


def test_all_keys_are_listed(shell: Shell) -> None:
    """The alias's first, with the end of its two years; the team's in its order."""
    lines = shell("key", "list").out.splitlines()
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert ["alias, the key in use", *(name for name, _ in PEOPLE)] == heads
    fingerprints = [found[1] for line in lines if (found := re.match("  ([0-9A-F]{40})  ", line))]
    assert [person_key(index).fingerprint for index in range(3)] == fingerprints[1:]
    assert 2 == sum("2028-09-02" in line for line in lines)
    assert 6 == sum("never" in line for line in lines)


def test_as_json(shell: Shell) -> None:
    alias, *people = shell("key", "list", "--json").json
    assert ("alias", "current", True, "2028-09-02T12:00:00Z") == (
        *(alias["owner"], alias["standing"]),
        *(alias["usable"], alias["expires_at"]),
    )
    assert ["Example security <security@example.org>"] == alias["user_ids"]
    assert alias["primary_offline"] is False
    primary, subkey = alias["keys"]
    assert (["certify", "sign"], ["encrypt"]) == (primary["uses"], subkey["uses"])
    assert alias["fingerprint"] == primary["fingerprint"]
    assert [None] * 3 == [person["expires_at"] for person in people]
    assert [False] * 3 == ["user_ids" in person for person in people]
    assert ["team"] * 3 == [person["standing"] for person in people]
    assert [None] * 3 == [person["primary_offline"] for person in people]


def test_a_key_that_cannot_be_used_says_why(shell: Shell) -> None:
    fingerprint = person_key(0).fingerprint
    other = shell.site.folder / "keys" / f"{person_key(1).fingerprint}.asc"
    (shell.site.folder / "keys" / f"{fingerprint}.asc").write_bytes(other.read_bytes())
    evil = Key(
        fingerprint="", secret=b"", public=CraftedKey(b"Evil\n<sam@vendor.example>").certificate
    )
    path = shell.site.folder / "keys" / f"{person_key(2).fingerprint}.asc"
    path.write_bytes(public(evil))
    keys = {key["owner"]: key for key in shell("key", "list", "--json").json}
    assert "another key" == keys["Andrea Example"]["state"]
    assert "usable" == keys["Wei Example"]["state"]
    assert "control characters" in keys["Sam Example"]["state"]
    assert ([], []) == (keys["Andrea Example"]["keys"], keys["Sam Example"]["keys"])


def test_listing_needs_no_secret(shell: Shell) -> None:
    """Whoever may not read the master key's content may still see which keys there are."""
    use_offline_key(shell.site)
    assert shell("key", "list", "--json").json[0]["primary_offline"] is True
    (shell.site.folder / "master.key").write_bytes(b"nonsense\n")
    said = shell("key", "list", "--json")
    assert 0 == said.status
    assert said.json[0]["primary_offline"] is None
    assert "primary offline" not in shell("key", "list").out


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (61 * DAY, "usable"),
        (60 * DAY, "expires in 60 days"),
        (2 * DAY - 1, "expires in 1 day"),
        (HOUR, "expires today"),
        (0, "expired"),
    ],
)
def test_days_are_counted_to_the_end(left: int, words: str, site: Installation) -> None:
    """Both for the key as a whole and for each of its parts."""
    end = later(START, 2 * 365 * DAY)
    alias = ordered(found(site.load(), later(end, -left), reporters=False), START)[0]
    now = later(end, -left)
    assert words == alias.state(now)
    assert [words] * 2 == [alias.part_state(part, now) for part in alias.parts()]


def test_an_advisory_key_needs_to_sign_only(site: Installation) -> None:
    crafted = CraftedKey(b"Advisories <advisories@example.org>")
    key = Key(fingerprint=crafted.fingerprint, public=crafted.certificate, secret=b"")
    advise(site, key)
    keys = [k for k in found(site.load(), START, reporters=False) if k.standing == "advisory"]
    assert ["usable"] == [key.state(START) for key in keys]


def test_keys_in_trouble_come_first() -> None:
    """Those of no use, then by their ends; one without an end last."""

    def listed(name: str, *, usable: bool, end: int | None) -> Listed:
        return Listed(
            owner="x",
            standing=Standing.TEAM,
            fingerprint=name,
            usable=usable,
            expires_at=None if end is None else later(START, end * DAY),
        )

    keys = [
        listed("endless", usable=True, end=None),
        listed("later", usable=True, end=400),
        listed("soon", usable=True, end=50),
        listed("gone", usable=False, end=None),
        listed("sooner", usable=True, end=5),
    ]
    names = [key.fingerprint for key in ordered(keys, START)]
    assert ["gone", "sooner", "soon", "later", "endless"] == names
    assert "x" == value(keys[0], START)["owner"]


def recorded(store: Store) -> int:
    """Return how often looking at keys went on record."""
    kinds = text("SELECT kind FROM events")
    found = store.read(lambda tx: tuple(tx.connection.scalars(kinds)))
    return found.count("key.listed")


def test_reporters_keys_are_listed_on_request_and_on_record(
    shell: Shell, talk: Talk, store: Store
) -> None:
    """Those that are pinned in open issues, by issue; no user ID or address of theirs is shown."""
    talk.opened(key=robin_key())
    assert talk.reporter().fingerprint == robin_key().fingerprint
    plain = shell("key", "list", "--json").json
    assert [] == [key for key in plain if key["standing"] == "reporter"]
    assert 0 == recorded(store)
    said = shell("key", "list", "--reporters", "--json")
    (key,) = [key for key in said.json if key["standing"] == "reporter"]
    assert ("SEC-2026-0001 reporter", robin_key().fingerprint, "usable", False) == (
        *(key["owner"], key["fingerprint"]),
        *(key["state"], "user_ids" in key),
    )
    shown_to_people = shell("key", "list", "--reporters").out
    assert f"SEC-2026-0001 reporter\n  {robin_key().fingerprint}  usable\n" in shown_to_people
    assert "@" not in shown_to_people
    assert 2 == recorded(store)


def test_reporters_need_a_database(shell: Shell) -> None:
    """The rest of the list does not."""
    assert 0 != shell("key", "list", "--reporters").status
    assert 0 == shell("key", "list").status
