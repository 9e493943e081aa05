"""Paths, files and URLs that gatekeeper.yaml names: made absolute, and looked at."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from gatekeeper.config import databases, former, guarded, listen_tls, recovery, relay_peer, runtime
from gatekeeper.config.models import (
    AddressesSection,
    AdvisorySection,
    AliasSection,
    BackupSection,
    DatabaseSection,
    GpgSection,
    ListenSection,
    ListenTlsSection,
    MasterKeySection,
    MetricsSection,
    RuntimeSection,
    WitnessSection,
    loopback,
)
from gatekeeper.config.problems import Path
from gatekeeper.config.settings import ListenerTls

_SOCKET_MAX: Final = 107
"""Bytes of a Unix socket's path (unix(7), sun_path without its final NUL)."""

_PUBLIC: Final = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_FORMER_GONE: Final = (
    "put it back from your backup, or take the fingerprint out of alias.former (mail to that key "
    "can then not be read)"
)
_RECOVERY_GONE: Final = "put the key's certificate there: gpg --armor --export FINGERPRINT"

Complaint = tuple[Path, str]
"""The setting, and what is wrong with what it names."""


class Places:
    """Turns what the file says into absolute places, seen from its folder and environment."""

    def __init__(self, folder: FilePath, environ: Mapping[str, str]) -> None:
        """Take the configuration's absolute folder and the process's environment."""
        self.folder = folder
        self.environ = environ

    def of(self, path: FilePath) -> FilePath:
        """Return a path as the service will use it: relative ones start at the folder."""
        return self.folder / path

    def runtime(self, section: RuntimeSection) -> FilePath | None:
        """Return the runtime folder, None when the machine has no place for it."""
        configured = self.of(section.folder) if section.folder else None
        return runtime.choose(
            configured,
            folder=self.folder,
            environ=self.environ,
            allow_disk=section.allow_disk,
        )

    def master_key(self, section: MasterKeySection) -> FilePath | None:
        """Return the master key's file, None for a credential when systemd gave none."""
        if section.file is not None:
            return self.of(section.file)
        given = self.environ.get("CREDENTIALS_DIRECTORY", "")
        return FilePath(given) / str(section.credential) if given else None

    def gpg(self, section: GpgSection) -> FilePath | None:
        """Return the engine's program, None when it is not installed."""
        name = str(section.binary)
        where = str(self.of(section.binary)) if "/" in name else name
        found = shutil.which(where, path=self.environ.get("PATH", os.defpath))
        return FilePath(found) if found else None

    def listener_tls(self, section: ListenTlsSection) -> ListenerTls:
        """Return the files of a listener's certificate and key."""
        key = section.key or section.certificate
        return ListenerTls(certificate=self.of(section.certificate), key=self.of(key))

    def complaints(self, parts: Mapping[str, Any]) -> Iterator[Complaint]:
        """Yield what is wrong with the places that the sound `parts` of the file name."""
        looks: Mapping[str, Callable[[Any], Iterator[Complaint]]] = {
            "state": lambda part: self._state(part.folder),
            "runtime": self._runtime,
            "master_key": self._master_key,
            "alias": self._alias,
            "advisory": self._advisory,
            "gpg": self._gpg,
            "relay": lambda part: relay_peer.complaints(part, self),
            "listen": self._listen,
            "metrics": self._metrics,
            "backup": self._backup,
        }
        for name, look in looks.items():
            if name in parts:
                yield from look(parts[name])
        if "addresses" in parts and "listen" in parts:
            yield from _required_tls(parts["addresses"], parts["listen"])
        if "advisory" in parts and "alias" in parts:
            yield from self._separate(parts["advisory"], parts["alias"])
        if "database" in parts and "state" in parts:
            yield from self._database(parts["database"], self.of(parts["state"].folder))
        if "master_key" in parts and "state" in parts:
            yield from self._apart(parts["master_key"], self.of(parts["state"].folder))
        if "witness" in parts and "state" in parts:
            yield from self._witness(parts["witness"], self.of(parts["state"].folder))
        if "backup" in parts and "alias" in parts:
            yield from self._offline(parts["backup"], parts["alias"])

    def _state(self, folder: FilePath) -> Iterator[Complaint]:
        for text in guarded.secret_folder(self.of(folder)):
            yield ("state", "folder"), text

    def _runtime(self, section: RuntimeSection) -> Iterator[Complaint]:
        text = runtime.complaint(self.runtime(section), allow_disk=section.allow_disk)
        if text:
            yield ("runtime", "folder"), text

    def _master_key(self, section: MasterKeySection) -> Iterator[Complaint]:
        path = self.master_key(section)
        if section.file is None:
            if path is None or not path.is_file():
                text = (
                    "systemd gave no such credential; "
                    f"add LoadCredential={section.credential}:FILE to the unit"
                )
                yield ("master_key", "credential"), text
            return
        for text in guarded.secret_file(self.of(section.file)):
            yield ("master_key", "file"), text

    def _apart(self, section: MasterKeySection, state: FilePath) -> Iterator[Complaint]:
        if section.file is None:
            return
        path = self.of(section.file)
        if path.resolve().is_relative_to(state.resolve()):
            text = (
                f"{path} lies in the state folder, so whoever takes that can open it; "
                "move the key elsewhere, best to another volume"
            )
            yield ("master_key", "file"), text

    def _alias(self, section: AliasSection) -> Iterator[Complaint]:
        for text in guarded.secret_file(self.of(section.secret)):
            yield ("alias", "secret"), text
        for text in _public_key(self.of(section.certificate), "that gatekeeper init made"):
            yield ("alias", "certificate"), text
        yield from self._former(section)

    def _former(self, section: AliasSection) -> Iterator[Complaint]:
        seen = {section.fingerprint: "is the key in use, alias.fingerprint; remove it here"}
        for index, key in enumerate(section.former):
            setting = ("alias", "former", index)
            if key in seen:
                yield setting, seen[key]
                continue
            seen[key] = "stands twice; remove one of them"
            for text in _public_key(
                self.of(former.certificate(key)), "from your backup", gone=_FORMER_GONE
            ):
                yield setting, text
            for text in guarded.secret_file(self.of(former.secret(key)), gone=_FORMER_GONE):
                yield setting, text

    def _advisory(self, section: AdvisorySection) -> Iterator[Complaint]:
        if section.fingerprint is not None:
            for text in _public_key(self.of(section.certificate), "of the advisory key"):
                yield ("advisory", "certificate"), text

    def _separate(self, advisory: AdvisorySection, alias: AliasSection) -> Iterator[Complaint]:
        if advisory.fingerprint in {alias.fingerprint, *alias.former}:
            text = "is a key of the alias; name another, or none, and the alias's key signs"
            yield ("advisory", "fingerprint"), text

    def _gpg(self, section: GpgSection) -> Iterator[Complaint]:
        if self.gpg(section) is None:
            text = (
                f"{section.binary} is not a program here; "
                "install it (apt-get install gnupg) or name its path"
            )
            yield ("gpg", "binary"), text

    def _metrics(self, section: MetricsSection) -> Iterator[Complaint]:
        if section.file is not None and not self.of(section.file).parent.is_dir():
            folder = self.of(section.file).parent
            text = f"the folder {folder} does not exist; make it, or choose another"
            yield ("metrics", "file"), text

    def _witness(self, section: WitnessSection, state: FilePath) -> Iterator[Complaint]:
        path = self.of(section.file)
        if path.resolve().is_relative_to(state.resolve()):
            text = (
                f"{path} lies in the state folder, so whatever sets that back sets it back too; "
                "move it elsewhere, best to another volume"
            )
            yield ("witness", "file"), text
        elif not path.parent.is_dir() and not path.parent.parent.is_dir():
            text = f"the folder {path.parent} does not exist; make it, or choose another"
            yield ("witness", "file"), text
        elif _is_something_else(path):
            text = f"{path} is no regular file; remove it, or name another"
            yield ("witness", "file"), text

    def _backup(self, section: BackupSection) -> Iterator[Complaint]:
        for index, key in enumerate(section.recipients):
            setting = ("backup", "recipients", index)
            if key in section.recipients[:index]:
                yield setting, "stands twice; remove one of them"
                continue
            path = self.of(recovery.certificate(key))
            for text in _public_key(path, "of the recovery key", gone=_RECOVERY_GONE):
                yield setting, text

    def _offline(self, backup: BackupSection, alias: AliasSection) -> Iterator[Complaint]:
        for index, key in enumerate(backup.recipients):
            if key in {alias.fingerprint, *alias.former}:
                text = "is a key of the alias, whose secret is lost with this host; name another"
                yield ("backup", "recipients", index), text

    def _listen(self, sections: tuple[ListenSection, ...]) -> Iterator[Complaint]:
        seen: set[tuple[object, ...]] = set()
        for index, section in enumerate(sections):
            place = (section.host, section.port, section.socket)
            if place in seen:
                yield ("listen", index), "is the same place as one above; remove one of them"
            seen.add(place)
            if section.tls is not None:
                found = listen_tls.complaints(self.listener_tls(section.tls), section)
                yield from ((("listen", index, *setting), text) for setting, text in found)
            if section.socket is None:
                continue
            path = self.of(section.socket)
            if len(os.fsencode(path)) > _SOCKET_MAX:
                text = f"{path} is longer than {_SOCKET_MAX} bytes; choose a shorter path"
                yield ("listen", index, "socket"), text
            elif not path.parent.is_dir():
                text = f"the folder {path.parent} does not exist; make it, or choose another"
                yield ("listen", index, "socket"), text

    def _database(self, section: DatabaseSection, state: FilePath) -> Iterator[Complaint]:
        try:
            url = databases.resolve(section.url, state)
        except ValueError as error:
            yield ("database", "url"), str(error)
            return
        file = databases.sqlite_path(url)
        if file is not None and not file.is_relative_to(state) and not file.parent.is_dir():
            text = f"the folder {file.parent} does not exist; make it, or choose another"
            yield ("database", "url"), text
        if section.password_file is None:
            return
        if not databases.names_user(url):
            text = "is used only with postgresql://USER@…; name the user there, or remove this"
            yield ("database", "password_file"), text
        for text in guarded.secret_file(self.of(section.password_file)):
            yield ("database", "password_file"), text


def _required_tls(
    addresses: AddressesSection, sections: tuple[ListenSection, ...]
) -> Iterator[Complaint]:
    """Tell of a listener for others where nobody could do what require_tls asks for."""
    for index, section in enumerate(sections if addresses.require_tls else ()):
        if section.tls is None and section.host is not None and not loopback(section.host):
            text = f"asks for TLS, which listen[{index}] does not offer; give it tls, or ask nobody"
            yield ("addresses", "require_tls"), text


def _is_something_else(path: FilePath) -> bool:
    """Say whether a folder, FIFO, device or socket stands where a file belongs."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _public_key(path: FilePath, which: str, *, gone: str = guarded.BACK) -> Iterator[str]:
    """Yield what is wrong with a file that holds a public key, as far as its armor tells."""
    complaints = list(guarded.plain_file(path, gone=gone))
    yield from complaints
    if not complaints and _PUBLIC not in path.read_bytes():
        yield f"{path} is no armored public key; put back the one {which}"
