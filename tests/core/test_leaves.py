"""Names of leaves, and the parts that they belong to."""

import pytest

from foreworld.core.errors import UnknownNameError
from foreworld.core.leaves import is_in, named_leaves, unknown_part

TREE = {"a": {"net": [1, 2], "other": 3}, "b": {"net": [4]}}


def test_leaves_are_named_by_their_steps():
    names = {"a/net/0": 1, "a/net/1": 2, "a/other": 3, "b/net/0": 4}
    assert named_leaves(TREE) == names
    assert named_leaves(5) == {"": 5}


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("net", ["a/net/0", "a/net/1", "b/net/0"]),
        ("a", ["a/net/0", "a/net/1", "a/other"]),
        ("a.net", ["a/net/0", "a/net/1"]),
        ("net.0", ["a/net/0", "b/net/0"]),
        ("ne", []),
        ("b.other", []),
    ],
)
def test_a_part_is_steps_one_after_another(part, found):
    assert [name for name in named_leaves(TREE) if is_in(name, (part,))] == found


def test_an_unknown_part_names_those_there_are():
    error = unknown_part("part of it", "nett", list(named_leaves(TREE)))
    assert isinstance(error, UnknownNameError)
    assert str(error) == (
        "unknown part of it 'nett'. Did you mean 'b.net' or 'a.net'? Known: a, a.net, "
        "b, b.net."
    )
