"""Nobody commands without a fresh signature over all of it, by a key of the team, for this place.

The signatures are made and read by the real gpg; each forgery is one that a hostile reporter, a
mail system in between, or a tired member could make.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from gatekeeper.domain.address import OwnAddresses
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.instants import DAY, HOUR, MINUTE, SECOND, Instant, to_datetime
from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.domain.protection import Protection, Signature, SignatureState
from gatekeeper.domain.verdict import verdict
from gatekeeper.issues import authority
from gatekeeper.issues.appended import without_appended
from gatekeeper.issues.commands import Command, parse
from gatekeeper.issues.reading import Reader
from gatekeeper.issues.written import written
from gatekeeper.mail.reading import Reading
from tests.house import ALIAS, PEOPLE, START, alias_key, example_team, person_key, uid
from tests.issues.reports import (
    ANDREA,
    ROBIN,
    Pen,
    a_pen,
    head,
    multipart,
    pgp_mime,
    robin_key,
    signed,
)
from tests.keys import Key
from tests.pgp.conftest import open_desk

OWN = OwnAddresses(security=ALIAS)
HERE = "!SEC-2026-0007@example.org own"
WEI = uid(*PEOPLE[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Somebody who writes and signs, and the reader of the alias."""

    pen: Pen
    reader: Reader

    def at(self, moment: Instant) -> Pen:
        """Return a pen whose signatures are made at a moment."""
        return TimedPen(home=self.pen.home, moment=moment)

    def judged(self, raw: bytes, *, received_at: Instant = START) -> tuple[str, ...]:
        """Return the objections to whatever a mail commands."""
        return objections(self.reader.read(raw), received_at=received_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedPen(Pen):
    """A pen that writes at one moment."""

    moment: Instant

    def encrypt(
        self, content: bytes, *, by: Key | None = None, to: Key | None = None, options: str = ""
    ) -> bytes:
        """Encrypt at the moment."""
        return Pen.encrypt(self, content, by=by, to=to, options=f"{self._faked} {options}")

    @property
    def _faked(self) -> str:
        return f"--faked-system-time {to_datetime(self.moment).strftime('%Y%m%dT%H%M%S!')}"


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with a_scene() as lent:
        yield lent


@contextmanager
def a_scene() -> Iterator[Scene]:
    certificates = [person_key(index).public for index in range(len(PEOPLE))]
    with a_pen() as pen, open_desk(*certificates, secret=alias_key().secret) as desk:
        yield Scene(pen=pen, reader=Reader(engine=desk.engine, limits=ReadingLimits()))


def objections(
    reading: Reading, *, received_at: Instant = START, commands: Sequence[Command] | None = None
) -> tuple[str, ...]:
    boxes = reading.mail.from_
    found = parse(written(reading).text)
    assert commands is not None or found.commands, found.problems
    return authority.objections(
        verdict=verdict(reading.protection, boxes[0].address, example_team()),
        reading=reading,
        received_at=received_at,
        own=OWN,
        commands=found.commands if commands is None else commands,
        prefix="SEC",
    )


def entity(words: str, *fields: str) -> bytes:
    said = "".join(f"{each}\r\n" for each in fields)
    body = words.replace("\r", "").replace("\n", "\r\n")
    return f"{said}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()


def sealed(
    scene: Scene,
    content: bytes,
    *,
    by: Key | None = None,
    sender: str = ANDREA,
    made_at: Instant = START,
) -> bytes:
    pen = scene.at(made_at)
    return head(sender=sender) + pgp_mime(pen.encrypt(content, by=by or person_key(0)))


def test_a_signed_and_encrypted_command_is_obeyed(scene: Scene) -> None:
    assert () == scene.judged(sealed(scene, entity(HERE)))


def test_a_command_is_obeyed_in_each_form_of_signature(scene: Scene) -> None:
    """Detached, clear-signed, and RFC 3156 §6.1; in clear too: what they say is no secret."""
    content = entity(HERE)
    andrea = person_key(0)
    now = Instant(0)
    forms = {
        "detached": signed(content, scene.pen.sign(content, by=andrea)),
        "clear-signed": entity(scene.pen.clear_sign(HERE.encode(), by=andrea).decode()),
        "encapsulated": pgp_mime(
            scene.pen.encrypt(signed(content, scene.pen.sign(content, by=andrea)))
        ),
    }
    for name, form in forms.items():
        reading = scene.reader.read(head(sender=ANDREA) + form)
        (signature,) = reading.protection.signatures
        assert signature.made_at is not None
        now = signature.made_at
        assert () == objections(reading, received_at=now), name


@pytest.mark.parametrize(
    ("made_at", "words"),
    [
        (START - DAY, ""),
        (START - DAY - SECOND, "more than 24 hours before it arrived"),
        (START - 30 * DAY, "sign and send it again"),
        (START + 2 * MINUTE, ""),
        (START + 2 * MINUTE + SECOND, "after it arrived; set the clock"),
        (START + HOUR, "set the clock of your machine"),
    ],
)
def test_a_signature_is_fresh(scene: Scene, made_at: int, words: str) -> None:
    raw = sealed(scene, entity(HERE), made_at=Instant(made_at))
    found = scene.judged(raw)
    assert bool(words) == (len(found) == 1)
    assert words in "".join(found)


def test_a_signature_without_a_moment_is_none(scene: Scene) -> None:
    reading = scene.reader.read(sealed(scene, entity(HERE)))
    (signature,) = reading.protection.signatures
    timeless = replace(reading.protection, signatures=(replace(signature, made_at=None),))
    (found,) = objections(replace(reading, protection=timeless))
    assert "does not say when it was made" in found


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("!SEC-2026-0007@example.org own", ()),
        ("!SEC-2026-0007@EXAMPLE.org: own\n!SEC-2026-0008 own", ()),
        ("!SEC-2026-0007 own", ("To: Us <security@example.org>",)),
        ("!SEC-2026-0007 own", ("Cc: SECURITY@EXAMPLE.ORG, x@y.example",)),
        ("!SEC-2026-0007 own\n\nTo security@example.org, please.", ()),
        ("!SEC-2026-0007 own\n\n(Security@Example.org).", ()),
    ],
)
def test_a_signed_mail_says_for_which_installation_it_is(
    scene: Scene, words: str, fields: tuple[str, ...]
) -> None:
    assert () == scene.judged(sealed(scene, entity(words, *fields)))


