"""A code stands for a signature: of one person, in one issue, for a week, once, and for little."""

from dataclasses import replace

import pytest

from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import DAY, MINUTE, SECOND, later
from gatekeeper.issues import codes
from gatekeeper.issues.commands import VERBS
from tests.house import PEOPLE, START, person_key
from tests.issues.found import done, noted
from tests.issues.ordering import named_in, opened, order
from tests.issues.talk import Talk, to

ANDREAS, WEIS, SAMS = (address for _, address in PEOPLE)


def given(talk: Talk, number: int) -> str:
    """Have Andrea ask how an issue stands, and return the code that she gets."""
    who = talk.house.desk.team.people[0]
    issue = IssueId(prefix="SEC", year=2026, number=number)
    code = codes.mint(talk.house.desk, who, issue, now=talk.house.now)
    talk.work()
    assert code in talk.block(talk.command(named_in(number, "status")))
    return code


def in_clear(talk: Talk, words: str, *, sender: str = ANDREAS) -> tuple[list[str], list[str]]:
    """Send words in clear, without a signature; return what was done, and what was noted."""
    row = talk.handle(talk.text(words, sender=sender), sender=sender)
    return list(done(talk.house, row)), list(noted(talk.house, row))


def test_a_code_does_one_small_thing_without_a_signature(talk: Talk) -> None:
    number = opened(talk)
    code = given(talk, number)
    did, _ = in_clear(talk, named_in(number, f"own code={code}"))
    assert [f"own: Andrea Example looks after SEC-2026-{number:04} now"] == did
    assert "Andrea Example" == talk.issue(number).owner


def test_a_code_works_once(talk: Talk) -> None:
    number = opened(talk)
    code = given(talk, number)
    in_clear(talk, named_in(number, f"note code={code}\nThe reporter called."))
    did, said = in_clear(talk, named_in(number, f"own code={code.lower()}"))
    assert [] == did
    assert "was used before" in " ".join(said)
    assert "" == talk.issue(number).owner


def test_a_code_is_its_person_s_in_its_issue(talk: Talk) -> None:
    number, other = opened(talk), opened(talk)
    code = given(talk, number)
    for words, sender in (
        (named_in(number, f"own code={code}"), WEIS),
        (named_in(other, f"own code={code}"), ANDREAS),
        (named_in(number, "own code=AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"), ANDREAS),
        (named_in(number, "own code=x"), ANDREAS),
    ):
        did, said = in_clear(talk, words, sender=sender)
        assert [] == did
        assert "is not yours in SEC-2026" in " ".join(said)
    assert "" == talk.issue(number).owner + talk.issue(other).owner


def test_another_key_of_the_person_ends_the_codes_of_before(talk: Talk) -> None:
    """Whoever stole the old key read the codes that were encrypted to it."""
    desk, person = talk.house.desk, talk.house.desk.team.people[0]
    issue = IssueId(prefix="SEC", year=2026, number=7)
    code = codes.mint(desk, person, issue, now=START)
    assert codes.digest(desk, person, issue, code, received_at=START) is not None
    anew = replace(person, keys=(person_key(1).fingerprint,))
    assert None is codes.digest(desk, anew, issue, code, received_at=START)


@pytest.mark.parametrize(("late", "good"), [(0, True), (codes.LASTS, True), (MINUTE, False)])
def test_a_code_lasts_a_week(talk: Talk, late: int, good: bool) -> None:
    desk, person = talk.house.desk, talk.house.desk.team.people[0]
    issue = IssueId(prefix="SEC", year=2026, number=7)
    code = codes.mint(desk, person, issue, now=START)
    at = later(START, late if good else codes.LASTS + late)
    assert good == (codes.digest(desk, person, issue, code, received_at=at) is not None)
    before = later(START, -DAY)
    assert None is codes.digest(desk, person, issue, code, received_at=before)


def test_a_code_approves_nothing_and_says_nothing_outside(talk: Talk) -> None:
    """No other verb knows the key; the line that takes a code is refused."""
    assert codes.WITH_A_CODE == {name for name, verb in VERBS.items() if codes.KEY in verb.keys}
    number = opened(talk)
    code = given(talk, number)
    did, said = in_clear(talk, named_in(number, f"reply code={code}\nHello."))
    assert [] == did
    assert 'reply has no key "code"' in " ".join(said)
    did, _ = in_clear(talk, f"{named_in(number, f'own code={code}')}\n{named_in(number, 'revoke')}")
    assert [] == did


def test_who_signs_needs_no_code(talk: Talk) -> None:
    """Then it is the signature that counts, whosever the code is."""
    number = opened(talk)
    code = given(talk, number)
    row = order(talk, named_in(number, f"own code={code}"), person=1)
    assert [f"own: Wei Example looks after SEC-2026-{number:04} now"] == list(done(talk.house, row))


def test_how_an_issue_stands_is_told_to_who_asks_alone(talk: Talk) -> None:
    number = opened(talk)
    talk.work()
    talk.house.pass_time(SECOND)
    left = talk.command(named_in(number, "status"))
    assert [ANDREAS] == [str(job.recipient) for job in left]
    said = talk.block(left)
    assert "What you asked for" in said
    assert "State:    reported" in said
    assert f"!SEC-2026-{number:04}@example.org own code=" in said


def test_what_is_open_and_what_waits_is_told_to_who_asks_alone(talk: Talk) -> None:
    number = opened(talk, sealed=False)
    order(talk, named_in(number, "reply clear") + "\nPlease send us your key.")
    talk.work()
    left = talk.command("!list\n\nsecurity@example.org\n")
    andreas = to(left, ANDREAS)
    assert len(left) == len(andreas) or {ANDREAS, WEIS, SAMS} == {str(j.recipient) for j in left}
    blocks = [" ".join(talk.block([job]).split()) for job in andreas]
    (said,) = [block for block in blocks if f"SEC-2026-{number:04}: A report" in block]
    assert "Waits: an answer in clear" in said
    assert "1 more person has to approve: Wei Example or Sam Example" in said
