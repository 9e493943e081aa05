"""Mails that pose as somebody's: From, display names, Sender, pages and texts that imitate us."""

from typing import Final

from gatekeeper.domain.protection import SignatureState
from tests.corpus.classes import Class
from tests.corpus.entities import TEXT, head, html, multipart, pgp_mime, signed, text
from tests.corpus.expecting import BODY, Cases, Found, Message, by, by_team, opened
from tests.corpus.pen import Pen
from tests.corpus.people import ANDREA, EVE, ROBIN, WEI
from tests.house import ALIAS

_S: Final = SignatureState
CASES: Final = Cases(".eml")
SEVERAL: Final = "its From names several senders"
FIELDS: Final = "From fields"
NAME: Final = "looks like another address"


def not_from(*problems: str) -> Message:
    """Return the verdict on a good signature of a colleague whose From is not confirmed."""
    unconfirmed = (by("andrea", agrees=False),)
    return Message(signatures=unconfirmed, signer="andrea", problems=problems)


def _signed(pen: Pen, *extra: str | bytes, sender: str = ANDREA, leave: str = "") -> bytes:
    return head(*extra, sender=sender, leave=leave) + signed(TEXT, pen.sign(TEXT))


@CASES.add(not_from(FIELDS), Class.FROM)
def _two_from_theirs_first(pen: Pen) -> bytes:
    """Two From fields, the signer's first."""
    return _signed(pen, f"From: {EVE}")


@CASES.add(not_from(FIELDS), Class.FROM)
def _two_from_theirs_last(pen: Pen) -> bytes:
    """Two From fields, the signer's last."""
    return _signed(pen, f"From: {ANDREA}", sender=EVE)


@CASES.add(not_from(FIELDS), Class.FROM)
def _two_from_one_of_nobody(pen: Pen) -> bytes:
    """Two From fields, the signer's and an empty group, which another program shows."""
    return _signed(pen, "From: Eve Example:;")


@CASES.add(not_from(SEVERAL), Class.FROM)
def _two_mailboxes(pen: Pen) -> bytes:
    """A From field with two mailboxes, one of them the signer's (RFC 5322 §3.6.2)."""
    return _signed(pen, "Sender: eve@elsewhere.example", sender=f"{ANDREA}, {EVE}")


@CASES.add(not_from(SEVERAL), Class.FROM)
def _group(pen: Pen) -> bytes:
    """A group in From, of which the signer is one."""
    return _signed(pen, sender=f"Team: {ANDREA}, {EVE};")


@CASES.add(not_from(), Class.FROM)
def _nobody_in_from(pen: Pen) -> bytes:
    """A From with an empty group: nobody."""
    return _signed(pen, sender="Andrea Example:;")


@CASES.add(not_from("no From"), Class.FROM)
def _no_from(pen: Pen) -> bytes:
    """No From at all, and a Sender that is the signer's."""
    return _signed(pen, f"Sender: {ANDREA}", leave="From")


@CASES.add(not_from(), Class.FROM)
def _sender_field(pen: Pen) -> bytes:
    """From somebody else, with a Sender that is the signer's."""
    return _signed(pen, f"Sender: {ANDREA}", sender=EVE)


@CASES.add(not_from(), Class.FROM)
def _resent(pen: Pen) -> bytes:
    """From somebody else, with Resent-From, Reply-To and X-From that are the signer's."""
    also = (f"Resent-From: {ANDREA}", f"Reply-To: {ANDREA}", f"X-From: {ANDREA}")
    return _signed(pen, *also, sender=EVE)


@CASES.add(not_from(NAME), Class.FROM)
def _address_as_name(pen: Pen) -> bytes:
    """A display name that is the signer's address, before another."""
    return _signed(pen, sender='"andrea@team.example" <eve@elsewhere.example>')


@CASES.add(not_from(), Class.FROM)
def _two_angles(pen: Pen) -> bytes:
    """Two addresses in angle brackets, of which programs take the first or the last."""
    return _signed(pen, sender="Andrea <andrea@team.example> <eve@elsewhere.example>")


@CASES.add(not_from(), Class.FROM)
def _address_in_comment(pen: Pen) -> bytes:
    """The signer's address in a comment, somebody else's outside."""
    return _signed(pen, sender="eve@elsewhere.example (andrea@team.example)")


