"""`gatekeeper` and `python -m gatekeeper`: the command line."""

import sys
from collections.abc import Sequence

from gatekeeper.cli.frame import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (None: the process's own) and return its exit status."""
    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
