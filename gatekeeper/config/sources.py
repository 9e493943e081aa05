"""What the files of a configuration say of each governed part, as it is compared and approved."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gatekeeper.config import addresses
from gatekeeper.config.positions import Document
from gatekeeper.domain.governed import Content, Kind, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read of a sound configuration.

    The three documents · `certificates` the bytes of each key file that the team needs ·
    `templates` each text by file name.
    """

    main: Document
    policy: Document
    team: Document
    certificates: Mapping[str, bytes]
    templates: Mapping[str, str]


def contents(read: Read, *, authorities: str) -> Mapping[Kind, Content]:
    """Return every governed part by its kind.

    `authorities` are the certificates (PEM) that relay.ca_file holds, "" without one.
    """
    armored = {key: block.decode("latin-1") for key, block in read.certificates.items()}
    found = (
        Content(kind=Kind.TEAM, tree=_tree(read.team), certificates=armored),
        Content(kind=Kind.POLICY, tree=_tree(read.policy)),
        Content(kind=Kind.TEMPLATES, tree=dict(read.templates)),
        addresses.content(read.main, authorities=authorities),
    )
    return MappingProxyType({content.kind: content for content in found})


def _tree(document: Document) -> dict[str, Tree]:
    return document.value if isinstance(document.value, dict) else {}
