"""Adam and clipping, against the written algorithm in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.nn.adam import adam_step, init_adam


@pytest.mark.parametrize("max_grad_norm", [0.5, 100.0])
def test_steps_are_the_written_algorithm(max_grad_norm):
    parameters = {"a": jnp.ones((2, 3)), "b": jnp.zeros(4)}
    ours, adam = parameters, init_adam(parameters)
    theirs = {name: np.asarray(x, np.float64) for name, x in parameters.items()}
    m = dict.fromkeys(theirs, 0.0)
    v = dict.fromkeys(theirs, 0.0)
    rng = np.random.default_rng(0)
    step = jax.jit(adam_step)
    for t in range(1, 5):
        g = {name: rng.normal(size=x.shape) for name, x in theirs.items()}
        norm = np.sqrt(sum((x**2).sum() for x in g.values()))
        gradients = {name: jnp.asarray(x, jnp.float32) for name, x in g.items()}
        ours, adam, found = step(ours, gradients, adam, 1e-2, max_grad_norm, 1e-5)
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
    moved, _, norm = adam_step(parameters, zeros, init_adam(parameters), 1.0, 0.0, 1e-5)
    assert moved["a"].tolist() == [1.0, 1.0] and norm == 0.0


def test_clipping_and_no_clipping_in_one_program():
    network = {"a": jnp.zeros(2), "b": jnp.zeros(1)}
    gradient = {"a": jnp.asarray([3.0, 0.0]), "b": jnp.asarray([4.0])}

    @jax.vmap
    def first_moment(limit):
        _, moments, norm = adam_step(
            network, gradient, init_adam(network), jnp.float32(0.1), limit
        )
        return moments.mu["b"][0] / 0.1, norm

    seen, norm = first_moment(jnp.asarray([0.0, 1.0, 50.0]))
    np.testing.assert_allclose(seen, [4.0, 0.8, 4.0], rtol=1e-5)
    np.testing.assert_allclose(norm, 5.0, rtol=1e-6)


def test_adam_moves_by_the_learning_rate_first():
    network = {"a": jnp.asarray([1.0, -1.0])}
    gradient = {"a": jnp.asarray([0.3, -7.0])}
    new, _, _ = adam_step(network, gradient, init_adam(network), jnp.float32(0.01), 0.0)
    np.testing.assert_allclose(new["a"], [0.99, -0.99], atol=1e-5)
