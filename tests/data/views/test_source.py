"""What learners see of data: named columns, their spaces, rows of different lengths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError, FitError
from foreworld.core.spaces import Box, Discrete
from foreworld.data.format.nested import flat, flat_spaces, nested
from foreworld.data.views.ragged import Ragged
from foreworld.data.views.source import DataSource
from foreworld.testing.columns import ColumnProbe
from foreworld.testing.masked import Letter

ROWS = [np.arange(3.0), np.zeros(0), np.array([7.0])]


def test_columns_have_parts() -> None:
    tree = {"action": {"a": {"say": 1, "do": 2}, "b": 3}, "valid": 4}
    columns = flat(tree)
    assert columns == {"action/a/say": 1, "action/a/do": 2, "action/b": 3, "valid": 4}
    assert nested(columns, "action") == tree["action"]
    assert nested(columns, "act") is None
    spaces = flat_spaces("action", {"a": Letter().action_space, "b": Discrete(2)})
    assert list(spaces) == [
        "action/a/word",
        "action/a/aim",
        "action/a/send",
        "action/b",
    ]


def test_learners_name_the_columns_they_want() -> None:
    columns = {"image": jnp.zeros((2, 3, 4, 4, 1)), "reward/a": jnp.zeros((2, 2))}
    source = DataSource(columns, {"action": Box(0, 1, (2,))})
    assert hash(jax.tree.structure(source)) == hash(jax.tree.structure(source))
    source.need("ProbeLearner", "image", "reward")
    with pytest.raises(FitError) as caught:
        source.need("ProbeLearner", "image", "action", "terminated")
    assert str(caught.value) == (
        "ProbeLearner learns from image, action, terminated, but the data set has no "
        "action, terminated. It has image, reward/a."
    )


def test_rows_of_different_lengths() -> None:
    column = Ragged.of(ROWS)
    source = DataSource({"context": column})
    assert source.num_sequences == 3
    probe = ColumnProbe(column="context")
    probe.check_fit(source)
    mean = jax.jit(probe.evaluate)(jnp.float32(0), source, jax.random.key(0))["mean"]
    assert float(mean.total) == 2.5

    @jax.jit
    def read(source: DataSource, rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        return source.get("context").rows(rows)

    values, there = read(source, jnp.array([2, 1, 0, 2]))
    assert values.tolist() == [[7, 0, 0], [0, 0, 0], [0, 1, 2], [7, 0, 0]]
    assert there.sum(1).tolist() == [1, 0, 3, 1]
    assert column.rows(jnp.array([0]), 2)[0].tolist() == [[0, 1]]
    for bad in ([], [np.zeros((2, 3)), np.zeros((2, 4))], [np.float32(1)]):
        with pytest.raises(
            ConfigError, match="must agree in their type and in all axes"
        ):
            Ragged.of(bad)


def test_rows_may_be_lists_and_empty() -> None:
    column = Ragged.of([[1], [2, 3], []])
    assert column.values.dtype == jnp.int32 and column.lengths.tolist() == [1, 2, 0]
    assert column.rows(jnp.array([2, 1]))[0].tolist() == [[0, 0], [2, 3]]
    assert Ragged.of([[], [[1, 2]]]).values.shape == (1, 2)
    assert Ragged.of([[], []]).longest == 0


BEYOND = (
    " of rows holds {}, but numbers on the device are {}, from {} to {}. Number "
    "choices from 0, choose a larger unit, subtract an offset or leave it out."
)


def test_numbers_that_the_device_cannot_hold_are_refused() -> None:
    whole = ("int32", -(2**31), 2**31 - 1)
    floats = ("float32", "-3.4028234663852886e+38", "3.4028234663852886e+38")
    for row, said in [
        (np.array([0, 2**40]), (2**40, *whole)),
        (np.array([-(2**31) - 1]), (-(2**31) - 1, *whole)),
        (np.array([2**32], np.uint64), (2**32, "uint32", 0, 2**32 - 1)),
        (np.array([1e300]), (1e300, *floats)),
    ]:
        with pytest.raises(ConfigError) as caught:
            Ragged.of([row])
        assert str(caught.value) == "a column" + BEYOND.format(*said)
    held = Ragged.of([np.array([2**31 - 1, -(2**31)]), np.array([], np.int64)])
    assert held.values.tolist() == [2**31 - 1, -(2**31)]
    assert Ragged.of([np.array([np.inf, np.nan])]).values[0] == np.inf


def test_rows_hold_numbers() -> None:
    for rows, said in [
        ([["a"]], "a column of rows is <U1: a device holds numbers and truths only"),
        ([[None]], "a column of rows is object: a device holds numbers and truths on"),
        ([[[1], [2, 3]]], "is one array, or a list of numbers or of lists that are eq"),
    ]:
        with pytest.raises(ConfigError, match=said):
            Ragged.of(rows)
