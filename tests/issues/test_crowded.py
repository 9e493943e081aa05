"""Programs of the team that answer all mail come to rest; people who discuss are left alone."""

from collections import Counter

import pytest

from gatekeeper.domain.automatic import UNSIGNED_AN_HOUR
from gatekeeper.domain.instants import MINUTE
from gatekeeper.domain.report import Kind
from gatekeeper.issues.notices import CROWDED, HELD_BACK
from gatekeeper.store import issues, messages
from gatekeeper.store.messages import StoredMessage
from tests.house import PEOPLE, House, person_key
from tests.issues.found import COPY, handle_all, kinds, noted
from tests.issues.reports import a_pen, plain, signed
from tests.issues.talk import Talk, parsed

ANDREA, WEI = PEOPLE[0], PEOPLE[1]


def answer(talk: Talk, person: tuple[str, str], message_id: str, *, subject: str = "Away") -> bytes:
    """Return what a program writes that knows no header but those of a thread."""
    name, address = person
    return plain(
        f"In-Reply-To: {message_id}",
        sender=f"{name} <{address}>",
        subject=subject,
        text=b"I am away.\r\n",
        message_id=talk.message_id(address.partition("@")[2]),
    )


def until_rest(talk: Talk, *people: tuple[str, str], after: int = 0) -> Counter[str]:
    """Let these people's programs answer each mail they get; return the answers of each.

    Each takes so many microseconds for its answer.
    """
    by_address = {address: person for person in people for address in person[1:]}
    answers: Counter[str] = Counter()
    left = talk.work()
    while left:
        talk.house.pass_time(after)
        for job in left:
            person = by_address.get(str(job.recipient))
            if person is not None:
                answers[person[1]] += 1
                raw = answer(talk, person, str(parsed(job)["Message-ID"]))
                talk.house.receive(raw, sender=person[1])
        assert answers.total() < 200, "they do not come to rest"
        left = talk.work()
    return answers


@pytest.mark.parametrize("people", [(WEI,), (ANDREA, WEI)])
@pytest.mark.parametrize("to", ["security@example.org", "postmaster@example.org"])
def test_programs_that_answer_all_mail_come_to_rest(
    talk: Talk, people: tuple[tuple[str, str], ...], to: str
) -> None:
    """Also where the mail belongs to no issue; of each the notice brings one answer of each."""
    before = kinds(talk.house)
    message_id = talk.message_id("r.example")
    talk.house.receive(plain(subject=message_id, message_id=message_id), to=to)
    answers = until_rest(talk, *people)
    after = kinds(talk.house)
    passed_on = 1 + len(people) * UNSIGNED_AN_HOUR
    assert passed_on == after[COPY] - before.get(COPY, 0)
    told = after[CROWDED] - before.get(CROWDED, 0)
    assert len(people) == told
    assert before.get(HELD_BACK) == after.get(HELD_BACK)
    assert {address: passed_on + told for _, address in people} == dict(answers)


def discuss(house: House, number: int, raw: bytes | None = None) -> None:
    """Have Wei write to the first issue once more."""
    house.pass_time(MINUTE)
    text = raw or plain(
        sender=WEI[1], subject="[SEC-2026-0001]", message_id=f"<{number}@w.example>"
    )
    house.receive(text, sender=WEI[1])
    handle_all(house)


def last_of(house: House) -> StoredMessage:
    """Return the newest message of the first issue."""
    issue = house.store.read(issues.list_all)[0].id
    return house.store.read(lambda tx: messages.of_issue(tx, issue))[-1]


def test_a_busy_discussion_is_passed_on_and_what_is_more_is_kept(house: House) -> None:
    """With an hour gone by, the next one goes on again, and as many as before."""
    house.receive(plain())
    handle_all(house)
    for number in range(UNSIGNED_AN_HOUR):
        discuss(house, number)
    assert 1 + UNSIGNED_AN_HOUR == kinds(house)[COPY]
    assert CROWDED not in kinds(house)
    for number in range(100, 160):
        discuss(house, number)
        assert (1 + UNSIGNED_AN_HOUR, 1) == (kinds(house)[COPY], kinds(house)[CROWDED])
        last = last_of(house)
        assert Kind.REPLY is last.kind
        assert "it was not passed on" in noted(house, last.id)[0]
    for number in range(200, 200 + UNSIGNED_AN_HOUR):
        discuss(house, number)
        assert "it was not passed on" not in "".join(noted(house, last_of(house).id))
    assert (1 + 2 * UNSIGNED_AN_HOUR, 1) == (kinds(house)[COPY], kinds(house)[CROWDED])
    discuss(house, 300)
    assert (1 + 2 * UNSIGNED_AN_HOUR, 2) == (kinds(house)[COPY], kinds(house)[CROWDED])
    assert HELD_BACK not in kinds(house)


def test_what_is_signed_and_what_others_write_is_never_kept_back(house: House) -> None:
    """Nor does a signed mail count; a new report of the same person opens its issue."""
    house.receive(plain())
    handle_all(house)
    for number in range(UNSIGNED_AN_HOUR):
        discuss(house, number)
    content = b"Content-Type: text/plain\r\n\r\nMine.\r\n"
    with a_pen() as pen:
        entity = signed(content, pen.sign(content, by=person_key(1)))
    head = plain(sender=f"{WEI[0]} <{WEI[1]}>", subject="[SEC-2026-0001]", text=b"")
    discuss(house, 30, head + entity)
    house.receive(plain(subject="[SEC-2026-0001] more", message_id="<31@r.example>"))
    house.receive(plain(sender=WEI[1], message_id="<32@w.example>"), sender=WEI[1])
    handle_all(house)
    assert 1 + UNSIGNED_AN_HOUR + 3 == kinds(house)[COPY]
    assert CROWDED not in kinds(house)
