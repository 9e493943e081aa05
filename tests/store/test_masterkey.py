"""The file of master keys: several lines, the first in use, all of one database, none mistyped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.errors import Misconfigured
from gatekeeper.store.masterkey import KEYS_MAX, MasterKey, dump_all, load_all

OLD = MasterKey.of(bytes(range(32)))
NEW = OLD.successor()
FILE = dump_all((NEW, OLD))

secrets = st.binary(min_size=32, max_size=32)


@given(secrets, secrets)
def test_a_key_with_a_root_survives_its_file(secret: bytes, root: bytes) -> None:
    master = MasterKey.of(secret, root)
    assert master == MasterKey.load(master.dump())
    assert master.key_id != MasterKey.of(secret).key_id
    assert (master, MasterKey.of(root)) == load_all(dump_all((master, MasterKey.of(root))))


def test_a_successor_seals_with_another_secret_and_keeps_the_root() -> None:
    assert OLD.secret == OLD.roots == NEW.roots == NEW.successor().roots
    assert OLD.secret != NEW.secret
    assert MasterKey.generate().secret != MasterKey.generate().roots


def test_the_order_of_the_lines_is_kept() -> None:
    assert (NEW, OLD) == load_all(FILE)
    assert (OLD, NEW) == load_all(dump_all((OLD, NEW)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "a line of it"),
        (FILE[:-3], "a line of it"),
        (FILE[: FILE.index(b"\n") + 30], "a line of it"),
        (FILE.replace(b"\n", b"\n\n", 1), "a line of it"),
        (FILE + b"# old\n", "a line of it"),
        (FILE + OLD.dump(), "twice"),
        (FILE + MasterKey.generate().dump(), "different installations"),
        (FILE.replace(b"key-2", b"key-3"), "version"),
        (FILE.replace(b"key-2", b"key-1"), "version"),
        (OLD.dump().replace(b"key-1", b"key-2"), "version"),
        (FILE.replace(NEW.name.encode(), OLD.name.encode()), "do not belong together"),
        (
            dump_all([OLD, *(OLD.successor() for _ in range(KEYS_MAX))]),
            f"more than {KEYS_MAX} lines",
        ),
    ],
)
def test_a_file_that_is_not_whole_is_refused_without_a_quote(text: bytes, reason: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load_all(text)
    assert reason in caught.value.reason
    assert "AAE" not in caught.value.diagnostics()
    assert NEW.dump().split()[2].decode() not in caught.value.diagnostics()
    assert caught.value.__context__ is None


def test_whoever_expects_one_key_refuses_several() -> None:
    with pytest.raises(Misconfigured) as caught:
        MasterKey.load(FILE)
    assert "more than one line" in caught.value.reason


def test_no_representation_shows_a_secret() -> None:
    assert f"MasterKey(key_id={NEW.key_id!r})" == repr(NEW)


def test_a_root_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        MasterKey(key_id=NEW.key_id, secret=NEW.secret, root=b"short")