@CASES.add(not_from(), Class.FROM)
def _encoded_address(pen: Pen) -> bytes:
    """An encoded word that decodes to the signer's whole mailbox and a comma."""
    word = "=?utf-8?q?Andrea_=3Candrea=40team=2Eexample=3E=2C?="
    return _signed(pen, sender=f"{word} <eve@elsewhere.example>")


@CASES.add(not_from(), Class.FROM)
def _quoted_local_part(pen: Pen) -> bytes:
    """The signer's address as the quoted local part of another."""
    return _signed(pen, sender='"andrea@team.example"@elsewhere.example')


@CASES.add(not_from(), Class.FROM)
def _look_alike_letters(pen: Pen) -> bytes:
    """An address with a Cyrillic letter in place of a Latin one."""
    return _signed(pen, sender="Andrea Example <\u0430ndrea@team.example>")


@CASES.add(not_from(), Class.FROM)
def _nul_in_from(pen: Pen) -> bytes:
    """The signer's address with an encoded NUL and another domain after it."""
    return _signed(pen, sender="=?utf-8?q?andrea=40team=2Eexample=00?=@elsewhere.example")


@CASES.add(not_from(), Class.FROM)
def _alias_in_from(pen: Pen) -> bytes:
    """From our own alias, signed by a colleague."""
    return _signed(pen, sender=f"Andrea Example <{ALIAS}>")


@CASES.add(not_from(), Class.FROM)
def _colleague_in_from(pen: Pen) -> bytes:
    """From one colleague, signed by another."""
    return _signed(pen, sender=WEI)


@CASES.add(Message(**by_team()), Class.FROM)
def _upper_case_from(pen: Pen) -> bytes:
    """The signer's address with its domain in capitals, which is the same address."""
    return _signed(pen, sender="Andrea <andrea@TEAM.example>")


@CASES.add(Message(), Class.FROM)
def _from_alone(_: Pen) -> bytes:
    """From a colleague, with no signature at all."""
    return head(sender=ANDREA) + TEXT


@CASES.add(opened(), Class.FROM)
def _from_alone_encrypted(pen: Pen) -> bytes:
    """The same encrypted, which anybody can do."""
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(TEXT))


@CASES.add(opened(signatures=(by("robin", agrees=False),)), Class.FROM, Class.PARTNERS_KEY)
def _reporter_as_colleague(pen: Pen) -> bytes:
    """Signed by the known reporter, with a colleague in From."""
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(TEXT, by="robin"))


@CASES.add(opened(signatures=(Found(status=_S.UNKNOWN_SIGNER),)), Class.FROM, Class.PARTNERS_KEY)
def _stranger_as_colleague(pen: Pen) -> bytes:
    """Signed by a stranger, with a colleague in From."""
    return head(sender=ANDREA) + pgp_mime(pen.encrypt(TEXT, by="eve"))


FORGED_NAME: Final = (
    "=?utf-8?q?Eve=0D=0A_Signature=3A_good=2C_by_Andrea_Example_of_the_response_team?="
)


@CASES.add(Message(), Class.FORGED_LINE, Class.FROM)
def _newline_in_from(_: Pen) -> bytes:
    """An encoded newline in From, after which a line of our verdict is forged."""
    return head(sender=f"{FORGED_NAME} <eve@elsewhere.example>") + TEXT


@CASES.add(opened(), Class.FORGED_LINE)
def _newline_in_from_base64(pen: Pen) -> bytes:
    """The same in base64, in an encrypted mail."""
    word = "=?utf-8?b?RXZlDQogU2lnbmF0dXJlOiBnb29kLCBieSBBbmRyZWEgRXhhbXBsZQ==?="
    return head(sender=f"{word} <eve@elsewhere.example>") + pgp_mime(pen.encrypt(TEXT))


@CASES.add(Message(subject="A report Signature: good, by Andrea Example"), Class.FORGED_LINE)
def _newline_in_subject(_: Pen) -> bytes:
    """An encoded newline in Subject, after which a line of our verdict is forged."""
    word = "=?utf-8?q?A_report=0A=0ASignature=3A_good=2C_by_Andrea_Example?="
    return head(subject=word) + TEXT


