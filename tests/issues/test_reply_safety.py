"""Nothing of the team's goes out with a reply: no words, no names, no files that hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.issues.confidential import LONG, named, plain, repeated
from gatekeeper.store import letters
from tests.house import PEOPLE, example_team, person_key, uid
from tests.issues.found import issue_of, noted
from tests.issues.ordering import REPORTED, named_in, opened, order, plain_part, refused, replies
from tests.issues.reports import robin_key
from tests.issues.talk import ROBINS, Talk, more, to

INSIDE = "Wei thinks that the parser of version three was written by a vendor in a hurry."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (INSIDE, INSIDE),
        (INSIDE, f"  {INSIDE}"),
        (INSIDE, f"| {INSIDE}"),
        (INSIDE, f"» {INSIDE}"),
        (INSIDE, f"Wei> {INSIDE}"),
        (INSIDE, f"I think: {INSIDE} Do you?"),
        (INSIDE, f"{INSIDE[:49]}\n{INSIDE[49:]}"),
        (f"{INSIDE[:45]}\n{INSIDE[45:]}", INSIDE),
        (f"> {INSIDE}", INSIDE.upper()),
    ],
)
def test_what_a_colleague_wrote_is_not_sent(talk: Talk, said: str, shown: str) -> None:
    """However a program marked it or broke its lines; the objection says line and remedy."""
    number = opened(talk)
    order(talk, f"Dear all,\n\n{said}\n", person=1, subject=more(number))
    row = order(talk, f"{named_in(number)}\nThank you.\n{shown}")
    words = refused(talk, row, number)
    assert "line 2, " in words
    assert "delete it, or say it in other words" in words


def test_what_a_note_said_is_not_sent(talk: Talk) -> None:
    number = opened(talk)
    order(talk, f"{named_in(number, 'note')}\n{INSIDE}")
    assert "another message" in refused(talk, order(talk, f"{named_in(number)}\n{INSIDE}"), number)


def test_what_nobody_of_the_team_wrote_may_be_sent_encrypted(talk: Talk) -> None:
    """To the reporter, whose words they are; and short lines are everybody's."""
    number = opened(talk)
    order(talk, "Thank you for this report.\n", person=1, subject=more(number))
    order(talk, f"{named_in(number)}\nThank you for this report.\n{REPORTED}")
    assert 1 == len(replies(talk, number))


def test_a_reply_in_clear_holds_no_line_of_the_report(talk: Talk) -> None:
    number = opened(talk, sealed=False)
    row = order(talk, f"{named_in(number, 'reply clear')}\nYou wrote:\n\n{REPORTED}")
    assert "line 3, " in refused(talk, row, number)
    row = order(talk, f"{named_in(number, 'reply clear')}\nWhich version do you use?")
    assert "approve" not in " ".join(noted(talk.house, row))


def test_what_was_refused_may_be_sent_when_it_is_mended(talk: Talk) -> None:
    """The words of an earlier try were meant for outside already."""
    number = opened(talk)
    text = "Thank you for this report; we can see the fault and work on it."
    wrong = f"{named_in(number)}\n{text}\n\nSEC-2020-0001"
    assert "another issue" in refused(talk, order(talk, wrong), number)
    misspelt = f"{named_in(number, 'repply')}\n{text}"
    assert "did you mean" in refused(talk, order(talk, misspelt), number)
    order(talk, f"{named_in(number)}\n{text}")
    order(talk, f"{named_in(number)}\n{text}", person=1)
    assert 2 == len(replies(talk, number))


def test_what_an_earlier_reply_quoted_is_not_sent(talk: Talk) -> None:
    number = opened(talk)
    order(talk, f"{named_in(number)}\nThank you.\n\n> {INSIDE}")
    row = order(talk, f"{named_in(number)}\nThank you.\n{INSIDE}")
    assert "another message" in " ".join(noted(talk.house, row))
    assert 1 == len(replies(talk, number))


@pytest.mark.parametrize(
    "words",
    [
        "Andrea Example",
        "wei  EXAMPLE",
        "Wei\nExample",
        "Ask wei@TEAM.example.",
        "\u00a0Sam Example,",
    ],
)
def test_who_the_team_is_is_not_sent(talk: Talk, words: str) -> None:
    number = opened(talk)
    assert "of the team" in refused(
        talk, order(talk, f"{named_in(number)}\nThank you.\n{words}"), number
    )


@pytest.mark.parametrize("words", ["Andrea", "Wei Examples", "kiwei@team.example", "example"])
def test_other_names_are_no_names_of_the_team(words: str) -> None:
    assert "" == named(words, example_team().people)


@pytest.mark.parametrize("verb", ["reply", "reply clear", "note"])
def test_a_text_goes_into_the_issue_whose_mail_it_answers(talk: Talk, verb: str) -> None:
    """One that answers another issue's mail, by its references or its subject, is refused."""
    answered = opened(talk, sealed=verb != "reply clear")
    meant = opened(talk, sealed=verb != "reply clear")
    row = talk.issue(answered).id
    copy = talk.house.store.read(lambda tx: letters.of_issue(tx, row))
    message_id = next(each.message_id for each in copy if each.kind == "team-copy")
    talk.work()
    words = f"{named_in(meant, verb)}\nWe look into it."
    extra = (f"In-Reply-To: {message_id}",)
    expected = (
        f"this mail answers SEC-2026-{answered:04}, and the command is for SEC-2026-{meant:04}:"
        " send it as an answer to a mail of that issue"
    )
    for row in (
        order(talk, words, extra=extra),
        order(talk, words, subject=f"Re: [SEC-2026-{answered:04}] x"),
    ):
        assert expected in refused(talk, row, meant)
    for row in (
        order(talk, words.replace(f"{meant:04}@", f"{answered:04}@"), extra=extra),
        order(talk, words),
        order(talk, f"{named_in(meant, 'own')}", extra=extra),
    ):
        assert "this mail answers" not in " ".join(noted(talk.house, row))


