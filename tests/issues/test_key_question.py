"""A key that somebody sent is asked about where the reporter reads mail, and a yes is a yes."""

from functools import partial

import pytest

from gatekeeper.domain.forms import ConfirmKey
from gatekeeper.domain.identity import RowId
from gatekeeper.domain.protection import Form
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues.correspondence import CONFIRM
from gatekeeper.issues.letterhead import load
from gatekeeper.store import letters
from tests.issues.found import done, noted, written
from tests.issues.reports import ROBIN, robin_key, stranger_key
from tests.issues.talk import ROBINS, Talk, more
from tests.keys import Key

MALLORYS = "mallory@evil.example"


def offered(talk: Talk, number: int, key: Key, *, sender: str = ROBIN) -> RowId:
    """Have somebody send a key into an issue, by its reply address; return the message's row."""
    raw = talk.sealed("", by=None, content=talk.with_keys(key), sender=sender)
    return talk.handle(raw, sender=MALLORYS, to=talk.reply_address(number))


def slipped_in(talk: Talk, number: int, key: Key, word: str = "auto-generated") -> RowId:
    """Have a program send a key into an issue in Robin's name, about which nobody is asked."""
    content = talk.with_keys(key)
    extra = (f"Auto-Submitted: {word}",)
    raw = talk.sealed("", by=None, content=content, extra=extra, subject=more(number))
    return talk.handle(raw, sender=ROBINS)


def questions(talk: Talk, number: int) -> list[ConfirmKey]:
    """Return the questions that were asked in an issue, oldest first."""
    row = talk.issue(number).id
    heads = talk.house.store.read(lambda tx: letters.of_issue(tx, row))
    asked = [head.id for head in heads if head.kind == CONFIRM]
    found = [talk.house.store.read(partial(letters.load, letter=each)) for each in asked]
    forms = [load(letter.plaintext).form for letter in found]
    return [form for form in forms if isinstance(form, ConfirmKey)]


def answered(talk: Talk, number: int, words: str) -> RowId:
    raw = talk.text(words, subject=more(number))
    return talk.handle(raw, sender=ROBINS)


def quoting(question: ConfirmKey) -> str:
    """Return what a mail program puts below an answer: all of the question."""
    asked = ("Is this your key?", f"  {spaced(question.fingerprint)}", f"  {question.code}")
    return "\n".join(("On Thursday, Example security wrote:", *(f"> {line}" for line in asked)))


def test_the_question_goes_to_the_stored_address_whoever_sent_the_key(talk: Talk) -> None:
    """In clear and without a word of the report; whoever sent the key hears nothing."""
    number = talk.opened()
    row = offered(talk, number, stranger_key(), sender="Mallory <mallory@evil.example>")
    (question,) = questions(talk, number)
    assert stranger_key().fingerprint == question.fingerprint
    assert talk.reporter(number).nonce == question.code
    (letter,) = [each for each in written(talk.house) if each.kind == CONFIRM]
    assert ((ROBINS,), Form.CLEAR_FORM, True) == (letter.to, letter.form, letter.automatic)
    assert talk.reporter(number).fingerprint is None
    said = f"{ROBINS} was asked whether the key is theirs, in clear, without a word of the report"
    assert [said] == done(talk.house, row)
    assert spaced(stranger_key().fingerprint) in " ".join(noted(talk.house, row))


def test_the_code_alone_says_yes_to_the_key_that_was_asked_about(talk: Talk) -> None:
    """Nobody has to repeat a fingerprint; keys that came after the question do not count."""
    number = talk.opened()
    offered(talk, number, robin_key())
    (question,) = questions(talk, number)
    slipped_in(talk, number, stranger_key())
    assert [question] == questions(talk, number)
    answered(talk, number, f"Yes.\n\n{question.code}")
    assert robin_key().fingerprint == talk.reporter(number).fingerprint


def test_an_answer_that_only_quotes_the_question_is_no_yes(talk: Talk) -> None:
    """Mail programs quote the code, and the fingerprint, below a "no" as well."""
    number = talk.opened()
    offered(talk, number, stranger_key())
    (question,) = questions(talk, number)
    row = answered(talk, number, f"No! That key is not mine.\n\n{quoting(question)}")
    assert talk.reporter(number).fingerprint is None
    told = " ".join(noted(talk.house, row))
    assert "stands only in what it quotes, which is no yes" in told
    assert f"key {stranger_key().fingerprint}" in told


def test_the_code_above_the_quoted_question_is_a_yes(talk: Talk) -> None:
    number = talk.opened()
    offered(talk, number, robin_key())
    (question,) = questions(talk, number)
    code = question.code.lower().replace("-", " ")
    answered(talk, number, f"It is mine: {code}\n\n{quoting(question)}")
    assert robin_key().fingerprint == talk.reporter(number).fingerprint


def test_the_code_of_an_earlier_question_is_void(talk: Talk) -> None:
    number = talk.opened()
    offered(talk, number, robin_key())
    talk.house.pass_time(1)
    offered(talk, number, stranger_key())
    first, second = questions(talk, number)
    assert first.code != second.code
    answered(talk, number, f"Yes: {first.code}")
    assert talk.reporter(number).fingerprint is None
    answered(talk, number, f"Yes: {second.code}")
    assert stranger_key().fingerprint == talk.reporter(number).fingerprint


def test_the_code_of_the_acknowledgement_takes_no_key_that_is_merely_there(talk: Talk) -> None:
    """It was mailed before the key came, so it says nothing about it."""
    number = talk.opened()
    code = talk.reporter(number).nonce
    slipped_in(talk, number, stranger_key())
    answered(talk, number, f"I agree: {code}\n{spaced(stranger_key().fingerprint)}")
    assert talk.reporter(number).fingerprint is None
    assert talk.reporter(number).nonce is None


def test_nobody_is_asked_more_than_three_times_in_an_issue(talk: Talk) -> None:
    """Whoever knows the reply address could have the reporter mailed for ever."""
    number = talk.opened()
    rows = [offered(talk, number, stranger_key()) for _ in range(5)]
    assert 3 == len(questions(talk, number))
    assert ["the reporter was not asked about the key: too many such questions were sent"] == done(
        talk.house, rows[-1]
    )


@pytest.mark.parametrize("word", ["auto-generated", "auto-replied"])
def test_a_programs_mail_asks_nobody(talk: Talk, word: str) -> None:
    number = talk.opened()
    row = slipped_in(talk, number, stranger_key(), word)
    assert [] == questions(talk, number)
    assert ["the reporter was not asked about the key: the mail is a program's"] == done(
        talk.house, row
    )
    assert talk.reporter(number).fingerprint is None
