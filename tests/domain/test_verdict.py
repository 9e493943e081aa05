"""Only what was verified is said, and only one good signature of the team's makes a signer."""

from dataclasses import replace
from itertools import combinations_with_replacement, product

import pytest

from gatekeeper.domain.address import Address
from gatekeeper.domain.instants import Instant
from gatekeeper.domain.protection import (
    Coverage,
    PartSignature,
    Protection,
    Signature,
    SignatureState,
    UnreadableReason,
)
from gatekeeper.domain.team import Person
from gatekeeper.domain.verdict import ABSENT, Known, from_agrees, known_as, spaced, verdict
from tests.domain.samples import FINGERPRINTS, TEAM

GOOD = SignatureState.GOOD
OURS = "F" * 40
STRANGER = FINGERPRINTS[8]
MEMBER = TEAM.people[1]
OTHER = TEAM.people[2]

PROTECTIONS = {
    "clear": Protection(),
    "part": Protection(encrypted=Coverage.PART, pieces=("poc.pdf.gpg",)),
    "all": Protection(encrypted=Coverage.ALL, own_key=OURS),
}
SENDERS = {
    "nobody": None,
    "the member": MEMBER.address,
    "the member, shouted": Address.parse(str(MEMBER.address).upper()),
    "another member": OTHER.address,
    "a stranger": Address.parse("robin@research.example"),
    "a look-alike": Address.parse("person1@team.example.org"),
}
WHO: tuple[str | None, ...] = (None, STRANGER, *MEMBER.keys)


def signed(encrypted: str, *signatures: Signature) -> Protection:
    """Return a finding with these signatures."""
    return replace(PROTECTIONS[encrypted], signatures=signatures)


@pytest.mark.parametrize("fingerprint", WHO)
@pytest.mark.parametrize("state", SignatureState)
@pytest.mark.parametrize("encrypted", PROTECTIONS)
def test_one_signature(encrypted: str, state: SignatureState, fingerprint: str | None) -> None:
    """The whole table: a signer is the member behind one GOOD signature, and nobody else."""
    protection = signed(encrypted, Signature(state=state, fingerprint=fingerprint))
    believed = state is GOOD and fingerprint in MEMBER.keys
    for name, sender in SENDERS.items():
        found = verdict(protection, sender, TEAM)
        confirmed = believed and name in {"the member", "the member, shouted"}
        assert (MEMBER if believed else None) == found.signer
        assert confirmed is found.from_confirmed
        assert believed is found.signature.startswith("good, by Person 1 of the response team")
        assert confirmed is found.signature.endswith("; From confirmed")
        assert (believed and not confirmed) is found.signature.endswith("; From NOT confirmed")


@pytest.mark.parametrize("fingerprints", list(product(WHO, repeat=2)))
def test_of_two_signatures_none_makes_a_signer(
    fingerprints: tuple[str | None, str | None],
) -> None:
    """Also when both are the same member's: which of them covers what is not ours to guess."""
    for states in combinations_with_replacement(SignatureState, 2):
        both = [
            Signature(state=state, fingerprint=fingerprint)
            for state, fingerprint in zip(states, fingerprints, strict=True)
        ]
        found = verdict(signed("all", *both), MEMBER.address, TEAM)
        assert found.signer is None
        assert found.from_confirmed is False
        assert found.signature.startswith("2 signatures, none counts alone: ")
        members = [one.state is GOOD and one.fingerprint in MEMBER.keys for one in both]
        assert sum(members) == found.signature.count("good, by Person 1 (")


