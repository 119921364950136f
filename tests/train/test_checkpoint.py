"""Checkpoints: exact, atomic, checksummed, two kept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import DamagedError
from foreworld.train import checkpoint


def tree():
    return {
        "weights": (jnp.arange(6.0).reshape(2, 3), jnp.zeros((2, 0))),
        "count": jnp.int32([3, 4]),
        "flag": jnp.asarray([True, False]),
        "key": jax.random.split(jax.random.key(7), 2),
    }


def shapes(of):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), of)


def same(a, b):
    flat = [checkpoint.flatten(t, "") for t in (a, b)]
    assert flat[0].keys() == flat[1].keys()
    for name in flat[0]:
        np.testing.assert_array_equal(flat[0][name], flat[1][name])


def test_round_trip(tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoint.write_arrays(path, checkpoint.flatten(tree(), "state"), {"n": 1})
    arrays, info = checkpoint.read_arrays(path)
    assert info == {"n": 1}
    assert sorted(arrays) == [
        "state/count",
        "state/flag",
        "state/key",
        "state/weights/0",
        "state/weights/1",
    ]
    again = checkpoint.unflatten(arrays, "state", shapes(tree()), path)
    same(again, tree())
    assert again["key"].dtype == tree()["key"].dtype


def test_bytes_are_a_function_of_the_contents(tmp_path):
    for name in "ab":
        arrays = checkpoint.flatten(tree(), "state")
        checkpoint.write_arrays(tmp_path / name, arrays, {"x": 1, "y": [2, 3]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_flipped_byte_is_found(tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoint.write_arrays(path, {"x": np.arange(4, dtype=np.float32)}, {"n": 1})
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        try:
            arrays, info = checkpoint.read_arrays(path)
        except DamagedError as error:
            assert str(path) in str(error)
        else:
            # Only padding of the header may change without changing what is read.
            assert info == {"n": 1} and arrays["x"].tolist() == [0, 1, 2, 3]
            assert whole[i : i + 1] == b" "


def test_truncated_and_missing(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(DamagedError, match="is missing"):
        checkpoint.read_arrays(path)
    checkpoint.write_arrays(path, {"x": np.arange(400)}, {})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedError, match=r"a.safetensors is damaged"):
        checkpoint.read_arrays(path)
    path.write_bytes(b"")
    with pytest.raises(DamagedError, match=r"a.safetensors is damaged"):
        checkpoint.read_arrays(path)


def test_another_shape_is_refused(tmp_path):
    arrays = checkpoint.flatten({"x": jnp.zeros(3)}, "state")
    like = {"x": jax.ShapeDtypeStruct((4,), jnp.float32)}
    with pytest.raises(DamagedError, match=r"'state/x' is float32\(3,\) instead of"):
        checkpoint.unflatten(arrays, "state", like, tmp_path / "f")
    with pytest.raises(DamagedError, match="holds no 'state/y'"):
        checkpoint.unflatten(arrays, "state", {"y": like["x"]}, tmp_path / "f")


def test_two_are_kept(tmp_path):
    for segments in range(1, 5):
        checkpoint.save(tmp_path, segments, {"x": np.zeros(1)}, {})
    names = [path.name for path in checkpoint.checkpoints(tmp_path)]
    assert names == ["checkpoint-00004.safetensors", "checkpoint-00003.safetensors"]
    checkpoint.remove(tmp_path)
    assert not list(tmp_path.iterdir())
