"""A network that is shown numbers of mean 0 and variance 1, whatever a world gives.

Source: Andrychowicz et al. 2021, arXiv 2006.05990, section 3.5: the choice that
matters most where numbers of an observation differ in size.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Key

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded
from foreworld.core.spaces import AbstractSpace, Box, Record, Space
from foreworld.networks.base import AbstractNetwork, Memory, Outputs, Parameters
from foreworld.networks.mlp import MLP
from foreworld.nn.encoders import is_image
from foreworld.nn.running import Running


class NormalizedParameters(eqx.Module):
    """Parameters of :class:`Normalized`.

    Attributes
    ----------
    network
        Those of the network inside.
    seen
        What was observed so far, by the field of a record; ``None`` for choices and
        images, which stay as they are. No gradient reaches it.
    """

    network: Parameters
    seen: Any


class Normalized(AbstractNetwork):
    """A network around which numbers are shifted and scaled by what was seen so far.

    The statistics are among the parameters, so that they are saved, played and started
    from with them. A rollout and what is learned from it use the same ones; they take
    in what was seen after that.
    """

    network: AbstractNetwork = eqx.field(default_factory=MLP)
    """what makes actions and values of the scaled observations"""
    limit: Annotated[float, Bounded(above=0)] = 10.0
    """numbers are cut off so many standard deviations from the mean"""

    @property
    def runs_by(self) -> Literal["vmap", "scan"]:  # type: ignore[override]
        """As the network inside."""
        return self.network.runs_by

    def init(
        self,
        key: Key[Array, ""],
        observation_space: AbstractSpace,
        action_space: Space,
        num_critics: int = 1,
    ) -> NormalizedParameters:
        """Fresh parameters, and nothing seen."""
        own_key, spaces = named_key(key, "network"), (observation_space, action_space)
        inner = self.network.init(own_key, *spaces, num_critics)
        return NormalizedParameters(inner, _unseen(observation_space))

    def init_memory(self, num_lanes: int) -> Memory:
        """That of the network inside."""
        return self.network.init_memory(num_lanes)

    def step(
        self,
        parameters: NormalizedParameters,
        memory: Memory,
        obs: Any,
        starts: Bool[Array, " lane"],
    ) -> tuple[Memory, Outputs]:
        """One step of the network inside."""
        obs = self._scaled(parameters.seen, obs)
        return self.network.step(parameters.network, memory, obs, starts)

    def unroll(
        self,
        parameters: NormalizedParameters,
        memory: Memory,
        obs: Any,
        starts: Bool[Array, "time lane"],
    ) -> Outputs:
        """Sequences through the network inside."""
        obs = self._scaled(parameters.seen, obs)
        return self.network.unroll(parameters.network, memory, obs, starts)

    def observed(
        self,
        parameters: NormalizedParameters,
        obs: Any,
        counted: Bool[Array, "time lane"] | None = None,
    ) -> NormalizedParameters:
        """With what a rollout saw."""
        inner = self._scaled(parameters.seen, obs)
        network = self.network.observed(parameters.network, inner, counted)
        return NormalizedParameters(network, _taken_in(parameters.seen, obs, counted))

    def _scaled(self, seen: Any, obs: Any) -> Any:
        """Observations as the network inside is shown them."""
        if seen is None:
            return obs
        if isinstance(seen, Running):
            known = jax.lax.stop_gradient(seen)
            x = (obs.astype(jnp.float32) - known.mean) / known.deviation
            return jnp.clip(x, -self.limit, self.limit)
        return {name: self._scaled(seen[name], x) for name, x in obs.items()}


def _unseen(space: AbstractSpace) -> Any:
    if isinstance(space, Record):
        return {name: _unseen(one) for name, one in space.items}
    if isinstance(space, Box) and not is_image(space):
        return Running.of(space.shape)
    return None


def _taken_in(seen: Any, obs: Any, counted: Any) -> Any:
    if isinstance(seen, Running):
        return seen.seen(obs.astype(jnp.float32), counted)
    if seen is None:
        return None
    return {name: _taken_in(seen[name], x, counted) for name, x in obs.items()}
