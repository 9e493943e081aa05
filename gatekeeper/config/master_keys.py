"""The file of master keys, and the files that they wrap, while one key follows another."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from gatekeeper.config.keyhome import ALIAS_SECRET, former_name
from gatekeeper.config.replacing import put
from gatekeeper.config.settings import SecretFile, Settings
from gatekeeper.domain.errors import Refusal
from gatekeeper.store.masterkey import MasterKey, dump_all, load_all
from gatekeeper.store.seal import Codec, key_id_of


def held(settings: Settings) -> tuple[MasterKey, ...]:
    """Return the keys of the file, in its order."""
    return load_all(settings.master_key.read())


def keep(settings: Settings, keys: Sequence[MasterKey]) -> None:
    """Write the file in one step; whoever reads it finds the old or the new one, whole."""
    put(settings.master_key.path, dump_all(keys), secret=True)


def require_changeable(settings: Settings) -> None:
    """Refuse to change a key that is a copy, as a systemd credential is for its service."""
    path = settings.master_key.path.resolve()
    if not os.access(path.parent, os.W_OK) or not os.access(path, os.W_OK):
        raise Refusal(
            f"{path} cannot be written: it belongs to another user or is a systemd credential",
            remedy=(
                "run as its owner; for a credential, with CREDENTIALS_DIRECTORY set to the folder "
                "from which LoadCredential takes it"
            ),
        )


def require_free(settings: Settings, keys: Sequence[MasterKey], place: Path | None) -> Path:
    """Return where `put_aside` writes these keys.

    Refusal when that cannot be written, something else is there, or it lies in the state folder.
    """
    used = settings.master_key.path
    path = place or used.with_name(f"{used.name}.former-{keys[0].name}")
    if path.resolve() == used.resolve():
        raise Refusal(f"{path} is the file of the keys in use", remedy="name another file")
    if path.resolve().is_relative_to(settings.state_folder.resolve()):
        raise Refusal(
            f"{path} lies in the state folder, beside what the key opens",
            remedy="name another place, best one that is not on this machine",
        )
    folder = path.resolve().parent
    if not folder.is_dir():
        message = f"{folder} is no folder, so the old key cannot be put there"
        raise Refusal(message, remedy="make it first, or name another place with --old-key")
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"{folder} cannot be written, so the old key cannot be put there"
        raise Refusal(message, remedy="name another place with --old-key")
    if path.exists() and not (path.is_file() and path.read_bytes() == dump_all(keys)):
        raise Refusal(f"{path} is there already", remedy="name another file with --old-key")
    return path


def put_aside(settings: Settings, keys: Sequence[MasterKey], place: Path | None) -> Path:
    """Write keys that are in use no more to a file of their own and return where it is.

    Beside the file of the keys in use unless there is a `place`; Refusal as by `require_free`,
    which to ask before anything is begun.
    """
    path = require_free(settings, keys, place)
    put(path, dump_all(keys), secret=True)
    return path


def wrapped(settings: Settings) -> Mapping[str, SecretFile]:
    """Return the files that a master key wraps, by the names of their seals."""
    alias = settings.alias
    former = {former_name(key.fingerprint): key.secret for key in alias.former}
    return {ALIAS_SECRET: alias.secret, **former}


def wrapped_by_others(settings: Settings, key_id: bytes) -> Mapping[str, SecretFile]:
    """Return those of them that another key than this one wraps."""
    files = wrapped(settings).items()
    return {name: file for name, file in files if key_id_of(file.read()) != key_id}


def wrap_anew(codec: Codec, name: str, file: SecretFile) -> None:
    """Wrap a file with the key that `codec` seals with; a reader finds it old or new, whole."""
    put(file.path, codec.wrap(name, codec.unwrap(name, file.read())), secret=True)
