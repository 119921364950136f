"""Distributions over actions, made of a network's outputs by the kind of the space.

A number of choices gives a masked categorical distribution, a box a diagonal normal
one, a record one of each field, all independent. Forbidden choices have a probability
of exactly zero. Where a box is bounded, the normal variable ``u`` is squashed onto it:
by ``tanh`` between two bounds, by ``softplus`` from a single one, so that

    log p(action) = log N(u; mean, std) - log |d action / d u|.

Source: Gumbel-max sampling; Haarnoja et al. 2018, arXiv 1801.01290, appendix C (tanh);
Huang & Ontanon 2020, arXiv 2006.14171 (masks).
"""

from __future__ import annotations

import abc
import functools
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, Num

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key
from foreworld.core.spaces import Allowed, Box, Discrete, Record, Space
from foreworld.nn._squash import bounds, inverse, log_slope, quadrature, squash

_LOG_STD = (-10.0, 5.0)
"""Range of the logarithm of a standard deviation."""


def num_outputs(space: Space) -> int:
    """How many numbers a network gives for a distribution over a space.

    A logit for each choice; means and then logarithms of standard deviations for a
    box; for a record those of its fields side by side, in their order.

    Parameters
    ----------
    space
        Of the actions.

    Raises
    ------
    ConfigError
        A box of whole numbers, which has no distribution.
    """
    return len(spread_outputs(space))


def spread_outputs(space: Space) -> Bool[np.ndarray, " num_outputs"]:
    """Which outputs are logarithms of standard deviations.

    A network may give parameters of its own for them in place of functions of what is
    observed.

    Parameters
    ----------
    space
        As for :func:`num_outputs`.
    """
    match space:
        case Discrete():
            return np.zeros(space.num, bool)
        case Box():
            _check_box(space)
            return np.repeat([False, True], space.flat_size)
        case Record():
            return np.concatenate([spread_outputs(one) for _, one in space.items])


def draw_noise(
    space: Space, key: Key[Array, ""], batch: tuple[int, ...] = ()
) -> Float[Array, "..."] | dict[str, Any]:
    """All randomness of actions: drawn for many at once it costs less.

    Parameters
    ----------
    space
        Of the actions.
    key
        Random key.
    batch
        Leading axes.

    Returns
    -------
    noise
        For :meth:`AbstractDistribution.choose`: standard Gumbel numbers, one a choice,
        or standard normal numbers, one an entry; a dictionary by field for a record.
    """
    match space:
        case Discrete():
            return jax.random.gumbel(key, (*batch, space.num), jnp.float32)
        case Box():
            return jax.random.normal(key, (*batch, space.flat_size), jnp.float32)
        case Record():
            return {n: draw_noise(s, named_key(key, n), batch) for n, s in space.items}


def distribution(
    space: Space, outputs: Float[Array, "*batch outputs"], allowed: Allowed = None
) -> AbstractDistribution:
    """The distribution over a space that a network's outputs mean.

    Parameters
    ----------
    space
        Of the actions.
    outputs
        As many as :func:`num_outputs` says, with any leading axes.
    allowed
        Mask of the actions, with the same leading axes; ``None`` where all are allowed.
        A mask that forbids everything, as that of an agent that does not act may, is
        not looked at.

    Raises
    ------
    ConfigError
        The number of outputs is another one, or the space has no distribution.
    """
    wanted = num_outputs(space)
    if outputs.shape[-1] != wanted:
        raise ConfigError(
            f"a distribution over {space} has {wanted} outputs, got "
            f"{outputs.shape[-1]}. num_outputs(space) says how many."
        )
    match space:
        case Discrete():
            return Categorical.of(outputs, allowed)
        case Box():
            mean, log_std = jnp.split(outputs, 2, axis=-1)
            return Normal(mean, jnp.exp(jnp.clip(log_std, *_LOG_STD)), space)
        case Record():
            masks, ends = allowed or {}, np.cumsum(_sizes(space))[:-1]
            parts = jnp.split(outputs, ends, axis=-1)
            return Joint(
                {
                    name: distribution(one, part, masks.get(name))
                    for (name, one), part in zip(space.items, parts, strict=True)
                },
                space,
            )


