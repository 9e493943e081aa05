"""Who the reporter is: the stored address, the pinned key and the code, and nobody who poses."""

import pytest

from gatekeeper.domain.identity import RowId
from gatekeeper.domain.instants import DAY, HOUR
from gatekeeper.domain.verdict import spaced
from gatekeeper.mail.header_writing import encode_autocrypt
from gatekeeper.store import correspondents, messages
from tests.house import PEOPLE, person_key, uid
from tests.issues.found import ACK, done, issue_of, log, noted, written_to
from tests.issues.reports import (
    ROBIN,
    key_part,
    multipart,
    newer_key,
    robin_key,
    signed,
    stranger_key,
)
from tests.issues.talk import HERE, WORDS, Talk, more
from tests.keys import Key, gpg, key_of

ROBINS = "robin@research.example"
HOME = "Robin at home <robin@home.example>"
HOMES = "robin@home.example"


def key_of_reporter(talk: Talk, number: int) -> str | None:
    return talk.reporter(number).fingerprint


def signature_of(talk: Talk, row: RowId) -> str:
    summary = talk.house.store.read(lambda tx: messages.head(tx, row)).summary
    assert summary is not None
    return str(summary["signature"])


def test_with_the_pinned_key_the_reporter_is_known_at_another_address(talk: Talk) -> None:
    """The key places the mail and is named; answers still go to the stored address alone."""
    number = talk.opened(key=robin_key())
    raw = talk.sealed("More.", by=robin_key(), sender=HOME, subject=more(number))
    row = talk.handle(raw, sender=HOMES)
    assert number == talk.issues
    label = f"the reporter of SEC-2026-{number:04}"
    assert f"good, by the key of {label}; From NOT confirmed" == signature_of(talk, row)
    assert [] == noted(talk.house, row)
    assert ROBINS == str(talk.reporter(number).address)
    assert [] == written_to(talk.house, HOMES)


def test_whoever_writes_to_the_reply_address_is_not_taken_for_the_reporter(talk: Talk) -> None:
    """A token routes and proves nothing: the team is told, and no answer goes to the stranger."""
    number = talk.opened()
    raw = talk.text("Me again.", sender=HOME)
    row = talk.handle(raw, sender=HOMES, to=talk.reply_address(number))
    assert f"SEC-2026-{number:04}" == issue_of(talk.house, row)
    (note,) = noted(talk.house, row)
    assert f"its sender is not {ROBINS}, the address of the first mail" in note
    assert [] == written_to(talk.house, HOMES)
    assert ROBINS == str(talk.reporter(number).address)


def test_the_code_proves_a_mail_from_another_address_once(talk: Talk) -> None:
    number = talk.opened()
    code = str(talk.reporter(number).nonce)
    wrong = talk.text("Code: AAAA-BBBB-CCCC-DDDD-EEEE", sender=HOME)
    row = talk.handle(wrong, sender=HOMES, to=talk.reply_address(number))
    assert "code" not in "".join(noted(talk.house, row))
    assert code == talk.reporter(number).nonce
    for expected in (True, False):
        raw = talk.text(f"{code.lower()}\nIt is me.", sender=HOME)
        row = talk.handle(raw, sender=HOMES, to=talk.reply_address(number))
        told = any(
            "it begins with the code that we mailed" in each for each in noted(talk.house, row)
        )
        assert expected == told
        assert talk.reporter(number).nonce is None
    assert 1 == log(talk.house).count("reporter.code_used")


def test_a_key_that_comes_with_the_code_is_pinned(talk: Talk) -> None:
    number = talk.opened()
    code = talk.reporter(number).nonce
    text = f"Content-Type: text/plain\r\n\r\n{code}\r\nHere.\r\n".encode()
    content = multipart("mixed", text, key_part(robin_key(), talk.pen))
    talk.handle(talk.sealed("", by=None, content=content, subject=more(number)), sender=ROBINS)
    assert robin_key().fingerprint == key_of_reporter(talk, number)


def change(
    talk: Talk, number: int, *, by: Key | None, to: Key, extra: tuple[str, ...] = ()
) -> bytes:
    """Return a mail in Robin's name that brings a key, signed or not."""
    content = talk.with_keys(to)
    return talk.sealed("", by=by, content=content, subject=more(number), extra=extra)


