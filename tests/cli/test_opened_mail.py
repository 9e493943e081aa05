"""An opened message: its own header around the inner content, byte for byte, with one subject."""

import email
from collections.abc import Iterator
from email.policy import default

import pytest

from gatekeeper.cli.opened_mail import opened_mail
from gatekeeper.issues.reading import Reader
from gatekeeper.store.engine import Store
from tests.house import open_house
from tests.issues.reports import LAYERS, REAL_SUBJECT, SECRET, Pen, a_pen

READABLE = sorted(
    set(LAYERS)
    - {"to-an-unknown-key", "bomb", "without-integrity", "half-clear", "half-clear-and-cut"}
    - {"half-clear-to-an-unknown-key", "forwarded-encrypted", "quoted-armor"}
)
CLOSED = ("to-an-unknown-key", "without-integrity")


@pytest.fixture(scope="module")
def pen() -> Iterator[Pen]:
    with a_pen() as lent:
        yield lent


@pytest.fixture
def reader(store: Store) -> Iterator[Reader]:
    with open_house(store) as house:
        yield house.reader


@pytest.mark.parametrize("layer", READABLE)
def test_what_was_closed_is_open(layer: str, pen: Pen, reader: Reader) -> None:
    """A mail program without any key reads the text, under the header as it came."""
    raw = LAYERS[layer](pen)
    reading = reader.read(raw)
    opened = opened_mail(reading)
    assert SECRET in opened
    assert opened.endswith(reading.content.body)
    mail, outside = (email.message_from_bytes(each, policy=default) for each in (opened, raw))
    assert b"BEGIN PGP MESSAGE" not in opened
    for name in ("From", "To", "Date", "Message-ID", "Cc", "Auto-Submitted"):
        assert outside.get_all(name) == mail.get_all(name)


def test_the_subject_is_the_one_inside(pen: Pen, reader: Reader) -> None:
    """And the one for outside is kept beside it."""
    opened = opened_mail(reader.read(LAYERS["protected-subject"](pen)))
    mail = email.message_from_bytes(opened, policy=default)
    assert [REAL_SUBJECT] == mail.get_all("Subject")
    assert ["..."] == mail.get_all("X-Outer-Subject")
    assert ["1.0"] == mail.get_all("MIME-Version")


@pytest.mark.parametrize("layer", ["plain", "copied-to-others", "nothing-but-text", *CLOSED])
def test_what_cannot_be_opened_is_as_it_came(layer: str, pen: Pen, reader: Reader) -> None:
    raw = LAYERS[layer](pen)
    assert raw == opened_mail(reader.read(raw))