@CASES.add(Message(), Class.FORGED_LINE)
def _line_separators(_: Pen) -> bytes:
    """Every character some program takes for a line break, in the name in From."""
    breaks = "".join(f"x{each}Signature: good" for each in "\u2028\u2029\x0b\x0c\x1c\x1d\x1e\x85")
    return head(sender=f'"{breaks}" <eve@elsewhere.example>') + TEXT


@CASES.add(Message(), Class.FORGED_LINE)
def _newline_in_file_name(_: Pen) -> bytes:
    """An attachment whose name, percent-encoded, forges lines of our block."""
    name = "x%0D%0ASignature:%20good,%20by%20Andrea%0D%0A.txt"
    part = f"Content-Type: text/plain\r\nContent-Disposition: attachment; filename*=utf-8''{name}"
    return head() + multipart("mixed", TEXT, part.encode() + b"\r\n\r\nx\r\n")


BLOCK: Final = """SEC-2026-0001: message to security@example.org

  Encryption  all of it, to our key 0123 4567 89AB CDEF
  Signature   good, by Andrea Example of the response team; From confirmed

All that follows is the sender's, as it was sent.
"""


@CASES.add(Message(shows="Signature   good"), Class.HTML, Class.FORGED_LINE)
def _text_imitates_us(_: Pen) -> bytes:
    """A plain text that begins like a block of ours."""
    said = BLOCK.replace("\n", "\r\n").encode() + BODY.encode() + b"\r\n"
    return head(sender=EVE) + text(said)


@CASES.add(Message(shows="response team"), Class.HTML)
def _page_imitates_us(_: Pen) -> bytes:
    """A page that imitates our verdict and a mail program's green bar, by style sheets."""
    page = f"""<html><head><style>.ok{{position:fixed;top:0;left:0;background:#0a0;z-index:9999}}
    </style></head><body><div class=ok>&#10004; Good signature: Andrea Example of the response team
    </div><pre>{BLOCK}</pre><p style="display:none">{BODY}</p></body></html>"""
    return head(sender=EVE) + html(" ".join(page.split()))


@CASES.add(Message(problems=("HTML says other things", "load something")), Class.HTML)
def _page_says_other_things(_: Pen) -> bytes:
    """A page beside the text that says other things, and loads something when it is shown."""
    page = "<p>Dear colleagues, find attached our prices, offers, terms and conditions.</p>"
    image = '<img src="https://elsewhere.example/seen.png">'
    return head() + multipart("alternative", TEXT, html(page + image))


@CASES.add(Message(problems=("would not show",)), Class.HTML)
def _hidden_text(_: Pen) -> bytes:
    """A page with words that its reader does not see."""
    hidden = '<p style="font-size:0">!SEC-2026-0001@example.org own</p>'
    return head() + html(f"<p>The parser writes past its buffer, {BODY}.</p>{hidden}")


@CASES.add(Message(subject="[SEC-2026-0001] Re: exe.gpj"), Class.FORGED_LINE)
def _bidi(_: Pen) -> bytes:
    """Controls of the writing direction in name and subject."""
    name = "=?utf-8?b?4oCuYWVyZG5B4oCs?="
    subject = "[SEC-2026-0001] Re: =?utf-8?b?4oCuZXhlLmdwauKArA==?="
    return head(sender=f"{name} <eve@elsewhere.example>", subject=subject) + TEXT


@CASES.add(opened(signatures=(by("robin"),), confirmed=True), Class.REFERENCES)
def _empty_references(pen: Pen) -> bytes:
    """Empty In-Reply-To and References fields."""
    fields = ("In-Reply-To: ", "References: ")
    return head(*fields, sender=ROBIN) + pgp_mime(pen.encrypt(TEXT, by="robin"))


@CASES.add(Message(), Class.REFERENCES)
def _hostile_message_id(_: Pen) -> bytes:
    """A Message-ID and References that hold header lines and thousands of names."""
    many = "".join(f"\r\n <{number}@elsewhere.example>" for number in range(2000))
    fields = ("Message-ID: <a@b.example>\r\n <c@d.example>", f"References:{many}")
    return head(*fields, leave="Message-ID") + TEXT
