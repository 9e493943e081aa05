"""3. Decrypt and verify; the outcome is a value, never an exception."""

from collections.abc import Sequence

from gatekeeper.issues.reading import Reader
from gatekeeper.mail.reading import Reading


def decrypt(reader: Reader, raw: bytes, guests: Sequence[bytes] = ()) -> Reading:
    """Return what the accepted bytes hold (design: OpenPGP, "Believing").

    `guests` are certificates that signatures are tried with besides the team's.
    Only a failure of our own, such as a gpg that cannot be started or memory that is gone, raises:
    OurFault or MemoryError, after which the message is tried again.
    """
    return reader.read(raw, guests)
