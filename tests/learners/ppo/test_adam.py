"""Adam and clipping, against the written algorithm in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.learners.ppo._adam import Adam, adam_step


@pytest.mark.parametrize("max_grad_norm", [0.5, 100.0])
def test_steps_are_the_written_algorithm(max_grad_norm):
    parameters = {"a": jnp.ones((2, 3)), "b": jnp.zeros(4)}
    ours, adam = parameters, Adam.init(parameters)
    theirs = {name: np.asarray(x, np.float64) for name, x in parameters.items()}
    m = dict.fromkeys(theirs, 0.0)
    v = dict.fromkeys(theirs, 0.0)
    rng = np.random.default_rng(0)
    step = jax.jit(adam_step)
    for t in range(1, 5):
        g = {name: rng.normal(size=x.shape) for name, x in theirs.items()}
        norm = np.sqrt(sum((x**2).sum() for x in g.values()))
        gradients = {name: jnp.asarray(x, jnp.float32) for name, x in g.items()}
        ours, adam, found = step(ours, adam, gradients, 1e-2, max_grad_norm, 1e-5)
        np.testing.assert_allclose(found, norm, rtol=1e-6)
        for name, x in g.items():
            x = x * min(1.0, max_grad_norm / norm)
            m[name] = 0.9 * m[name] + 0.1 * x
            v[name] = 0.999 * v[name] + 0.001 * x**2
            root = np.sqrt(v[name] / (1 - 0.999**t)) + 1e-5
            theirs[name] = theirs[name] - 1e-2 * (m[name] / (1 - 0.9**t)) / root
    for name, x in theirs.items():
        np.testing.assert_allclose(ours[name], x, rtol=1e-5, atol=1e-6)


def test_no_gradient_and_no_length_give_no_nan():
    parameters = {"a": jnp.ones(2)}
    zeros = {"a": jnp.zeros(2)}
    moved, _, norm = adam_step(parameters, Adam.init(parameters), zeros, 1.0, 0.0, 1e-5)
    assert moved["a"].tolist() == [1.0, 1.0] and norm == 0.0
