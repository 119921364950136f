"""The recurrent core: gates, dilation, and step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.nn.dilated import Layer, RecurrentCore

SKIP, TIME, BATCH, INPUTS, HIDDEN = 3, 7, 2, 2, 4


@pytest.fixture(scope="module")
def core():
    core = RecurrentCore.init(jax.random.key(0), INPUTS, HIDDEN, 2)
    # Biases begin at zero, where a wrong place for one would not show.
    leaves, tree = jax.tree.flatten(core)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    drawn = [
        leaf + 0.3 * jax.random.normal(key, leaf.shape, jnp.float32)
        for leaf, key in zip(leaves, keys, strict=True)
    ]
    return jax.tree.unflatten(tree, drawn)


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(TIME, BATCH, INPUTS)), jnp.float32)
    return x, jnp.asarray(rng.normal(size=(BATCH, HIDDEN)), jnp.float32)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def test_layer_is_a_gru_with_two_biases_per_gate(core, inputs):
    layer: Layer = core.first
    x, memory = (np.asarray(value, np.float64) for value in inputs)
    gru = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), layer.gru)
    w_r, w_z, w_n = np.split(gru.w_input, 3, axis=1)
    u_r, u_z, u_n = np.split(gru.w_hidden, 3, axis=1)
    b_r, b_z, b_n = np.split(gru.b_input, 3)
    c_r, c_z = np.split(np.asarray(layer.b_gates, np.float64), 2)
    found = layer.sequence(*inputs)
    for t in range(TIME):
        reset = sigmoid(x[t] @ w_r + b_r + memory @ u_r + c_r)
        update = sigmoid(x[t] @ w_z + b_z + memory @ u_z + c_z)
        fresh = np.tanh(x[t] @ w_n + b_n + reset * (memory @ u_n + gru.b_candidate))
        memory = (1 - update) * fresh + update * memory
        np.testing.assert_allclose(found[t], memory, atol=1e-5)


def test_step_by_step_equals_the_sequence(core, inputs):
    x, context = inputs
    expected = core.sequence(x, context, SKIP)
    memory = core.start(context, SKIP)
    for t in range(TIME):
        memory, y = core.step(memory, x[t], SKIP)
        np.testing.assert_allclose(y, expected[t], atol=1e-6)


def test_dilated_output_depends_on_every_skipth_input(core, inputs):
    layer_only = RecurrentCore(core.first, core.dilated[:1])
    _, context = inputs

    def outputs(first_outputs):
        # The dilated layer alone, fed with chosen outputs of the first GRU.
        past = layer_only.start(context, SKIP).phases[0]
        rows = []
        for t in range(TIME):
            y = core.dilated[0].step(first_outputs[t], past[t % SKIP])
            past = past.at[t % SKIP].set(y)
            rows.append(y)
        return jnp.stack(rows)

    first = core.first.sequence(*inputs)
    np.testing.assert_allclose(
        layer_only.sequence(*inputs, SKIP), outputs(first), atol=1e-6
    )
    moved = np.abs(outputs(first.at[1].add(1.0)) - outputs(first)).max((1, 2)) > 0
    np.testing.assert_array_equal(np.flatnonzero(moved), [1, 4])


def test_length_need_not_divide(core, inputs):
    x, context = inputs
    padded = jnp.pad(x, ((0, 2), (0, 0), (0, 0)))
    longer = core.sequence(padded, context, SKIP)[:TIME]
    np.testing.assert_allclose(core.sequence(x, context, SKIP), longer, atol=1e-6)
