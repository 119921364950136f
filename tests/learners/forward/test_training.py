"""What forward models share: alignment, minibatches, loss, schedule, optimiser."""

import functools
import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from learners.forward.data import counting_source

from foreworld.core.keys import root_key
from foreworld.learners.forward._evaluation import first_sequences
from foreworld.learners.forward._training import (
    binary_loss,
    draw_batch,
    draw_times,
    mean_of_frames,
    rate_factor,
    take_batch,
)
from foreworld.learners.forward.base import AbstractForwardModel, ForwardState

LN2 = math.log(2.0)


class Recorder(AbstractForwardModel):
    """Predicts the newest action it has seen, plus ``ahead``."""

    context_len: int = 1
    ahead: int = 1
    pixel_scale: int = 255
    batch_size: int = 1
    num_updates: int = 1
    num_eval_sequences: int = 8
    traceable: ClassVar[bool] = True

    def check_fit(self, source):
        pass

    def init(self, key, source):
        return ForwardState((), (), (), mean_of_frames(source, self.pixel_scale))

    def update(self, state, source, key, progress):
        return state, {}

    def trials(self, state, source):
        predict = functools.partial(self.predict, state)
        return first_sequences(predict, source, self.num_eval_sequences)

    def reset(self, state, context):
        return jnp.zeros((), jnp.int32)

    def step(self, state, memory, action):
        number = action[:, 0] + self.ahead
        frame = state.mean_frame * 0 + number[:, None, None, None] / self.pixel_scale
        return memory, frame

    def predict(self, state, context, actions, num_frames):
        memory: Any = self.reset(state, context)
        frames = []
        for k in range(num_frames):
            memory, frame = self.step(state, memory, actions[:, k])
            frames.append(frame)
        return jnp.stack(frames, axis=1)


@pytest.mark.fact("forward-models", 1)
def test_fact_1_padded_frames_do_not_count():
    logits = jnp.zeros((1, 3, 1, 1, 1))
    target = jnp.asarray([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1, 1)
    valid = jnp.asarray([[True, True, False]])
    source = counting_source(lengths=[2, 5, 9])
    np.testing.assert_array_equal(source.valid.sum(1), [2, 5, 9])
    loss = binary_loss(logits, target, valid)
    assert float(loss) == pytest.approx(LN2, abs=1e-6)


@pytest.mark.fact("forward-models", 8)
@pytest.mark.parametrize("context_len", [1, 2, 3])
def test_fact_8_frames_and_actions_are_aligned(context_len):
    source, window_len = counting_source(), 7
    times = jnp.arange(window_len - context_len)
    batch = take_batch(
        source,
        jnp.asarray([0, 2]),
        jnp.asarray([0, 2]),
        context_len,
        window_len,
        times,
    )
    recorder = Recorder(context_len=context_len)
    state = recorder.init(root_key(0), source)
    for row, start in enumerate((0, 2)):
        wanted = start + context_len + np.arange(len(times))
        np.testing.assert_array_equal(batch.actions[row, :, 0] + 1, wanted)
        np.testing.assert_array_equal(batch.target[row, :, 0, 0, 0], wanted)
        newest = batch.context[row, -1, 0, 0, 0]
        assert int(newest) == int(batch.actions[row, 0, 0])
    predicted = recorder.predict(state, batch.context, batch.actions, len(times))
    np.testing.assert_allclose(
        predicted * 255, np.asarray(batch.target, np.float32), atol=1e-4
    )
    metrics = recorder.evaluate(state, source, root_key(0))
    assert float(metrics["mse"].total) == pytest.approx(0.0, abs=1e-9)
    shifted = recorder.replace(ahead=2).evaluate(state, source, root_key(0))
    assert float(shifted["mse"].total / shifted["mse"].count) > 1e-5


def test_scored_frames_are_those_of_their_times():
    source = counting_source()
    times = jnp.asarray([1, 4])
    batch = take_batch(source, jnp.asarray([1]), jnp.asarray([1]), 2, 8, times)
    np.testing.assert_array_equal(batch.target[0, :, 0, 0, 0], [4, 7])
    assert batch.actions.shape == (1, 6, 1)


def test_windows_lie_within_valid_frames():
    source = counting_source(lengths=[5, 9, 3])
    batch = draw_batch(source, root_key(0), 200, 2, 5, 0)
    first = np.asarray(batch.context[:, 0, 0, 0, 0])
    # Room for starts 0 (5 frames), 0 to 4 (9 frames), and 0 with padding (3 frames).
    assert set(first) == {0, 1, 2, 3, 4}
    padded = ~np.asarray(batch.valid).all(1)
    assert 30 < padded.sum() < 110
    np.testing.assert_array_equal(np.asarray(batch.valid[padded]).sum(1), 1)


def test_every_frame_is_scored_equally_often():
    draw = jax.vmap(lambda i: draw_times(jax.random.fold_in(root_key(0), i), 7, 3))
    times = np.asarray(draw(jnp.arange(2000)))
    assert (np.diff(times, axis=1) > 0).all()
    share = np.bincount(times.ravel(), minlength=7) / 2000
    np.testing.assert_allclose(share, 3 / 7, atol=0.05)
    np.testing.assert_array_equal(draw_times(root_key(0), 4, 0), np.arange(4))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_is_the_cross_entropy(smoothing):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (2, 3, 4, 4, 1)).astype(np.float32)
    target = rng.integers(0, 2, logits.shape).astype(np.float32)
    soft = target * (1 - smoothing) + smoothing / 2
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    expected = -(soft * np.log(p) + (1 - soft) * np.log(1 - p)).mean()
    every = jnp.ones((2, 3), bool)
    found = binary_loss(jnp.asarray(logits), jnp.asarray(target), every, smoothing)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_loss_of_sure_and_wrong_pixels_is_finite():
    logits = jnp.full((1, 1, 1, 1, 1), 1e4)
    one = jnp.ones((1, 1), bool)
    loss = binary_loss(logits, jnp.zeros_like(logits), one)
    assert float(loss) == pytest.approx(1e4)


