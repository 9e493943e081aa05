"""Certificates come in joined with what is known; whatever may not come in changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.config import former
from gatekeeper.config.certificates import examine
from gatekeeper.config.importing import Imported, take
from gatekeeper.config.judging import Standing
from gatekeeper.config.keyfiles import arriving
from gatekeeper.config.succession import Claim
from gatekeeper.domain.address import Address
from gatekeeper.domain.errors import Misconfigured, Refusal
from gatekeeper.domain.instants import SECOND, Instant
from gatekeeper.pgp.armor import Kind, armor, dearmor
from gatekeeper.pgp.keys import BLOCK_MAX
from tests.config.installation import Installation, add_former, advise, use_offline_key
from tests.config.renewing import changed, ending, flooded, grown, public
from tests.house import PEOPLE, START, person_key
from tests.keys import Key, gpg, key_of, short_home
from tests.pgp import crafting
from tests.pgp.conftest import revoked
from tests.pgp.crafting import CraftedKey

Y2027, Y2029 = Instant(1_798_761_600 * SECOND), Instant(1_861_920_000 * SECOND)


def contents(site: Installation) -> dict[Path, bytes]:
    """Return every file of the configuration."""
    return {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}


def give(site: Installation, index: int, key: Key) -> Path:
    """Save a person's key as it was given before."""
    path = site.folder / "keys" / f"{key.fingerprint}.asc"
    path.write_bytes(public(key))
    assert key.fingerprint == person_key(index).fingerprint
    return path


def test_a_persons_renewed_key_replaces_the_old_one(site: Installation) -> None:
    path = give(site, 0, ending(person_key(0), 2027))
    longer = ending(person_key(0), 2029)
    done = take(site.load(), public(longer), now=START)
    expected = Imported(
        owner="Andrea Example",
        standing=Standing.TEAM,
        fingerprint=longer.fingerprint,
        path=path,
        before=Y2027,
        after=Y2029,
    )
    assert expected == done
    assert () == examine(site.load(), now=START)
    assert 0o644 == path.stat().st_mode & 0o777


def test_binary_is_taken_as_well_and_saved_armored(site: Installation) -> None:
    give(site, 0, ending(person_key(0), 2027))
    done = take(site.load(), ending(person_key(0), 2029).public, now=START)
    assert done.path.read_bytes().startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")


def test_an_older_file_takes_nothing_back(site: Installation) -> None:
    """The same again, or one from before, changes not a byte."""
    newer = changed(
        ending(person_key(0), 2027),
        ("--quick-add-key", "{key}", "cv25519", "encr", "never"),
    )
    give(site, 0, newer)
    first = take(site.load(), public(newer), now=START)
    before = contents(site)
    for file in (public(newer), public(person_key(0))):
        done = take(site.load(), file, now=START)
        assert (False, first.after) == (done.changed, done.after)
    assert before == contents(site)


def test_a_revocation_is_taken_and_stays(site: Installation) -> None:
    """Nothing more is encrypted to a key that its owner gave up; an older file changes that not."""
    key = person_key(2)
    for file in (revoked(key), key.public):
        done = take(site.load(), armor(Kind.PUBLIC_KEY, file), now=START)
        assert "the key is revoked" == done.state
    (problem,) = examine(site.load(), now=START)
    assert "no usable key is left" in problem.text


def test_a_flood_of_signatures_is_cut_down(site: Installation) -> None:
    """What is saved is the newest signature of each user ID and subkey."""
    key = person_key(0)
    done = take(site.load(), flooded(key), now=START)
    assert not done.changed
    (saved,) = dearmor(done.path.read_bytes())
    assert len(key.public) == len(saved.data)


def test_the_aliass_key_that_was_extended_elsewhere(site: Installation) -> None:
    """Its primary key is offline; the certificate alone comes back."""
    key = use_offline_key(site, until="20270101T000000")
    longer = ending(key.whole, 2029)
    done = take(site.load(), public(longer), now=START)
    assert ("alias", Standing.CURRENT) == (done.owner, done.standing)
    assert (Y2027, Y2029) == (done.before, done.after)
    late = Instant(Y2027 + 1)
    assert [] == [problem for problem in examine(site.load(), now=late) if not problem.warning]


def test_a_certificate_that_would_stop_the_alias_stays_out(site: Installation) -> None:
    key = use_offline_key(site)
    before = contents(site)
    new = ("--quick-add-key", "{key}", "cv25519", "encr", "never")
    cases = {
        "is revoked": revoked(key.whole),
        "whose secret is not here": changed(key.whole, new).public,
        "has expired": changed(key.whole, ("--quick-set-expire", "{key}", "2026-03-01")).public,
    }
    for words, file in cases.items():
        with pytest.raises(Refusal, match=words):
            take(site.load(), file, now=START)
    assert before == contents(site)


def test_a_former_key_may_be_revoked(site: Installation) -> None:
    """And mail to it stays readable: tests/config/test_keyhome.py."""
    old = key_of("Old alias <security@example.org>")
    add_former(site, old)
    done = take(site.load(), revoked(old), now=START)
    assert ("alias", Standing.FORMER) == (done.owner, done.standing)
    assert ("the key is revoked", site.folder / former.certificate(old.fingerprint)) == (
        done.state,
        done.path,
    )
    assert () == examine(site.load(), now=START)


