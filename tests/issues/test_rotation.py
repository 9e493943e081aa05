"""Another key of the alias is told once, to everybody concerned, in mail that the old key signs."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import DAY, HOUR
from gatekeeper.domain.policy import AnswerPolicy
from gatekeeper.domain.protection import Form
from gatekeeper.domain.verdict import spaced
from gatekeeper.issues import rotation
from gatekeeper.mail.header_writing import encode_autocrypt
from gatekeeper.outbound.job import Job
from gatekeeper.pgp.armor import dearmor
from gatekeeper.store import audit, deliveries, issues, meta
from gatekeeper.store.conversation import correspondents as correspondents_table
from gatekeeper.store.tables import issues as issues_table
from gatekeeper.texts.forms import BY_NEW_KEY, BY_OLD_KEY, NOT_READABLE, NOT_SIGNED
from tests.canaries import leaks
from tests.house import (
    ALIAS,
    PEOPLE,
    Copy,
    House,
    Inspector,
    alias_key,
    person_key,
    reading_as,
)
from tests.issues.found import log, written
from tests.issues.reports import newer_key, robin_key
from tests.issues.talk import ROBINS, Talk, a_talk, clear_text, parsed, to
from tests.keys import Key, gpg, key_of, short_home
from tests.keys_ending import ending

ANDREA = PEOPLE[0][1]


def new_key() -> Key:
    """Return the key that the alias has from now on."""
    return key_of("Example security (new) <security@example.org>")


def ended() -> Key:
    """Return a key that the alias had, and that has ended."""
    uid = "Example security (ended) <security@example.org>"
    return ending(uid, primary="20260801T000000", subkey="20260801T000000")


@pytest.fixture
def talk(house: House) -> Iterator[Talk]:
    """A talk whose readers know the new key too; the alias's present key was noted."""
    with a_talk(house) as lent:
        for reader in (lent.andrea, lent.robin):
            gpg(reader.home, "--import", given=new_key().public)
        assert not start(house)
        yield lent


def start(house: House) -> bool:
    """Do what the service does when it starts; return whether a key was announced."""
    held = house.keyring.list(house.now)
    return house.store.write(lambda tx: rotation.announce(tx, house.desk, held=held, now=house.now))


def rotate(house: House, key: Key | None = None, *, old: bool = True) -> None:
    """Start with another key; `old` says whether the one before is still there."""
    key = key or new_key()
    if not old:
        house.keyring.reset()
        house.keyring.load([person_key(index).public for index in range(len(PEOPLE))])
    house.keyring.load_secret(key.secret)
    house.desk = replace(house.desk, fingerprint=key.fingerprint, certificate=key.public)


def opened(reader: Inspector, job: Job, *, by: Key) -> Copy:
    """Open a mail, and see whose signature it is."""
    copy = reader.open(job.what.content)
    (valid,) = [line for line in copy.status.split(b"\n") if b"] VALIDSIG " in line]
    assert valid.endswith(by.fingerprint.encode())
    return copy


def assert_brings(copy: Copy, key: Key) -> None:
    """See that a key is attached, as it is."""
    (block,) = dearmor(copy.attached("security.asc"))
    assert key.public == block.data


def test_the_team_is_told_in_a_mail_that_the_old_key_signs(talk: Talk) -> None:
    rotate(talk.house)
    assert start(talk.house)
    jobs = talk.work()
    assert {address for _, address in PEOPLE} == {str(job.recipient) for job in jobs}
    copy = opened(talk.andrea, to(jobs, ANDREA)[0], by=alias_key())
    assert "The key of the Example security team has changed" == copy.subject
    for key in (alias_key(), new_key()):
        assert spaced(key.fingerprint) in copy.block
    assert BY_OLD_KEY[:40] in copy.block
    assert_brings(copy, new_key())
    assert b"security team has changed" not in to(jobs, ANDREA)[0].what.content
    assert 1 == log(talk.house).count("alias.key_changed")
    assert () == talk.house.store.read(audit.verify)
    known = talk.house.store.read(lambda tx: meta.alias_keys(tx, lock=False))
    assert (new_key().fingerprint, alias_key().fingerprint) == known


def test_what_comes_after_is_signed_by_the_new_key(talk: Talk) -> None:
    rotate(talk.house)
    assert start(talk.house)
    talk.work()
    jobs = talk.receive(talk.text("A report."), sender=ROBINS)
    copy = opened(talk.andrea, to(jobs, ANDREA)[0], by=new_key())
    assert "A report." in copy.plaintext.decode()
    assert spaced(new_key().fingerprint) in clear_text(to(jobs, ROBINS)[0])


