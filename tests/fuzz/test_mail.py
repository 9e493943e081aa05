"""The readers of mail survive whatever is near a sound mail: they give something, always the same.

What they find lies inside the mail, each part inside the part around it, and OpenPGP in it is
found only where it is.
"""

from hypothesis import given

from gatekeeper.domain.policy import ReadingLimits
from gatekeeper.mail import offers, openpgp, parse, pieces, protect, structure
from gatekeeper.mail.openpgp import Clear, Encrypted, InlineEncrypted, InlineSigned, Signed
from gatekeeper.mail.structure import Part
from tests.fuzz import seeds
from tests.fuzz.changing import changed
from tests.sampling import tries

MAILS = changed((*seeds.mails(), *seeds.armored()))
LIMITS = ReadingLimits()
SMALL = ReadingLimits(depth=2, parts=4, pieces=2, header_value_bytes=40)


def told(root: Part) -> list[tuple[object, ...]]:
    """Return what a structure says, to compare two of them."""
    return [
        (part.start, part.body_start, part.end, part.content_type, part.encoding, part.filename)
        for part in root.walk()
    ]


@tries(500)
@given(MAILS)
def test_parts_lie_in_their_mail_and_in_one_another(raw: bytes) -> None:
    for limits in (LIMITS, SMALL):
        scanned = structure.scan(raw, limits)
        again = structure.scan(raw, limits)
        assert (told(scanned.root), scanned.problems) == (told(again.root), again.problems)
        assert (0, len(raw)) == (scanned.root.start, scanned.root.end)
        assert sum(1 for _ in scanned.root.walk()) <= limits.parts + 2
        for part in scanned.root.walk():
            ends = [part.body_start]
            for child in part.children:
                assert ends[-1] <= child.start <= child.end <= part.end
                ends.append(child.end)
            assert len(part.decoded()) <= part.size + 4
        assert all(problem.isprintable() for problem in scanned.problems)


@tries(500)
@given(MAILS)
def test_a_mail_is_read_whatever_it_is(raw: bytes) -> None:
    for limits in (LIMITS, SMALL):
        mail, again = parse.read(raw, limits), parse.read(raw, limits)
        assert raw == mail.raw
        texts = (mail.subject, *mail.references, *mail.problems, *mail.loop_tokens)
        assert texts == (again.subject, *again.references, *again.problems, *again.loop_tokens)
        assert not any(character in "\r\n" for text in texts for character in text)
        assert not any(character in "\r\n\0" for box in mail.from_ for character in str(box))


@tries(500)
@given(MAILS)
def test_openpgp_is_found_in_a_mail_or_is_not(raw: bytes) -> None:
    for limits in (LIMITS, SMALL):
        root = structure.scan(raw, limits).root
        layer = openpgp.layer(root)
        assert type(layer) is type(openpgp.layer(root))
        match layer:
            case Encrypted(ciphertext=found) | InlineEncrypted(armor=found):
                assert len(found) <= len(raw) + 4
            case Signed(content=content, signature=found):
                assert len(content) <= 2 * len(raw)
                assert len(found) <= len(raw) + 4
            case InlineSigned(armor=found):
                assert len(found) <= len(raw) + 4
            case Clear():
                pass
        spans = pieces.pieces(root, limits)
        assert spans == pieces.pieces(root, limits)
        assert len(spans.spans) <= limits.pieces + 1
        for span in spans.spans:
            assert span.label.isprintable()
            assert len(span.data) <= len(raw) + 4
        for signed in pieces.signed_parts(root):
            assert signed.label.isprintable()


@tries(500)
@given(MAILS)
def test_what_mails_offer_and_protect_is_read_or_is_not(raw: bytes) -> None:
    mail = parse.read(raw, LIMITS)
    offered = offers.offered(mail.root, mail)
    assert offered == offers.offered(mail.root, mail)
    assert all(len(one.block) <= len(raw) + 4 for one in offered)
    headers = protect.protected(mail.root, LIMITS)
    assert headers == protect.protected(mail.root, LIMITS)
    if headers is not None and headers.subject is not None:
        assert "\n" not in headers.subject
