"""The folder keys/: one public key a file, named after its fingerprint, used by one person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final

from gatekeeper.config.positions import Document
from gatekeeper.config.problems import Path, Problem

FOLDER: Final = "keys"
KEY_MAX: Final = 256 * 1024
"""Bytes of one certificate (design: OpenPGP, "Keys")."""

_IGNORED: Final = frozenset({"README", "README.md"})
_PUBLIC: Final = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_SECRET: Final = b"-----BEGIN PGP PRIVATE KEY BLOCK-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One fingerprint in team.yaml: whose, and where it stands."""

    fingerprint: str
    person: str
    path: Path


def certificates(
    folder: FilePath, uses: Sequence[Use], document: Document
) -> tuple[Mapping[str, bytes], tuple[Problem, ...]]:
    """Return each used fingerprint's certificate, and what is wrong in `folder`/keys.

    What a certificate contains is judged later, by gpg; here it is told from its armor.
    """
    found: dict[str, bytes] = {}
    problems: list[Problem] = list(_shared(uses, document))
    for use in uses:
        if use.fingerprint in found:
            continue
        name = f"{FOLDER}/{use.fingerprint}.asc"
        try:
            block = _read(folder, use.fingerprint)
        except FileNotFoundError:
            text = f"{name} does not exist; save {use.person}'s public key there"
            problems.append(document.problem(use.path, text))
            continue
        except OSError as error:
            text = f"cannot be read ({error.strerror}); correct its owner or mode"
            problems.append(Problem(file=name, text=text))
            continue
        text = _kind(block)
        if text:
            problems.append(Problem(file=name, text=text))
        else:
            found[use.fingerprint] = block
    problems += _unused(folder, {use.fingerprint for use in uses})
    return found, tuple(problems)


def arriving(folder: FilePath, fingerprint: str) -> FilePath:
    """Return where a key lies whose file gets its name once team.yaml names it."""
    return folder / FOLDER / f".{fingerprint}.asc"


def _read(folder: FilePath, fingerprint: str) -> bytes:
    path = folder / FOLDER / f"{fingerprint}.asc"
    # `key import` that was killed between team.yaml and this file left it under the other name
    hidden = arriving(folder, fingerprint)
    with (path if path.exists() or not hidden.exists() else hidden).open("rb") as file:
        return file.read(KEY_MAX + 1)


def _kind(block: bytes) -> str:
    if _SECRET in block:
        return (
            "contains a SECRET key; delete it here, tell its owner that it must be "
            "replaced, and put the public key (gpg --armor --export) in its place"
        )
    if len(block) > KEY_MAX:
        return (
            f"larger than {KEY_MAX // 1024} KiB; "
            "export it with gpg --armor --export-options export-minimal --export"
        )
    if _PUBLIC not in block:
        return "is no armored public key; export it with gpg --armor --export"
    return ""


def _shared(uses: Sequence[Use], document: Document) -> Iterator[Problem]:
    owners: dict[str, Use] = {}
    for use in uses:
        first = owners.setdefault(use.fingerprint, use)
        if first is use:
            continue
        if first.path[:2] == use.path[:2]:
            yield document.problem(use.path, "stands twice for this person; remove one")
        else:
            text = f"is {first.person}'s key already; a key belongs to one person only"
            yield document.problem(use.path, text)


def _unused(folder: FilePath, used: set[str]) -> Iterator[Problem]:
    keys = folder / FOLDER
    try:
        names = sorted(path.name for path in keys.iterdir())
    except OSError:
        names = []
    for name in names:
        if name.startswith(".") or name in _IGNORED:
            continue
        stem, dot, suffix = name.rpartition(".")
        if dot and suffix == "asc" and stem in used:
            continue
        file = f"{FOLDER}/{name}"
        if dot and suffix == "asc" and stem.upper() in used:
            text = f"is not named as the fingerprint is written; rename it to {stem.upper()}.asc"
        elif suffix == "asc":
            text = "belongs to nobody in team.yaml; add its fingerprint there or remove the file"
        else:
            text = "is no key file; keys are named FINGERPRINT.asc, move anything else elsewhere"
        yield Problem(file=file, text=text)
