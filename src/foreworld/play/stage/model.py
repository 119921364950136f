"""A learned model beside the world it learned: true, predicted, and the difference.

The model has seen the newest true frames once and then predicts by itself, one frame a
step at a constant cost, however far it gets from the truth.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from foreworld.core.keys import named_key, pinned, root_key
from foreworld.core.parts.opening import opened
from foreworld.core.parts.partition import Static, combine, partition
from foreworld.core.parts.paths import set_path
from foreworld.learners.forward.base import AbstractForwardModel, ForwardState
from foreworld.play.hands.hands import Hands
from foreworld.play.hands.keys import keys
from foreworld.play.hands.sliders import sliders
from foreworld.play.stage.base import (
    AbstractSession,
    AbstractStage,
    Frame,
    Number,
    Page,
    Picture,
)
from foreworld.play.stage.episode import OWN_CHOICE, Episode
from foreworld.play.stage.world import natural_rate, summary
from foreworld.play.web.messages import Act, Message, Restart, Tick, Truth
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.base import AbstractWorld, Family

Unit = Float[np.ndarray, "height width channels"]


class ModelStage(AbstractStage):
    """A trained forward model beside its world.

    Parameters
    ----------
    family
        Distribution of the worlds in the data that it learned from; every session
        draws one.
    learner, state
        The model and what it has learned.
    title
        Name of the model.
    seed
        Root seed of all worlds and episodes.

    Raises
    ------
    ConfigError
        The world cannot be played with keys; says why.
    """

    def __init__(
        self,
        family: Family,
        learner: AbstractForwardModel,
        state: ForwardState,
        title: str,
        seed: int = 0,
    ) -> None:
        family = opened(family)
        self._family, self._title, self._seed = family, title, seed
        self._predictor = Predictor(learner, state)
        self._keys = keys(family.world)

    def page(self) -> Page:
        """Three pictures."""
        world = self._family.world
        return Page(
            title=f"{self._title} beside {type(world).__name__}",
            summary=summary(type(world)),
            pictures=("true", "predicted", "difference"),
            hint=(
                "The model saw the last true frames once and predicts by itself. In "
                "the difference, orange is missing in the prediction, blue too much."
            ),
            keys=self._keys,
            sliders=sliders(world),
            draggable=world.can_grab,
            has_model=True,
            playing=True,
            rate=natural_rate(world),
        )

    def session(self, index: int) -> ModelSession:
        """A world of its own, drawn from the family."""
        key = named_key(root_key(self._seed), "browser", index)
        drawn = self._family.sample(named_key(key, "world"))
        world = self._family.world
        for path, value in self._family.parameters(drawn).items():
            world = set_path(world, path, float(value))
        return ModelSession(world, named_key(key, "play"), self._predictor)


class Predictor:
    """A forward model as programs: see a context, then give frame after frame.

    Parameters
    ----------
    learner
        A forward model.
    state
        Its parameters and running statistics.
    """

    def __init__(self, learner: AbstractForwardModel, state: ForwardState) -> None:
        static, traced, data, shared = partition(opened(learner))
        leaves = {name: jnp.float32(value) for name, value in traced.items()}
        self._parts = static, {**leaves, **data, **shared}, state
        self.context_len = learner.context_len
        self.scale = float(learner.pixel_scale)
        self.mean_frame: Unit = np.asarray(state.mean_frame)

    def see(self, frames: list[Picture]) -> Any:
        """The model's memory after a context."""
        return _see(*self._parts, jnp.asarray(np.stack(frames)))

    def next(self, memory: Any, action: Int[Array, ""] | None) -> tuple[Any, Unit]:
        """The next memory and frame.

        Parameters
        ----------
        memory
            From :meth:`see` or from the frame before.
        action
            Index of the action after the newest frame; ``None`` in a passive world.
        """
        memory, frame = _predict(*self._parts, memory, action)
        return memory, np.asarray(frame)


