"""How one agent learns by proximal policy optimisation: its own hyperparameters."""

from __future__ import annotations

from typing import Annotated, Any

import equinox as eqx

from foreworld.core.parts.part import Bounded, Part, Traced
from foreworld.networks.base import AbstractNetwork
from foreworld.networks.mlp import MLP
from foreworld.nn.adam import Scalar

Count = Annotated[int, Bounded(low=1)]
"""Type of fields that count what there must be."""


class AbstractSettings(Part):
    """What may differ between the agents of a game."""

    learning_rate: Annotated[float, Traced(low=0)] = 2.5e-4
    """step size of Adam"""
    anneal: Annotated[float, Traced(low=0, high=1)] = 1.0
    """share of the learning rate that has decayed, linearly, at the end; 0 for none"""
    lambda0: Annotated[float, Traced(low=0, high=1)] = 0.95
    """lambda of the advantage estimates and value targets"""
    value_coef: Annotated[float, Traced(low=0)] = 0.5
    """weight of the value loss"""
    entropy_coef: Annotated[float, Traced(low=0)] = 0.01
    """weight of the entropy bonus"""
    clip_eps: Annotated[float, Traced(low=0)] = 0.2
    """clipping range of probability ratios and of value changes"""
    max_grad_norm: Annotated[float, Traced(low=0)] = 0.5
    """longer gradients are shortened to this length; 0 for no limit"""
    adam_eps: Annotated[float, Traced(above=0)] = 1e-5
    """added to the root of Adam's second moment"""
    network: AbstractNetwork = eqx.field(default_factory=MLP)
    """what makes actions and values of observations, with a memory or without"""
    num_epochs: Count = 4
    """passes over a rollout"""
    num_minibatches: Count = 4
    """groups in a pass: of steps, or of whole lanes where there is a memory"""
    normalize_rewards: bool = False
    """learn from rewards divided by the standard deviation of discounted returns so
    far; what is reported and ranked stays as the world gives it"""
    freeze: tuple[str, ...] = ()
    """parts of the network that are not trained, such as embedding or actor.0; no
    gradient of them is computed"""

    def rate_at(self, progress: Scalar) -> Any:
        """The learning rate when a fraction of the run is done.

        Parameters
        ----------
        progress
            From 0 to 1.
        """
        return self.learning_rate * (1.0 - self.anneal * progress)


class AgentSettings(AbstractSettings):
    """Settings of one agent of a game, where they differ from those of the others."""
