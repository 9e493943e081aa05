"""The database's URL as operators write it, made absolute; a password never stands in it."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_SQLITE: Final = "sqlite:"
_POSTGRES: Final = "postgresql://"
_FORMS: Final = "write sqlite:FILE or postgresql://USER@HOST:PORT/NAME"


def resolve(url: str, state_folder: Path) -> str:
    """Return `sqlite:////absolute/path` or the PostgreSQL URL; ValueError never quotes it.

    `sqlite:FILE` lies in the state folder unless the path is absolute (SQLAlchemy's
    `sqlite:///FILE` and `sqlite:////absolute/FILE` are read too).
    """
    if url.startswith(_SQLITE):
        return f"sqlite:///{_sqlite_path(url, state_folder)}"
    if url.startswith(_POSTGRES):
        _check_postgres(url)
        return url
    message = f"is no database this program knows; {_FORMS}"
    raise ValueError(message)


def sqlite_path(resolved: str) -> Path | None:
    """Return the file behind a resolved SQLite URL, None for PostgreSQL."""
    prefix = f"{_SQLITE}///"
    return Path(resolved.removeprefix(prefix)) if resolved.startswith(prefix) else None


def names_user(url: str) -> bool:
    """Say whether a PostgreSQL URL names the user whose password a file could hold."""
    return url.startswith(_POSTGRES) and bool(urlsplit(url).username)


def _sqlite_path(url: str, state_folder: Path) -> Path:
    rest = url.removeprefix(_SQLITE)
    if rest.startswith("///"):
        rest = rest.removeprefix("///")
    if not rest or rest.startswith("//") or any(c in rest for c in "?#%") or ":memory:" in rest:
        message = "names no SQLite file; write sqlite:FILE, without ? # or %"
        raise ValueError(message)
    if ".." in Path(rest).parts and not Path(rest).is_absolute():
        message = "leads out of the state folder; write an absolute path, sqlite:/PATH/FILE"
        raise ValueError(message)
    return state_folder / rest


def _check_postgres(url: str) -> None:
    try:
        parts = urlsplit(url)
        password, port = parts.password, parts.port
    except ValueError:
        message = f"cannot be read as a URL; {_FORMS}"
        raise ValueError(message) from None
    if password is not None or "password=" in parts.query:
        message = (
            "contains a password; move it to a file with mode 0600, "
            "name that in database.password_file, and change it if others could read it here"
        )
        raise ValueError(message)
    if not parts.path.strip("/") or port == 0:
        message = f"names no database; {_FORMS}"
        raise ValueError(message)
