"""A key that was added outside of what is encrypted or signed is nobody's until two say so."""

from dataclasses import dataclass

import pytest

from gatekeeper.domain.verdict import spaced
from gatekeeper.mail.header_writing import encode_autocrypt
from gatekeeper.store import correspondents, requests
from tests.issues.found import noted
from tests.issues.reports import WORDS, key_part, multipart, pgp_mime, robin_key, signed
from tests.issues.reports import stranger_key as lab_key
from tests.issues.talk import HERE, ROBINS, Talk, more
from tests.keys import Key, key_of
from tests.pgp.crafting import CraftedKey

OUTSIDE = "a key came outside of what was encrypted or signed, "
TEXT = WORDS + b"It overflows.\r\n"


def carriers_key() -> Key:
    """Return a key of whoever carries the mail, which names the reporter's address."""
    return key_of(f"Not Robin <{ROBINS}>")


def autocrypt(key: Key) -> tuple[str, ...]:
    """Return a header field that offers a key for the reporter's address."""
    return (f"Autocrypt: {encode_autocrypt(ROBINS, key.public)}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a mail: the issue, the pinned key, those kept as offered, and the notes."""

    number: int
    pinned: str | None
    kept: tuple[str, ...]
    notes: tuple[str, ...]


def outcome(talk: Talk, raw: bytes, number: int = 0) -> Outcome:
    """Return what comes of a mail in Robin's name: a new issue, or a mail in issue `number`."""
    row = talk.handle(raw, sender=ROBINS)
    reporter = talk.reporter(number or talk.issues)
    return Outcome(
        number=number or talk.issues,
        pinned=reporter.fingerprint,
        kept=talk.house.store.read(lambda tx: correspondents.all_offered(tx, reporter.id)),
        notes=tuple(noted(talk.house, row)),
    )


def assert_set_aside(found: Outcome, reason: str) -> None:
    """The carrier's key was not pinned, but kept; the team reads why, in one line."""
    key = carriers_key().fingerprint
    assert found.pinned != key
    assert (key,) == found.kept
    (note,) = [each for each in found.notes if each.startswith(OUTSIDE)]
    assert (
        f"{OUTSIDE}{spaced(key)}; it is not used, for {reason}, and whoever carried the mail can"
        " have added it. Two of the team may take it:"
        f" !SEC-2026-{found.number:04}@{HERE} key {key}"
    ) == note


def assert_pinned(found: Outcome, key: Key) -> None:
    """This key was pinned, and none came from outside."""
    assert (key.fingerprint, ()) == (found.pinned, found.kept)
    assert (
        f"answers are encrypted to the key that came with it: {spaced(key.fingerprint)}",
    ) == found.notes


def test_a_key_inside_wins_over_one_added_outside(talk: Talk) -> None:
    """The one inside names another address, the carrier's that of From."""
    content = talk.with_keys(lab_key())
    raw = talk.sealed("", by=None, content=content, extra=autocrypt(carriers_key()))
    found = outcome(talk, raw)
    assert lab_key().fingerprint == found.pinned
    assert_set_aside(found, "another key came inside")


def test_a_key_inside_that_cannot_be_used_leaves_no_room_for_one_outside(talk: Talk) -> None:
    block = key_part(lab_key(), talk.pen)
    broken = block[: block.index(b"-----BEGIN") + 120] + b"\r\n-----END PGP PUBLIC KEY BLOCK-----"
    content = multipart("mixed", TEXT, broken + b"\r\n")
    raw = talk.sealed("", by=None, content=content, extra=autocrypt(carriers_key()))
    found = outcome(talk, raw)
    assert found.pinned is None
    assert any(each.startswith("a key that came with it cannot be used") for each in found.notes)
    assert_set_aside(found, "another key came inside")


@pytest.mark.parametrize("way", ["in one", "encapsulated", "in clear"])
def test_a_key_outside_that_did_not_sign_is_set_aside(talk: Talk, way: str) -> None:
    """The signer is unknown, for the key came nowhere."""
    extra = autocrypt(carriers_key())
    entity = signed(TEXT, talk.pen.sign(TEXT, by=robin_key()))
    if way == "in one":
        raw = talk.sealed("It overflows.", by=robin_key(), extra=extra)
    elif way == "encapsulated":
        raw = talk.sealed("", by=None, content=entity, extra=extra)
    else:
        raw = talk.text("", *extra).partition(b"Content-Type:")[0] + entity
    found = outcome(talk, raw)
    assert found.pinned is None
    assert_set_aside(found, "it is not the key of who signed")


def test_the_signers_key_inside_is_pinned_beside_another_outside(talk: Talk) -> None:
    content = talk.with_keys(robin_key())
    raw = talk.sealed("", by=robin_key(), content=content, extra=autocrypt(carriers_key()))
    found = outcome(talk, raw)
    assert robin_key().fingerprint == found.pinned
    assert_set_aside(found, "it is not the key of who signed")


def test_a_signature_by_a_known_key_is_not_the_one_outsides(talk: Talk) -> None:
    """The key is pinned in another issue, and so the signature is good."""
    talk.opened(key=robin_key())
    raw = talk.sealed("Another.", by=robin_key(), extra=autocrypt(carriers_key()))
    found = outcome(talk, raw)
    assert found.pinned is None
    assert_set_aside(found, "it is not the key of who signed")


@pytest.mark.parametrize("flags", [2, 12])
def test_a_strangers_certificate_that_carries_the_signers_key_is_set_aside(
    talk: Talk, flags: int
) -> None:
    """Public keys are public: anybody can put one below the own primary key."""
    thief = CraftedKey(f"Robin <{ROBINS}>".encode())
    stolen = thief.adopting(robin_key().public, flags=flags)[len(thief.certificate) :]
    block = thief.adopting(lab_key().public, subkey=1) + stolen
    extra = (f"Autocrypt: {encode_autocrypt(ROBINS, block)}",)
    found = outcome(talk, talk.sealed("It overflows.", by=robin_key(), extra=extra))
    assert (None, (thief.fingerprint,)) == (found.pinned, found.kept)


def test_the_code_inside_brings_in_the_key_inside(talk: Talk) -> None:
    """A later mail is as easy to add to as the first."""
    number = talk.opened()
    code = str(talk.reporter(number).nonce)
    words = WORDS + f"{code}\r\nMine.\r\n".encode()
    content = multipart("mixed", words, key_part(lab_key(), talk.pen))
    extra = autocrypt(carriers_key())
    raw = talk.sealed("", by=None, content=content, subject=more(number), extra=extra)
    found = outcome(talk, raw, number)
    assert lab_key().fingerprint == found.pinned
    assert_set_aside(found, "another key came inside")


def test_two_of_the_team_can_take_what_was_set_aside(talk: Talk) -> None:
    raw = talk.sealed("It overflows.", by=robin_key(), extra=autocrypt(carriers_key()))
    number = outcome(talk, raw).number
    talk.command(f"!SEC-2026-{number:04}@{HERE} key {carriers_key().fingerprint}")
    row = talk.issue(number).id
    (request,) = talk.house.store.read(lambda tx: requests.waiting(tx, row))
    talk.command(f"!SEC-2026-{number:04}@{HERE} approve {request.effect.hex()}", person=1)
    assert carriers_key().fingerprint == talk.reporter(number).fingerprint


@pytest.mark.parametrize("by", [None, "robin"])
def test_autocrypt_alone_is_pinned_as_programs_send_it(talk: Talk, by: str | None) -> None:
    """Encrypted, with the signature of that key or without any."""
    signer = robin_key() if by else None
    raw = talk.sealed("It overflows.", by=signer, extra=autocrypt(robin_key()))
    assert_pinned(outcome(talk, raw), robin_key())


def test_autocrypt_in_a_mail_in_clear_is_pinned(talk: Talk) -> None:
    assert_pinned(outcome(talk, talk.text("Hello.", *autocrypt(robin_key()))), robin_key())


def test_the_same_key_inside_and_outside_is_one(talk: Talk) -> None:
    for by in (None, robin_key()):
        content = talk.with_keys(robin_key())
        raw = talk.sealed("", by=by, content=content, extra=autocrypt(robin_key()))
        assert_pinned(outcome(talk, raw), robin_key())


def test_the_signers_own_autocrypt_is_proven_beside_anothers_key_inside(talk: Talk) -> None:
    """People attach keys of others; the signature inside says whose the mail is."""
    content = talk.with_keys(lab_key())
    raw = talk.sealed("", by=robin_key(), content=content, extra=autocrypt(robin_key()))
    assert_pinned(outcome(talk, raw), robin_key())


def test_a_bad_signature_that_names_the_key_outside_changes_nothing(talk: Talk) -> None:
    """A mail that was damaged on its way is answered to its sender's key as before."""
    signature = talk.pen.sign(TEXT.replace(b"over", b"under"), by=robin_key())
    inside = signed(TEXT, signature).replace(b"=-mark", b"=-inside")
    begun = talk.text("", *autocrypt(robin_key())).partition(b"Content-Type:")[0]
    assert_pinned(outcome(talk, begun + pgp_mime(talk.pen.encrypt(inside))), robin_key())
