"""Parameters that are not trained: told apart before a gradient is taken."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax

from foreworld.core.leaves import SLASH, is_in, named_leaves, unknown_part
from foreworld.networks.base import Parameters

_WHOLE = "network"
"""Stands for all parameters, and before the names of parts where that is written."""


class Trained(NamedTuple):
    """What gradients are taken of, ``None`` in the places of what is frozen.

    Attributes
    ----------
    network
        Parameters.
    moments
        Adam's running moments of these.
    """

    network: Parameters
    moments: Any

    def within(self, before: Trained) -> Trained:
        """All parameters and moments again, frozen ones as they were.

        Parameters
        ----------
        before
            All of them, before the step.
        """
        mu, nu = (
            eqx.combine(getattr(self.moments, name), getattr(before.moments, name))
            for name in ("mu", "nu")
        )
        network = eqx.combine(self.network, before.network)
        return Trained(network, self.moments._replace(mu=mu, nu=nu))


def trained(every: Trained, freeze: tuple[str, ...]) -> Trained:
    """Only what is trained.

    Parameters
    ----------
    every
        All parameters and moments.
    freeze
        Parts of the network that are not.
    """
    names = [f"{_WHOLE}{SLASH}{name}" for name in named_leaves(every.network)]
    chosen = [not is_in(name, freeze) for name in names]
    mask = jax.tree.unflatten(jax.tree.structure(every.network), chosen)
    moments = every.moments._replace(
        mu=eqx.filter(every.moments.mu, mask), nu=eqx.filter(every.moments.nu, mask)
    )
    return Trained(eqx.filter(every.network, mask), moments)


def check_frozen(network: Parameters, freeze: tuple[str, ...]) -> None:
    """Refuse parts that a network does not have.

    Parameters
    ----------
    network
        Its parameters, as arrays or as shapes.
    freeze
        Names of parts.

    Raises
    ------
    UnknownNameError
        One of them is none; lists those there are.
    """
    names = list(named_leaves(network))
    for part in freeze:
        if not any(is_in(f"{_WHOLE}{SLASH}{name}", (part,)) for name in names):
            raise unknown_part("part of the network to freeze", part, names)