class ModelSession(AbstractSession):
    """The truth and the model, step by step together.

    Parameters
    ----------
    world
        The true world.
    key
        Draws the episodes.
    predictor
        The model that is shown beside it.
    """

    def __init__(self, world: AbstractWorld, key: Any, predictor: Predictor) -> None:
        active = world.action_space is not None
        policy = RandomPolicy(world) if active else None
        self._episode = Episode(world, named_key(key, "truth"), policy)
        self._hands = Hands(self._episode, len(keys(world)))
        self._predictor = predictor
        self._recent: deque[Picture] = deque(maxlen=predictor.context_len)
        self._begin()

    def advance(self) -> bool:
        """One step of the truth and one frame of the model."""
        if self._hands.dragging:
            return False
        action = self._hands.take()
        self._step(OWN_CHOICE if action is None else action)
        return True

    def handle(self, message: Message) -> None:
        """Steps, back to the truth, mouse and sliders."""
        if isinstance(message, Tick):
            self._step()
        elif isinstance(message, Act):
            if 0 <= message.action < self._hands.num_actions:
                self._step(message.action)
        elif isinstance(message, Truth):
            self._see()
        elif isinstance(message, Restart):
            self._episode.restart()
            self._begin()
        else:
            self._hands.handle(message)

    def frame(self) -> Frame:
        """True, predicted, difference; how far ahead; errors."""
        self._hands.drag()
        true = self._episode.frame
        scale = self._predictor.scale
        unit = true.astype(np.float32) / scale
        predicted = np.clip(self._predicted * scale, 0, 255).astype(np.uint8)
        errors = {
            "error": self._predicted,
            "error of the last frame seen": self._seen,
            "error of the mean frame": self._predictor.mean_frame,
        }
        numbers = [Number("horizon", self._horizon, "steps ahead")]
        for name, other in errors.items():
            error = float(np.mean((unit - other) ** 2))
            numbers.append(Number(name, error, "MSE", curve=True))
        return Frame(
            pictures=(true, predicted, difference(unit, self._predicted)),
            numbers=(*numbers, *self._episode.numbers()),
            fields=self._episode.knobs.values(),
            notice=self._hands.notice(),
        )

    def _begin(self) -> None:
        """Collect true frames until there is a context, then let the model see it."""
        self._recent.clear()
        self._recent.append(self._episode.frame)
        while len(self._recent) < self._predictor.context_len:
            self._episode.step()
            self._recent.append(self._episode.frame)
        self._see()

    def _see(self) -> None:
        self._memory = self._predictor.see(list(self._recent))
        self._seen = self._recent[-1].astype(np.float32) / self._predictor.scale
        self._predicted, self._horizon = self._seen, 0

    def _step(self, action: int = OWN_CHOICE) -> None:
        if self._episode.ended:
            self._episode.restart()
            self._begin()
            return
        if not self._episode.step(action):
            return
        done = self._episode.view.action if self._hands.num_actions else None
        self._memory, self._predicted = self._predictor.next(self._memory, done)
        self._recent.append(self._episode.frame)
        self._horizon += 1


def difference(true: Unit, predicted: Unit) -> UInt8[np.ndarray, "height width 3"]:
    """What the prediction lacks in orange, what it has too much in blue.

    Parameters
    ----------
    true, predicted
        Brightness from 0 to 1, ``(height, width, channels)``.
    """
    error = np.mean(true - predicted, axis=-1)
    red, blue = np.clip(error, 0, 1), np.clip(-error, 0, 1)
    # Some green makes both readable on black.
    picture = np.stack([red, 0.35 * np.maximum(red, blue), blue], axis=-1)
    return (255 * picture).astype(np.uint8)


@pinned()
@eqx.filter_jit
def _see(
    static: Static,
    leaves: dict[str, Array],
    state: ForwardState,
    frames: UInt8[Array, "context height width channels"],
) -> Any:
    return combine(static, leaves, {}).reset(state, frames[None])


@pinned()
@eqx.filter_jit
def _predict(
    static: Static,
    leaves: dict[str, Array],
    state: ForwardState,
    memory: Any,
    action: Int[Array, ""] | None,
) -> tuple[Any, Float[Array, "height width channels"]]:
    row = None if action is None else action[None]
    memory, frame = combine(static, leaves, {}).step(state, memory, row)
    return memory, frame[0]
