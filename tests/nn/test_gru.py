"""The GRU's law and its hand-written reverse pass, against plain automatic ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.nn.gru import GRUCell, gru_sequence, gru_step

TIME, BATCH, HIDDEN = 9, 3, 5


@pytest.fixture(scope="module")
def arguments():
    keys = jax.random.split(jax.random.key(0), 6)
    starts = jax.random.bernoulli(keys[1], 0.3, (TIME, BATCH))
    floats = (
        jax.random.normal(keys[0], (TIME, BATCH, 3 * HIDDEN), jnp.float32),
        jax.random.normal(keys[2], (BATCH, HIDDEN), jnp.float32),
        0.4 * jax.random.normal(keys[3], (HIDDEN, 3 * HIDDEN), jnp.float32),
        jax.random.normal(keys[4], (HIDDEN,), jnp.float32),
    )
    weights = jax.random.normal(keys[5], (TIME, BATCH, HIDDEN), jnp.float32)
    return starts, floats, weights


def plain(projected, starts, initial, w_hidden, b_candidate):
    def step(memory, inputs):
        x, start = inputs
        memory = jnp.where(start[:, None], 0.0, memory)
        memory = gru_step(x, memory, w_hidden, b_candidate)
        return memory, memory

    return jax.lax.scan(step, initial, (projected, starts))[1]


def loss(function, starts, floats, weights):
    projected, initial, w_hidden, b_candidate = floats
    out = function(projected, starts, initial, w_hidden, b_candidate)
    return jnp.sum(weights * out)


def test_step_is_the_written_law(arguments):
    _, (projected, initial, w_hidden, b), _ = arguments
    x, h, u = np.asarray(projected[0]), np.asarray(initial), np.asarray(w_hidden)
    hidden = h @ u
    n = HIDDEN
    reset = 1 / (1 + np.exp(-(x[:, :n] + hidden[:, :n])))
    update = 1 / (1 + np.exp(-(x[:, n : 2 * n] + hidden[:, n : 2 * n])))
    candidate = np.tanh(x[:, 2 * n :] + reset * (hidden[:, 2 * n :] + np.asarray(b)))
    expected = (1 - update) * candidate + update * h
    np.testing.assert_allclose(
        gru_step(projected[0], initial, w_hidden, b), expected, 1e-5
    )


def test_gradients_equal_automatic_ones(arguments):
    starts, floats, weights = arguments
    for function in (jax.jit, lambda f: f):
        value = function(lambda f: loss(gru_sequence, starts, f, weights))
        ours = jax.grad(value)(floats)
        theirs = jax.grad(lambda f: loss(plain, starts, f, weights))(floats)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_gradients_equal_finite_differences(arguments):
    starts, floats, weights = arguments
    with jax.enable_x64(True):
        double = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), "float64"), floats)
        scaled = jnp.asarray(np.asarray(weights), "float64")
        gradients = jax.grad(lambda f: loss(gru_sequence, starts, f, scaled))(double)
        for i, gradient in enumerate(gradients):
            index = tuple(size // 2 for size in gradient.shape)
            ends = []
            for sign in (1, -1):
                moved = list(double)
                moved[i] = moved[i].at[index].add(sign * 1e-6)
                ends.append(loss(gru_sequence, starts, tuple(moved), scaled))
            slope = (ends[0] - ends[1]) / 2e-6
            np.testing.assert_allclose(gradient[index], slope, rtol=1e-6, atol=1e-9)


def test_an_episode_start_forgets(arguments):
    starts, (projected, initial, w_hidden, b), _ = arguments
    starts = jnp.zeros_like(starts).at[4].set(True)
    whole = gru_sequence(projected, starts, initial, w_hidden, b)
    fresh = gru_sequence(projected[4:], starts[4:], 0 * initial, w_hidden, b)
    np.testing.assert_array_equal(whole[4:], fresh)


def test_a_run_axis_changes_nothing(arguments):
    starts, floats, weights = arguments
    stacked = jax.tree.map(lambda x: jnp.stack([x, 0.5 * x]), floats)
    gradient = jax.grad(lambda f: loss(gru_sequence, starts, f, weights))
    both = jax.jit(jax.vmap(gradient))(stacked)
    for run, scale in enumerate((1.0, 0.5)):
        alone = gradient(jax.tree.map(lambda x, s=scale: s * x, floats))
        for a, b in zip(both, alone, strict=True):
            np.testing.assert_allclose(a[run], b, rtol=1e-5, atol=1e-6)


def test_module_steps_and_runs_alike():
    gru = GRUCell.init(jax.random.key(1), 4, HIDDEN)
    assert gru.hidden_size == HIDDEN
    x = jax.random.normal(jax.random.key(2), (TIME, BATCH, 4), jnp.float32)
    initial = jnp.zeros((BATCH, HIDDEN))
    out = gru.sequence(x, jnp.zeros((TIME, BATCH), bool), initial)
    memory = initial
    for t in range(TIME):
        memory = gru.step(x[t], memory)
        np.testing.assert_allclose(out[t], memory, rtol=1e-5, atol=1e-6)
    for i in range(3):
        square = gru.w_hidden[:, i * HIDDEN : (i + 1) * HIDDEN]
        np.testing.assert_allclose(square.T @ square, np.eye(HIDDEN), atol=1e-5)
