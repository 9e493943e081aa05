"""The ends of certificates, past ones too: of the whole, of mail to it, of its signatures."""

from collections.abc import Callable

from gatekeeper.domain.instants import SECOND, Instant, later
from gatekeeper.pgp import ends
from tests.house import START
from tests.keys import Key, gpg, read_key, short_home
from tests.keys_ending import FAKED, ending
from tests.pgp.conftest import Desk, revoked
from tests.pgp.offline import offline_key

SUMMER = Instant(1_782_864_000 * SECOND)  # 2026-07-01
WINTER = Instant(1_796_083_200 * SECOND)  # 2026-12-01


def only(desk: Desk, key: Key, now: Instant = START) -> ends.CertEnds:
    """Return the ends of one certificate that is not in the home."""
    (found,) = ends.of_certificates(desk.engine, [key.public], now)
    assert found is not None
    assert key.fingerprint == found.fingerprint
    return found


def test_a_key_without_end(alias: Desk, reporter_key: Key) -> None:
    found = only(alias, reporter_key)
    assert (None, None, None, True) == (found.whole, found.mail, found.signing, found.usable)


def test_all_of_it_ends_with_the_primary_key(alias: Desk) -> None:
    """Before and after, and whatever later end a subkey says it has."""
    for subkey in ("20260701T000000", "20261201T000000", "never"):
        key = ending(f"Whole <w{subkey}@example.org>", primary="20260701T000000", subkey=subkey)
        for now, usable in ((later(SUMMER, -SECOND), True), (SUMMER, False)):
            found = only(alias, key, now)
            assert ends.KeyEnd(fingerprint=key.fingerprint, at=SUMMER) == found.whole
            assert (None, None, usable) == (found.mail, found.signing, found.usable)


def test_mail_ends_with_the_last_encryption_subkey(alias: Desk) -> None:
    """It is known also when that end has passed: the subkey is named by its own fingerprint."""
    key = ending("Part <p@example.org>", primary="20261201T000000", subkey="20260701T000000")
    for now, usable in ((later(SUMMER, -SECOND), True), (SUMMER, False), (START, False)):
        found = only(alias, key, now)
        assert found.whole is not None
        assert WINTER == found.whole.at
        assert found.mail is not None
        assert (SUMMER, usable) == (found.mail.at, found.usable)
        assert found.mail.fingerprint != key.fingerprint
        assert found.signing is None


def test_another_encryption_subkey_takes_over(alias: Desk) -> None:
    key = ending("Renewed <r@example.org>", subkey="20260701T000000")
    with short_home() as home:
        gpg(home, "--import", given=key.secret)
        add = ("--quick-add-key", key.fingerprint, "cv25519", "encr", "20261201T000000")
        gpg(home, *FAKED, *add)
        renewed = read_key(home, key.fingerprint)
    found = only(alias, renewed)
    assert found.mail is not None
    assert (WINTER, True) == (found.mail.at, found.usable)


def test_nothing_is_waited_for_of_a_revoked_key(alias: Desk, reporter_key: Key) -> None:
    dead = ending("Dead <d@example.org>", primary="20261201T000000")
    found = only(alias, Key(fingerprint=dead.fingerprint, public=revoked(dead), secret=b""))
    assert (None, None, None, False) == (found.whole, found.mail, found.signing, found.usable)


def test_many_at_once_in_order_and_what_is_no_key_is_none(alias: Desk) -> None:
    """Also one that is cut short, or that gpg knows nothing usable of."""
    first, second = ending("One <1@example.org>"), ending("Two <2@example.org>")
    nameless = first.public[: first.public.index(b"One <1@example.org>") - 2]
    blocks = [first.public, b"", second.public, nameless, b"\x99\x00", first.public]
    found = ends.of_certificates(alias.engine, blocks, START)
    shown = [None if one is None else one.fingerprint for one in found]
    wanted = [first.fingerprint, None, second.fingerprint, None, None, first.fingerprint]
    assert wanted == shown
    many = ends.of_certificates(alias.engine, [second.public] * 65, START)
    assert [second.fingerprint] * 65 == [one.fingerprint for one in many if one is not None]
    assert () == ends.of_certificates(alias.engine, [], START)


def test_those_of_a_home(desk: Callable[..., Desk], reporter_key: Key) -> None:
    key = ending("Ours <o@example.org>", primary="20261201T000000")
    ours = desk(reporter_key.public, secret=key.secret)
    found = ends.in_home(ours.engine, START)
    assert {key.fingerprint, reporter_key.fingerprint} == set(found)
    whole = found[key.fingerprint].whole
    assert whole is not None
    assert WINTER == whole.at


def test_signatures_end_with_the_subkey_when_the_primary_key_is_elsewhere(
    desk: Callable[..., Desk],
) -> None:
    key = offline_key("Offline <s@example.org>")
    with short_home() as home:
        gpg(home, "--import", given=key.whole.secret)
        gpg(home, *FAKED, "--quick-set-expire", key.fingerprint, "20261201T000000", "*")
        secret = gpg(home, "--export-secret-subkeys", key.fingerprint)
    ours = desk(secret=secret)
    found = ends.in_home(ours.engine, START)[key.fingerprint]
    assert found.signing is not None
    assert WINTER == found.signing.at
    assert found.signing.fingerprint != key.fingerprint
