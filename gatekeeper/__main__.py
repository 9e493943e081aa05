"""`gatekeeper` and `python -m gatekeeper`: the command line."""

import sys
from collections.abc import Sequence

from gatekeeper import secrecy
from gatekeeper.cli.frame import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (None: the process's own) and return its exit status."""
    # Most commands open secrets: a crash must leave none of them in a file (promise P-11).
    secrecy.seal_off()
    secrecy.forbid_cores()
    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
