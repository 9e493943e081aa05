"""The verb table: what is said, to the team and to people outside, and to which key."""

from typing import Final

from gatekeeper.issues.operands import Digits, Names, Text
from gatekeeper.issues.verb_table import Verb, keys

NOTE: Final = Verb(
    name="note",
    summary="The text below is kept in the issue and goes to the team only.",
    forms=("note", "note code=CODE"),
    example="note",
    keys=keys(code=Text(name="CODE")),
    takes_text=True,
    by_shell=True,
)
REPLY: Final = Verb(
    name="reply",
    summary=(
        "The text below goes to the reporter as the alias, encrypted, without your name,"
        " quoted text and signature. With `clear` it goes unencrypted, once a second person"
        " has approved exactly that text."
    ),
    forms=("reply", "reply clear", "reply to=NAME"),
    example="reply",
    words=frozenset({"clear"}),
    keys=keys(to=Names(name="NAME")),
    takes_text=True,
    by_shell=True,
)
KEY: Final = Verb(
    name="key",
    summary=(
        "The key that the reporter offered becomes the one we encrypt to; a second person"
        " approves. Compare the fingerprint with the reporter first."
    ),
    forms=("key FINGERPRINT",),
    example="key 0123456789ABCDEF0123456789ABCDEF01234567",
    operands=(Digits(name="FINGERPRINT", least=40, all=40, what="the key", upper=True),),
)
REVOKE: Final = Verb(
    name="revoke",
    summary="The address for the reporter's answers stops working, and a new one is made.",
    forms=("revoke",),
    example="revoke",
)
