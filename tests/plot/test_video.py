"""Videos show the truth, the prediction and what lies between, and only the future."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from foreworld.core.spaces import Discrete
from foreworld.data.views.source import DataSource
from foreworld.learners.forward.base import AbstractForwardModel, ForwardState
from foreworld.plot.video import GAP, prediction_video

STEPS, CONTEXT, SIZE = 6, 2, 4
STATE = ForwardState(None, None, None, jnp.zeros((SIZE, SIZE, 1)))


class Stub(AbstractForwardModel):
    """Predicts half brightness plus a tenth of the action that leads to a frame."""

    score: ClassVar[str] = "negative_mse"
    context_len: int = CONTEXT
    pixel_scale: int = 255
    batch_size: int = 1
    num_updates: int = 1
    num_eval_sequences: int = 1

    def predict(self, state, context, actions, num_frames):
        """Half, and the actions' code."""
        shape = (context.shape[0], num_frames, *context.shape[2:])
        extra = 0.0 if actions is None else actions[:, :, None, None, None] / 10
        return jnp.full(shape, 0.5) + extra

    def check_fit(self, source):
        """Everything fits."""

    def init(self, key, source):
        """Nothing."""

    def update(self, state, source, key, progress):
        """Nothing."""

    def trials(self, state, source):
        """Nothing."""

    def reset(self, state, context):
        """Nothing."""

    def step(self, state, memory, action):
        """Nothing."""


def source(action: Any) -> DataSource:
    shape = (3, STEPS, SIZE, SIZE, 1)
    image = np.broadcast_to(np.arange(STEPS)[None, :, None, None, None] * 10, shape)
    valid = np.ones((3, STEPS), bool)
    valid[0, -1] = False
    space = None if action is None else Discrete(9)
    return DataSource(
        {
            "image": jnp.asarray(image, jnp.uint8),
            "state": jnp.zeros((3, STEPS, 1)),
            "action": action,
            "valid": jnp.asarray(valid),
        },
        {} if space is None else {"action": space},
    )


def panels(frames):
    """The three columns of the first row."""
    lefts = [i * (SIZE + GAP) for i in range(3)]
    return [frames[:, 0, left, 0] for left in lefts]


def test_passive_world():
    frames = prediction_video(Stub(), STATE, source(None), num_sequences=2)
    assert frames.dtype == np.uint8
    assert frames.shape == (
        STEPS - CONTEXT,
        2 * SIZE + GAP,
        3 * SIZE + 2 * GAP,
        1,
    )
    truth, guess, apart = panels(frames)
    np.testing.assert_array_equal(truth, [20, 30, 40, 50])
    np.testing.assert_array_equal(guess, 127)
    np.testing.assert_array_equal(apart, [107, 97, 87, 77])


def test_actions_are_those_that_lead_to_the_frames():
    action = jnp.broadcast_to(jnp.arange(STEPS - 1), (3, STEPS - 1))
    _, guess, _ = panels(prediction_video(Stub(), STATE, source(action), 1))
    # The first predicted frame is number 2; action 1 leads to it.
    expected = np.clip((0.5 + np.arange(1, 5) / 10) * 255, 0, 255).astype(np.uint8)
    np.testing.assert_allclose(guess, expected, atol=1)


def test_sequences_that_end_early_come_last():
    marked = source(None)
    image = marked.image.at[0].set(200)
    marked = eqx.tree_at(lambda s: s.columns["image"], marked, image)
    truth, _, _ = panels(prediction_video(Stub(), STATE, marked, 2))
    assert truth[0] == 20
    truth, _, _ = panels(prediction_video(Stub(), STATE, marked, 3))
    assert truth[0] == 200
