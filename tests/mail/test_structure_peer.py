"""What is found in well-formed mail is what Python's own parser finds."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from hypothesis import given
from hypothesis import strategies as st

from tests.mail.samples import part_of
from tests.sampling import tries


def _text(text: str, subtype: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content(text + "\n", subtype=subtype)
    return message


def _attachment(data: bytes) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content(data, "application", "octet-stream", filename="poc.bin")
    return message


def _mixed(inner: list[EmailMessage]) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Content-Type"] = "multipart/mixed"
    for each in inner:
        message.attach(each)
    return message


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
leaves = st.one_of(
    texts.map(lambda text: _text(text, "plain")),
    texts.map(lambda text: _text(text, "html")),
    st.binary(max_size=100).map(_attachment),
)
mails = st.recursive(leaves, lambda inner: st.lists(inner, min_size=1, max_size=4).map(_mixed))


@tries(200)
@given(message=mails)
def test_the_same_parts_with_the_same_bytes(message: EmailMessage) -> None:
    raw = message.as_bytes()
    theirs = [
        (part.get_content_type(), part.get_filename(), part.get_payload(decode=True))
        for part in message_from_bytes(raw, policy=SMTP).walk()
        if not part.is_multipart()
    ]
    ours = [
        (part.content_type, part.filename, part.decoded())
        for part in part_of(raw).walk()
        if not part.children
    ]
    assert theirs == ours