@pytest.mark.parametrize(
    "words",
    [
        "!SEC-2026-0007 own",
        "!SEC-2026-0007 own\n\n> To: security@example.org",
        "!SEC-2026-0007 own\n\n-- \nsecurity@example.org",
        "!SEC-2026-0007 own\n\n-----Original Message-----\nsecurity@example.org",
        "!SEC-2026-0007 own\n\nOn 3 Sep 2026, R <r@x.example> wrote:\nsecurity@example.org",
        "!SEC-2026-0007 own\n\nanti-security@example.org",
        "!SEC-2026-0007 own\n\nsecurity@example.orgs.example",
        "!SEC-2026-0007 own\n\nsecurity@example.org.elsewhere.example",
        "!SEC-2026-0007 own\n\nx@security@example.org",
    ],
)
def test_a_mail_for_anywhere_is_for_nowhere(scene: Scene, words: str) -> None:
    """A name of ours in quoted text counts for nothing: a reporter could have put it there."""
    (found,) = scene.judged(sealed(scene, entity(words, "To: security@elsewhere.example")))
    assert found.startswith("nothing inside the signature says that it is for this installation")
    assert '"!SEC-2026-0007@example.org …"' in found


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("!SEC-2026-0007@elsewhere.example own", "a command is for elsewhere.example"),
        ("!XSA-2026-0007@example.org own", "XSA-2026-0007 is no issue of this installation"),
        ("!SEC-2026-0007@example.org own\n!SEC-2026-0007@b.example own", "is for b.example"),
    ],
)
def test_a_mail_for_elsewhere_is_refused(scene: Scene, words: str, fault: str) -> None:
    """Also when it names us: somebody in two teams may have sent it to both."""
    (found,) = scene.judged(sealed(scene, entity(words, "To: security@example.org")))
    assert fault in found


def test_from_must_be_the_signers(scene: Scene) -> None:
    for sender in (ROBIN, WEI, "andrea@team.example <robin@research.example>"):
        (found,) = scene.judged(sealed(scene, entity(HERE), sender=sender))
        assert "not the address registered for the key" in found


