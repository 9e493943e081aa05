"""`gatekeeper team`, `gatekeeper policy`: what would change, who is asked, and who counts."""

import pytest

from gatekeeper import clock
from gatekeeper.domain.instants import DAY, MINUTE, Instant, later, rfc3339, spoken
from gatekeeper.issues import running
from gatekeeper.store import attendance, deliveries, letters, paper_codes, requests
from gatekeeper.store.engine import Store
from gatekeeper.store.tx import Tx
from tests.cli.conftest import Shell
from tests.house import PEOPLE

SAM = PEOPLE[2][1]


@pytest.fixture
def begun(shell: Shell, store: Store) -> Shell:
    """Lend an installation whose files were put into force by a first start."""
    files = shell.site.load().governed
    store.write(lambda tx: running.adopt(tx, files, now=clock.now()))
    return shell


def without_sam(shell: Shell) -> None:
    """Take the last person out of team.yaml, and their key out of keys/."""
    path = shell.site.folder / "team.yaml"
    text = path.read_text()
    at = text.index("  - name: Sam Example")
    key = text[at:].partition("keys: [")[2][:40]
    path.write_text(text[:at])
    (shell.site.folder / "keys" / f"{key}.asc").unlink()


def waiting(store: Store) -> tuple[requests.Request, ...]:
    """Return what waits for approval."""
    return store.read(requests.waiting)


def told(store: Store) -> set[str]:
    """Return the names of those to whom anything was written."""
    return {row.name for row in store.read(deliveries.list_all)}


def test_what_is_wrong_with_these_files_alone(shell: Shell) -> None:
    said = shell("team", "check")
    assert (0, "nothing is wrong with team.yaml and keys/\n") == (said.status, said.out)
    shell.site.replace("policy.yaml", "batch: 64", "batch: many")
    assert 0 == shell("team", "check").status
    said = shell("policy", "check")
    assert (2, "") == (said.status, said.out)
    assert said.err.startswith("policy.yaml:")
    assert not shell("policy", "check", "--json").json["ok"]


def test_before_the_first_start_nothing_is_in_force(shell: Shell, store: Store) -> None:
    assert "Nothing is in force yet" in shell("team", "plan").out
    said = shell("team", "apply")
    assert 4 == said.status
    assert "the first start puts the files into force" in said.err
    assert () == waiting(store)


def test_a_plan_says_in_words_what_changes_and_changes_nothing(begun: Shell, store: Store) -> None:
    assert "What it says is in force." in begun("team", "plan").out
    without_sam(begun)
    said = begun("team", "plan")
    assert 0 == said.status
    assert f"  | Sam Example <{SAM}> leaves\n" in said.out
    assert "To ask for approval: gatekeeper team apply" in said.out
    (value,) = begun("team", "plan", "--json").json
    assert ["team", None] == [value["kind"], value["waits"]]
    assert value["in_force"] != value["files"]
    assert () == waiting(store)


def test_applying_asks_and_a_shell_counts_as_none(begun: Shell, store: Store) -> None:
    """Exit status 3; asked once; the plan names what waits and the line to be signed."""
    without_sam(begun)
    said = begun("team", "apply")
    assert 3 == said.status
    (request,) = waiting(store)
    effect = request.effect.hex()
    assert f"!approve {effect}" in said.out
    assert () == request.approved_by
    assert (3, 1) == (begun("team", "apply").status, len(waiting(store)))
    assert f"  !approve {effect}\n" in begun("team", "plan").out
    assert [effect] == [each["waits"] for each in begun("team", "plan", "--json").json]


def test_nothing_is_asked_for_what_is_in_force(begun: Shell, store: Store) -> None:
    said = begun("policy", "apply")
    assert (0, "") == (said.status, said.err)
    assert "nothing is to be done" in said.out
    assert () == waiting(store)


def test_policy_texts_and_addresses_are_asked_for_each(begun: Shell, store: Store) -> None:
    begun.site.replace("policy.yaml", "batch: 64", "batch: 8")
    begun.site.replace("gatekeeper.yaml", "port: 25\n", "port: 26\n")
    begun.site.replace("templates/team-notice.txt", "The lines above", "These lines")
    out = begun("policy", "plan").out
    for line in ("outbox.batch: 64 → 8", "relay.port: 25 → 26", "-The lines above are gate"):
        assert line in out
    said = begun("policy", "apply", "--json")
    assert 3 == said.status
    assert 3 == len(said.json["waiting"])
    assert {"policy", "templates", "addresses"} == {each.kind for each in waiting(store)}