class AbstractDistribution(eqx.Module):
    """Actions and their probabilities; all arrays have the leading axes of outputs."""

    @property
    @abc.abstractmethod
    def space(self) -> Space:
        """Of the actions."""

    @property
    @abc.abstractmethod
    def batch(self) -> tuple[int, ...]:
        """Leading axes."""

    @abc.abstractmethod
    def choose(self, noise: Any) -> Any:
        """An action for given randomness.

        Parameters
        ----------
        noise
            Of :func:`draw_noise`, with the leading axes of this distribution.
        """

    @abc.abstractmethod
    def log_prob(self, action: Any) -> Float[Array, "*batch"]:
        """Logarithm of the probability, or of the density, of an action.

        Parameters
        ----------
        action
            With the leading axes of this distribution. A forbidden one has ``-inf``.
        """

    @abc.abstractmethod
    def entropy(self) -> Float[Array, "*batch"]:
        """Entropy in nats, finite and differentiable under every mask."""

    @abc.abstractmethod
    def mode(self) -> Any:
        """The likeliest action; of a squashed normal variable the median."""

    def sample(self, key: Key[Array, ""]) -> Any:
        """A random action; independent ones along the leading axes.

        Parameters
        ----------
        key
            Random key.
        """
        return self.choose(draw_noise(self.space, key, self.batch))


class Categorical(AbstractDistribution):
    """Choices, of which some may be forbidden.

    Attributes
    ----------
    log_probs
        Of every choice, ``-inf`` where forbidden.
    """

    log_probs: Float[Array, "*batch num"]

    @classmethod
    def of(cls, logits: Float[Array, "*batch num"], allowed: Allowed) -> Categorical:
        """From unnormalised log-probabilities.

        Parameters
        ----------
        logits
            One a choice.
        allowed
            Flags, one a choice; ``None`` for all.
        """
        if allowed is not None:
            useful = allowed | ~jnp.any(allowed, axis=-1, keepdims=True)
            logits = jnp.where(useful, logits, -jnp.inf)
        return cls(logits - jax.nn.logsumexp(logits, axis=-1, keepdims=True))

    @property
    def space(self) -> Space:
        """As many choices as there are probabilities."""
        return Discrete(self.log_probs.shape[-1])

    @property
    def batch(self) -> tuple[int, ...]:
        """All axes but that of choices."""
        return self.log_probs.shape[:-1]

    @property
    def probabilities(self) -> Float[Array, "*batch num"]:
        """Of every choice."""
        return jnp.exp(self.log_probs)

    def choose(self, noise: Float[Array, "*batch num"]) -> Int[Array, "*batch"]:
        """By the Gumbel-max law."""
        return jnp.argmax(self.log_probs + noise, axis=-1).astype(jnp.int32)

    def log_prob(self, action: Int[Array, "*batch"]) -> Float[Array, "*batch"]:
        """The entry of the choice."""
        # A masked sum: gathers are slow on CPUs, and so are their gradients.
        chosen = action[..., None] == jnp.arange(self.log_probs.shape[-1])
        return jnp.sum(jnp.where(chosen, self.log_probs, 0.0), axis=-1)

    def entropy(self) -> Float[Array, "*batch"]:
        """Forbidden choices add nothing."""
        # Zero times minus infinity is avoided before the product: its gradient, too,
        # would be NaN.
        finite = jnp.where(jnp.isneginf(self.log_probs), 0.0, self.log_probs)
        return -jnp.sum(jnp.exp(self.log_probs) * finite, axis=-1)

    def mode(self) -> Int[Array, "*batch"]:
        """The likeliest choice."""
        return jnp.argmax(self.log_probs, axis=-1).astype(jnp.int32)


