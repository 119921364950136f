"""One agent: its spaces and settings, how it acts, and the policy made of it.

Source: actions are sampled by the Gumbel-max law, ``argmax(logits + gumbel noise)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from foreworld.core.keys import named_key
from foreworld.core.spaces import Discrete, Space
from foreworld.learners.ppo._loss import log_probs
from foreworld.learners.ppo._networks import ActorCritic, Memory
from foreworld.nn.adam import Scalar, init_adam
from foreworld.worlds.base import Observation, Turn
from foreworld.worlds.policy import AbstractPolicy

if TYPE_CHECKING:
    from foreworld.learners.ppo.ppo import PPO


class AgentState(NamedTuple):
    """Parameters, optimiser and the memories in the running episodes.

    Attributes
    ----------
    network
        Parameters.
    moments
        Adam's running moments.
    memory
        Recurrent memory of each lane.
    """

    network: ActorCritic
    moments: Any
    memory: Memory


class Decision(NamedTuple):
    """Record of acting in one step.

    Attributes
    ----------
    inputs
        What the network was given.
    features
        What its trunk made of them.
    logits
        Unnormalised log-probabilities, before actions are forbidden.
    turn
        Whether the agent acted and what was allowed; ``None`` where it always acts as
        it likes.
    """

    inputs: Float[Array, "*time lane input"]
    features: Float[Array, "*time lane hidden"]
    logits: Float[Array, "*time lane num_actions"]
    turn: Turn | None


class Agent(NamedTuple):
    """Settings of one agent bound to the spaces it acts in.

    Attributes
    ----------
    settings
        Hyperparameters.
    observation_space, action_space
        What it sees, and its number of choices.
    discount
        The world's discount factor, a float or an array inside a program.
    """

    settings: PPO
    observation_space: Space
    action_space: Discrete
    discount: Scalar

    def init(self, key: Key[Array, ""], num_lanes: int) -> AgentState:
        """Fresh parameters; not to be vmapped.

        Parameters
        ----------
        key
            The agent's own key.
        num_lanes
            Episodes side by side, each with a memory of its own.
        """
        num, settings = self.action_space.num, self.settings
        size = self.observation_space.flat_size + num * settings.action_concat
        own_key, hidden_size = named_key(key, "network"), settings.hidden_size
        network = ActorCritic.init(own_key, settings.memory, size, hidden_size, num)
        return AgentState(network, init_adam(network), network.init_memory(num_lanes))

    def inputs(
        self, obs: Observation, last_action: Float[Array, "*batch num_actions"]
    ) -> Float[Array, "*batch input"]:
        """Observations as rows, with the action before them where that is wanted.

        Parameters
        ----------
        obs
            Observations of the agent's space, with any leading axes.
        last_action
            One-hot codes of the actions before them, zero where an episode starts; used
            with ``action_concat`` only.
        """
        flat = self.observation_space.flatten(obs)
        if not self.settings.action_concat:
            return flat
        return jnp.concatenate([flat, last_action], axis=-1)

    def policy(self, state: AgentState) -> ActorPolicy:
        """The actor as something that acts."""
        return ActorPolicy(
            network=state.network,
            observation_space=self.observation_space,
            num_actions=self.action_space.num,
            action_concat=self.settings.action_concat,
        )


def decide(
    network: ActorCritic,
    memory: Memory,
    inputs: Float[Array, "*batch input"],
    turn: Turn | None,
    gumbel: Float[Array, "*batch num_actions"],
) -> tuple[Memory, Int[Array, "*batch"], Decision]:
    """Sample an action in every lane.

    Parameters
    ----------
    network
        The agent's parameters.
    memory
        Memories before the step, already emptied where an episode starts.
    inputs
        Rows from :meth:`Agent.inputs`.
    turn
        Which actions are allowed; ``None`` where all are.
    gumbel
        Standard Gumbel noise, one number an action; zeros give the likeliest action.
    """
    features, memory = network.step(inputs, memory)
    logits = network.logits(features)
    masked = logits if turn is None else log_probs(logits, turn.allowed)
    action = jnp.argmax(masked + gumbel, axis=-1).astype(jnp.int32)
    return memory, action, Decision(inputs, features, logits, turn)


class AgentMemory(NamedTuple):
    """What a policy carries through an episode.

    Attributes
    ----------
    memory
        Recurrent memory; ``None`` for a network without.
    last_action
        One-hot code of the action before, zero at the start.
    """

    memory: Memory
    last_action: Float[Array, " num_actions"]


class Thought(NamedTuple):
    """What a policy makes of an observation, for showing beside a live episode.

    Attributes
    ----------
    probabilities
        Of the actions.
    value
        Discounted return that it expects from here.
    """

    probabilities: Float[Array, " num_actions"]
    value: Float[Array, ""]


class ActorPolicy(AbstractPolicy):
    """A trained actor as a policy: samples from its probabilities.

    Its memory holds the recurrent memory and the last action.

    Attributes
    ----------
    network
        Parameters.
    observation_space
        What it sees.
    num_actions
        Number of choices.
    action_concat
        Whether the network is shown the action before.
    """

    network: ActorCritic
    observation_space: Space = eqx.field(static=True)
    num_actions: int = eqx.field(static=True)
    action_concat: bool = eqx.field(static=True)

    def init_memory(self) -> AgentMemory:
        """Nothing remembered, nothing done."""
        memory = self.network.init_memory(1)
        memory = None if memory is None else memory[0]
        return AgentMemory(memory, jnp.zeros(self.num_actions, jnp.float32))

    def act(
        self,
        memory: AgentMemory,
        obs: Observation,
        key: Key[Array, ""],
        turn: Any = None,
    ) -> tuple[AgentMemory, Int[Array, ""]]:
        """Sample an action."""
        gumbel = jax.random.gumbel(key, (self.num_actions,), jnp.float32)
        inputs = self._inputs(memory, obs)
        hidden, action, _ = decide(self.network, memory.memory, inputs, turn, gumbel)
        return self.acted(AgentMemory(hidden, memory.last_action), action), action

    def acted(self, memory: AgentMemory, action: Int[Array, ""]) -> AgentMemory:
        """The memory with the action that was taken, by this policy or another."""
        code = jax.nn.one_hot(action, self.num_actions, dtype=jnp.float32)
        return memory._replace(last_action=code)

    def think(self, memory: AgentMemory, obs: Observation, turn: Any = None) -> Thought:
        """Probabilities and value for an observation; changes nothing.

        Parameters
        ----------
        memory
            As in :meth:`act`.
        obs
            One observation.
        turn
            Says what is allowed.
        """
        features, _ = self.network.step(self._inputs(memory, obs), memory.memory)
        allowed = None if turn is None else turn.allowed
        probabilities = jnp.exp(log_probs(self.network.logits(features), allowed))
        return Thought(probabilities, self.network.value(features))

    def _inputs(self, memory: AgentMemory, obs: Observation) -> Float[Array, " input"]:
        flat = self.observation_space.flatten(obs)
        if not self.action_concat:
            return flat
        return jnp.concatenate([flat, memory.last_action])