def test_the_advisory_key_is_renewed(site: Installation) -> None:
    key = key_of("Advisories <advisories@example.org>")
    advise(site, key, certificate=public(ending(key, 2027)))
    done = take(site.load(), ending(key, 2029).public, now=START)
    assert ("advisory", Standing.ADVISORY, Y2029) == (done.owner, done.standing, done.after)
    assert "" == done.state


def test_a_broken_file_is_replaced(site: Installation) -> None:
    """What lies there may be refused: another key, or one with what no key may have."""
    path = site.folder / "keys" / f"{person_key(0).fingerprint}.asc"
    for broken in (CraftedKey(b"Evil\n<x@example.org>").certificate, person_key(1).public):
        path.write_bytes(armor(Kind.PUBLIC_KEY, broken))
        done = take(site.load(), person_key(0).public, now=START)
        assert (True, None) == (done.changed, done.before)
        assert () == examine(site.load(), now=START)


def test_a_key_that_was_left_under_its_other_name_gets_its_own(site: Installation) -> None:
    """A killed command left it so; it was in use all the time."""
    path = site.folder / "keys" / f"{person_key(0).fingerprint}.asc"
    hidden = arriving(site.folder, person_key(0).fingerprint)
    path.rename(hidden)
    assert () == examine(site.load(), now=START)
    assert not take(site.load(), person_key(0).public, now=START).changed
    assert (True, False) == (path.exists(), hidden.exists())
    assert () == examine(site.load(), now=START)


def rsa1024() -> bytes:
    with short_home() as home:
        gpg(home, "--quick-gen-key", "Short <andrea@team.example>", "rsa1024", "default", "never")
        return gpg(home, "--export")


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "not exactly one"),
    "a text": (lambda: b"hello\n", "not exactly one"),
    "a secret key": (lambda: person_key(0).secret, "SECRET key"),
    "an armored secret key": (
        lambda: armor(Kind.PRIVATE_KEY, person_key(0).secret),
        "SECRET key",
    ),
    "two keys": (lambda: person_key(0).public + person_key(1).public, "exactly one key"),
    "two blocks": (lambda: public(person_key(0)) * 2, "exactly one key block"),
    "version 6": (lambda: crafting.packet(6, b"\x06" + bytes(50)), "version 4"),
    "too large": (lambda: person_key(0).public + bytes(BLOCK_MAX), "larger than 256 KiB"),
    "a short RSA key": (rsa1024, "less than 2048 bits"),
    "control characters": (
        lambda: CraftedKey(b"Evil\x1b[2J <andrea@team.example>").certificate,
        "control characters",
    ),
    "user IDs without end": (
        lambda: CraftedKey(b"x").certificate + crafting.packet(13, b"y") * 64,
        "64 user IDs",
    ),
    "no self-signature": (
        lambda: person_key(0).public[: person_key(0).public.index(b"Andrea") - 2],
        "no usable key",
    ),
    "a colleague's key below": (
        lambda: CraftedKey(b"Thief <andrea@team.example>").adopting(person_key(1).public, subkey=1),
        "another certificate that is known here",
    ),
    "no encryption subkey": (
        lambda: CraftedKey(b"Signs <andrea@team.example>").certificate,
        "no encryption subkey",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_come_in_changes_nothing(name: str, site: Installation) -> None:
    make, words = REFUSED[name]
    before = contents(site)
    with pytest.raises(Refusal, match=words) as refused:
        take(site.load(), make(), now=START)
    assert 1 == refused.value.exit_code
    assert refused.value.remedy
    assert before == contents(site)


@pytest.mark.parametrize("whose", list(Standing))
def test_two_halves_that_are_too_much_together_stay_apart(
    whose: Standing, site: Installation
) -> None:
    """Each may come in; joined they would be refused by whoever reads the configuration next."""
    key = key_of("Another <security@example.org>")
    if whose is Standing.CURRENT:
        key = use_offline_key(site).whole
    elif whose is Standing.FORMER:
        add_former(site, key)
    elif whose is Standing.ADVISORY:
        advise(site, key)
    else:
        key = person_key(0)
    assert take(site.load(), grown(key, 1).public, now=START).changed
    before = contents(site)
    with pytest.raises(Refusal, match="more than 32 keys") as refused:
        take(site.load(), grown(key, 2).public, now=START)
    assert (1, True) == (refused.value.exit_code, "another key" in refused.value.remedy)
    assert before == contents(site)
    assert () == examine(site.load(), now=START)


def test_nobody_vouches_for_a_key_that_is_known(site: Installation) -> None:
    """The alias's, a person's as another one's, and one that is renewed by the file."""
    alias, signature = site.load().alias.certificate, b"x"
    other = Address.parse(PEOPLE[1][1])
    before = contents(site)
    for block, claim in (
        (alias, Claim(signature=signature)),
        (person_key(0).public, Claim(signature=signature, address=other)),
        (ending(person_key(0), 2029).public, Claim(signature=signature)),
    ):
        with pytest.raises(Misconfigured, match="nobody has to vouch"):
            take(site.load(), block, claim=claim, now=START)
    assert before == contents(site)


def test_vouched_for_again_nothing_is_new(site: Installation) -> None:
    """The key is that person's already, by the address or without one."""
    before = contents(site)
    for address in (None, Address.parse(PEOPLE[0][1])):
        claim = Claim(signature=b"x", address=address)
        done = take(site.load(), person_key(0).public, claim=claim, now=START)
        assert (False, False, "Andrea Example") == (done.changed, done.added, done.owner)
    assert before == contents(site)