def test_a_good_signature_of_somebody_else_is_none(scene: Scene) -> None:
    (found,) = scene.judged(sealed(scene, entity(HERE), by=robin_key()))
    assert "a key that is unknown here" in found


def test_what_is_not_signed_is_not_obeyed(scene: Scene) -> None:
    plain = head(sender=ANDREA) + entity(HERE)
    only_sealed = head(sender=ANDREA) + pgp_mime(scene.pen.encrypt(entity(HERE)))
    for raw in (plain, only_sealed):
        (found,) = scene.judged(raw)
        assert found.startswith("it is not signed, or not as a whole; sign the whole mail")


def test_a_signature_outside_of_the_encryption_proves_nothing(scene: Scene) -> None:
    inside = pgp_mime(scene.pen.encrypt(entity(HERE))).replace(b"=-mark", b"=-inside")
    raw = head(sender=ANDREA) + signed(inside, scene.pen.sign(inside, by=person_key(0)))
    (found,) = scene.judged(raw)
    assert "signed outside of the encryption" in found


def test_a_changed_mail_is_not_obeyed(scene: Scene) -> None:
    content = entity(HERE)
    signature = scene.pen.sign(content.replace(b"own", b"revoke"), by=person_key(0))
    found = scene.judged(head(sender=ANDREA) + signed(content, signature))
    assert ("its signature is BAD: the mail was changed on its way; send it again",) == found


@pytest.mark.parametrize("state", [state for state in SignatureState if state.value != "good"])
def test_every_state_but_good_has_its_reason(scene: Scene, state: SignatureState) -> None:
    """An expired key, a revoked one, a weak digest: each is named with its remedy."""
    reading = scene.reader.read(head(sender=ANDREA) + entity(HERE))
    spoiled = Protection(
        signatures=(Signature(state=state, fingerprint=person_key(0).fingerprint),)
    )
    (found,) = objections(replace(reading, protection=spoiled))
    assert ";" in found


def test_two_signatures_are_none(scene: Scene) -> None:
    reading = scene.reader.read(sealed(scene, entity(HERE)))
    twice = replace(reading.protection, signatures=reading.protection.signatures * 2)
    (found,) = objections(replace(reading, protection=twice))
    assert "several signatures" in found
    assert None is authority.signed_digest(replace(reading, protection=twice))


def test_what_cannot_be_opened_is_told(scene: Scene) -> None:
    raw = sealed(scene, entity(HERE)).replace(b"\r\n=", b"\r\n=A", 1)
    reading = scene.reader.read(raw)
    command = Command(verb="help", issue=None, line="!help")
    assert "it could not be opened" in objections(reading, commands=(command,))[0]


def test_commands_in_html_are_refused(scene: Scene) -> None:
    content = f"Content-Type: text/html\r\n\r\n<p>{HERE}</p>".encode()
    assert ("its commands are in HTML only; send them as plain text",) == scene.judged(
        sealed(scene, content)
    )


def test_a_signed_part_signs_no_other_part(scene: Scene) -> None:
    """A command beside a part that Andrea once signed is not hers."""
    content = entity("Thank you, @example.org.")
    part = signed(content, scene.pen.sign(content, by=person_key(0))).replace(b"=-mark", b"=-in")
    for inside in ((entity(HERE), part), (part, entity(HERE))):
        reading = scene.reader.read(head(sender=ANDREA) + multipart("mixed", *inside))
        commands = parse(HERE).commands
        assert any("not signed" in each for each in objections(reading, commands=commands))
        alone = without_appended(reading.mail)
        assert alone is not None
        assert () == parse(written(scene.reader.read(alone)).text).commands


def test_commands_of_another_text_are_refused(scene: Scene) -> None:
    """A caller that looked for commands elsewhere is not believed."""
    reading = scene.reader.read(sealed(scene, entity("Thank you, security@example.org.")))
    (found,) = objections(reading, commands=parse(HERE).commands)
    assert "not all of its commands stand in the signed text" in found