@pytest.mark.parametrize(
    ("schedule", "progress", "factor"),
    [
        ("steps", 0.0, 1.0),
        ("steps", 0.29, 1.0),
        ("steps", 0.31, 1 / 2),
        ("steps", 0.65, 1 / 3),
        ("steps", 0.95, 1 / 4),
        ("cosine", 0.0, 1.0),
        ("cosine", 0.5, 0.5),
        ("constant", 0.9, 1.0),
    ],
)
def test_learning_rate_falls(schedule, progress, factor):
    found = rate_factor(schedule, jnp.float32(progress), 0.0, 100)
    assert float(found) == pytest.approx(factor, abs=1e-6)


@pytest.mark.parametrize("num", [1, 3, 7, 10, 30, 49, 100, 1_000, 50_000, 8_000_000])
def test_steps_fall_at_the_very_update_of_their_borders(num):
    """At update i where i / num >= 0.3 in whole numbers, inside programs, too."""
    tenths = np.asarray([-(-3 * k * num // 10) for k in (1, 2, 3)])
    near = (tenths[:, None] + np.arange(-2, 3)).ravel()
    updates = np.unique(np.clip(np.r_[0, near, num - 1], 0, num - 1))
    progress = jnp.asarray(updates, jnp.float32) / num

    @jax.jit
    def factors(progress):
        return jax.vmap(lambda p: rate_factor("steps", p, 0.0, num))(progress)

    wanted = [1 / (sum(10 * i >= 3 * k * num for k in (1, 2, 3)) + 1) for i in updates]
    np.testing.assert_allclose(factors(progress), wanted, rtol=1e-6)


def test_learning_rate_warms_up():
    progress = [jnp.float32(p) for p in (0, 0.1, 0.2, 1)]
    at = [float(rate_factor("constant", p, 0.2, 100)) for p in progress]
    assert at == pytest.approx([0.1, 0.55, 1.0, 1.0])


def test_mean_frame_is_over_valid_frames():
    source = counting_source(num_sequences=2, lengths=[3, 9])
    expected = (0 + 1 + 2 + sum(range(9))) / 12 / 255
    np.testing.assert_allclose(mean_of_frames(source, 255), expected, rtol=1e-6)