def test_a_key_is_changed_by_its_own_signature_and_an_old_mail_brings_none_back(talk: Talk) -> None:
    """To the second key and back to the first; then the mail that brought the second again."""
    number = talk.opened(key=robin_key())
    first = change(talk, number, by=robin_key(), to=newer_key())
    talk.handle(first, sender=ROBINS)
    assert newer_key().fingerprint == key_of_reporter(talk, number)
    talk.handle(change(talk, number, by=newer_key(), to=robin_key()), sender=ROBINS)
    assert robin_key().fingerprint == key_of_reporter(talk, number)
    for wait in (HOUR, 3 * DAY):
        talk.house.pass_time(wait)
        again = f"X-Again: {wait}\r\n".encode() + first
        row = talk.handle(again, sender=ROBINS)
        assert robin_key().fingerprint == key_of_reporter(talk, number)
        assert "another key came with it" in " ".join(noted(talk.house, row))


def test_a_mail_that_waited_for_days_changes_no_key(talk: Talk) -> None:
    """Whoever kept it back could choose the moment."""
    number = talk.opened(key=robin_key())
    raw = change(talk, number, by=robin_key(), to=newer_key())
    talk.house.pass_time(2 * DAY)
    talk.handle(raw, sender=ROBINS)
    assert robin_key().fingerprint == key_of_reporter(talk, number)


@pytest.mark.parametrize("signer", ["nobody", "the new key"])
def test_another_key_in_the_reporters_name_is_kept_and_not_used(talk: Talk, signer: str) -> None:
    number = talk.opened(key=robin_key())
    by = None if signer == "nobody" else stranger_key()
    row = talk.handle(change(talk, number, by=by, to=stranger_key()), sender=ROBINS)
    assert robin_key().fingerprint == key_of_reporter(talk, number)
    (note,) = [each for each in noted(talk.house, row) if "another key" in each]
    assert spaced(stranger_key().fingerprint) in note
    assert f"!SEC-2026-{number:04}@example.org key {stranger_key().fingerprint}" in note
    correspondent = talk.reporter(number).id
    kept = talk.house.store.read(lambda tx: correspondents.all_offered(tx, correspondent))
    assert (stranger_key().fingerprint,) == kept


def test_a_key_in_autocrypt_changes_nothing_under_the_pinned_keys_signature(talk: Talk) -> None:
    """No signature covers a header: whoever carries the mail can put it in."""
    number = talk.opened(key=robin_key())
    value = encode_autocrypt(ROBINS, stranger_key().public)
    extra = (f"Autocrypt: {value}",)
    raw = talk.sealed("More.", by=robin_key(), subject=more(number), extra=extra)
    row = talk.handle(raw, sender=ROBINS)
    assert robin_key().fingerprint == key_of_reporter(talk, number)
    assert "another key came with it" in " ".join(noted(talk.house, row))


def test_a_key_put_behind_a_signature_is_not_covered_by_it(talk: Talk) -> None:
    """Whoever carries a signed mail can write into the part that holds the signature."""
    number = talk.opened(key=robin_key())
    moment = talk.moment()
    options = ("--faked-system-time", moment)
    words = (*options, "--armor", "--local-user", robin_key().fingerprint, "--detach-sign")
    signature = gpg(talk.pen.home, *words, given=WORDS).replace(b"\n", b"\r\n")
    block = key_part(stranger_key(), talk.pen).partition(b"\r\n\r\n")[2]
    for behind in (b"", block):
        begun = talk.text("", subject=more(number)).partition(b"Content-Type:")[0]
        row = talk.handle(begun + signed(WORDS, signature + behind), sender=ROBINS)
        if not behind:
            assert signature_of(talk, row).startswith("good, by the key of the reporter")
        assert [] == noted(talk.house, row)
        assert robin_key().fingerprint == key_of_reporter(talk, number)


def test_the_same_key_again_is_nothing_new_and_a_third_beside_it_is_not_taken(talk: Talk) -> None:
    """Programs attach the own key to every mail; a vendor's key beside it is the vendor's."""
    number = talk.opened(key=robin_key())
    pinned = log(talk.house).count("reporter.key_pinned")
    row = talk.handle(change(talk, number, by=robin_key(), to=robin_key()), sender=ROBINS)
    assert [] == noted(talk.house, row)
    content = talk.with_keys(stranger_key(), robin_key())
    raw = talk.sealed("", by=robin_key(), content=content, subject=more(number))
    talk.handle(raw, sender=ROBINS)
    assert robin_key().fingerprint == key_of_reporter(talk, number)
    assert pinned == log(talk.house).count("reporter.key_pinned")


def _secret(talk: Talk) -> bytes:
    return gpg(talk.pen.home, "--armor", "--export-secret-keys", robin_key().fingerprint)


def _expired(talk: Talk) -> bytes:
    user = "Past <past@research.example>"
    then = ("--faked-system-time", "20260102T000000!")
    key = key_of(user)
    gpg(talk.pen.home, "--import", given=key.secret)
    gpg(talk.pen.home, *then, "--quick-set-expire", key.fingerprint, "2026-02-01")
    return gpg(talk.pen.home, "--armor", "--export", key.fingerprint)