def test_a_doubtful_text_is_not_sent_but_does_not_stop_other_commands(scene: Scene) -> None:
    for verb, count in (("own", 0), ("reply", 1)):
        first = entity(f"!SEC-2026-0007@example.org {verb}\nHello.")
        content = multipart("mixed", first, entity("and more"))
        assert count == len(scene.judged(sealed(scene, content)))


def test_without_commands_no_place_is_needed(scene: Scene) -> None:
    """The problems of a mail are told without another that its author could not mend."""
    reading = scene.reader.read(sealed(scene, entity("!SEC-2026-0007@example.org ownn")))
    assert () == objections(reading, commands=())


def test_all_reasons_are_told_at_once(scene: Scene) -> None:
    raw = sealed(
        scene, entity("!SEC-2026-0007 own"), sender=ROBIN, made_at=Instant(START - 2 * DAY)
    )
    assert 3 == len(scene.judged(raw))


def test_a_used_mail_is_known_again_however_it_is_wrapped(scene: Scene) -> None:
    """Nothing that a signature does not cover makes another mail of it."""
    content = entity(HERE)
    signature = scene.pen.sign(content, by=person_key(0))
    whole = signed(content, signature)
    wrapped = [
        head(sender=ANDREA) + whole,
        head(sender=ROBIN, message_id="<2@r.example>") + whole,
        head(sender=ANDREA) + whole.replace(b"=-mark", b"=-other"),
        head(sender=ANDREA) + whole.replace(b"\r\n", b"\n"),
        head(sender=ANDREA) + pgp_mime(scene.pen.encrypt(whole)).replace(b"=-mark", b"=-out"),
    ]
    digests = {authority.signed_digest(scene.reader.read(raw)) for raw in wrapped}
    assert 1 == len(digests)
    assert None not in digests


def test_other_words_another_signer_or_moment_make_another_mail(scene: Scene) -> None:
    later = Instant(START + SECOND)
    mails = [
        sealed(scene, entity(HERE)),
        sealed(scene, entity(f"{HERE}\n\nagain")),
        sealed(scene, entity(HERE), by=person_key(1)),
        sealed(scene, entity(HERE), made_at=later),
    ]
    assert 4 == len({authority.signed_digest(scene.reader.read(raw)) for raw in mails})


def test_what_nobody_signed_is_not_remembered(scene: Scene) -> None:
    for raw in (head() + entity(HERE), sealed(scene, entity(HERE), by=robin_key())):
        assert None is authority.signed_digest(scene.reader.read(raw))


DISCLAIMER = entity("!SEC-2026-0007@example.org revoke\nThis mail is confidential.")


@pytest.mark.parametrize("kind", ["encrypted", "signed", "before it", "clear-signed"])
def test_an_appended_notice_is_no_command_and_spoils_none(scene: Scene, kind: str) -> None:
    """A gateway's text outside of the signature is ignored: the rest is read as it was sent."""
    content = entity(HERE)
    detached = signed(content, scene.pen.sign(content, by=person_key(0)))
    inner = {
        "encrypted": pgp_mime(scene.pen.encrypt(content, by=person_key(0))),
        "signed": detached,
        "before it": detached,
        "clear-signed": entity(scene.pen.clear_sign(HERE.encode(), by=person_key(0)).decode()),
    }[kind].replace(b"=-mark", b"=-in")
    parts = (DISCLAIMER, inner) if kind == "before it" else (inner, DISCLAIMER)
    reading = scene.reader.read(head(sender=ANDREA) + multipart("mixed", *parts))
    assert None is verdict(reading.protection, None, example_team()).signer
    alone = without_appended(reading.mail)
    assert alone is not None
    again = scene.reader.read(alone)
    (signature,) = again.protection.signatures
    assert signature.made_at is not None
    assert ["own"] == [each.verb for each in parse(written(again).text).commands]
    assert () == objections(again, received_at=signature.made_at)


def test_an_issue_is_named_in_the_remedy(scene: Scene) -> None:
    command = Command(
        verb="own", issue=IssueId(prefix="SEC", year=2026, number=12), line="!SEC-2026-0012 own"
    )
    reading = scene.reader.read(sealed(scene, entity("!SEC-2026-0012 own")))
    (found,) = objections(reading, commands=(command,))
    assert "!SEC-2026-0012@example.org" in found
