"""A new configuration made whole: files with comments, master key, alias key, first people."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gatekeeper.config import runtime, shipped
from gatekeeper.config.guarded import FILE_MODE, FOLDER_MODE
from gatekeeper.config.keyhome import ALIAS_SECRET
from gatekeeper.config.loading import examine
from gatekeeper.config.models import GatekeeperFile
from gatekeeper.config.newkeys import AliasKeys, make_alias, memory_engine, read_certificate
from gatekeeper.config.positions import read
from gatekeeper.config.problems import BadConfiguration, Problem
from gatekeeper.config.problems import Path as Setting
from gatekeeper.config.rewriting import rewritten, scalar
from gatekeeper.config.roster import EMPTY
from gatekeeper.config.validation import validate
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Misconfigured, OurFault
from gatekeeper.domain.instants import Instant
from gatekeeper.store.seal import Codec, MasterKey

MASTER_KEY: Final = "master.key"
REVOCATION: Final = "alias/revocation.asc"
CERTIFICATE: Final = "alias/certificate.asc"
STATE: Final = "state"

_SECRET: Final = "alias/secret.sealed"  # noqa: S105 - a file's name
_PLAIN_MODE: Final = 0o644
_NO_PEOPLE: Final = "people: []\n"
_COMMAND: Final = "gatekeeper init"
REVOCATION_NOTE: Final = b"""\
Revocation certificate of the security alias's key. Keep it offline, best on paper in a safe, and
not on this machine. Published, it makes the key void for everyone, for ever: gpg --import FILE.

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recruit:
    """One person of the first team; `key_file` holds the public key, armored or binary."""

    name: str
    address: Address
    employer: str
    key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """What a new configuration should say; None leaves the shipped value.

    `listen` and `relay` are host and port; `allow_disk` lets opened secrets lie on a disk.
    """

    folder: Path
    domain: str
    prefix: str
    name: str | None = None
    listen: tuple[str, str] | None = None
    relay: tuple[str, str] | None = None
    database: str | None = None
    state: Path | None = None
    allow_disk: bool = False
    team: tuple[Recruit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """What was made; `state` is where the service will keep its database."""

    folder: Path
    state: Path
    address: Address
    fingerprint: str


def found(wish: Founding, *, now: Instant) -> Founded:
    """Make the configuration folder, whole or not at all: built beside its place, then renamed.

    Misconfigured when the place is taken or a value may not be used, OurFault when the machine
    cannot make it; then nothing is left behind.
    """
    target = wish.folder.absolute()
    _require_free(target)
    file = _validated(wish)
    address = Address(local=file.addresses.security, domain=file.domain)
    memory = runtime.choose(None, folder=target, environ=os.environ, allow_disk=wish.allow_disk)
    complaint = runtime.complaint(memory, allow_disk=wish.allow_disk)
    if memory is None or complaint:
        raise Misconfigured(complaint, remedy="or, for experiments only, add --allow-disk")
    try:
        with _state_folder(wish), _draft(target) as draft, memory_engine(memory, _gpg()) as engine:
            people = [(who, *read_certificate(engine, who.key_file, now)) for who in wish.team]
            alias = make_alias(engine, name=file.product.name, address=address, now=now)
            _write_all(draft, wish, alias)
            _write_team(draft, people)
            _require_sound(draft, wish)
            draft.rename(target)
            _sync(target.parent)
    except OSError as error:
        message = f"{target} cannot be made"
        remedy = "see that its parent folder can be written and has space"
        raise OurFault(message, reason=error.strerror or "", remedy=remedy) from None
    return Founded(
        folder=target,
        state=target / (_inside(wish) or _outside(wish)),
        address=address,
        fingerprint=alias.fingerprint,
    )


def _require_free(target: Path) -> None:
    if not target.parent.is_dir():
        message = f"the folder {target.parent} does not exist"
        raise Misconfigured(message, remedy="make it first, or choose another place")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise Misconfigured(f"{target} is in the way", remedy="choose another place")
    if target.is_dir() and any(target.iterdir()):
        message = f"{target} is not empty"
        raise Misconfigured(message, remedy="choose another place; nothing was changed there")


def _values(wish: Founding) -> Mapping[Setting, str | bool]:
    values: dict[Setting, str | bool] = {
        ("domain",): wish.domain,
        ("product", "issue_prefix"): wish.prefix,
    }
    if wish.name is not None:
        values["product", "name"] = wish.name
    if wish.listen is not None:
        values["listen", 0, "host"], values["listen", 0, "port"] = wish.listen
    if wish.relay is not None:
        values["relay", "host"], values["relay", "port"] = wish.relay
    if wish.database is not None:
        values["database", "url"] = wish.database
    if wish.state is not None:
        values["state", "folder"] = str(_inside(wish) or _outside(wish))
    if wish.allow_disk:
        values["runtime", "allow_disk"] = True
    return values


def _shipped(name: str) -> str:
    return (shipped.folder() / name).read_text(encoding="utf-8")


def _validated(wish: Founding) -> GatekeeperFile:
    """Return the values as the file will hold them, so that no key is made for bad ones."""
    text = rewritten(_shipped("gatekeeper.yaml"), _values(wish), file="gatekeeper.yaml")
    document, problems = read("gatekeeper.yaml", text.encode())
    if document is not None and not problems:
        file, problems = validate(GatekeeperFile, document)
        if file is not None:
            return file
    raise BadConfiguration(map(_unplaced, problems))


def _unplaced(problem: Problem) -> Problem:
    """Return a problem of the draft as one of the command, for its lines are nowhere to be seen."""
    return replace(problem, file=_COMMAND, line=0, column=0)


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _state_folder(wish: Founding) -> Iterator[None]:
    """Make the state folder when it lies elsewhere; a failure takes it away again."""
    state = _outside(wish)
    if _inside(wish) is not None:
        yield
    elif state.is_dir():
        if any(state.iterdir()):
            message = f"the state folder {state} is not empty"
            remedy = "choose another; a database in it belongs to another master key"
            raise Misconfigured(message, remedy=remedy)
        yield
    else:
        state.mkdir(mode=FOLDER_MODE)
        try:
            yield
        except BaseException:
            state.rmdir()
            raise


def _outside(wish: Founding) -> Path:
    return (wish.state or wish.folder / STATE).absolute()


def _inside(wish: Founding) -> Path | None:
    """Return the state folder as seen from the configuration it lies in, None when elsewhere."""
    target, state = wish.folder.absolute(), _outside(wish)
    if state == target:
        message = "the state folder is the configuration's own"
        raise Misconfigured(message, remedy="choose another: the master key may not lie in it")
    return state.relative_to(target) if state.is_relative_to(target) else None


def _gpg() -> Path:
    program = shutil.which("gpg")
    if program is None:
        raise Misconfigured("gpg is not installed", remedy="run: apt-get install gnupg")
    return Path(program)


def _write_all(draft: Path, wish: Founding, alias: AliasKeys) -> None:
    state = _inside(wish)
    folders = [Path("keys"), Path("presets"), Path("templates"), Path("alias"), Path("witness")]
    for folder in (*folders, *([state] if state else [])):
        (draft / folder).mkdir(mode=FOLDER_MODE, parents=True)
    values = {**_values(wish), ("alias", "fingerprint"): alias.fingerprint}
    text = rewritten(_shipped("gatekeeper.yaml"), values, file="gatekeeper.yaml")
    _write(draft / "gatekeeper.yaml", text.encode())
    for name in ("policy.yaml", "keys/README", *shipped.presets(), *shipped.templates()):
        _write(draft / name, _shipped(name).encode())
    master = MasterKey.generate()
    _write(draft / MASTER_KEY, master.dump(), mode=FILE_MODE)
    sealed = Codec(master).wrap(ALIAS_SECRET, alias.secret)
    _write(draft / _SECRET, sealed, mode=FILE_MODE)
    _write(draft / CERTIFICATE, alias.certificate)
    _write(draft / REVOCATION, REVOCATION_NOTE + alias.revocation, mode=FILE_MODE)


def _write_team(draft: Path, people: list[tuple[Recruit, str, bytes]]) -> None:
    text = _shipped("team.yaml")
    if people:
        entries = "".join(_entry(who, fingerprint) for who, fingerprint, _ in people)
        text = text.replace(_NO_PEOPLE, f"people:\n{entries}")
    _write(draft / "team.yaml", text.encode())
    for _, fingerprint, certificate in people:
        path = draft / "keys" / f"{fingerprint}.asc"
        if not path.exists():
            _write(path, certificate)


def _entry(who: Recruit, fingerprint: str) -> str:
    return (
        f"  - name: {scalar(who.name)}\n"
        f"    address: {scalar(str(who.address))}\n"
        f"    employer: {scalar(who.employer)}\n"
        f"    keys: [{fingerprint}]\n"
        f"    roles: [admin]\n"
    )


def _require_sound(draft: Path, wish: Founding) -> None:
    _, problems = examine(draft)
    wrong = [p for p in problems if wish.team or p.text != EMPTY]
    if wrong:
        raise BadConfiguration(map(_unplaced, wrong))


def _write(path: Path, content: bytes, *, mode: int = _PLAIN_MODE) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
