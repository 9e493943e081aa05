"""Cleartext signatures: the text that is returned is the text that was checked."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.protection import SignatureState
from gatekeeper.pgp import opening
from tests.keys import Key
from tests.pgp.conftest import Desk
from tests.sampling import tries

LINES = st.text(alphabet="ab -\t.\r é", max_size=12).map(str.encode)


def clear_signed(reporter: Desk, key: Key, text: bytes) -> bytes:
    run = reporter.engine.run("--local-user", key.fingerprint, "--clear-sign", given=text)
    run.ensure_done("signing a test text")
    return run.output


@tries(40)
@given(st.lists(LINES, max_size=6), st.sampled_from([b"\n", b"\r\n"]))
def test_what_gpg_signed_is_good_and_returned(
    alias: Desk, reporter: Desk, reporter_key: Key, lines: list[bytes], newline: bytes
) -> None:
    plain = [line.replace(b"\r", b"") for line in lines]
    signed = clear_signed(reporter, reporter_key, b"\n".join([*plain, b""]))
    text, (signature,) = opening.verify_inline(alias.engine, signed.replace(b"\n", newline))
    assert SignatureState.GOOD is signature.state
    assert reporter_key.fingerprint == signature.fingerprint
    assert [line.rstrip() for line in plain] == (text.split(b"\r\n") if plain else [])


def test_a_changed_text_is_bad(alias: Desk, reporter: Desk, reporter_key: Key) -> None:
    signed = clear_signed(reporter, reporter_key, b"pay nobody\n- not a list\n")
    text, (signature,) = opening.verify_inline(alias.engine, signed.replace(b"nobody", b"me all"))
    assert SignatureState.BAD is signature.state
    assert b"pay me all\r\n- not a list" == text


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: b"before\n" + text, id="text before"),
        pytest.param(lambda text: text + b"after\n", id="text after"),
        pytest.param(lambda text: text + text, id="two"),
        pytest.param(lambda text: text.replace(b"Hash: ", b"NotDashEscaped: "), id="header"),
        pytest.param(lambda text: text.replace(b"\n\n", b"\nX: y\n\n", 1), id="foreign header"),
        pytest.param(lambda text: text.replace(b"body\n", b"-body\n"), id="unescaped dash"),
        pytest.param(lambda text: text.partition(b"-----END")[0], id="no end"),
        pytest.param(lambda text: text.partition(b"-----BEGIN PGP SIG")[0], id="no signature"),
        pytest.param(lambda _: b"plain text\n", id="no frame"),
        pytest.param(lambda _: b"", id="nothing"),
    ],
)
def test_anything_but_one_whole_frame_could_not_be_checked(
    alias: Desk, reporter: Desk, reporter_key: Key, spoil: Callable[[bytes], bytes]
) -> None:
    spoiled = spoil(clear_signed(reporter, reporter_key, b"body\n"))
    text, (signature,) = opening.verify_inline(alias.engine, spoiled)
    assert SignatureState.UNCHECKED is signature.state
    assert spoiled == text


@tries(20)
@given(st.binary(max_size=200))
def test_any_octets_are_an_answer(alias: Desk, data: bytes) -> None:
    frame = b"-----BEGIN PGP SIGNED MESSAGE-----\n\n" + data
    for text in (data, frame, frame + b"\n-----BEGIN PGP SIGNATURE-----\n" + data):
        found = opening.verify_inline(alias.engine, text)[1]
        assert SignatureState.GOOD not in {signature.state for signature in found}
