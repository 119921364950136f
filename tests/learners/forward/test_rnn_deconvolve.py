"""RNN Deconvolve: causal, the same step by step, blind to padding, and it learns."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from learners.forward.data import counting_source, moving_source

from foreworld.core.errors import ConfigError, FitError
from foreworld.core.keys import named_key, root_key
from foreworld.learners.forward._training import take_batch
from foreworld.learners.forward.rnn_deconvolve import RNNDeconvolve
from foreworld.worlds.make import make

LEARNER = RNNDeconvolve(
    context_len=2,
    hidden_size=6,
    action_size=3,
    skip=3,
    encoder_widths=(4, 4),
    kernel_size=3,
    renderer_widths=(8, 4),
    batch_size=4,
    learning_rate=3e-3,
    num_updates=200,
)
HORIZON = 7
SOURCE = moving_source()


@pytest.fixture(scope="module")
def state():
    """A state after some updates, with running statistics that are not the first."""
    return train(LEARNER, SOURCE, 30)[0]


@pytest.fixture(scope="module")
def predict():
    return jax.jit(
        lambda state, context, actions: LEARNER.predict(
            state, context, actions, HORIZON
        )
    )


def train(learner, source, num_updates):
    init = learner.init(root_key(0), source)

    @jax.jit
    def run(state, source):
        def body(state, i):
            key = named_key(root_key(0), "update", i)
            return learner.update(state, source, key, i / jnp.float32(num_updates))

        return jax.lax.scan(body, state, jnp.arange(num_updates))

    state, metrics = run(init, source)
    return state, np.asarray(metrics["loss"].total)


def batch_of(source, lengths=None, horizon=HORIZON):
    """All sequences from their starts, their first frames valid."""
    rows = jnp.arange(source.num_sequences)
    if lengths is not None:
        valid = jnp.arange(source.sequence_len) < jnp.asarray(lengths)[:, None]
        source = eqx.tree_at(lambda s: s.columns["valid"], source, valid)
    starts = jnp.zeros_like(rows)
    window_len = LEARNER.context_len + horizon
    return take_batch(source, rows, starts, 2, window_len, jnp.arange(horizon))


def num_parameters(learner, source):
    shapes = jax.eval_shape(learner.init, root_key(0), source)
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes.network))


@pytest.mark.parametrize(
    ("num_actions", "context_len", "expected"), [(9, 3, 712_547), (3, 1, 702_755)]
)
def test_number_of_parameters_is_the_source_s(num_actions, context_len, expected):
    source = moving_source(channels=3, side=32, num_actions=num_actions)
    assert num_parameters(RNNDeconvolve(context_len=context_len), source) == expected


@pytest.mark.fact("forward-models", 2)
@pytest.mark.parametrize("training", [False, True])
def test_fact_2_padding_changes_neither_loss_nor_gradients(state, training):
    lengths = [4, 6, 9, 7]
    batch = batch_of(SOURCE, lengths)
    padded = jnp.arange(HORIZON) >= jnp.asarray(lengths)[:, None] - 2
    other = batch._replace(
        target=jnp.where(padded[..., None, None, None], jnp.uint8(99), batch.target),
        actions=jnp.where(padded, (batch.actions + 1) % 3, batch.actions),
    )
    assert not np.array_equal(batch.actions, other.actions)
    grad = jax.jit(
        jax.value_and_grad(
            lambda network, b: LEARNER.loss(network, state, b, HORIZON, training)[0]
        )
    )
    loss, gradient = grad(state.network, batch)
    other_loss, other_gradient = grad(state.network, other)
    np.testing.assert_allclose(loss, other_loss, rtol=1e-6)
    for a, b in zip(
        jax.tree.leaves(gradient), jax.tree.leaves(other_gradient), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.fact("forward-models", 8)
@pytest.mark.parametrize("context_len", [1, 2, 3])
def test_fact_8_a_wrong_alignment_is_worse_for_a_perfect_model(context_len):
    source = counting_source(num_sequences=1)
    horizon = 9 - context_len - 1
    rows, times = jnp.zeros(1, jnp.int32), jnp.arange(horizon)
    window_len = context_len + horizon
    at = [
        take_batch(source, rows, rows + shift, context_len, window_len, times)
        for shift in (0, 1)
    ]
    oracle = at[0].actions[..., 0] + 1
    right, wrong = (
        np.abs(np.asarray(b.target, np.float32)[..., 0, 0, 0] - oracle).sum()
        for b in at
    )
    assert right == 0.0
    assert wrong == horizon


@pytest.mark.fact("forward-models", 9)
def test_fact_9_predictions_depend_on_past_actions_only(state, predict):
    batch = batch_of(SOURCE)
    frames = predict(state, batch.context, batch.actions)
    for j in (0, 3, HORIZON - 1):
        changed = batch.actions.at[:, j].set((batch.actions[:, j] + 1) % 3)
        other = predict(state, batch.context, changed)
        np.testing.assert_array_equal(frames[:, :j], other[:, :j])
        assert np.abs(frames[:, j] - other[:, j]).max() > 0
    short = LEARNER.predict(state, batch.context, batch.actions[:, :4], 4)
    np.testing.assert_allclose(short, frames[:, :4], atol=1e-6)


@pytest.mark.fact("forward-models", 10)
def test_fact_10_step_by_step_equals_the_whole(state, predict):
    batch = batch_of(SOURCE)
    frames = predict(state, batch.context, batch.actions)
    memory = LEARNER.reset(state, batch.context)
    step = jax.jit(LEARNER.step)
    for k in range(HORIZON):
        memory, frame = step(state, memory, batch.actions[:, k])
        np.testing.assert_allclose(frame, frames[:, k], atol=1e-5)


@pytest.mark.parametrize(
    ("norm", "passive"), [("batch", False), ("group", True), ("none", False)]
)
def test_every_parameter_gets_a_gradient(norm, passive):
    source = moving_source(passive=passive)
    learner = LEARNER.replace(norm=norm)
    state = learner.init(root_key(0), source)
    batch = batch_of(source)

    @jax.jit
    def gradient(network):
        return jax.grad(lambda n: learner.loss(n, state, batch, HORIZON, True)[0])(
            network
        )

    for path, leaf in jax.tree_util.tree_leaves_with_path(gradient(state.network)):
        assert np.abs(leaf).max() > 0, jax.tree_util.keystr(path)


def test_it_learns_a_few_sequences_by_heart():
    learner = LEARNER.replace(
        norm="none",
        hidden_size=16,
        schedule="constant",
        learning_rate=1e-2,
        window_len=8,
        num_scored=4,
    )
    state, losses = train(learner, SOURCE, 300)
    assert losses[-20:].mean() < 0.4 * losses[:5].mean()
    metrics = jax.jit(learner.evaluate)(state, SOURCE, root_key(0))
    mse, copied, mean = (
        float(metrics[name].total / metrics[name].count)
        for name in ("mse", "copy_last_mse", "mean_frame_mse")
    )
    assert mse < 0.5 * min(copied, mean)


def test_evaluation_touches_nothing_and_training_moves_the_statistics(state):
    fresh = LEARNER.init(root_key(0), SOURCE)
    for before, after in zip(
        jax.tree.leaves(fresh.statistics),
        jax.tree.leaves(state.statistics),
        strict=True,
    ):
        assert not np.array_equal(before, after)
    metrics = LEARNER.evaluate(state, SOURCE, root_key(0))
    again = LEARNER.evaluate(state, SOURCE, root_key(1))
    for name, mean in metrics.items():
        np.testing.assert_array_equal(mean.total, again[name].total, err_msg=name)
    assert metrics["mse_by_horizon"].total.shape == (HORIZON,)


def test_offset_makes_the_first_predictions_the_mean_frame():
    learner = LEARNER.replace(start_at_mean=True, norm="none")
    state = learner.init(root_key(0), SOURCE)
    kernels = jax.tree.map(jnp.zeros_like, state.network.renderer.kernels)
    network = eqx.tree_at(lambda n: n.renderer.kernels, state.network, kernels)
    batch = batch_of(SOURCE)
    frames = learner.predict(
        state._replace(network=network), batch.context, batch.actions, HORIZON
    )
    # Pixels that never light keep a finite logit.
    expected = np.broadcast_to(np.maximum(state.mean_frame, 1e-3), frames.shape)
    np.testing.assert_allclose(frames, expected, atol=1e-5)


def test_small_preset_can_be_changed():
    small = RNNDeconvolve.preset("small", num_updates=7)
    assert small.num_updates == 7
    assert small.hidden_size == RNNDeconvolve.preset("small").hidden_size != 32
    with pytest.raises(ConfigError, match="hiden_size"):
        RNNDeconvolve.preset("small", hiden_size=3)


def test_a_world_is_refused():
    with pytest.raises(FitError) as caught:
        LEARNER.check_fit(make("pendulum"))
    assert str(caught.value) == (
        "RNNDeconvolve learns from a data set, but was given the world Pendulum. "
        "Generate one first: foreworld generate pendulum --out data/pendulum, then "
        "train on data/pendulum; or let episodes be drawn for every update: "
        "Parameters(None, ..., fw.Fresh(Pendulum(...)))."
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"window_len": 12},
            "RNNDeconvolve needs sequences of at least 12 frames, 2 of them as "
            "context, but the data set's have 9. Generate longer ones, or lower "
            "context_len, window_len or num_scored.",
        ),
        (
            {"context_len": 9},
            "RNNDeconvolve needs sequences of at least 10 frames, 9 of them as "
            "context, but the data set's have 9. Generate longer ones, or lower "
            "context_len, window_len or num_scored.",
        ),
        (
            {"num_scored": 8},
            "RNNDeconvolve needs sequences of at least 10 frames, 2 of them as "
            "context, but the data set's have 9. Generate longer ones, or lower "
            "context_len, window_len or num_scored.",
        ),
        (
            {"renderer_widths": (8, 8, 8, 8)},
            "RNNDeconvolve needs frames whose height and width are multiples of 16, "
            "but the data set's are 8 x 8. Generate another size, or choose fewer or "
            "more renderer_widths (each doubles the size).",
        ),
    ],
)
def test_unsuitable_data_is_refused(fields, message):
    with pytest.raises(FitError) as caught:
        LEARNER.replace(**fields).check_fit(SOURCE)
    assert str(caught.value) == message


def test_it_has_no_policy(state):
    with pytest.raises(FitError) as caught:
        LEARNER.policy(state, SOURCE)
    assert str(caught.value) == (
        "RNNDeconvolve predicts frames and does not act, so it has no policy. Train a "
        "learner that acts, such as 'ppo'."
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"window_len": 2},
            "RNNDeconvolve.window_len=2 must be larger than context_len=3, or 0 for "
            "whole sequences.",
        ),
        (
            {"window_len": 6, "num_scored": 4},
            "RNNDeconvolve.num_scored=4 must be at most 3, the frames of a window "
            "after its context; 0 for all.",
        ),
        (
            {"renderer_widths": ()},
            "RNNDeconvolve.renderer_widths=() must have at least one width.",
        ),
        (
            {"window_len": "a"},
            "RNNDeconvolve.window_len: expected a whole number, got 'a' (str).",
        ),
    ],
)
def test_impossible_fields_are_refused(fields, message):
    with pytest.raises(ConfigError) as caught:
        RNNDeconvolve(**fields)
    assert str(caught.value) == message
