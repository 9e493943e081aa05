"""Make the corpus anew: `python -m tests.corpus.make [FOLDER]`; see README.md."""

import shutil
import sys
from pathlib import Path

from tests.corpus.making import KEYS, MESSAGES, make
from tests.corpus.people import FOLDER


def main(arguments: list[str]) -> None:
    """Make it in the named folder, or in its own place; what lay there before is gone."""
    here = Path(arguments[0]) if arguments else Path(__file__).parent
    for name in (MESSAGES, KEYS, FOLDER.name):
        shutil.rmtree(here / name, ignore_errors=True)
    make(here)


if __name__ == "__main__":
    main(sys.argv[1:])