def test_a_member_is_not_called_nobody() -> None:
    """Two good signatures, one of a member and one of a stranger, are told apart."""
    both = (
        Signature(state=SignatureState.GOOD, fingerprint=MEMBER.keys[0]),
        Signature(state=SignatureState.GOOD, fingerprint=STRANGER),
    )
    expected = (
        "2 signatures, none counts alone: "
        f"good, by Person 1 ({spaced(MEMBER.keys[0])}), "
        f"good, by a key that is nobody's here ({spaced(STRANGER)})"
    )
    assert expected == verdict(signed("all", *both), None, TEAM).signature


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (SignatureState.GOOD, "good, by a key that is nobody's here (0123 4567)"),
        (
            SignatureState.BAD,
            "BAD: the content was changed, or the signature is not its own (0123 4567)",
        ),
        (
            SignatureState.UNKNOWN_SIGNER,
            "not checked: the signer's key is unknown here (0123 4567)",
        ),
        (SignatureState.EXPIRED_KEY, "by a key that has expired; counts as none (0123 4567)"),
        (SignatureState.EXPIRED_SIGNATURE, "expired; counts as none (0123 4567)"),
        (SignatureState.REVOKED_KEY, "by a REVOKED key; counts as none (0123 4567)"),
        (
            SignatureState.WEAK,
            "with a digest that is no longer safe; counts as none (0123 4567)",
        ),
        (SignatureState.UNCHECKED, "could not be checked; counts as none (0123 4567)"),
    ],
)
def test_each_state_has_its_words(state: SignatureState, expected: str) -> None:
    protection = signed("clear", Signature(state=state, key_id="01234567"))
    assert expected == verdict(protection, None, TEAM).signature


def test_no_signature_is_none() -> None:
    found = verdict(signed("all"), MEMBER.address, TEAM)
    assert ("none", None, False) == (found.signature, found.signer, found.from_confirmed)


@pytest.mark.parametrize(
    ("encrypted", "expected"),
    [
        ("clear", "none: the message travelled in clear"),
        ("part", "PART of it; the rest travelled in clear"),
        ("all", f"all of it, to our key {' '.join(['FFFF'] * 10)}"),
    ],
)
def test_encryption_is_said_as_it_is(encrypted: str, expected: str) -> None:
    assert expected == verdict(signed(encrypted), None, TEAM).encryption


@pytest.mark.parametrize("reason", UnreadableReason)
def test_what_stayed_closed_is_said_with_its_reason(reason: UnreadableReason) -> None:
    found = verdict(Protection(encrypted=Coverage.ALL, unreadable=reason), None, TEAM)
    assert f"encrypted, NOT READABLE: {reason}" == found.encryption
    assert found.signer is None


def test_digits_are_grouped_for_people() -> None:
    assert "" == spaced("")
    assert "0123 4567" == spaced("01234567")
    assert "0123 4567 8" == spaced("012345678")


def test_the_signer_is_the_whole_person() -> None:
    """Rules get the value of the team's own table, not what a key says of itself."""
    protection = signed("all", Signature(state=SignatureState.GOOD, fingerprint=OTHER.keys[0]))
    found: Person | None = verdict(protection, None, TEAM).signer
    assert OTHER is found


RHEA = Known(label="the reporter of SEC-2026-0007", address=Address.parse("robin@research.example"))
KNOWN = {STRANGER: RHEA}


@pytest.mark.parametrize("state", SignatureState)
def test_a_pinned_key_is_named_and_is_nobody_of_the_team(state: SignatureState) -> None:
    """Whatever the signature, a reporter's key makes no signer; good, it says whose it is."""
    protection = signed("all", Signature(state=state, fingerprint=STRANGER, made_at=Instant(5)))
    for name, sender in SENDERS.items():
        found = verdict(protection, sender, TEAM, KNOWN)
        good = state is GOOD
        confirmed = good and name == "a stranger"
        assert (None, confirmed) == (found.signer, found.from_confirmed)
        assert ((STRANGER, Instant(5)) if good else (None, None)) == (found.key, found.made_at)
        words = f"good, by the key of {RHEA.label}; From {'' if confirmed else 'NOT '}confirmed"
        assert good == (words == found.signature)


