"""Keys are functions of names, not of the order of draws."""

import hypothesis.strategies as st
import jax
from hypothesis import given, settings

from foreworld.core.keys import named_key, root_key

names = st.lists(st.text(max_size=8) | st.integers(0, 10**6), max_size=4)


def data(key):
    return tuple(jax.random.key_data(key).tolist())


@given(names, names)
@settings(max_examples=50, deadline=None)
def test_different_names_give_different_keys(a, b):
    key = root_key(0)
    assert (data(named_key(key, *a)) == data(named_key(key, *b))) == (a == b)


@given(names, names)
@settings(max_examples=20, deadline=None)
def test_names_fold_one_after_the_other(a, b):
    key = root_key(3)
    assert data(named_key(named_key(key, *a), *b)) == data(named_key(key, *a, *b))


def test_traced_indices_give_the_same_keys():
    key = root_key(1)
    keys = jax.vmap(lambda i: named_key(key, "train", i))(jax.numpy.arange(5))
    for i in range(5):
        assert data(keys[i]) == data(named_key(key, "train", i))


def test_keys_are_the_same_under_x64():
    key = root_key(7)
    with jax.enable_x64(True):
        assert data(named_key(root_key(7), "a", 3)) == data(named_key(key, "a", 3))
