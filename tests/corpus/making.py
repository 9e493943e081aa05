"""All files of the corpus, made in memory: by name, with what each must come to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.corpus import (
    armors,
    blocks,
    certificates,
    encryption,
    parts_signed,
    people,
    pieces,
    protection,
    senders,
    signatures,
    sound,
    structures,
)
from tests.corpus.expecting import Case
from tests.corpus.pen import a_pen

MESSAGES = "messages"
KEYS = "keys"
EXPECTED = "expected.json"

MESSAGE_MODULES = (
    sound, encryption, signatures, parts_signed, senders, pieces, protection, armors, structures
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file: where it lies below the corpus, and its case."""

    path: str
    case: Case


def files() -> tuple[File, ...]:
    """Return what the corpus consists of."""
    of_messages = [
        File(path=f"{MESSAGES}/{module.__name__.rpartition('.')[2]}-{case.name}", case=case)
        for module in MESSAGE_MODULES
        for case in module.CASES
    ]
    of_keys = [*blocks.CASES, *certificates.CASES]
    return (*of_messages, *(File(path=f"{KEYS}/{case.name}", case=case) for case in of_keys))


def expected_json() -> str:
    """Return what expected.json holds: an entry for each file, in the order of their names."""
    entries = {each.path: each.case.entry for each in files()}
    return json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def make(folder: Path, *, only: Sequence[str] = ()) -> None:
    """Make keys and files anew below a folder, all of them or those named."""
    for name in (MESSAGES, KEYS, people.FOLDER.name):
        (folder / name).mkdir(parents=True, exist_ok=True)
    keys = people.make_keys()
    crafted = people.make_crafted(keys["andrea"])
    certificates = {name: key.certificate for name, key in crafted.items()}
    people.write(keys, certificates, folder / people.FOLDER.name)
    wanted = [each for each in files() if not only or each.path in only]
    with a_pen(keys, crafted) as pen:
        for each in wanted:
            (folder / each.path).write_bytes(each.case.make(pen))
    (folder / EXPECTED).write_text(expected_json(), encoding="utf-8")