def test_mail_to_the_old_key_is_read_and_the_block_names_that_key(talk: Talk) -> None:
    """What was encrypted before the sender knew of the new key loses nothing."""
    rotate(talk.house)
    assert start(talk.house)
    raw = talk.sealed("Encrypted to the old key.", by=None)
    talk.work()
    block = talk.block(talk.receive(raw, sender=ROBINS))
    with short_home() as home:
        gpg(home, "--import", given=alias_key().public)
        listed = gpg(home, "--with-colons", "--list-keys").decode()
    subkey = listed.split("sub:")[1].split("fpr:::::::::")[1][:40]
    assert f"all of it, to our key {spaced(subkey)}" in " ".join(block.split())


def test_it_is_told_once_whoever_starts_and_however_often(talk: Talk) -> None:
    """Also by two processes at the same moment."""
    rotate(talk.house)
    with ThreadPoolExecutor(max_workers=4) as pool:
        assert [False] * 3 + [True] == sorted(pool.map(lambda _: start(talk.house), range(4)))
    assert not start(talk.house)
    assert 3 == len(talk.work())


def test_a_reporter_with_a_key_is_told_once_for_all_issues(talk: Talk) -> None:
    """In a mail encrypted to that key, signed by the old one, which brings the new one."""
    for _ in range(2):
        talk.opened(key=robin_key())
    talk.work()
    rotate(talk.house)
    assert start(talk.house)
    (job,) = to(talk.work(), ROBINS)
    copy = opened(talk.robin, job, by=alias_key())
    assert "The key of the Example security team has changed" == copy.subject
    assert_brings(copy, new_key())
    assert "gatekeeper" not in copy.block
    mail = parsed(job)
    assert "auto-generated" == mail["Auto-Submitted"]
    ours = encode_autocrypt(str(ALIAS), new_key().public)
    assert "".join(ours.split()) == "".join(str(mail["Autocrypt"]).split())
    assert mail["Reply-To"] in {talk.reply_address(1), talk.reply_address(2)}


def test_a_reporter_in_clear_is_told_in_clear_and_nothing_of_an_issue(talk: Talk) -> None:
    for _ in range(2):
        talk.opened()
    talk.work()
    rotate(talk.house)
    assert start(talk.house)
    (job,) = to(talk.work(), ROBINS)
    content = job.what.content
    assert "The key of the Example security team has changed" == parsed(job)["Subject"]
    for said in (spaced(alias_key().fingerprint), spaced(new_key().fingerprint), NOT_SIGNED):
        assert said in clear_text(job)
    secret = ("SEC-2026", "A report", "It overflows", talk.issue(1).tag, *dict(PEOPLE))
    assert [] == leaks(content, secret)
    (key,) = list(parsed(job).iter_attachments())
    attached = key.get_payload(decode=True)
    assert isinstance(attached, bytes)
    (block,) = dearmor(attached)
    assert new_key().public == block.data


def test_whoever_has_a_key_anywhere_is_never_told_in_clear(talk: Talk) -> None:
    """One issue in clear and one with a key, at one address; two keys are two persons, perhaps."""
    talk.opened()
    talk.opened(key=robin_key())
    gpg(talk.pen.home, "--import", given=newer_key().secret)
    talk.opened(key=newer_key())
    talk.work()
    rotate(talk.house)
    assert start(talk.house)
    forms = [each.form for each in written(talk.house) if each.kind == rotation.KIND]
    assert [Form.SEALED] * 3 == forms, "the team's, and one for each key"
    assert all(b"BEGIN PGP MESSAGE" in job.what.content for job in to(talk.work(), ROBINS))


@pytest.mark.parametrize("why", ["closed", "never reached", "wrote encrypted", "of the team"])
def test_who_is_not_written_to(why: str, talk: Talk) -> None:
    talk.opened()
    if why != "never reached":
        talk.work()
    issue = talk.issue(1).id
    changes = {
        "closed": issues_table.update().where(issues_table.c.id == issue).values(state="disclosed"),
        "wrote encrypted": correspondents_table.update().values(wrote_in_clear=False),
    }
    if why in changes:
        talk.house.store.write(lambda tx: tx.connection.execute(changes[why]).close())
    rotate(talk.house)
    if why == "of the team":
        andrea, *others = talk.house.desk.team.people
        people = (replace(andrea, address=Address.parse(ROBINS)), *others)
        talk.house.desk = replace(
            talk.house.desk, team=replace(talk.house.desk.team, people=people)
        )
    assert start(talk.house)
    (letter,) = [each for each in written(talk.house) if each.kind == rotation.KIND]
    assert 3 == len(letter.to)
    assert (ROBINS in letter.to) == (why == "of the team")