def test_a_signed_mail_that_was_refused_works_no_second_time(talk: Talk) -> None:
    """What is told does not say that it was done."""
    number = opened(talk)
    sender = uid(*PEOPLE[0])
    words = f"{named_in(number)}\nHello.\n!x"
    raw = talk.sealed(words, by=person_key(0), sender=sender)
    assert "nothing was sent: line 2, " in refused(
        talk, talk.handle(raw, sender=PEOPLE[0][1]), number
    )
    again = talk.handle(b"X-Again: yes\r\n" + raw, sender=PEOPLE[0][1])
    expected = "this signed mail came before; each works once: write and sign a new one"
    assert expected in " ".join(noted(talk.house, again))


def test_a_text_of_quotations_alone_is_told_to_be_empty(talk: Talk) -> None:
    number = opened(talk)
    words = refused(talk, order(talk, f"{named_in(number)}\n> quoted"), number)
    assert (
        "reply: nothing was sent: without quoted lines and signature the text is empty;"
        " write it below the command"
    ) in words


@pytest.mark.parametrize("subject", ["...", "", "[...]"])
def test_a_reply_to_a_subject_that_says_nothing_names_the_issue(talk: Talk, subject: str) -> None:
    content = talk.with_keys(robin_key())
    raw = talk.sealed("", by=robin_key(), content=content, subject=subject)
    talk.handle(raw, sender=ROBINS)
    talk.work()
    left = talk.command(f"{named_in(talk.issues)}\nThank you.")
    (answer,) = to(left, ROBINS)
    subject = talk.robin.open(answer.what.content).subject
    assert f"Re: your report (SEC-2026-{talk.issues:04})" == subject


def test_a_reply_hangs_below_the_reporters_last_mail(talk: Talk) -> None:
    """Their program shows it in the conversation that they began."""
    content = talk.with_keys(robin_key())
    raw = talk.sealed("", by=robin_key(), content=content)
    talk.handle(raw, sender=ROBINS)
    begun = next(line for line in raw.split(b"\r\n") if line.startswith(b"Message-ID: "))
    talk.work()
    left = talk.command(f"{named_in(talk.issues)}\nThank you.")
    (answer,) = to(left, ROBINS)
    assert b"In-Reply-To: " + begun.removeprefix(b"Message-ID: ") in answer.what.content


def test_the_alarm_sees_addresses_inside_the_signature_and_for_answers(talk: Talk) -> None:
    number = opened(talk)
    inside = b"Cc: Upstream <dev@upstream.example>, wei@team.example\r\n" + plain_part(
        "What now?\n"
    )
    raw = talk.sealed(
        "",
        by=person_key(0),
        sender=uid(*PEOPLE[0]),
        content=inside,
        subject=more(number),
        extra=("Reply-To: me@home.example, andrea@team.example",),
    )
    row = talk.handle(raw, sender=PEOPLE[0][1])
    assert f"SEC-2026-{number:04}" == issue_of(talk.house, row)
    said = " ".join(noted(talk.house, row))
    assert "outside, to dev@upstream.example, me@home.example (by Reply-To, when answered)" in said
    assert "wei@team.example" not in said


def test_unsigned_addresses_inside_count_for_nothing_more(talk: Talk) -> None:
    """An ordinary mail of the team raises no alarm."""
    number = opened(talk)
    row = order(talk, "What now?", subject=more(number))
    assert "ALARM" not in " ".join(noted(talk.house, row))


WORD = st.text(st.sampled_from("abcdef"), min_size=1, max_size=9)


@given(st.lists(WORD, min_size=25, max_size=60), st.data())
def test_a_long_line_is_found_however_both_are_broken(
    words: list[str], data: st.DataObject
) -> None:
    """Every line of theirs that is long and stands in the text is seen at one of its lines."""
    mine, theirs = (_broken(words, data) for _ in range(2))
    found = list(repeated(mine, ["\n".join(theirs)]))
    long = [at for at, line in enumerate(mine) if len(plain(line)) >= LONG]
    assert set(long) <= set(found)
    if any(len(plain(line)) >= LONG for line in theirs):
        assert found


def _broken(words: list[str], data: st.DataObject) -> list[str]:
    marks = st.sampled_from(["", "> ", "| ", "  ", "» ", "Wei> "])
    lines: list[str] = []
    left = list(words)
    while left:
        count = data.draw(st.integers(1, 20))
        lines.append(data.draw(marks) + " ".join(left[:count]))
        del left[:count]
    return lines


def test_a_long_text_is_compared_in_time() -> None:
    """The time limit of a test is the bar."""
    for piece in ("a", "ab ", "a b\n", f"{INSIDE}\n"):
        text = piece * (60_000 // len(piece))
        assert list(repeated(text.split("\n") * 4, [text] * 5)) or len(piece) < LONG


def test_nothing_is_found_where_nothing_is_repeated() -> None:
    assert [] == list(repeated([INSIDE, "", REPORTED], ["Hello.", REPORTED[:39]]))
    assert [2] == list(repeated([INSIDE, "", REPORTED], [REPORTED[:40]]))
    assert [] == list(repeated([], [INSIDE]))
    assert [] == list(repeated([INSIDE], []))
