"""What a site's files say, put into force without anybody's approval: for tests that need it so."""

from gatekeeper import clock
from gatekeeper.config import load
from gatekeeper.issues import running
from gatekeeper.start import open_store
from gatekeeper.store import applied
from gatekeeper.store.tx import Tx
from tests.running import Site


def put_into_force(site: Site) -> None:
    """Make what the files say now what is in force; the service must have been started before."""
    settings = load(site.config)

    def put(tx: Tx) -> None:
        for kind, content in settings.governed.items():
            before = applied.get(tx, kind)
            assert before is not None
            row = running.as_row(content, now=clock.now())
            applied.replace(tx, row, before=before.digest)

    with open_store(settings) as store:
        store.write(put)
