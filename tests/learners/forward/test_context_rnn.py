"""Context RNN: the context set matters, and its order does not."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from learners.forward.data import moving_source

from foreworld.core.errors import ConfigError, FitError
from foreworld.core.keys import named_key, root_key
from foreworld.data.views.source import DataSource
from foreworld.learners.forward.context_rnn import ContextRNN
from foreworld.worlds.make import make

LEARNER = ContextRNN(
    context_len=1,
    num_context=3,
    num_context_frames=3,
    hidden_size=16,
    embedding_size=4,
    encoder_widths=(8, 8),
    kernel_size=3,
    renderer_widths=(16, 8),
    batch_size=16,
    num_scored=0,
    learning_rate=1e-2,
    num_updates=300,
)
SIDE, FRAMES, EACH = 8, 6, 8


def two_tasks(num_tasks=2):
    """A bar that moves to the right in the first task and to the left in the second."""
    speed = np.repeat([1, -1, 2][:num_tasks], EACH)
    start = np.tile(np.arange(EACH), num_tasks)
    column = (start[:, None] + speed[:, None] * np.arange(FRAMES)) % SIDE
    lit = column[:, :, None] == np.arange(SIDE)
    shape = (len(start), FRAMES, SIDE, SIDE, 1)
    image = np.broadcast_to(lit[:, :, None, :, None] * np.uint8(255), shape)
    return DataSource(
        {
            "image": jnp.asarray(image, jnp.uint8),
            "state": jnp.asarray(column[..., None], jnp.float32),
            "valid": jnp.ones(shape[:2], bool),
        },
        task_sizes=(EACH,) * num_tasks,
    )


SOURCE = two_tasks()
EMBED = jax.jit(LEARNER.embed)


def trained(learner, source, num_updates, seed=0):
    state = jax.jit(learner.init)(named_key(root_key(seed), "init"), source)

    @jax.jit
    def run(state, source):
        def body(state, i):
            key = named_key(root_key(seed), "update", i)
            return learner.update(state, source, key, i / jnp.float32(num_updates))

        return jax.lax.scan(body, state, jnp.arange(num_updates))[0]

    return run(state, source)


@pytest.fixture(scope="module")
def state():
    return trained(LEARNER, SOURCE, 5)


def values(learner, state, source):
    metrics = jax.jit(learner.evaluate)(state, source, root_key(0))
    return {n: np.asarray(m.total / m.count) for n, m in metrics.items()}


def test_it_reads_the_direction_off_the_context_set():
    # One given frame says where the bar is; only the context says where it goes.
    found = values(LEARNER, trained(LEARNER, SOURCE, 300), SOURCE)
    assert found["mse"] < 0.3 * found["mse_wrong_context"]
    assert found["mse"] < 0.3 * found["mean_frame_mse"]
    by_horizon = found["mse_wrong_context_by_horizon"]
    assert by_horizon.shape == (FRAMES - 1,)


def test_the_order_of_the_context_set_does_not_matter(state):
    context = SOURCE.image[:5, :3]
    other = SOURCE.image[EACH : EACH + 5, :3]
    embedding = EMBED(state, context)
    np.testing.assert_allclose(
        EMBED(state, context[jnp.array([3, 0, 4, 2, 1])]), embedding, atol=1e-6
    )
    assert np.abs(EMBED(state, other) - embedding).max() > 1e-3
    sets = EMBED(state, jnp.stack([context, other]))
    np.testing.assert_allclose(sets[0], embedding, atol=1e-6)


def test_every_parameter_gets_a_gradient_that_of_the_context_too(state):
    shots = LEARNER.draw(SOURCE, root_key(1))
    gradient = jax.jit(
        jax.grad(lambda n: LEARNER.loss(n, state, shots, FRAMES - 1)[0])
    )(state.network)
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradient):
        assert np.abs(leaf).max() > 0, jax.tree_util.keystr(path)


def test_an_update_draws_disjoint_contexts_and_queries_of_every_task():
    numbered = jnp.broadcast_to(
        jnp.arange(2 * EACH, dtype=jnp.uint8)[:, None, None, None, None],
        SOURCE.image.shape,
    )
    source = eqx.tree_at(lambda s: s.columns["image"], SOURCE, numbered)
    drawn, draw = set(), jax.jit(LEARNER.draw)
    for i in range(8):
        shots = draw(source, named_key(root_key(0), "update", i))
        context = np.asarray(shots.context[:, :, 0, 0, 0, 0])
        queries = np.asarray(shots.batch.context[:, 0, 0, 0, 0])
        assert not set(context.ravel()) & set(queries)
        np.testing.assert_array_equal(context // EACH, [[0] * 3, [1] * 3])
        np.testing.assert_array_equal(queries // EACH, shots.task)
        drawn.add(context.tobytes())
    assert len(drawn) == 8


@pytest.mark.parametrize("passive", [True, False])
def test_step_by_step_equals_the_whole(passive):
    source = moving_source(passive=passive)
    learner = LEARNER.replace(context_len=2, num_context=1)
    state = jax.jit(learner.init)(root_key(0), source)
    state = jax.jit(learner.adapt)(state, source.image[:1])
    given = source.image[:, :2]
    actions = None if source.action is None else source.action[:, 1:]
    predict = jax.jit(lambda s, g, a: learner.predict(s, g, a, 7))
    frames = predict(state, given, actions)
    memory, step = jax.jit(learner.reset)(state, given), jax.jit(learner.step)
    for k in range(7):
        action = None if actions is None else actions[:, k]
        memory, frame = step(state, memory, action)
        np.testing.assert_allclose(frame, frames[:, k], atol=1e-5)


def test_adapt_is_what_an_evaluation_does(state):
    adapted = jax.jit(LEARNER.adapt)(state, SOURCE.image[:4])
    expected = EMBED(state, SOURCE.image[:4, :3])
    np.testing.assert_array_equal(adapted.statistics, expected)
    predict = jax.jit(lambda s, given: LEARNER.predict(s, given, None, 5))
    plain, given = predict(state, SOURCE.image[4:6, :1]), SOURCE.image[4:6, :1]
    assert np.abs(predict(adapted, given) - plain).max() > 0


def test_queries_of_all_tasks_are_evaluated():
    learner = LEARNER.replace(num_eval_sequences=6)
    source = two_tasks(3)
    state = jax.jit(learner.init)(root_key(0), source)
    rows = np.asarray(jax.jit(lambda *a: learner.trials(*a).rows)(state, source))
    assert len(set(rows)) == 6
    np.testing.assert_array_equal(np.bincount(rows // EACH), [2, 2, 2])


def test_one_task_has_no_wrong_context(state):
    source = dataclasses.replace(SOURCE, task_sizes=())
    metrics = values(LEARNER, state, source)
    assert "mse" in metrics and "mse_wrong_context" not in metrics


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"num_context": 8},
            "ContextRNN is given num_context=8 sequences of a task and predicts "
            "others, but task 0 of a split of the data set has only 8. Generate more, "
            "or lower num_context.",
        ),
        (
            {"num_context_frames": 7},
            "ContextRNN reads num_context_frames=7 frames of each context sequence, "
            "but the data set's have 6. Generate longer ones, or lower "
            "num_context_frames.",
        ),
        (
            {"window_len": 7},
            "ContextRNN needs sequences of at least 7 frames, 1 of them as context, "
            "but the data set's have 6. Generate longer ones, or lower context_len, "
            "window_len or num_scored.",
        ),
    ],
)
def test_unsuitable_data_is_refused(fields, message):
    with pytest.raises(FitError) as caught:
        LEARNER.replace(**fields).check_fit(SOURCE)
    assert str(caught.value) == message


def test_a_validation_split_that_is_too_small_is_refused(state):
    few = jax.tree.map(lambda leaf: leaf[:4], SOURCE)
    few = dataclasses.replace(few, task_sizes=(2, 2))
    with pytest.raises(FitError, match="task 0 of a split of the data set has only 2"):
        LEARNER.evaluate(state, few, root_key(0))


def test_a_world_is_refused():
    with pytest.raises(FitError, match="ContextRNN learns from a data set, but was"):
        LEARNER.check_fit(make("pendulum"))


def test_impossible_fields_are_refused():
    with pytest.raises(ConfigError) as caught:
        ContextRNN(window_len=3)
    assert str(caught.value) == (
        "ContextRNN.window_len=3 must be larger than context_len=3, or 0 for whole "
        "sequences."
    )
