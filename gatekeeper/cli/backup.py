"""`gatekeeper backup`: everything in one sealed file, while it runs; and back on an empty host."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatekeeper.cli.grammar import Verbs, noun, verb

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import IO, BinaryIO

    from gatekeeper.config.restored import Restored, Wish

_STANDARD_INPUT: Final = "-"


def add(nouns: Verbs) -> None:
    """Declare the noun."""
    verbs = noun(nouns, "backup", text="everything in one sealed file, and back")
    make = verb(
        verbs,
        "create",
        run=create,
        text="write a backup, encrypted to the recovery keys, while the service runs",
        more=(
            "It holds all rows of one moment, the configuration folder with the keys, and the "
            "master key, signed by the alias's key. Only the secret key of one of "
            "backup.recipients opens it."
        ),
        example="gatekeeper backup create /var/backups/gatekeeper-2026-11-25.gpg",
    )
    make.add_argument("file", metavar="FILE", type=Path, help="a file that is not there yet")
    back = verb(
        verbs,
        "restore",
        run=restore,
        text="make an installation from a backup, on a host where there is none",
        more=(
            "gpg opens the file with a recovery key of yours (GNUPGHOME), which also must know "
            "the alias's certificate. FILE may be - for what gpg opened elsewhere. The copy is "
            "frozen: nothing is sent until two people have reaffirmed what `gatekeeper audit "
            "frozen` shows, and what may have been sent before stays blocked."
        ),
        example="gatekeeper backup restore gatekeeper-2026-11-25.gpg --into /etc/gatekeeper",
        configured=False,
    )
    back.add_argument("file", metavar="FILE", help="the backup, or - for an opened one on stdin")
    back.add_argument(
        "--into", metavar="DIR", type=Path, required=True, help="the new configuration folder"
    )
    back.add_argument("--database", metavar="URL", help="another database, an empty one")
    back.add_argument("--state", metavar="DIR", type=Path, help="another state folder")
    back.add_argument(
        "--signer", metavar="FINGERPRINT", help="the alias's key, which must have signed it"
    )


def create(options: argparse.Namespace) -> int:
    """Write the file, whole or not at all."""
    from gatekeeper import clock
    from gatekeeper.cli.folder import file_at_once
    from gatekeeper.cli.opening import record, settings_of
    from gatekeeper.cli.terminal import emit_json, emit_lines, safe
    from gatekeeper.config import backup
    from gatekeeper.config.replacing import unchanged
    from gatekeeper.start import open_store

    # Key file, wrapped secrets and rows must be of one time, and so must what names them.
    with unchanged(settings_of(options).folder):
        settings = settings_of(options)
        backup.require_recipients(settings)
        to = [key.fingerprint for key in settings.recovery]
        closed = (settings.folder, settings.state_folder)
        kept = file_at_once(options.file, closed=closed)
        with open_store(settings) as store, kept as (target, file):
            store.write(lambda tx: record(tx, "backup.created", payload={"recipients": to}))
            now = clock.now()
            found = backup.write(settings, store, file, now=now, told=_counting("rows"))
            size = file.tell()
    left = [str(path) for path in backup.elsewhere(settings)]
    if options.json:
        unusable = {one.fingerprint: one.reason for one in found.unusable}
        said = {"file": str(target), "bytes": size, "recipients": list(found.usable)}
        emit_json({**said, "unusable": unusable, "not_included": left})
        return 0
    emit_lines(f"{safe(str(target))}: {size} bytes, for {', '.join(found.usable)}")
    _warn(
        *(f"NOT for {one.fingerprint}: {one.reason}" for one in found.unusable),
        *(f"not in it, keep a copy apart: {path}" for path in left),
    )
    return 0


def restore(options: argparse.Namespace) -> int:
    """Put everything back, or nothing."""
    from gatekeeper.cli.terminal import emit_json, emit_lines, safe
    from gatekeeper.config.restored import Wish

    wish = Wish(into=options.into, database=options.database, state=options.state)
    if options.file == _STANDARD_INPUT:
        restored, signer = _from_standard_input(wish), ""
    else:
        restored, signer = _from_file(Path(options.file), wish, options.signer)
    made = restored.manifest
    if options.json:
        said = {"folder": str(restored.folder), "made_at": made.made_at, "signer": signer or None}
        emit_json({**said, "alias": made.alias, "problems": list(restored.problems)})
        return 0
    by = f"signed by {signer}" if signer else "its signature was not checked here"
    emit_lines(
        f"{safe(str(restored.folder))}: as it was at {made.made_at}, {by}",
        "It is frozen: nothing is sent until people have reaffirmed it. Next:",
        f"  gatekeeper --config {safe(str(restored.folder))} check",
        f"  gatekeeper --config {safe(str(restored.folder))} audit frozen",
    )
    _warn(*(f"the event log does not hold: {line}" for line in restored.problems))
    return 0


def _from_file(path: Path, wish: "Wish", wanted: str | None) -> "tuple[Restored, str]":
    import shutil

    from gatekeeper.domain.errors import Misconfigured, Refusal
    from gatekeeper.pgp import stream

    gpg = shutil.which("gpg")
    if gpg is None:
        raise Misconfigured("gpg is not installed", remedy="run: apt-get install gnupg")
    signers: list[str] = []

    def whole() -> None:
        signers.append(opened.signer())
        if wanted is not None and "".join(wanted.split()).upper() != signers[0]:
            raise Refusal(
                f"it is signed by {signers[0]}, not by the key that you named",
                remedy="give a backup of your own; nothing was changed",
            )

    with _given(path) as file, stream.opening(Path(gpg), file) as opened:
        try:
            return _restored(opened.content, wish, whole), signers[0]
        except Refusal:
            if not signers:
                # whatever was wrong inside, gpg knows better why
                opened.signer()
            raise


def _from_standard_input(wish: "Wish") -> "Restored":
    import sys

    from gatekeeper.domain.errors import TheirFault

    if sys.stdin is None or sys.stdin.isatty():
        raise TheirFault(
            "nothing is given on standard input",
            remedy="gpg --decrypt FILE | gatekeeper backup restore - --into DIR",
        )
    return _restored(sys.stdin.buffer, wish, lambda: None)


def _restored(content: "IO[bytes]", wish: "Wish", whole: "Callable[[], None]") -> "Restored":
    from gatekeeper import clock
    from gatekeeper.cli.ending import endings
    from gatekeeper.config.restored import restore as put_back

    with endings() as ending:

        def confirmed() -> None:
            whole()
            # from here on it is too late to end
            ending.hold()

        ending.allow()
        told = _counting("blocks")
        return put_back(content, wish, whole=confirmed, now=clock.now(), told=told)


def _given(path: Path) -> "AbstractContextManager[BinaryIO]":
    from gatekeeper.domain.errors import TheirFault

    try:
        return path.open("rb")
    except OSError as error:
        raise TheirFault(
            f"{path} cannot be read",
            reason=error.strerror or "",
            remedy="name a backup that can be read",
        ) from None


def _counting(what: str) -> "Callable[[int], None]":
    """Return what says on standard error how far it got, where people look."""
    import sys

    shown = sys.stderr is not None and sys.stderr.isatty()

    def told(count: int) -> None:
        if shown:
            print(f"\r\033[K{count} {what}", end="\r", file=sys.stderr, flush=True)

    return told


def _warn(*lines: str) -> None:
    import sys

    from gatekeeper.cli.terminal import safe

    for line in lines:
        print(safe(line), file=sys.stderr)
