"""Who approved a request is found by asking for each of those who could have."""

from gatekeeper.store import approvers
from gatekeeper.store.engine import Store
from tests.store.samples import FINGERPRINT, OTHER_FINGERPRINT
from tests.store.test_requests import add, approve


def test_those_who_approved_are_found_in_the_order_asked_for(store: Store) -> None:
    request = add(store)
    people = ("nobody@team.example", OTHER_FINGERPRINT, FINGERPRINT)
    assert () == store.read(lambda tx: approvers.among(tx, request=request, people=people))
    approve(store, request, FINGERPRINT)
    approve(store, request, OTHER_FINGERPRINT)
    found = store.read(lambda tx: approvers.among(tx, request=request, people=people))
    assert (OTHER_FINGERPRINT, FINGERPRINT) == found
