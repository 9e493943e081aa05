"""An installation whose alias and team have the keys of the corpus."""

import re
from pathlib import Path

from gatekeeper.config.keyhome import ALIAS_SECRET
from gatekeeper.pgp.armor import Kind, armor
from gatekeeper.store.seal import Codec, MasterKey
from tests.corpus import people
from tests.house import person_key
from tests.running import Site, make_site

_FINGERPRINT = re.compile(r"(?<=\n  fingerprint: )\S+")


def corpus_site(folder: Path, *, relay: int, database: str | None = None) -> Site:
    """Make an installation under `folder`, as `make_site` does, and give it other keys."""
    site = make_site(folder, relay=relay, database=database)
    _give_alias(site)
    for old in (site.config / "keys").glob("*.asc"):
        old.unlink()
    for index, names in enumerate(people.TEAM):
        marks = [_give(site, name) for name in names]
        site.change("team.yaml", person_key(index).fingerprint, ", ".join(marks))
    return site


def _give_alias(site: Site) -> None:
    alias = people.key("alias")
    codec = Codec(MasterKey.load((site.config / "master.key").read_bytes()))
    sealed = codec.wrap(ALIAS_SECRET, alias.secret)
    (site.config / "alias" / "secret.sealed").write_bytes(sealed)
    certificate = armor(Kind.PUBLIC_KEY, alias.public)
    (site.config / "alias" / "certificate.asc").write_bytes(certificate)
    path = site.config / "gatekeeper.yaml"
    text, changed = _FINGERPRINT.subn(alias.fingerprint, path.read_text(encoding="utf-8"), count=1)
    assert changed
    path.write_text(text, encoding="utf-8")


def _give(site: Site, name: str) -> str:
    """Put a certificate among the team's and return its fingerprint."""
    key = people.key(name)
    certificate = armor(Kind.PUBLIC_KEY, key.public)
    (site.config / "keys" / f"{key.fingerprint}.asc").write_bytes(certificate)
    return key.fingerprint
