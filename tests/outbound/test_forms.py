"""What leaves in clear is a form filled from its slots, or a reply; nothing else becomes either."""

import secrets
from dataclasses import replace

import pytest

from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.errors import OurFault
from gatekeeper.domain.forms import Acknowledgement, AnyForm, KeyChanged, ManyReports, Unreadable
from gatekeeper.domain.identity import IssueId, row_id
from gatekeeper.domain.policy import Policy
from gatekeeper.domain.process_policy import EmbargoPolicy
from gatekeeper.domain.protection import ClearForm, ClearReply, Form
from gatekeeper.domain.timeline import proposed
from gatekeeper.issues.letterhead import Desk, Draft, personal_letterhead
from gatekeeper.mail.personal import File
from gatekeeper.outbound.forms import composed, filled, present, restored
from gatekeeper.texts.forms import subject_of
from tests.house import ALIAS, START, alias_key, example_team, texts

CONTENT = b"Subject: x\r\n\r\ntext\r\n"


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(
        product=row_id(bytes(16)),
        name="Example",
        prefix="SEC",
        own=OwnAddresses(security=ALIAS),
        team=example_team(),
        texts=texts(),
        token_key=b"k" * 32,
        chance=secrets.token_bytes,
        fingerprint=alias_key().fingerprint,
        certificate=alias_key().public,
        policy=Policy(),
        clear_replies=True,
    )


def draft(
    desk: Desk,
    *,
    form: AnyForm | None = None,
    block: str = "",
    files: tuple[File, ...] = (),
    personal: bool = True,
) -> Draft:
    """Return a letter under the head of the form for many reports."""
    head = personal_letterhead(
        desk,
        to=Address.parse("robin@research.example"),
        reply_to=None,
        subject=subject_of(ManyReports(), project=desk.name),
        references=(),
        carried=row_id(bytes(16)),
        auto_submitted="auto-replied",
        now=START,
    )
    return Draft(
        head=head, outer_subject="o", block=block, files=files, personal=personal, form=form
    )


def test_a_form_says_its_text_and_nothing_of_its_row(desk: Desk) -> None:
    letter = draft(desk, form=ManyReports())
    mail = composed(desk, letter, Form.CLEAR_FORM)
    assert isinstance(mail, ClearForm)
    assert b"\r\nSubject: Your mails to the Example security team\r\n" in mail.content
    assert mail.content.endswith(b"There is no need to send anything again.\r\n")
    assert mail.content == composed(desk, letter, Form.CLEAR_FORM).content


def test_the_key_that_goes_with_a_form_is_the_alias_s(desk: Desk) -> None:
    unreadable = Unreadable(fingerprint=desk.fingerprint)
    (key,) = filled(desk, draft(desk, form=unreadable)).files
    assert key.data.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n")


def test_a_form_that_waited_names_the_key_of_now(desk: Desk) -> None:
    """The certificate beside it is the present one, whatever its slots said when it was written."""
    issue, now = IssueId(prefix="SEC", year=2026, number=7), desk.fingerprint
    before = Acknowledgement(
        issue=issue, timeline=proposed(START, EmbargoPolicy()), fingerprint="A" * 40, code=""
    )
    assert replace(before, fingerprint=now) == present(desk, before)
    assert Unreadable(fingerprint=now) == present(desk, Unreadable(fingerprint="A" * 40))
    assert ManyReports() == present(desk, ManyReports())


@pytest.mark.parametrize("signed_by", ["A", "B", ""])
def test_a_letter_of_a_key_that_was_replaced_since_tells_of_the_present_one(
    desk: Desk, signed_by: str
) -> None:
    """What the replaced one was to sign the present one signs, and the text says so."""
    told = KeyChanged(old="A" * 40, new="B" * 40, signed_by=signed_by * 40)
    signer = {"A": "A" * 40, "B": desk.fingerprint, "": ""}[signed_by]
    changed = KeyChanged(old="A" * 40, new=desk.fingerprint, signed_by=signer)
    assert changed == present(desk, told)
    assert changed == present(desk, changed)


def test_nothing_is_told_of_a_key_that_was_taken_back(desk: Desk) -> None:
    told = KeyChanged(old=desk.fingerprint, new="B" * 40, signed_by=desk.fingerprint)
    with pytest.raises(ValueError, match="another one"):
        present(desk, told)


@pytest.mark.parametrize("form", [Form.CLEAR_FORM, Form.SEALED])
def test_free_text_is_no_form(desk: Desk, form: Form) -> None:
    free = draft(desk, block="a word")
    with pytest.raises((ValueError, TypeError)):
        composed(desk, free, form)


def test_a_form_with_a_subject_of_somebody_is_none(desk: Desk) -> None:
    letter = draft(desk, form=ManyReports())
    wrong = replace(letter, head=replace(letter.head, subject="Re: Overflow in the parser"))
    with pytest.raises(ValueError, match="subject"):
        composed(desk, wrong, Form.CLEAR_FORM)


def test_a_form_with_a_name_of_somebody_in_its_head_is_none(desk: Desk) -> None:
    letter = draft(desk, form=ManyReports())
    wrong = replace(letter, head=replace(letter.head, to="The Parser <robin@research.example>"))
    with pytest.raises(ValueError, match="local part"):
        composed(desk, wrong, Form.CLEAR_FORM)


def test_a_reply_is_text_alone(desk: Desk) -> None:
    reply = composed(desk, draft(desk, block="Grüße"), Form.CLEAR_REPLY)
    assert isinstance(reply, ClearReply)
    file = File(name="a.pdf", content_type="application/pdf", data=b"x")
    for wrong in (
        draft(desk, form=ManyReports()),
        draft(desk, block="x", files=(file,)),
        draft(desk, block="x", personal=False),
    ):
        with pytest.raises(ValueError, match="text alone"):
            composed(desk, wrong, Form.CLEAR_REPLY)


def test_a_letter_to_be_sealed_never_leaves_in_clear(desk: Desk) -> None:
    with pytest.raises(TypeError, match="never leaves in clear"):
        composed(desk, draft(desk, block="x"), Form.SEALED)
    with pytest.raises(OurFault, match="no clear form"):
        restored(Form.SEALED, CONTENT)


@pytest.mark.parametrize(
    ("form", "kind"), [(Form.CLEAR_FORM, ClearForm), (Form.CLEAR_REPLY, ClearReply)]
)
def test_what_was_kept_comes_back_as_what_it_was(form: Form, kind: type) -> None:
    mail = restored(form, CONTENT)
    assert kind is type(mail)
    assert CONTENT == mail.content
