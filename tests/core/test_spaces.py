"""Spaces contain what they sample and refuse what they must."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.space_json import read_column_space, read_space, write_space
from foreworld.core.spaces import Box, Discrete, Record, Sequence

SPACES = [
    Discrete(4),
    Box(-1.0, 2.0, (3,)),
    Box(0, 255, (2, 2, 1), "uint8"),
    Box(-np.inf, np.inf, (2,)),
]


MESSAGE = Record({"say": Discrete(3), "aim": Box(-1.0, 1.0, (2, 2))})
NESTED = Record({"inner": MESSAGE, "go": Discrete(2)})


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_samples_are_contained_and_flatten(space):
    for x in jax.vmap(space.sample)(jax.random.split(jax.random.key(0), 20)):
        assert x.dtype == space.dtype
        assert space.contains(x)
        assert space.flatten(x).shape == (space.flat_size,)


def test_what_is_not_contained():
    assert not Discrete(3).contains(jnp.asarray(3))
    assert not Discrete(3).contains(jnp.asarray(1.0))
    assert not Discrete(3).contains(jnp.zeros(1, jnp.int32))
    assert not Box(0, 1, (2,)).contains(jnp.asarray([0.5, 1.5]))
    assert not Box(0, 1, (2,)).contains(jnp.zeros(3))


def test_one_hot_keeps_batch_axes():
    flat = Discrete(3).flatten(jnp.asarray([[0, 2]]))
    np.testing.assert_array_equal(flat, [[[1, 0, 0], [0, 0, 1]]])
    assert Box(0, 1, (2, 2)).flatten(jnp.ones((5, 2, 2))).shape == (5, 4)


def test_impossible_spaces():
    with pytest.raises(ConfigError, match="at least 1 choice, got num=0"):
        Discrete(0)
    with pytest.raises(ConfigError, match=r"2 choices but 1 names for them: up\."):
        Discrete(2, ("up",))
    with pytest.raises(ConfigError, match=r"low <= high, got \[2, 1\]"):
        Box(2, 1, (1,))


def test_records_contain_and_flatten_their_fields():
    for x in [NESTED.sample(jax.random.key(i)) for i in range(5)]:
        assert NESTED.contains(x)
        flat = NESTED.flatten(x)
        assert flat.shape == (NESTED.flat_size,) == (9,)
        np.testing.assert_array_equal(flat[:3], Discrete(3).flatten(x["inner"]["say"]))
        np.testing.assert_array_equal(flat[7:], Discrete(2).flatten(x["go"]))
    batch = jax.vmap(NESTED.sample)(jax.random.split(jax.random.key(0), 4))
    assert NESTED.flatten(batch).shape == (4, 9)
    assert not NESTED.contains({**x, "go": jnp.int32(2)})
    assert not NESTED.contains({"go": x["go"]})
    assert not NESTED.contains(jnp.zeros(9))


def test_records_can_be_compared_and_hashed():
    again = Record([("say", Discrete(3)), ("aim", Box(-1.0, 1.0, (2, 2)))])
    assert again == MESSAGE and hash(again) == hash(MESSAGE)
    assert again != Record(dict(reversed(MESSAGE.items)))
    assert eval(repr(NESTED)) == NESTED
    with pytest.raises(AttributeError):
        MESSAGE.items = ()


def test_masks_restrict_samples_and_what_is_contained():
    mask = jnp.asarray([False, True, False, True])
    keys = jax.random.split(jax.random.key(0), 400)
    draws = jax.vmap(lambda key: SPACES[0].sample(key, mask))(keys)
    assert draws.dtype == jnp.int32
    np.testing.assert_array_equal(np.unique(draws), [1, 3])
    assert 120 < np.sum(draws == 1) < 280
    assert SPACES[0].contains(jnp.int32(1), mask)
    assert not SPACES[0].contains(jnp.int32(2), mask)
    masks = {"inner": {"say": jnp.asarray([False, False, True])}}
    for i in range(20):
        x = NESTED.sample(jax.random.key(i), masks)
        assert x["inner"]["say"] == 2 and NESTED.contains(x, masks)
    x["inner"]["say"] = jnp.int32(1)
    assert NESTED.contains(x) and not NESTED.contains(x, masks)


def test_faults_of_masks():
    assert MESSAGE.fault({"say": jnp.asarray([True, False, False])}) == ""
    assert MESSAGE.fault({"say": None}) == MESSAGE.fault({}) == ""
    words = "it forbids all 3 choices, and one has to be allowed"
    assert Discrete(3).fault(np.zeros(3, bool)) == words
    assert MESSAGE.fault({"say": np.zeros(3, bool)}) == f"in field 'say' {words}"
    assert "each of 3 choices, got bool[2]" in Discrete(3).fault(np.ones(2, bool))
    assert "float32[3]" in Discrete(3).fault(np.ones(3, np.float32))
    assert "by field (say, aim), got True" in MESSAGE.fault(True)
    assert "names the field 'saw'" in MESSAGE.fault({"saw": None})
    with pytest.raises(ConfigError, match="of a record it is a dictionary of masks by"):
        MESSAGE.sample(jax.random.key(0), jnp.ones(3, bool))
    assert "no mask" in MESSAGE.fault({"aim": np.ones(4, bool)})


def test_impossible_records():
    with pytest.raises(ConfigError, match="at least one field, got none"):
        Record({})
    with pytest.raises(ConfigError, match=r"field 'a' of a Record.*got 3\."):
        Record({"a": 3})
    with pytest.raises(ConfigError, match=r"is named by 1 to 64 .*, got ''"):
        Record({"": Discrete(2)})


@pytest.mark.parametrize(
    "space",
    [
        Discrete(3),
        Discrete(2, ("left", "right")),
        Box(-np.inf, 4.0, (2, 3), "uint8"),
        Record({"aim": Record({"x": Box(0, 1, ())}), "say": Discrete(4)}),
    ],
)
def test_spaces_are_written_as_json(space):
    assert read_space(json.loads(json.dumps(write_space(space)))) == space


@pytest.mark.parametrize(
    "data",
    [
        None,
        3,
        {},
        {"space": "disk"},
        {"space": "discrete", "num": 0, "names": []},
        {"space": "box", "low": 0, "high": 1, "shape": 3, "dtype": "float32"},
        {"space": "box", "low": 0, "high": 1, "shape": [], "dtype": "os"},
        {"space": "record", "fields": {}},
    ],
)
def test_what_is_no_space(data):
    with pytest.raises(ConfigError):
        read_space(data)


def test_rows_of_different_lengths_have_a_space() -> None:
    space = Sequence(Box(-np.inf, np.inf, (2,), "float64"), 7)
    written = json.loads(json.dumps(write_space(space)))
    assert read_column_space(written) == space and written["max_len"] == 7
    with pytest.raises(ConfigError, match="no space: only a column of data may be one"):
        read_space(written)
    with pytest.raises(ConfigError, match="no space: -1 is no whole number from 0 to"):
        read_column_space(written | {"max_len": -1})
    with pytest.raises(ConfigError, match="a Sequence is of a Discrete or of a Box, g"):
        Sequence(Record({"word": Discrete(2)}), 3)  # type: ignore
