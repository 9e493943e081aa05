"""What gatekeeper.yaml says of the alias's keys at this moment, for those who change it."""

from pathlib import Path
from typing import Final

from gatekeeper.config.models import AliasSection, GatekeeperFile
from gatekeeper.config.positions import read
from gatekeeper.config.settings import Settings
from gatekeeper.config.validation import validate
from gatekeeper.domain.errors import Misconfigured, Refusal

FILE: Final = "gatekeeper.yaml"


def section(folder: Path) -> AliasSection:
    """Return the alias's settings as the file has them now; Misconfigured when it is broken."""
    document, problems = read(FILE, (folder / FILE).read_bytes())
    file = validate(GatekeeperFile, document)[0] if document and not problems else None
    if file is None:
        raise Misconfigured(f"{FILE} cannot be read any more", remedy="run: gatekeeper check")
    return file.alias


def require_unchanged(settings: Settings) -> None:
    """Refuse to go on from settings in which another run changed keys after they were read.

    The certificate counts too: a change made from an older one would take back a renewal.
    """
    now, alias = section(settings.folder), settings.alias
    known = (alias.fingerprint, tuple(key.fingerprint for key in alias.former))
    changed = (now.fingerprint, now.former) != known
    if changed or alias.certificate_file.read_bytes() != alias.certificate:
        message = "the alias's keys changed meanwhile"
        raise Refusal(message, remedy="look with `gatekeeper key list` before you go on")
