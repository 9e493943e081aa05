"""What a governed part says has one digest, however it is written, and nothing else has it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.governed import Content, Kind, Tree, leaves, load, plain

values = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside),
    max_leaves=8,
)
trees = st.dictionaries(st.text(min_size=1, max_size=4), values, max_size=4)
kinds = st.sampled_from(Kind)


def content(tree: dict[str, Tree], kind: Kind = Kind.POLICY) -> Content:
    """Return a part that says so."""
    return Content(kind=kind, tree=tree)


@given(kind=kinds, tree=trees)
def test_what_is_kept_is_read_again(kind: Kind, tree: dict[str, Tree]) -> None:
    made = content(tree, kind)
    assert made == load(made.dump())
    assert made.digest == load(made.dump()).digest


@given(tree=trees)
def test_the_order_of_settings_makes_no_difference(tree: dict[str, Tree]) -> None:
    turned = dict(reversed(tree.items()))
    assert content(tree).digest == content(turned).digest


@given(one=trees, other=trees)
def test_two_parts_share_a_digest_only_when_they_say_the_same(
    one: dict[str, Tree], other: dict[str, Tree]
) -> None:
    same = plain(one) == plain(other)
    assert same == (content(one).digest == content(other).digest)


@given(tree=trees)
def test_the_kind_belongs_to_the_digest(tree: dict[str, Tree]) -> None:
    assert len(Kind) == len({content(tree, kind).digest for kind in Kind})


def test_a_setting_without_a_value_says_nothing() -> None:
    bare = content({"relay": {"host": "mail.example"}})
    assert bare.digest == content({"relay": {"host": "mail.example", "tls": None}, "x": {}}).digest
    assert bare.digest != content({"relay": {"host": "mail.example", "tls": "never"}}).digest
    assert bare.digest != content({"relay": {"host": "mail.example"}, "list": []}).digest


def test_a_renewed_certificate_changes_no_digest() -> None:
    tree: dict[str, Tree] = {"people": []}
    old, new = ({"A": text} for text in ("as it was", "with a later end"))
    made = [Content(kind=Kind.TEAM, tree=tree, certificates=each) for each in (old, new)]
    assert made[0].digest == made[1].digest
    assert dict(new) == dict(load(made[1].dump()).certificates)


def test_only_a_team_has_certificates() -> None:
    with pytest.raises(ValueError, match="only a team"):
        Content(kind=Kind.POLICY, tree={}, certificates={"A": "x"})


@pytest.mark.parametrize("stored", [b"", b"[]", b"{}", json.dumps({"kind": "x"}).encode()])
def test_what_is_no_such_part_is_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        load(stored)


def test_a_tree_without_end_is_refused() -> None:
    deep: Tree = "x"
    for _ in range(50):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="too deeply"):
        content({"a": deep})


def test_settings_are_told_one_by_one() -> None:
    tree: Tree = {"b": {"c": "1", "d": None}, "a": ["x", {"y": "z"}, ["w"]], "e": ""}
    assert [(("a",), "[x, {y: z}, [w]]"), (("b", "c"), "1"), (("e",), "")] == list(leaves(tree))
