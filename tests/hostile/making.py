"""How hostile mails are made: an ordinary header, parts as they are, and a name for each."""

from collections.abc import Callable, Iterator
from typing import Final

MIB: Final = 1024 * 1024


class Cases:
    """Functions that make a mail each, known by their names with dashes."""

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[], bytes]] = {}

    def add(self, maker: Callable[[], bytes]) -> Callable[[], bytes]:
        """Remember a function under its own name; the decorator of every case."""
        self._makers[maker.__name__.strip("_").replace("_", "-")] = maker
        return maker

    def made(self) -> Iterator[tuple[str, bytes]]:
        """Yield each name with its mail."""
        for name, maker in self._makers.items():
            yield name, maker()


def mail(body: bytes, *extra: bytes, leave_out: str = "", ends: bytes = b"\r\n") -> bytes:
    """Return a mail with an ordinary header, the fields `extra` and `body`."""
    fields = {
        "From": b"From: A Reporter <reporter@reporter.example>",
        "To": b"To: security@security.example.org",
        "Subject": b"Subject: A report",
        "Date": b"Date: Thu, 03 Sep 2026 12:00:00 +0000",
        "Message-ID": b"Message-ID: <1@reporter.example>",
        "MIME-Version": b"MIME-Version: 1.0",
    }
    fields.pop(leave_out, None)
    replaced = {each.partition(b":")[0].decode("latin-1") for each in extra}
    kept = [value for name, value in fields.items() if name not in replaced]
    return ends.join([*kept, *extra, b"", body])


def multipart(kind: str, boundary: str, *parts: bytes, closed: bool = True) -> bytes:
    """Return a mail of the type `multipart/<kind>` with `parts` as they are."""
    mark = boundary.encode()
    inside = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts)
    end = b"--" + mark + b"--\r\n" if closed else b""
    about = f'Content-Type: multipart/{kind}; boundary="{boundary}"'.encode()
    return mail(inside + end, about)


TEXT: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThere is a hole in your fence.\r\n"
ARMOR: Final = (
    b"-----BEGIN PGP MESSAGE-----\r\n\r\n"
    b"hF4DAAAAAAAAAAASAQdAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAw\r\n"
    b"=AAAA\r\n-----END PGP MESSAGE-----\r\n"
)