def test_a_broken_file_is_neither_planned_nor_asked_for(begun: Shell, store: Store) -> None:
    begun.site.replace("policy.yaml", "batch: 64", "batch: many")
    for verb in ("plan", "apply"):
        said = begun("policy", verb)
        assert (2, "") == (said.status, said.out)
        assert "policy.yaml:" in said.err
    assert () == waiting(store)


def test_a_leaver_is_suspended_at_once_and_the_others_are_told(begun: Shell, store: Store) -> None:
    said = begun("team", "suspend", SAM)
    assert (0, "") == (said.status, said.err)
    assert "Sam Example <sam@vendor.example> counts as one of the team no more" in said.out
    assert {"Andrea Example", "Wei Example"} == told(store)
    assert 1 == begun("team", "suspend", "Sam Example").status
    force = store.read(lambda tx: running.of(tx, now=clock.now()))
    assert (frozenset({SAM}), True) == (force.suspended, force.fresh)


def test_who_comes_back_needs_two(begun: Shell, store: Store) -> None:
    assert 1 == begun("team", "reinstate", SAM).status
    begun("team", "suspend", SAM)
    said = begun("team", "reinstate", SAM)
    assert 3 == said.status
    (request,) = waiting(store)
    assert ("reinstate", ()) == (request.kind, request.approved_by)


def test_who_is_away_and_who_is_back(begun: Shell, store: Store) -> None:
    until = Instant(later(clock.now(), 30 * DAY) // MINUTE * MINUTE)
    said = begun("team", "away", SAM, rfc3339(until))
    assert (0, "") == (said.status, said.err)
    assert f"away: Sam Example is away until {spoken(until)}\n" == said.out
    (row,) = store.read(attendance.list_all)
    assert row.is_away(clock.now())
    assert "is there" in begun("team", "away", "sam example").out
    assert not store.read(attendance.list_all)[0].is_away(clock.now())
    for text in ("2001-12-08T12:00Z", "soon", rfc3339(until)[:10]):
        assert begun("team", "away", SAM, text).status in {1, 2}, text


def test_codes_are_seen_by_nobody_but_the_person(begun: Shell, store: Store) -> None:
    said = begun("team", "codes", SAM)
    assert 0 == said.status
    assert "10 new ones go to sam@vendor.example, encrypted" in said.out

    def look(tx: Tx) -> tuple[int, list[bytes]]:
        rows = [row for row in deliveries.list_all(tx) if row.name == "Sam Example"]
        left = paper_codes.left(tx, begun.site.load().team.people[2].address)
        return left, [letters.load(tx, row.letter).plaintext for row in rows]

    left, (letter,) = store.read(look)
    assert 10 == left
    code = letter.decode().partition("1  ")[2][:19]
    assert 3 == code.count("-")
    for command in (("team", "codes", "--help"), ("delivery", "list", "--json")):
        assert code not in begun(*command).out
    assert code not in said.out
    assert store.write(
        lambda tx: paper_codes.redeem(
            tx, person=begun.site.load().team.people[2].address, code=code, now=clock.now()
        )
    )
    assert told(store) == {name for name, _ in PEOPLE}


@pytest.mark.parametrize("verb", ["suspend", "reinstate", "away", "codes"])
def test_nobody_of_the_team_is_said(verb: str, begun: Shell) -> None:
    said = begun("team", verb, "nobody@team.example")
    assert 4 == said.status
    assert "name one of: Andrea Example, Wei Example, Sam Example" in said.err


def test_doctor_says_what_is_not_used_and_who_does_not_count(begun: Shell) -> None:
    def found() -> dict[str, str]:
        all_of = begun("doctor", "--json").json["findings"]
        return {f["text"]: f["state"] for f in all_of if f["name"] in {"governed", "team"}}

    assert "ok" == found()["the files say what is in force"]
    assert "warn" == found()["everybody of the team is employed by Example"]
    begun.site.replace("policy.yaml", "batch: 64", "batch: 8")
    begun("team", "suspend", SAM)
    said = found()
    assert "warn" == said["policy.yaml: says something else than what is in force, and is not used"]
    assert "warn" == said["Sam Example is suspended: nothing they sign counts"]


def test_what_is_in_force_is_what_commands_write_by(begun: Shell, store: Store) -> None:
    """Whoever is only in the file gets nothing of what a command tells the team."""
    begun.site.replace("team.yaml", "name: Wei Example", "name: Somebody Else")
    assert 0 == begun("team", "suspend", SAM).status
    assert {"Andrea Example", "Wei Example"} == told(store)