def _nothing(talk: Talk) -> bytes:
    block = gpg(talk.pen.home, "--armor", "--export", robin_key().fingerprint)
    return block[:120] + b"\n-----END PGP PUBLIC KEY BLOCK-----\n"


@pytest.mark.parametrize(
    ("block", "said"),
    [(_secret, "the block holds a SECRET key"), (_expired, "expired"), (_nothing, "")],
)
def test_a_key_that_cannot_be_used_is_told_and_not_pinned(
    talk: Talk, block: object, said: str
) -> None:
    """With the first mail and later; the report arrives, and is acknowledged in clear."""
    assert callable(block)
    key = block(talk).replace(b"\n", b"\r\n")
    part = b'Content-Type: application/pgp-keys; name="key.asc"\r\n\r\n' + key
    content = multipart("mixed", WORDS, part)
    row = talk.handle(talk.sealed("", by=None, content=content), sender=ROBINS)
    number = talk.issues
    for each in (row, talk.handle(_clear(talk, content, number), sender=ROBINS)):
        assert f"SEC-2026-{number:04}" == issue_of(talk.house, each)
        (note,) = noted(talk.house, each)
        assert note.startswith("a key that came with it cannot be used: ")
        assert said in note
        assert key_of_reporter(talk, number) is None
    assert [f"acknowledged to {ROBINS}, in clear, without a word of the report"] == done(
        talk.house, row
    )


def _clear(talk: Talk, content: bytes, number: int) -> bytes:
    begun = talk.text("", subject=more(number)).partition(b"Content-Type:")[0]
    return begun + content


def test_a_reporter_of_the_team_is_not_answered_by_a_program_and_has_no_key_pinned(
    talk: Talk,
) -> None:
    """Their key is the one of the team file, and they get the copy like the others."""
    sender = uid(*PEOPLE[0])
    content = talk.with_keys(stranger_key())
    row = talk.handle(talk.sealed("", by=None, sender=sender, content=content), sender=PEOPLE[0][1])
    assert f"SEC-2026-{talk.issues:04}" == issue_of(talk.house, row)
    assert PEOPLE[0][1] == str(talk.reporter(talk.issues).address)
    assert talk.reporter(talk.issues).fingerprint is None
    assert ACK not in written_to(talk.house, PEOPLE[0][1])


def test_the_reporter_is_known_by_the_address_however_it_is_written(talk: Talk) -> None:
    number = talk.opened()
    sender = ROBIN.replace("robin@research", "Robin@RESEARCH")
    raw = talk.text("More.", sender=sender, subject=more(number))
    row = talk.handle(raw, sender=ROBINS)
    assert f"SEC-2026-{number:04}" == issue_of(talk.house, row)
    assert [] == noted(talk.house, row)


def test_a_revoked_reply_address_leads_nowhere_and_the_next_one_does(talk: Talk) -> None:
    """Its mail is taken all the same, as a report that says where it came; nothing is lost."""
    number = talk.opened(key=robin_key())
    old = talk.reply_address(number)
    words = f"!SEC-2026-{number:04}@{HERE} revoke"
    raw = talk.sealed(words, by=person_key(0), sender=uid(*PEOPLE[0]))
    talk.handle(raw, sender=PEOPLE[0][1])
    assert old != talk.reply_address(number)
    raw = talk.text("Hello?", sender="Eve <eve@evil.example>")
    row = talk.handle(raw, sender="eve@evil.example", to=old)
    assert f"SEC-2026-{number + 1:04}" == issue_of(talk.house, row)
    assert "it came to a reply address that was revoked" in " ".join(noted(talk.house, row))
    row = talk.handle(talk.text("Yes?"), sender=ROBINS, to=talk.reply_address(number))
    assert f"SEC-2026-{number:04}" == issue_of(talk.house, row)
    assert [] == noted(talk.house, row)


def test_the_reporter_still_finds_the_issue_after_the_address_was_revoked(talk: Talk) -> None:
    """By an id in the subject; that the address is void is said beside it."""
    number = talk.opened()
    old = talk.reply_address(number)
    row = talk.reporter(number).id
    talk.house.store.write(
        lambda tx: correspondents.renew_route(tx, correspondent=row, now=talk.house.now)
    )
    message = talk.handle(talk.text("More.", subject=more(number)), sender=ROBINS, to=old)
    assert f"SEC-2026-{number:04}" == issue_of(talk.house, message)
    assert "it came to a reply address that was revoked" in " ".join(noted(talk.house, message))
