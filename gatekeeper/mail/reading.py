"""What one mail came to after it was opened: the value that stages 3 to 7 hand on."""

from dataclasses import dataclass

from gatekeeper.domain.address import Address
from gatekeeper.domain.protection import Protection
from gatekeeper.domain.verdict import ABSENT, Claimed
from gatekeeper.mail.charset import is_printable_line
from gatekeeper.mail.offers import OfferedKey
from gatekeeper.mail.parse import Mail, sole_address
from gatekeeper.mail.protect import ProtectedHeaders
from gatekeeper.mail.structure import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One separately encrypted piece of an otherwise clear mail; opened, or why not.

    `digest` SHA-256 of its encrypted data, by which a copy of it is known again, None when there
    is none that could be told · `is_mail` that it was encrypted as a MIME entity (RFC 3156 §4).
    """

    label: str
    data: bytes | None
    problem: str = ""
    digest: bytes | None = None
    is_mail: bool = False

    def __post_init__(self) -> None:
        """Refuse a piece that was neither opened nor explained, or with an unprintable label."""
        if not is_printable_line(self.label):
            message = "a label is one printable line"
            raise ValueError(message)
        if self.data is None and not self.problem:
            message = "a piece that stayed closed needs its reason"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A mail with what was found inside it.

    `subject` the one that counts (protected, else outer) · `content` the MIME entity that people
    should see, decrypted and without the signature around it, byte for byte · `protection` what
    was verified · `pieces` what was decrypted apart · `references` Message-IDs for threading ·
    `text` the first readable text of `content` · `loop_tokens` those
    outside and those in the protected header · `problems` what could not be read, in words ·
    `ciphertext` SHA-256 of the encrypted data, by which a copy of it is known again, None when it
    was not encrypted as a whole · `signed` SHA-256 of what the signatures over the whole cover, in
    whatever layer they came and without blanks at line ends, None without one · `offers` the keys
    that came with it, unexamined · `protected` the header fields inside, None when it has none or
    nothing protects them: in a mail in clear only a good signature over the whole does.
    """

    mail: Mail
    subject: str
    content: Part
    protection: Protection
    pieces: tuple[Piece, ...] = ()
    problems: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    loop_tokens: tuple[str, ...] = ()
    ciphertext: bytes | None = None
    signed: bytes | None = None
    offers: tuple[OfferedKey, ...] = ()
    protected: ProtectedHeaders | None = None

    @property
    def outer_from(self) -> Address | None:
        """The one address in the one From outside; None when there is not exactly one."""
        return sole_address(self.mail.from_)

    @property
    def protected_from(self) -> Claimed:
        """The one address in the one From inside, ABSENT when there is no such field."""
        inside = self.protected
        if inside is None or not inside.from_:
            return ABSENT
        return sole_address(inside.from_)

    @property
    def ciphertexts(self) -> tuple[bytes, ...]:
        """The SHA-256 of each encrypted data in it, the whole's and the pieces', each once."""
        digests = (self.ciphertext, *(piece.digest for piece in self.pieces))
        return tuple(dict.fromkeys(digest for digest in digests if digest is not None))