class Normal(AbstractDistribution):
    """Independent normal variables, squashed where their box is bounded.

    Attributes
    ----------
    mean, std
        Of the variables before they are squashed, one an entry of the box.
    box
        Of the actions.
    """

    mean: Float[Array, "*batch size"]
    std: Float[Array, "*batch size"]
    box: Box = eqx.field(static=True)

    @property
    def space(self) -> Space:
        """The box."""
        return self.box

    @property
    def batch(self) -> tuple[int, ...]:
        """All axes but that of entries."""
        return self.mean.shape[:-1]

    def choose(self, noise: Float[Array, "*batch size"]) -> Num[Array, "..."]:
        """Scale and shift, then squash."""
        return self._action(self.mean + self.std * noise)

    def log_prob(self, action: Num[Array, "..."]) -> Float[Array, "*batch"]:
        """Density of the action, by the change of variables."""
        u = inverse(self.box, self.box.flatten(action))
        return jnp.sum(self._log_density(u) - log_slope(self.box, u), axis=-1)

    def entropy(self) -> Float[Array, "*batch"]:
        """Closed form without bounds; with bounds plus the mean logarithm of the slope.

        That mean is an integral over one variable each, done by quadrature.
        """
        free = jnp.log(self.std) + 0.5 * math.log(2.0 * math.pi * math.e)
        if bounds(self.box) == (False, False):
            return jnp.sum(free, axis=-1)
        nodes, weights = quadrature()
        u = self.mean[..., None] + self.std[..., None] * nodes
        return jnp.sum(free + log_slope(self.box, u) @ weights, axis=-1)

    def mode(self) -> Num[Array, "..."]:
        """The squashed mean."""
        return self._action(self.mean)

    def _action(self, u: Float[Array, "*batch size"]) -> Num[Array, "..."]:
        inside = jnp.clip(squash(self.box, u), self.box.low, self.box.high)
        return inside.reshape(*self.batch, *self.box.shape).astype(self.box.dtype)

    def _log_density(
        self, u: Float[Array, "*batch size"]
    ) -> Float[Array, "*batch size"]:
        z = (u - self.mean) / self.std
        return -0.5 * (z * z + math.log(2.0 * math.pi)) - jnp.log(self.std)


class Joint(AbstractDistribution):
    """Independent fields of a record.

    Attributes
    ----------
    fields
        Distribution of each field by its name.
    record
        Of the actions.
    """

    fields: dict[str, AbstractDistribution]
    record: Record = eqx.field(static=True)

    @property
    def space(self) -> Space:
        """The record."""
        return self.record

    @property
    def batch(self) -> tuple[int, ...]:
        """Those of any field."""
        return next(iter(self.fields.values())).batch

    def choose(self, noise: dict[str, Any]) -> dict[str, Any]:
        """Every field by itself."""
        return {name: one.choose(noise[name]) for name, one in self.fields.items()}

    def log_prob(self, action: dict[str, Any]) -> Float[Array, "*batch"]:
        """The sum over fields."""
        return _total(one.log_prob(action[n]) for n, one in self.fields.items())

    def entropy(self) -> Float[Array, "*batch"]:
        """The sum over fields."""
        return _total(one.entropy() for one in self.fields.values())

    def mode(self) -> dict[str, Any]:
        """Every field by itself."""
        return {name: one.mode() for name, one in self.fields.items()}


def _total(parts: Any) -> Array:
    return functools.reduce(jnp.add, parts)


def _sizes(record: Record) -> list[int]:
    return [num_outputs(space) for _, space in record.items]


def _check_box(box: Box) -> None:
    if not jnp.issubdtype(jnp.dtype(box.dtype), jnp.floating):
        raise ConfigError(
            f"actions in {box} are whole numbers, over which there is no normal "
            f"distribution. Give the choices: a Discrete, or a Record of several."
        )
