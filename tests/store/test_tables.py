"""The tables: ids, states and instants in clear, everything else sealed or a keyed hash."""

from sqlalchemy import BigInteger, LargeBinary, Text

from gatekeeper.store.tables import LOOKUPS, SEALED, metadata

REFERENCES = {
    "id",
    "product",
    "list",
    "issue",
    "message",
    "letter",
    "delivery",
    "correspondent",
    "request",
    "other",
}
OPAQUE = {"lease", "commitment", "digest", "route", "holder"}
CLEAR_TEXTS = {
    "products.key",
    "products.issue_prefix",
    "lists.key",
    "issues.prefix",
    "issues.tag",
    "issues.state",
    "messages.state",
    "messages.kind",
    "letters.kind",
    "letters.form",
    "letter_chunks.part",
    "deliveries.state",
    "correspondents.name",
    "correspondents.role",
    "requests.kind",
    "requests.state",
    "key_warnings.stage",
    "events.kind",
    "meta.name",
    "duties.name",
    "processes.roles",
    "processes.key_ids",
    "issue_links.kind",
    "dates.state",
    "applied.kind",
}


def test_every_column_of_bytes_is_an_id_sealed_or_a_hash() -> None:
    known = {str(column) for column in (*SEALED, *LOOKUPS)}
    strange = [
        str(column)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
        and str(column) not in known
        and column.name not in REFERENCES | OPAQUE
    ]
    assert [] == strange


def test_no_text_in_clear_could_hold_content() -> None:
    """A new column of text has to be thought about, and listed here."""
    texts = {
        str(column)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Text)
    }
    assert CLEAR_TEXTS == texts


def test_instants_are_microseconds_in_64_bits() -> None:
    instants = [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name == "at" or column.name.endswith("_at")
    ]
    assert instants
    assert all(isinstance(column.type, BigInteger) for column in instants)
