"""docs/threat-model.md promises what code keeps and a test shows, and owns to what is missing."""

import re

import dev
from gatekeeper.domain.policy import IntakeLimits
from gatekeeper.inbound.dialogue import Dialogue
from gatekeeper.inbound.reader import Budget
from tests.architecture.sources import python_files, read
from tests.docs.test_references import PACKAGES, resolves

DOCUMENT = "docs/threat-model.md"


def promises() -> list[list[str]]:
    """Return promise, construction and tests of each row."""
    text = read(DOCUMENT).partition("## What is promised\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_promise_has_a_construction_and_a_test() -> None:
    assert promises()
    for promise, kept, shown in promises():
        names = [name for name in re.findall(r"`([a-z_.]+\w+)`", kept) if "." in name]
        known = [name for name in names if name.partition(".")[0] in PACKAGES]
        linked = "(mail-path.md)" in kept
        assert linked or known, promise
        assert all(resolves(name) for name in known), promise
        tests = re.findall(r"`(tests/[\w/.]+)`", shown)
        assert tests, promise
        assert all(dev.ROOT.joinpath(test).exists() for test in tests), promise


def source(*places: str) -> str:
    """Return the text of modules, all together."""
    return "\n".join(read(path) for path in python_files(*places))


def test_clients_are_offered_tls_only_where_there_is_a_certificate() -> None:
    limits = IntakeLimits()
    dialogue = Dialogue(
        protocol="smtp",
        hostname="mail.example.org",
        limits=limits,
        budget=Budget(limits.bytes_in_flight),
        knows=lambda _: True,
        postmaster=None,
    )
    offers = dialogue.answer(b"EHLO client.example").lines
    assert 1 < len(offers)
    assert not any("STARTTLS" in line for line in offers)


def test_nothing_but_a_command_checks_the_event_log_and_no_row_of_mail_is_deleted() -> None:
    """What was sent and taken stays on record; only its content goes."""
    assert "audit.verify" in source("gatekeeper/cli")
    assert "audit.verify" not in source("gatekeeper/service.py")
    deleted = set(re.findall(r"\bdelete\((\w+)\)", source("gatekeeper/store")))
    assert "delivery_chunks" in deleted
    assert not {"issues", "messages", "letters", "deliveries", "events"} & deleted


def test_what_everyone_may_read_has_no_maker_yet() -> None:
    made = source("gatekeeper")
    for mint in ("SEALED_MINT", "CLEAR_FORM_MINT", "CLEAR_REPLY_MINT"):
        assert f"mint={mint}" in made
    assert "mint=PUBLIC_MINT" not in made
