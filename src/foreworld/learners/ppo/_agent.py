"""One agent: its spaces and settings, what it carries along, and how it acts."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from foreworld.core.keys import named_key
from foreworld.core.spaces import AbstractSpace, Space
from foreworld.learners.ppo._policy import ActorPolicy
from foreworld.learners.ppo.base import AbstractSettings
from foreworld.networks.base import Memory, Outputs, Parameters
from foreworld.nn.adam import Scalar, init_adam
from foreworld.nn.distributions import distribution
from foreworld.nn.running import RewardScale
from foreworld.worlds.base import Observation, Turn
from foreworld.worlds.episode import choose


class AgentState(NamedTuple):
    """Parameters, optimiser and the memories in the running episodes.

    Attributes
    ----------
    network
        Parameters.
    moments
        Adam's running moments.
    memory
        Memory of each lane.
    rewards
        What rewards are divided by; ``None`` where they are not.
    """

    network: Parameters
    moments: Any
    memory: Memory
    rewards: RewardScale | None = None


class Decision(NamedTuple):
    """Record of acting in one step.

    Attributes
    ----------
    action
        What was chosen.
    outputs, memory
        What the network made of the observation, and its memory then.
    allowed
        What was allowed; ``None`` where all was.
    """

    action: Any
    outputs: Outputs
    memory: Memory
    allowed: Any


class Agent(NamedTuple):
    """Settings of one agent bound to the spaces it acts in.

    Attributes
    ----------
    settings
        Hyperparameters.
    observation_space, action_space
        What it sees, and what it can do.
    discount
        The world's discount factor, a float or an array inside a program.
    num_rounds, spoken
        Rounds of the game's period, and those of them in which the agent may act. One
        round in a plain world.
    """

    settings: AbstractSettings
    observation_space: AbstractSpace
    action_space: Space
    discount: Scalar
    num_rounds: int = 1
    spoken: tuple[int, ...] = (0,)

    def init(self, key: Key[Array, ""], num_lanes: int) -> AgentState:
        """Fresh parameters; not to be vmapped.

        Parameters
        ----------
        key
            The agent's own key.
        num_lanes
            Episodes side by side, each with a memory of its own.
        """
        network, own_key = self.settings.network, named_key(key, "network")
        parameters = network.init(own_key, self.observation_space, self.action_space)
        memory = network.init_memory(num_lanes)
        scaled = self.settings.normalize_rewards
        rewards = RewardScale.of(num_lanes) if scaled else None
        return AgentState(parameters, init_adam(parameters), memory, rewards)

    def decide(
        self,
        parameters: Parameters,
        memory: Memory,
        obs: Observation,
        starts: Bool[Array, " lane"],
        turn: Turn | None,
        noise: Any,
    ) -> tuple[Memory, Any, Decision]:
        """Choose an action in every lane.

        Parameters
        ----------
        parameters
            Of the network.
        memory
            Before the step.
        obs
            Observations of all lanes.
        starts
            Lanes in which the agent could act for the first time in an episode.
        turn
            Whether it acts, and which actions are allowed. ``None`` where it acts and
            all are. In silence it remembers nothing of what it sees.
        noise
            Of :func:`foreworld.nn.distributions.draw_noise`.
        """
        network, before = self.settings.network, memory
        memory, outputs = network.step(parameters, before, obs, starts)
        allowed = None if turn is None else turn.allowed
        if turn is not None:
            blank = network.init_memory(starts.shape[0])
            memory = choose(turn.acting, memory, choose(starts, blank, before))
        chosen = distribution(self.action_space, outputs.policy, allowed).choose(noise)
        return memory, chosen, Decision(chosen, outputs, memory, allowed)

    def values_at(
        self,
        parameters: Parameters,
        memory: Memory,
        obs: Observation,
        where: Bool[Array, "time lane"],
    ) -> Float[Array, "time lane"]:
        """Values of states that some steps reached, zero elsewhere.

        Parameters
        ----------
        parameters
            Of the network.
        memory
            After each step, time first.
        obs
            What is observed in the states that they reached.
        where
            Of which steps. The work grows with how many there are in one lane.
        """
        network, lanes = self.settings.network, jnp.arange(where.shape[1])
        going_on = jnp.zeros(lanes.shape, bool)

        def look(carry: tuple[Array, Array]) -> tuple[Array, Array]:
            values, left = carry
            first = jnp.argmax(left, axis=0), lanes
            now, seen = jax.tree.map(lambda x: x[first], (memory, obs))
            _, outputs = network.step(parameters, now, seen, going_on)
            found = jnp.where(left[first], outputs.values[..., 0], values[first])
            return values.at[first].set(found), left.at[first].set(False)

        start = jnp.zeros(where.shape, jnp.float32), where
        return jax.lax.while_loop(lambda carry: jnp.any(carry[1]), look, start)[0]

    def policy(self, state: AgentState) -> ActorPolicy:
        """The actor as something that acts."""
        network = self.settings.network
        scale = state.rewards
        unit = None if scale is None else scale.returns.deviation
        return ActorPolicy(state.network, network, self.action_space, unit)
