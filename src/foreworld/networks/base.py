"""The contract of networks: observations to a policy and values, with any memory.

A network is a part: its fields are sizes and choices, its parameters are arrays that
are handed to every method. What a learner puts on top (a distribution of actions, how
many critics) it says itself, so that one network serves all learners that act.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Literal, NamedTuple

from jaxtyping import Array, Bool, Float, Key

from foreworld.core.parts.part import Part
from foreworld.core.spaces import AbstractSpace, Space

Parameters = Any
"""What is learned: a pytree of float32 arrays."""
Memory = Any
"""What is carried from step to step: a pytree of arrays whose first axis is the lane,
without any array for a network that remembers nothing."""


class Outputs(NamedTuple):
    """What a network makes of observations.

    Attributes
    ----------
    policy
        Parameters of the distribution of actions, as
        :func:`foreworld.nn.distributions.distribution` takes them.
    values
        Discounted return expected from here, by each critic.
    """

    policy: Float[Array, "*batch output"]
    values: Float[Array, "*batch critic"]


class AbstractNetwork(Part):
    """Interface of every network of an agent.

    ``step`` and ``unroll`` must agree: whole sequences give what steps give one by one.
    """

    registry_kind: ClassVar[str] = "networks"
    runs_by: ClassVar[Literal["vmap", "scan"]] = "vmap"
    """how the runs of a program are best made, see ``AbstractLearner.runs_by``"""

    @abc.abstractmethod
    def init(
        self,
        key: Key[Array, ""],
        observation_space: AbstractSpace,
        action_space: Space,
        num_critics: int = 1,
    ) -> Parameters:
        """Fresh parameters. Never vmapped.

        Parameters
        ----------
        key
            Draws the weights.
        observation_space, action_space
            What is seen, and what can be done.
        num_critics
            How many values it gives.

        Raises
        ------
        FitError
            It cannot take such observations or give such actions.
        """

    @abc.abstractmethod
    def init_memory(self, num_lanes: int) -> Memory:
        """Memories of lanes in which nothing was seen yet."""

    @abc.abstractmethod
    def step(
        self,
        parameters: Parameters,
        memory: Memory,
        obs: Any,
        starts: Bool[Array, " lane"],
    ) -> tuple[Memory, Outputs]:
        """One step of all lanes.

        Parameters
        ----------
        parameters
            From :meth:`init`.
        memory
            From :meth:`init_memory` or from the step before.
        obs
            Observations, lanes first.
        starts
            Lanes whose episode starts with these observations: their memory is emptied
            before.
        """

    def observed(
        self,
        parameters: Parameters,
        obs: Any,
        counted: Bool[Array, "time lane"] | None = None,
    ) -> Parameters:
        """Parameters after a rollout was learned from, for what is not learned.

        Statistics of what was observed are kept so; most networks have none.

        Parameters
        ----------
        parameters
            From :meth:`init`, or as learning left them.
        obs
            What was seen, time first, lanes second.
        counted
            Where the agent acted; ``None`` for all.
        """
        return parameters

    @abc.abstractmethod
    def unroll(
        self,
        parameters: Parameters,
        memory: Memory,
        obs: Any,
        starts: Bool[Array, "time lane"],
    ) -> Outputs:
        """Whole sequences at once, to be differentiated.

        Parameters
        ----------
        parameters
            From :meth:`init`.
        memory
            Before the first step.
        obs
            Observations, time first, lanes second.
        starts
            Where episodes start, as in :meth:`step`.
        """
