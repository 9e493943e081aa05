"""What the environment says of people's terminals."""

import os


def shows_colours() -> bool:
    """Say whether colours are wanted: `NO_COLOR` unset or empty, and no dumb terminal."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
