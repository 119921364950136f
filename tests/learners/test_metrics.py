"""Metrics are pooled without bias, in any order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreworld.learners.metrics import (
    KINDS,
    Least,
    Mean,
    Spread,
    axes_of,
    named,
    nothing,
    pool,
)

NUMBERS = st.floats(-1e4, 1e4, width=32)


def of(values):
    array = jnp.asarray(values, jnp.float32).reshape(-1)
    counted = jnp.ones(array.shape, bool)
    if not len(values):
        array, counted = jnp.full(1, jnp.nan), jnp.zeros(1, bool)
    return {kind.__name__: kind.where(array, counted) for kind in KINDS.values()}


@settings(max_examples=40)
@given(st.lists(st.lists(NUMBERS, max_size=4), min_size=1, max_size=5))
def test_pooled_in_pieces_is_the_same_as_at_once(pieces):
    whole = of([value for piece in pieces for value in piece])
    found = nothing(whole)
    for piece in pieces:
        found = pool(found, of(piece))
    for name, metric in whole.items():
        for suffix, value in metric.values().items():
            other = found[name].values()[suffix]
            np.testing.assert_allclose(other, value, rtol=1e-4, atol=1e-1, err_msg=name)
        assert not metric.broken().any()


def test_what_is_read():
    array = jnp.array([1.0, 3.0, jnp.nan])
    counted = jnp.array([True, True, False])
    spread = Spread.where(array, counted).values()
    assert {n: float(x) for n, x in spread.items()} == {
        "": 2,
        "_std": 1,
        "_least": 1,
        "_largest": 3,
    }
    assert float(Least.where(array, counted).values()[""]) == 1
    for kind in KINDS.values():
        empty = jax.jit(nothing)(kind.where(array, counted))
        assert all(np.isnan(x).all() for x in empty.values().values())
        assert not empty.broken()
        assert kind.where(array, True).broken()


def test_far_from_zero_a_spread_is_exact():
    """Sums of plain squares would cancel."""
    values = jnp.float32(1e4) + jnp.arange(10, dtype=jnp.float32)
    parts = [Spread.where(part, jnp.ones(5, bool)) for part in (values[:5], values[5:])]
    np.testing.assert_allclose(pool(*parts).values()["_std"], np.arange(10).std(), 1e-5)


@pytest.mark.parametrize(
    ("name", "num", "axes"),
    [
        ("mse_by_horizon", 1, ("horizon",)),
        ("mse_by_context_by_horizon", 2, ("context", "horizon")),
        ("mse_by_context_by_horizon", 1, ("horizon",)),
        ("mse", 0, ()),
        ("mse", 1, ("mse_0",)),
    ],
)
def test_names_tell_the_axes(name, num, axes):
    assert axes_of(name, num) == axes


def test_names_of_what_is_read():
    assert named("mse_by_horizon", "_std") == "mse_std_by_horizon"
    assert named("return", "_least") == "return_least"
    assert Mean.of(jnp.ones(2)).values().keys() == {""}
