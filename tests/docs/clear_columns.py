"""What stays clear in the database: every column that is neither sealed nor a keyed hash.

A new column has to be thought about, and said here; docs/threat-model.md is printed from it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatekeeper.store.tables import LOOKUPS, SEALED, metadata

_ID: Final = "random ids, which say which rows belong together"
_WHEN: Final = "instants: the rhythm of the mail"
_LEASE: Final = "a random token while somebody works on it"

TELLS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "products": {
            "id": _ID,
            "key, issue_prefix": "words of gatekeeper.yaml, which stand in public ids too",
            "created_at": _WHEN,
        },
        "lists": {"id": _ID, "key": "a word of ours", "created_at": _WHEN},
        "product_lists": {"product, list": _ID},
        "counters": {"product": _ID, "year, value": "how many issues each year had"},
        "issues": {
            "id, product": _ID,
            "prefix, year, number": "the issue's id, which is unique and counted",
            "tag": "the random tag of its subjects outside, as everybody on the way sees it",
            "state, version": "how far it has come, and how often it changed",
            "opened_at, updated_at": _WHEN,
            "legal_hold": "that somebody forbade to erase it",
        },
        "messages": {
            "id, product, issue": _ID,
            "size": "bytes of the mail as it came; erasing goes by it",
            "received_at, due_at, updated_at, erased_at": _WHEN,
            "state, kind": "what is claimed, counted and listed: `report`, `bounce` and so on",
            "lease": _LEASE,
            "attempts": "how often it was tried",
        },
        "message_ciphertexts": {"message": _ID},
        "message_chunks": {"message": _ID, "seq": "how many MiB it has"},
        "letters": {
            "id, issue, message": _ID,
            "kind, form, automatic": "what sort of letter it is, and whether it leaves encrypted",
            "created_at, sealed_at, due_at, erased_at": _WHEN,
            "lease": _LEASE,
        },
        "letter_chunks": {
            "letter": _ID,
            "part, seq": "how many MiB its text has, and its shared packet",
        },
        "deliveries": {
            "id, letter, issue, correspondent": _ID,
            "state, urgent": "what is claimed, counted and listed, and what goes first",
            "due_at, first_due_at, created_at, updated_at": _WHEN,
            "lease": _LEASE,
            "attempts, doubts": "how often it was tried, and how often without an answer",
            "own": "that it has a data packet of its own",
        },
        "delivery_chunks": {"delivery": _ID, "seq": "how many MiB that has"},
        "correspondents": {
            "id, issue": _ID,
            "name": "a word of ours, unique in an issue: `reporter`",
            "route": "the random part of the address to which one answers",
            "wrote_in_clear": "that there was no encryption to this person",
            "role": "as what they take part: `reporter`, `upstream`, `vendor`, `cert`",
            "created_at, updated_at, consented_at, removed_at": _WHEN,
        },
        "correspondent_keys": {"correspondent": _ID},
        "offered_keys": {"correspondent": _ID, "offered_at": _WHEN},
        "requests": {
            "id, issue": _ID,
            "kind, needed, state": "what sort of thing waits for how many, and that it waits",
            "created_at, updated_at, expires_at": _WHEN,
        },
        "approvals": {"request": _ID, "at": _WHEN},
        "seen_commands": {"message": _ID, "at": _WHEN},
        "key_warnings": {"ends_at, told_at": _WHEN, "stage": "which warning was told"},
        "events": {
            "seq, at": "how many entries there are, and when",
            "kind": "what sort of thing happened: entries are found by it",
            "issue, message, delivery": _ID,
            "commitment, digest": "hashes of the chain; the salt of each is sealed",
        },
        "meta": {"name": "words of ours"},
        "processes": {
            "id": _ID,
            "roles": "what sort of work each service does",
            "key_ids": "ids of master keys, which stand before every sealed value too",
            "started_at, seen_at": _WHEN,
        },
        "duties": {
            "name": "words of ours",
            "holder": _ID,
            "term, until": "how often the holder changed, and the end of the lease",
        },
        "scores": {
            "points": "how often mail to somebody came back lately",
            "counted_at, suspended_at, updated_at": _WHEN,
        },
        "reaffirmations": {"at": _WHEN},
        "issue_links": {
            "issue, other": _ID,
            "kind": "that an issue was merged into another, or split from it",
            "at": _WHEN,
        },
        "issue_facts": {"issue": _ID, "at": _WHEN},
        "dates": {
            "issue": _ID,
            "number": "how often the date changed",
            "instant, predisclosure": "when an issue is meant to be told early, and to everybody",
            "state": "that a date is proposed, agreed or over",
            "at, ended_at": _WHEN,
        },
        "ceilings": {
            "id, issue": _ID,
            "instant": "until when somebody agreed to be silent",
            "at, ended_at": _WHEN,
        },
        "clocks": {"issue": _ID, "started_at": _WHEN},
        "reminded": {"issue": _ID, "at": _WHEN},
        "attendance": {
            "away_until, suspended_at, updated_at": "that somebody is away, or suspended",
        },
        "paper_codes": {"made_at, used_at": _WHEN},
        "applied": {
            "kind": "which governed files are in force: `team`, `policy` and so on",
            "request": _ID,
            "at": _WHEN,
        },
        "alembic_version": {"version_num": "the version of the tables"},
    }
)
"""What each clear column tells; columns that tell the same stand together."""


def clear() -> set[str]:
    """Return every clear column as `table.column`, Alembic's included."""
    hidden = {str(column) for column in (*SEALED, *LOOKUPS)}
    ours = {str(column) for table in metadata.sorted_tables for column in table.columns}
    return {"alembic_version.version_num", *(ours - hidden)}


def told() -> list[str]:
    """Return every column of TELLS as `table.column`."""
    return [
        f"{table}.{column}"
        for table, columns in TELLS.items()
        for names in columns
        for column in names.split(", ")
    ]


def clear_table() -> str:
    """Return TELLS as a table of Markdown."""
    rows = [
        f"| {f'`{table}`' if first == 0 else ''} | {_named(names)} | {tells} |"
        for table, columns in TELLS.items()
        for first, (names, tells) in enumerate(columns.items())
    ]
    return "\n".join(["| table | columns | what they tell |", "| --- | --- | --- |", *rows])


def _named(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))
