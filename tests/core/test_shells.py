"""Settings of the shell that decide numbers decide none of ours."""

import contextlib

import jax
import numpy as np
import pytest

import foreworld as fw
from foreworld.core import compilation
from foreworld.core.disk.folder import checksum
from foreworld.core.keys import named_key, pinned, root_key
from foreworld.testing.probes import ProbeLearner, ProbeWorld

OTHERS = {
    "jax_default_prng_impl": "rbg",
    "jax_threefry_partitionable": False,
    "jax_random_seed_offset": 5,
    "jax_default_matmul_precision": "highest",
    "jax_enable_x64": True,
}
"""As ``JAX_DEFAULT_PRNG_IMPL=rbg`` and so on would have it."""


@contextlib.contextmanager
def another_shell():
    before = {name: getattr(jax.config, name) for name in OTHERS}
    try:
        for name, value in OTHERS.items():
            jax.config.update(name, value)
        yield
    finally:
        for name, value in before.items():
            jax.config.update(name, value)


def train(out):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=8), seed=3)
    folder = fw.run_experiment(base, 2, out=out, quiet=True).path
    return [checksum(path) for path in sorted(folder.rglob("*.safetensors"))]


def generate(out):
    data = fw.generate("bouncing_ball", out, train=2, num_frames=3, quiet=True)
    sums = [checksum(path) for path in sorted(out.rglob("*.h5"))]
    return data.train.rows("state", np.arange(2)), sums


@pytest.mark.parametrize("make", [train, generate])
def test_the_same_numbers_in_any_shell(make, tmp_path, monkeypatch):
    """The case `random_numbers_depend_on_environment_variables`."""
    plain = make(tmp_path / "a")
    # Programs that are known already would hide what settings do.
    monkeypatch.setattr(compilation, "_KNOWN", {})
    with another_shell():
        other = make(tmp_path / "b")
    jax.tree.map(np.testing.assert_array_equal, plain, other)


def test_keys_heed_no_setting():
    plain = jax.random.key_data(named_key(root_key(7), "run", 3))
    with another_shell():
        other = jax.random.key_data(named_key(root_key(7), "run", 3))
        with pinned():
            inside = jax.random.uniform(root_key(7), (3,), np.float32)
    np.testing.assert_array_equal(plain, other)
    np.testing.assert_array_equal(
        inside, jax.random.uniform(jax.random.key(7), (3,), np.float32)
    )


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**32 - 1, -3])
def test_root_keys_are_those_of_jax(seed):
    wanted = jax.random.key_data(jax.random.key(seed))
    np.testing.assert_array_equal(jax.random.key_data(root_key(seed)), wanted)
    traced = jax.jit(lambda s: jax.random.key_data(root_key(s)))
    np.testing.assert_array_equal(traced(np.uint32(seed % 2**32)), wanted)