def test_a_key_of_the_team_is_the_teams_whatever_is_known_of_it() -> None:
    """A reporter's record that names a member's key takes nothing from the member."""
    protection = signed("all", Signature(state=GOOD, fingerprint=MEMBER.keys[0]))
    known = dict.fromkeys(MEMBER.keys, RHEA)
    for sender in SENDERS.values():
        assert verdict(protection, sender, TEAM) == verdict(protection, sender, TEAM, known)


def test_of_two_signatures_none_is_the_reporters() -> None:
    one = Signature(state=GOOD, fingerprint=STRANGER)
    other = Signature(state=GOOD, fingerprint=MEMBER.keys[0])
    found = verdict(signed("all", one, other), RHEA.address, TEAM, KNOWN)
    assert (None, False, None, None) == (
        found.signer,
        found.from_confirmed,
        found.key,
        found.made_at,
    )
    expected = "2 signatures, none counts alone: good, by the key of the reporter of SEC-2026-0007"
    assert found.signature.startswith(expected)


def test_an_unknown_key_is_named_for_rules_and_nobodys_for_people() -> None:
    protection = signed("all", Signature(state=GOOD, fingerprint=STRANGER))
    found = verdict(protection, RHEA.address, TEAM)
    assert (STRANGER, None, False) == (found.key, found.signer, found.from_confirmed)
    assert found.signature.startswith("good, by a key that is nobody's here")


@pytest.mark.parametrize("label", ["", " ", "a\nb", "a\u202eb"])
def test_somebody_known_is_named_in_printable_words(label: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        Known(label=label, address=RHEA.address)


PROTECTED = {"absent": ABSENT, **SENDERS}


@pytest.mark.parametrize("fingerprint", WHO)
@pytest.mark.parametrize("state", SignatureState)
def test_from_agrees_when_it_is_the_signers_outside_and_inside(
    state: SignatureState, fingerprint: str | None
) -> None:
    """The whole table; a protected From that is not one address never agrees."""
    one = Signature(state=state, fingerprint=fingerprint)
    own = {STRANGER: "a stranger"}.get(fingerprint or "", "the member")
    for (name, outer), (inner, protected) in product(SENDERS.items(), PROTECTED.items()):
        expected = (
            state is GOOD
            and fingerprint is not None
            and name.startswith(own)
            and (inner == "absent" or inner.startswith(own))
        )
        found = from_agrees(one, outer=outer, protected=protected, team=TEAM, known=KNOWN)
        assert expected is found
        said = verdict(signed("all", one), outer, TEAM, KNOWN, inside=protected)
        assert expected is said.from_confirmed
        assert not expected or "; From confirmed" in said.signature


def test_who_is_known_by_a_good_signature() -> None:
    names = {OTHER.keys[0]: "Person 2", STRANGER: f"the key of {RHEA.label}", OURS: ""}
    for fingerprint, name in names.items():
        for state in SignatureState:
            one = Signature(state=state, fingerprint=fingerprint)
            assert (name if state is GOOD else "") == known_as(one, TEAM, KNOWN)
    assert "" == known_as(Signature(state=GOOD, key_id="01234567"), TEAM, KNOWN)


def test_a_signature_on_a_part_is_said_and_counts_for_nothing() -> None:
    good = Signature(state=GOOD, fingerprint=MEMBER.keys[0])
    bad = Signature(state=SignatureState.BAD, key_id="01234567")
    parts = (PartSignature(label="part 2", signature=good), PartSignature(label="x", signature=bad))
    for protection in PROTECTIONS.values():
        found = verdict(replace(protection, parts=parts), MEMBER.address, TEAM, KNOWN)
        first, second = found.parts
        assert "part 2 only: good, by Person 1; covers nothing else" == first
        assert (
            "x only: BAD: the content was changed, or the signature is not its own (0123 4567);"
            " covers nothing else"
        ) == second
        assert replace(found, parts=()) == verdict(protection, MEMBER.address, TEAM, KNOWN)
        assert ("none", None) == (found.signature, found.signer)
