"""Keys whose primary secret is kept elsewhere: gpg lists a stub, `sec#`, and uses the subkeys."""

from dataclasses import dataclass
from functools import cache

from gatekeeper.pgp import packets
from tests.keys import CREATED, Key, gpg, make_key, read_key, short_home

_FAKED = ("--faked-system-time", CREATED)
_LATER = ("--faked-system-time", "20260102T000000!")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineKey:
    """A key with a signing subkey: `whole` as it lies offline, `subkeys` what a machine gets."""

    whole: Key
    subkeys: Key

    @property
    def fingerprint(self) -> str:
        """The primary key's fingerprint."""
        return self.whole.fingerprint


def offline_key(uid: str, *, until: str = "never") -> OfflineKey:
    """Return a key with an encryption and a signing subkey, made once in each test process."""
    return _made(uid, until)


@cache
def _made(uid: str, until: str) -> OfflineKey:
    with short_home() as home:
        made = make_key(home, uid)
        gpg(home, *_FAKED, "--quick-add-key", made.fingerprint, "ed25519", "sign", "never")
        if until != "never":
            for which in ((), ("*",)):
                gpg(home, *_LATER, "--quick-set-expire", made.fingerprint, until, *which)
        whole = read_key(home, made.fingerprint)
        secret = gpg(home, "--export-secret-subkeys", made.fingerprint)
    subkeys = Key(fingerprint=whole.fingerprint, public=whole.public, secret=secret)
    return OfflineKey(whole=whole, subkeys=subkeys)


def secret_without(key: OfflineKey, subkey: int) -> bytes:
    """Return the offline key's block without the subkey at that position, binding and all."""
    block = key.subkeys.secret
    found = list(packets.walk(block))
    starts = [p.start for p in found if p.tag == packets.SECRET_SUBKEY] + [len(block)]
    return block[: starts[subkey]] + block[starts[subkey + 1] :]