def test_many_in_clear_leave_no_faster_than_answers_do(talk: Talk) -> None:
    policy = replace(talk.house.desk.policy, answers=AnswerPolicy(per_sender=2, per_hour=2))
    for number in range(5):
        address = f"r{number}@research.example"
        talk.receive(talk.text("Hello.", sender=address), sender=address)
    talk.house.desk = replace(talk.house.desk, policy=policy)
    rotate(talk.house)
    assert start(talk.house)
    sent = []
    for _ in range(4):
        jobs = talk.work()
        sent.append(len([job for job in jobs if str(job.recipient).startswith("r")]))
        talk.house.pass_time(HOUR)
    assert [2, 2, 1, 0] == sent


def test_when_the_old_key_cannot_sign_the_new_one_does_and_says_so(talk: Talk) -> None:
    """It has ended, or it is not here any more."""
    talk.house.store.write(lambda tx: meta.note_alias_keys(tx, (ended().fingerprint,)))
    talk.house.keyring.load_secret(ended().secret)
    rotate(talk.house)
    assert start(talk.house)
    copy = opened(talk.andrea, to(talk.work(), ANDREA)[0], by=new_key())
    assert " ".join(copy.block.split()).count(BY_NEW_KEY) == 1
    assert spaced(ended().fingerprint) in copy.block
    assert NOT_READABLE not in " ".join(copy.block.split()), "its secret still opens mail"


def test_when_the_old_key_is_gone_old_mail_is_said_to_be_lost(talk: Talk) -> None:
    rotate(talk.house, old=False)
    assert start(talk.house)
    copy = opened(talk.andrea, to(talk.work(), ANDREA)[0], by=new_key())
    assert NOT_READABLE in " ".join(copy.block.split())


def test_a_key_that_is_gone_before_the_letter_is_sealed(talk: Talk) -> None:
    """What was written to be signed by it is signed by the present one, and says the truth."""
    talk.opened(key=robin_key())
    talk.work()
    rotate(talk.house)
    assert start(talk.house)
    rotate(talk.house, old=False)
    jobs = talk.work()
    for reader, address in ((talk.andrea, ANDREA), (talk.robin, ROBINS)):
        copy = opened(reader, to(jobs, address)[0], by=new_key())
        assert BY_NEW_KEY in " ".join(copy.block.split())


def test_a_key_that_was_replaced_before_is_told_of_to_nobody(
    talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """A second machine with the old settings does not take the rotation back at each start."""
    rotate(talk.house)
    assert start(talk.house)
    talk.work()
    rotate(talk.house, alias_key())
    with caplog.at_level(logging.ERROR, logger="gatekeeper.issues"):
        assert not start(talk.house)
    assert f"replaced before, by {new_key().fingerprint}" in caplog.text
    assert [] == talk.work()
    rotate(talk.house)
    assert not start(talk.house), "the others go on undisturbed"


def test_a_member_who_was_blocked_gets_it_later_signed_by_the_old_key(talk: Talk) -> None:
    """The letter keeps who signs it."""
    people = talk.house.desk.team.people
    without = replace(people[1], keys=("A" * 40,))
    team = replace(talk.house.desk.team, people=(people[0], without, people[2]))
    rotate(talk.house)
    talk.house.desk = replace(talk.house.desk, team=team)
    assert start(talk.house)
    assert 2 == len(talk.work())
    talk.house.desk = replace(talk.house.desk, team=replace(team, people=people))
    talk.house.pass_time(DAY)
    blocked = next(r for r in talk.house.store.read(deliveries.list_all) if r.name == PEOPLE[1][0])
    talk.house.store.write(lambda tx: deliveries.retry(tx, delivery=blocked.id, now=talk.house.now))
    with reading_as(person_key(1)) as reader:
        copy = opened(reader, talk.work()[0], by=alias_key())
    assert_brings(copy, new_key())
    assert 0 == len(talk.house.store.read(issues.list_all))
