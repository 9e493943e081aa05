"""gpg's status lines, read as bytes from a pipe of their own and split at line feeds alone."""

from dataclasses import dataclass
from typing import Final

_PREFIX: Final = b"[GNUPG:] "
_SYSTEM_ERROR: Final = 1 << 15
_OF_THE_AGENT: Final = frozenset({62, 77, 78, 85, *range(257, 282)}) - {261, 263, 273}
"""libgpg-error: timeout, no agent, agent error, no pinentry, IPC (but what input can cause)."""

_CAUSED_BY_CONTENT: Final = "get_passphrase"
"""Where a message with a password inside fails, for want of anybody to ask."""

COMMON: Final = frozenset(
    {"KEY_CONSIDERED", "PROGRESS", "FAILURE", "ERROR", "WARNING", "KEYEXPIRED", "KEYREVOKED"}
)
VERDICTS: Final = frozenset(
    {"GOODSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "BADSIG", "ERRSIG"},
)
SIGNATURES: Final = (
    COMMON
    | VERDICTS
    | {
        "NEWSIG",
        "SIG_ID",
        "VALIDSIG",
        "NO_PUBKEY",
        "SIGEXPIRED",
        "NOTATION_NAME",
        "NOTATION_FLAGS",
        "NOTATION_DATA",
        "POLICY_URL",
        "TRUST_UNDEFINED",
        "TRUST_NEVER",
        "TRUST_MARGINAL",
        "TRUST_FULLY",
        "TRUST_ULTIMATE",
        "VERIFICATION_COMPLIANCE_MODE",
        "ASSERT_SIGNER",
    }
)
DECRYPTION: Final = SIGNATURES | {
    "ENC_TO",
    "CARDCTRL",
    "NO_SECKEY",
    "DECRYPTION_KEY",
    "BEGIN_DECRYPTION",
    "DECRYPTION_INFO",
    "DECRYPTION_COMPLIANCE_MODE",
    "PLAINTEXT",
    "PLAINTEXT_LENGTH",
    "DECRYPTION_OKAY",
    "DECRYPTION_FAILED",
    "GOODMDC",
    "BADMDC",
    "END_DECRYPTION",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One status line: its word, and the rest as gpg wrote it (may hold foreign text)."""

    word: str
    rest: bytes = b""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the rest at single blanks; octets that are not ASCII are replaced."""
        return tuple(self.rest.decode("ascii", "replace").split(" ")) if self.rest else ()

    def number(self, position: int) -> int | None:
        """Return the decimal number at that argument, None when there is none."""
        arguments = self.arguments
        text = arguments[position] if position < len(arguments) else ""
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All status lines of one run, in order."""

    lines: tuple[Line, ...]

    @classmethod
    def parse(cls, raw: bytes) -> "Status":
        """Return the lines in `raw`; one that is not a status line gets the word ``.

        Only the line feed ends a line: gpg escapes it in foreign text, and no other character.
        """
        return cls(lines=tuple(_line(text) for text in raw.split(b"\n") if text))

    def all(self, word: str) -> tuple[Line, ...]:
        """Return every line with this word."""
        return tuple(line for line in self.lines if line.word == word)

    def count(self, word: str) -> int:
        """Return how often the word was written."""
        return len(self.all(word))

    def only(self, word: str) -> Line | None:
        """Return the one line with this word, None when there is none or more than one."""
        found = self.all(word)
        return found[0] if len(found) == 1 else None

    def within(self, allowed: frozenset[str]) -> bool:
        """Say whether every word is one of the allowed ones."""
        return all(line.word in allowed for line in self.lines)

    @property
    def transient(self) -> bool:
        """Say whether gpg reports a failure of the machine: disk, memory, the agent."""
        failures = (*self.all("ERROR"), *self.all("FAILURE"))
        return any(_is_transient(line) for line in failures)


def _line(text: bytes) -> Line:
    if not text.startswith(_PREFIX):
        return Line(word="")
    word, _, rest = text[len(_PREFIX) :].partition(b" ")
    return Line(word=word.decode("ascii", "replace"), rest=rest)


def _is_transient(line: Line) -> bool:
    number = line.number(1)
    if number is None or line.arguments[0] == _CAUSED_BY_CONTENT:
        return False
    code = number & 0xFFFF
    return bool(code & _SYSTEM_ERROR) or code in _OF_THE_AGENT
