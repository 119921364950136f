"""A world and learners of a few floats, for testing loops, planners and launchers."""

from __future__ import annotations

import time
from typing import Annotated, Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from foreworld.core.errors import FitError
from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Box
from foreworld.learners.base import AbstractLearner, Budget, Source
from foreworld.learners.metrics import Mean, Metrics
from foreworld.learners.start import Start, started
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step
from foreworld.worlds.policy import AbstractPolicy


class ProbeWorld(AbstractWorld):
    """Rewards an action by its nearness to a constant; its state is a counter."""

    target: Annotated[float, Traced()] = 1.0
    """the constant"""
    discount: Annotated[float, Traced(low=0, high=1)] = 1.0
    """discount factor of returns"""
    size: Annotated[int, Bounded(low=1)] = 2
    """entries of an observation"""
    max_episode_len: EpisodeLen = 10
    """steps until an episode is truncated"""

    @property
    def action_space(self) -> Box:
        """One number."""
        return Box(-float("inf"), float("inf"), ())

    @property
    def observation_space(self) -> Box:
        """The constant, repeated."""
        return Box(-float("inf"), float("inf"), (self.size,))

    def reset(
        self, key: Key[Array, ""]
    ) -> tuple[Int[Array, ""], Float[Array, " size"]]:
        """Start at 0."""
        return jnp.int32(0), self._observe()

    def step(
        self, state: Int[Array, ""], action: Float[Array, ""], key: Key[Array, ""]
    ) -> Step:
        """Count one up."""
        reward = -jnp.square(jnp.float32(action) - self.target)
        never = jnp.asarray(False)
        return Step(state + 1, self._observe(), reward, never, never)

    def render(self, state: Int[Array, ""]) -> UInt8[Array, "height width channels"]:
        """One pixel that counts."""
        return jnp.full((1, 1, 1), state % 256, jnp.uint8)

    def _observe(self) -> Float[Array, " size"]:
        return jnp.full((self.size,), self.target, jnp.float32)


class ProbeState(NamedTuple):
    """A guess with its momentum, and a key to show that keys survive checkpoints.

    Attributes
    ----------
    guess, momentum
        What is learned, and Polyak's momentum of it.
    count
        Updates done.
    key
        A key of its own.
    """

    guess: Float[Array, " width"]
    momentum: Float[Array, " width"]
    count: Int[Array, ""]
    key: Key[Array, ""]


class _Constant(AbstractPolicy):
    action: Float[Array, ""]

    def init_memory(self) -> None:
        return None

    def act(
        self, memory: None, obs: Any, key: Key[Array, ""], turn: Any = None
    ) -> tuple[None, Float[Array, ""]]:
        return None, self.action


class AbstractProbe(AbstractLearner):
    """Regresses a few numbers on a probe world's constant, from noisy samples.

    What the probes below have in common; they differ in whether they can be traced.
    """

    score: ClassVar[str] = "nearness"

    learning_rate: Annotated[float, Traced(low=0)] = 0.1
    """step size"""
    momentum: Annotated[float, Traced(low=0, below=1)] = 0.0
    """share of the last step that is repeated"""
    noise: Annotated[float, Traced(low=0)] = 0.1
    """standard deviation of the samples"""
    broken_from: Annotated[float, Traced(low=0)] = 2.0
    """fraction of the run from which on the guess is NaN; above 1 for never"""
    hidden_size: Annotated[int, Bounded(low=1)] = 3
    """numbers in the guess"""
    num_updates: Annotated[int, Bounded(low=1)] = 20
    """updates of a run"""
    work: Annotated[int, Bounded(low=0)] = 0
    """matrix products an update does for nothing, to take time"""

    def pause(self) -> None:
        """What Python does before an update; nothing."""

    def check_fit(self, source: Source) -> None:
        """Only probe worlds.

        Raises
        ------
        FitError
            The source is something else.
        """
        if not isinstance(source, ProbeWorld):
            raise FitError(
                f"{type(self).__name__} only learns in a ProbeWorld, not from a "
                f"{type(source).__name__}."
            )

    def budget(self, source: Source) -> Budget:
        """Two steps an update."""
        return Budget(self.num_updates, 2, "samples")

    def init(
        self, key: Key[Array, ""], source: Source, start: Start | None = None
    ) -> ProbeState:
        """A random guess, or that of another run."""
        shape = (self.hidden_size,)
        guess = jax.random.normal(named_key(key, "guess"), shape, jnp.float32)
        own = named_key(key, "own")
        return started(ProbeState(guess, jnp.zeros(shape), jnp.int32(0), own), start)

    def update(
        self,
        state: ProbeState,
        source: Any,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[ProbeState, Metrics]:
        """One step of stochastic gradient descent."""
        self.pause()
        draws = jax.random.normal(key, state.guess.shape, jnp.float32)
        gap = state.guess - (source.target + self.noise * draws)
        # Zero, after some work that the compiler cannot leave out.
        start = jnp.eye(64, dtype=jnp.float32)
        end = jax.lax.fori_loop(0, self.work, lambda _, x: (x @ x) * 0.5, start)
        gap = gap + 0.0 * end[0, 0]
        momentum = self.momentum * state.momentum - self.learning_rate * gap
        guess = state.guess + momentum
        broken = (self.broken_from <= 1) & (progress >= self.broken_from)
        guess = jnp.where(broken, jnp.nan, guess)
        own = jax.random.fold_in(state.key, 1)
        metrics = {"loss": Mean.of(jnp.square(gap)), "guess": Mean.of(guess)}
        return ProbeState(guess, momentum, state.count + 1, own), metrics

    def evaluate(self, state: ProbeState, source: Any, key: Key[Array, ""]) -> Metrics:
        """Minus the squared distance, and the distance by entry."""
        squares = jnp.square(state.guess - source.target)
        return {
            "nearness": Mean.of(-squares),
            "square_by_horizon": Mean(squares, jnp.ones_like(squares)),
        }

    def policy(self, state: ProbeState, source: Source) -> AbstractPolicy:
        """Always the guess."""
        return _Constant(jnp.mean(state.guess))


class ProbeLearner(AbstractProbe):
    """A probe that can be traced."""


class SlowProbeLearner(AbstractProbe):
    """The same in Python: cannot be traced, and sleeps in every update."""

    traceable: ClassVar[bool] = False

    sleep: Annotated[float, Bounded(low=0, unit="s")] = 0.0
    """pause in every update"""
    fails: bool = False
    """raise an error in the first update"""

    def pause(self) -> None:
        """Sleep, or fail.

        Raises
        ------
        RuntimeError
            It was told to.
        """
        if self.fails:
            raise RuntimeError("this probe was told to fail")
        time.sleep(self.sleep)
