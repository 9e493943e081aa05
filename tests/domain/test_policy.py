"""The defaults work unedited: each bound leaves room for what it must hold."""

from dataclasses import FrozenInstanceError, fields

import pytest

from gatekeeper.domain.instants import DAY, SECOND
from gatekeeper.domain.policy import (
    MIB,
    AnswerPolicy,
    BouncePolicy,
    IntakeLimits,
    OutboxPolicy,
    Policy,
    ReadingLimits,
    RetentionPolicy,
)
from gatekeeper.domain.process_policy import ApprovalPolicy, EmbargoPolicy, ReminderPolicy

SECTIONS = (IntakeLimits(), ReadingLimits(), OutboxPolicy(), AnswerPolicy())


def test_every_number_is_positive() -> None:
    for section in SECTIONS:
        for field in fields(section):
            # Of the pace, none means no limit.
            assert 0 < getattr(section, field.name) or field.name == "per_minute", field.name


def test_the_largest_message_fits_where_it_must() -> None:
    intake = IntakeLimits()
    assert intake.bytes_in_flight >= intake.message_bytes
    assert intake.message_bytes >= max(intake.line_bytes, intake.header_bytes)
    assert intake.client_bytes >= intake.message_bytes
    assert intake.bytes_in_flight - intake.reserved_bytes >= intake.message_bytes
    assert intake.reserved_bytes >= intake.message_bytes
    assert 0 < intake.open_connections < intake.connections


def test_one_message_is_read_within_narrow_bounds() -> None:
    """Sizes, parts and time of what strangers send (design: OpenPGP; promise P-12)."""
    reading = ReadingLimits()
    found = (reading.plaintext_bytes, reading.parts, reading.depth, reading.gpg_wait)
    assert (10 * MIB, 200, 50, 30 * SECOND) == found


def test_peers_get_what_the_standard_promises_them() -> None:
    """RFC 5321 §4.5.3.1: 100 recipients, 64 KiB messages, 1000-octet lines; §4.5.3.2: 5 minutes."""
    intake = IntakeLimits()
    assert 100 <= intake.recipients
    assert 64 * 1024 <= intake.message_bytes
    assert 1000 <= intake.line_bytes
    assert 5 * 60 * 1_000_000 <= intake.command_wait


def test_a_lease_outlives_two_attempts() -> None:
    """Else a delivery could be claimed by a second worker while the first still sends."""
    assert OutboxPolicy().lease > 2 * OutboxPolicy().relay_wait


def test_the_policy_is_all_of_it_and_cannot_be_changed() -> None:
    policy = Policy()
    assert SECTIONS == (policy.intake, policy.reading, policy.outbox, policy.answers)
    process = (policy.embargo, policy.approvals, policy.reminders)
    assert (EmbargoPolicy(), ApprovalPolicy(), ReminderPolicy()) == process
    assert (BouncePolicy(), RetentionPolicy()) == (policy.bounces, policy.retention)
    with pytest.raises(FrozenInstanceError):
        policy.outbox = OutboxPolicy(batch=1)  # type: ignore[misc]  # that it fails is the point


def test_a_domain_has_its_share_also_when_it_is_larger_than_everybodys() -> None:
    """An operator may lower one number and leave the others."""
    assert 5 == AnswerPolicy(per_sender=2, per_hour=5).per_hour
    with pytest.raises(ValueError, match="at least one answer"):
        AnswerPolicy(per_domain=0)


@pytest.mark.parametrize(
    "numbers",
    [
        {"mail": 6 * DAY},
        {"automatic": 1},
        {"commands": DAY},
        {"mail": None},
        {"mail": 400 * DAY, "issues": 399 * DAY},
    ],
)
def test_nothing_is_erased_too_soon_nor_an_issue_before_its_mail(
    numbers: dict[str, int | None],
) -> None:
    with pytest.raises(ValueError, match=r"seven days|no later than"):
        RetentionPolicy(**numbers)


def test_everything_may_be_kept_for_ever() -> None:
    for_ever = RetentionPolicy(
        mail=None, issues=None, automatic=None, postmaster=None, commands=None
    )
    assert for_ever.mail is None


@pytest.mark.parametrize(("per_sender", "per_hour"), [(0, 300), (-1, 300), (5, 4), (0, 0)])
def test_limits_under_which_nobody_would_be_answered_are_refused(
    per_sender: int, per_hour: int
) -> None:
    with pytest.raises(ValueError, match="at least one answer"):
        AnswerPolicy(per_sender=per_sender, per_hour=per_hour)
