"""The governed part of gatekeeper.yaml: our own addresses, and the peers that are believed."""

from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field

from gatekeeper.config.models import TRUSTED_RELAYS, AddressesSection, RelaySection
from gatekeeper.config.positions import Document
from gatekeeper.config.problems import BadConfiguration
from gatekeeper.config.scalars import DomainName, ForwarderName, Network
from gatekeeper.config.section import Section
from gatekeeper.config.settings import RelayPeer, SecretFile, Settings
from gatekeeper.config.validation import validate
from gatekeeper.domain.address import Address, OwnAddresses
from gatekeeper.domain.errors import Misconfigured
from gatekeeper.domain.governed import Content, Kind, Tree

FILE: Final = "gatekeeper.yaml"
_AUTHORITIES: Final = "authorities"
_OF_THIS_HOST: Final = ("ca_file", "password_file")
"""Where a host keeps what it shows or compares is its own; the authorities themselves are governed.
"""


class _Peers(Section):
    domain: DomainName
    addresses: AddressesSection = AddressesSection()
    relay: RelaySection = RelaySection()
    trusted_relays: tuple[Network, ...] = TRUSTED_RELAYS
    forwarders: Annotated[tuple[ForwarderName, ...], Field(max_length=100)] = ()


def content(document: Document, *, authorities: str) -> Content:
    """Return what gatekeeper.yaml says of addresses and peers.

    `authorities` are the certificates (PEM) in the file that relay.ca_file names, "" without one.
    """
    value = document.value if isinstance(document.value, dict) else {}
    tree: dict[str, Tree] = {name: value[name] for name in _Peers.model_fields if name in value}
    relay = tree.get("relay")
    kept = dict(relay) if isinstance(relay, dict) else {}
    for name in _OF_THIS_HOST:
        kept.pop(name, None)
    if authorities:
        kept[_AUTHORITIES] = authorities
    return Content(kind=Kind.ADDRESSES, tree={**tree, "relay": kept})


def put(settings: Settings, held: Content) -> Settings:
    """Return the settings with these addresses and peers in place of those in the file.

    BadConfiguration when this version cannot use them, Misconfigured when the relay wants a login
    whose password the file does not name.
    """
    tree: dict[str, Any] = dict(held.tree)
    relay = dict(tree.get("relay", {}))
    authorities = relay.pop(_AUTHORITIES, "")
    if authorities:
        relay["ca_file"] = _AUTHORITIES
    if "user" in relay:
        relay["password_file"] = str(_password(settings).path)
    said, problems = validate(_Peers, _document({**tree, "relay": relay}))
    if said is None:
        raise BadConfiguration(problems)
    security = Address(local=said.addresses.security, domain=said.domain)
    return replace(
        settings,
        own=OwnAddresses(security=security, bounces_local=said.addresses.bounces.lower()),
        require_tls=said.addresses.require_tls,
        trusted_relays=said.trusted_relays,
        forwarders=said.forwarders,
        relay=_peer(said.relay, authorities, settings),
    )


def _peer(section: RelaySection, authorities: str, settings: Settings) -> RelayPeer:
    return RelayPeer(
        host=section.host,
        port=section.port,
        clear_port=section.clear_port,
        tls=section.protection,
        authorities=authorities,
        pins=frozenset(section.pinned_certificates),
        user=section.user or "",
        password=_password(settings) if section.user else None,
    )


def _password(settings: Settings) -> SecretFile:
    if settings.relay.password is None:
        raise Misconfigured(
            "the relay in force wants a login, and relay.password_file names no password",
            remedy="name the file with the password, or have the relay of the file put into force",
        )
    return settings.relay.password


def _document(tree: dict[str, Tree]) -> Document:
    return Document(file=f"{FILE} in force", value=tree, values={}, keys={})
