"""A letter of before a rotation is shown with the key that it brought."""

from gatekeeper.cli.inside import opener
from gatekeeper.config.keyhome import ALIAS_SECRET, codec_of
from gatekeeper.domain.identity import RowId
from gatekeeper.pgp.armor import dearmor
from gatekeeper.store.engine import Store
from gatekeeper.store.tables import letters
from gatekeeper.store.tx import Tx
from tests.cli.conftest import REPORT, use_the_houses_key
from tests.config.installation import Installation, add_former, armored
from tests.house import alias_key, open_house
from tests.keys import key_of


def acknowledgement(tx: Tx) -> RowId:
    """Return the letter to the reporter."""
    query = letters.select().where(letters.c.kind == "acknowledgement")
    return RowId(tx.connection.execute(query).one().id)


def rotate(site: Installation) -> None:
    """Give the installation a new key; the present one becomes a former one."""
    newer = key_of("Example security (new) <security@example.org>")
    settings = site.load()
    secret = codec_of(settings).wrap(ALIAS_SECRET, newer.secret)
    (site.folder / "alias" / "certificate.asc").write_bytes(armored(newer))
    (site.folder / "alias" / "secret.sealed").write_bytes(secret)
    site.replace("gatekeeper.yaml", settings.alias.fingerprint, newer.fingerprint)
    add_former(site, alias_key())


def test_what_was_attached_then_is_shown(site: Installation, store: Store) -> None:
    use_the_houses_key(site)
    with open_house(store) as house:
        house.receive(REPORT)
        while house.inbound.tick():
            pass
        product = house.desk.product
    letter = store.read(acknowledgement)
    for change in (lambda _: None, rotate):
        change(site)
        with opener(site.load(), store, product=product) as look:
            written = look.letter(letter)
        (_, key) = written.files
        assert alias_key().public == dearmor(key.data)[0].data
