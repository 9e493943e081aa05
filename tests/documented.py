"""What the manual has people type and write down, for the tests that do it."""

import re
from typing import Final

from tests.architecture.sources import read

DOCUMENT: Final = "docs/operating.md"
BACKUP: Final = "docs/backup.md"


def block(after: str, document: str = DOCUMENT) -> str:
    """Return the first fenced block behind some words of a document."""
    found = re.search(r"```\w*\n(.*?)```", read(document).partition(after)[2], re.DOTALL)
    assert found
    return found[1]


def main_cf() -> str:
    """Return Postfix's main.cf."""
    return block("`/etc/postfix/main.cf`")


def master_cf() -> str:
    """Return what is added to Postfix's master.cf."""
    return block("In `/etc/postfix/master.cf`")


def unit() -> str:
    """Return the systemd unit."""
    return block("gatekeeper.service`:")


def parameters(text: str) -> dict[str, str]:
    """Return the settings of a main.cf."""
    lines = (line.partition("=") for line in text.splitlines() if re.match(r"\w+ =", line))
    return {name.strip(): value.strip() for name, _, value in lines}
