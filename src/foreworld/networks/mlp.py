"""Dense layers without a memory: the present observation decides.

Source: sizes of Schulman et al. 2017, arXiv 1707.06347; orthogonal weights and gains of
Andrychowicz et al. 2021, arXiv 2006.05990.
"""

from __future__ import annotations

from typing import Annotated, Any

import equinox as eqx
from jaxtyping import Array, Bool, Key

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded
from foreworld.core.spaces import AbstractSpace, Space
from foreworld.networks._heads import (
    POLICY_GAIN,
    VALUE_GAIN,
    Activation,
    Layers,
    activated,
    init_layers,
    through,
)
from foreworld.networks.base import AbstractNetwork, Outputs
from foreworld.nn.distributions import num_outputs
from foreworld.nn.encoders import Encoder


class MLPParameters(eqx.Module):
    """Parameters of :class:`MLP`.

    Attributes
    ----------
    encoder, critic_encoder
        From observations to rows; the second one only where the trunk is not shared.
    actor, critic
        Layers to the policy and to the values; of a shared trunk the last ones only.
    trunk
        Layers that both share; empty where each has its own.
    """

    encoder: Encoder
    critic_encoder: Encoder | None
    trunk: Layers
    actor: Layers
    critic: Layers


class MLP(AbstractNetwork):
    """Dense layers of one width, for the policy and for the values.

    Weights are orthogonal with gain sqrt 2, the last layer's with 0.01 for the policy
    and 1 for the values.
    """

    hidden_size: Annotated[int, Bounded(low=1)] = 64
    """width of all layers"""
    num_layers: Annotated[int, Bounded(low=1)] = 2
    """layers before the last one"""
    activation: Activation = "tanh"
    """of all layers but the last"""
    shared_trunk: bool = False
    """let policy and values share all layers but the last"""

    def init(
        self,
        key: Key[Array, ""],
        observation_space: AbstractSpace,
        action_space: Space,
        num_critics: int = 1,
    ) -> MLPParameters:
        """Fresh parameters."""
        encoder = Encoder.init(named_key(key, "encoder"), observation_space)
        shared, size = self.shared_trunk, self.hidden_size
        hidden = (encoder.size, *(size,) * self.num_layers)
        before = (size,) if shared else hidden
        other = Encoder.init(named_key(key, "critic_encoder"), observation_space)
        outputs = num_outputs(action_space)
        return MLPParameters(
            encoder=encoder,
            critic_encoder=None if shared else other,
            trunk=init_layers(key, "trunk", hidden) if shared else (),
            actor=init_layers(key, "actor", (*before, outputs), POLICY_GAIN),
            critic=init_layers(key, "critic", (*before, num_critics), VALUE_GAIN),
        )

    def init_memory(self, num_lanes: int) -> None:
        """Nothing."""
        return None

    def step(
        self,
        parameters: MLPParameters,
        memory: None,
        obs: Any,
        starts: Bool[Array, " lane"],
    ) -> tuple[None, Outputs]:
        """As in all steps."""
        return None, self._outputs(parameters, obs)

    def unroll(
        self,
        parameters: MLPParameters,
        memory: None,
        obs: Any,
        starts: Bool[Array, "time lane"],
    ) -> Outputs:
        """All steps at once."""
        return self._outputs(parameters, obs)

    def _outputs(self, parameters: MLPParameters, obs: Any) -> Outputs:
        act = activated(self.activation)
        x = parameters.encoder(obs)
        if parameters.critic_encoder is None:
            x = y = act(through(parameters.trunk, x, act))
        else:
            y = parameters.critic_encoder(obs)
        return Outputs(
            through(parameters.actor, x, act), through(parameters.critic, y, act)
        )
