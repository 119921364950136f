"""Policy gradients with a linear policy: REINFORCE with a baseline.

Source: mine; Williams 1992, "Simple statistical gradient-following algorithms".
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from foreworld.core import Bounded, Discrete, FitError, Space, Traced, named_key
from foreworld.learners import (
    AbstractLearner,
    Budget,
    Mean,
    Metrics,
    Source,
    Start,
    started,
)
from foreworld.nn.distributions import distribution
from foreworld.worlds import AbstractPolicy, AbstractWorld
from foreworld.worlds.lanes import Transition
from foreworld.worlds.rollout import rollout


class MyState(NamedTuple):
    """What is learned; a learner's state holds arrays only."""

    weights: Float[Array, "observation num_actions"]


class MyPolicy(AbstractPolicy):
    """Draws actions with probabilities that are linear in the observation."""

    weights: Float[Array, "observation num_actions"]
    observation_space: Space = eqx.field(static=True)

    def init_memory(self) -> None:
        """Nothing to remember."""
        return None

    def act(
        self, memory: None, obs: Any, key: Key[Array, ""], turn: Any = None
    ) -> tuple[None, Int[Array, ""]]:
        """One draw, of what is allowed: a policy never does what its turn forbids."""
        logits = self.observation_space.flatten(obs) @ self.weights
        allowed = None if turn is None else turn.allowed
        choices = Discrete(logits.shape[-1])
        return None, distribution(choices, logits, allowed).sample(key)


class MyLearner(AbstractLearner):
    """Learns to act in a world with a number of choices, without memory."""

    # The metric of `evaluate` that ranks this learner, higher is better. It belongs to
    # the class and is no hyperparameter, which is what ClassVar says.
    score: ClassVar[str] = "discounted_return"

    # Traced fields are floats that a sweep can put side by side in one program.
    learning_rate: Annotated[float, Traced(low=0)] = 0.5
    """step size"""
    # Every other field is static: it may decide shapes, and costs a program a value.
    num_lanes: Annotated[int, Bounded(low=1, unit="lanes")] = 16
    """episodes side by side"""
    num_steps: Annotated[int, Bounded(low=1, unit="steps")] = 64
    """steps of each lane between updates"""
    num_updates: Annotated[int, Bounded(low=1)] = 200
    """length of training"""

    def check_fit(self, source: Source) -> None:
        """Say clearly what this cannot learn from."""
        if not isinstance(source, AbstractWorld):
            raise FitError("my_learner acts in a world and cannot learn from data.")
        if not isinstance(source.action_space, Discrete):
            raise FitError(
                f"my_learner needs one agent with a number of choices; the actions of "
                f"{type(source).__name__} are {source.action_space}."
            )

    def budget(self, source: Source) -> Budget:
        """The x axis of curves counts environment steps."""
        per_update = self.num_lanes * self.num_steps
        return Budget(self.num_updates, per_update, "environment steps")

    def init(
        self, key: Key[Array, ""], source: Any, start: Start | None = None
    ) -> MyState:
        """Small random weights, or those of another run."""
        shape = source.observation_space.flat_size, source.action_space.num
        draw = jax.random.normal(named_key(key, "weights"), shape, jnp.float32)
        return started(MyState(0.01 * draw), start)

    def update(
        self,
        state: MyState,
        source: Any,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[MyState, Metrics]:
        """Play, then one step along the policy gradient; ``progress`` is not used."""
        played = self._play(state, source, key)
        to_come = _returns_to_go(played, source.discount)
        advantage = to_come - jnp.mean(to_come)

        def loss(weights: Float[Array, "observation num_actions"]) -> Float[Array, ""]:
            logits = source.observation_space.flatten(played.obs) @ weights
            chosen = jax.nn.log_softmax(logits)
            picked = jnp.take_along_axis(chosen, played.action[..., None], axis=-1)
            return -jnp.mean(picked[..., 0] * advantage)

        value, gradient = jax.value_and_grad(loss)(state.weights)
        weights = state.weights - self.learning_rate * gradient
        return MyState(weights), {"loss": Mean.of(value), **_scores(played)}

    def evaluate(self, state: MyState, source: Any, key: Key[Array, ""]) -> Metrics:
        """Fresh episodes."""
        return _scores(self._play(state, source, key))

    def policy(self, state: MyState, source: Any) -> MyPolicy:
        """What was learned, as something that acts."""
        return MyPolicy(state.weights, source.observation_space)

    def _play(self, state: MyState, world: Any, key: Key[Array, ""]) -> Transition:
        policy = self.policy(state, world)
        return rollout(world, policy, key, self.num_steps, self.num_lanes)


def _returns_to_go(
    played: Transition, discount: Float[Array, ""]
) -> Float[Array, "time lane"]:
    """Discounted rewards still to come in the episode, as far as it was seen."""

    def back(later: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        reward, ended = step
        now = reward + discount * jnp.where(ended, 0.0, later)
        return now, now

    steps = played.reward, played.ended
    return jax.lax.scan(back, jnp.zeros_like(played.reward[0]), steps, reverse=True)[1]


def _scores(played: Transition) -> Metrics:
    """Means over the episodes that ended."""
    return {
        "discounted_return": Mean.where(played.discounted_return, played.ended),
        "episode_len": Mean.where(played.episode_len.astype(jnp.float32), played.ended),
    }
