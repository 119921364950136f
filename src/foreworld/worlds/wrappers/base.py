"""What worlds around another world have in common: all that they do not change."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import Any, Literal

import equinox as eqx
from jaxtyping import Array, Float, Num, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Allowed, Space
from foreworld.worlds.base import AbstractWorld, State
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.quantities import Quantities


class AbstractWrapper(AbstractWorld):
    """A world around another one; its state holds that of the inner one.

    Discount, time limit, picture, measures and what a hand can do are the inner
    world's. Games are not wrapped.
    """

    world: eqx.AbstractVar[AbstractWorld]
    """the world inside"""

    def __check_init__(self) -> None:
        super().__check_init__()
        name, inner = type(self).__name__, self.world
        if isinstance(inner, AbstractGame):
            raise ConfigError(
                f"{name}.world={type(inner).__name__} is a game of several agents, and "
                f"{name} goes around a world of one."
            )

    @abc.abstractmethod
    def inside(self, state: State) -> State:
        """The inner world's state."""

    @abc.abstractmethod
    def with_inside(self, state: State, inner: State) -> State:
        """The state with another one of the inner world.

        Parameters
        ----------
        state
            The whole state.
        inner
            New state of the inner world.
        """

    @property
    def discount(self) -> Any:
        """The inner world's."""
        return self.world.discount

    @property
    def max_episode_len(self) -> int:
        """The inner world's."""
        return self.world.max_episode_len

    @property
    def action_space(self) -> Space | None:
        """The inner world's."""
        return self.world.action_space  # type: ignore[return-value]

    def render(self, state: State) -> UInt8[Array, "height width channels"]:
        """The inner world's picture."""
        return self.world.render(self.inside(state))

    @property
    def truncates(self) -> bool:
        """The inner world's."""
        return self.world.truncates

    @property
    def costly_reset(self) -> bool:
        """The inner world's."""
        return self.world.costly_reset

    def rehearse(self) -> None:
        """The inner world's."""
        self.world.rehearse()

    @property
    def boundary(self) -> Literal["open", "wall", "periodic"]:
        """The inner world's."""
        return self.world.boundary

    @property
    def quantities(self) -> Quantities:
        """The inner world's."""
        return self.world.quantities

    @property
    def score(self) -> str:
        """The inner world's."""
        return self.world.score

    def allowed(self, state: State) -> Allowed:
        """The inner world's."""
        return self.world.allowed(self.inside(state))

    def targets(self, state: State) -> Any:
        """The inner world's."""
        return self.world.targets(self.inside(state))

    def measures(self, state: State) -> dict[str, Float[Array, ""]]:
        """The inner world's."""
        return self.world.measures(self.inside(state))

    def readings(self, state: State) -> dict[str, Num[Array, ""]]:
        """The inner world's."""
        return self.world.readings(self.inside(state))

    @property
    def can_grab(self) -> bool:
        """The inner world's."""
        return self.world.can_grab

    def nearest(self, state: State, x: float, y: float) -> int:
        """The inner world's."""
        return self.world.nearest(self.inside(state), x, y)

    def grab(self, state: State, x: float, y: float, held: int = 0) -> State:
        """The inner world's."""
        inner = self.world.grab(self.inside(state), x, y, held)
        return self.with_inside(state, inner)

    def throw(self, state: State, right: float, down: float) -> State:
        """The inner world's."""
        inner = self.world.throw(self.inside(state), right, down)
        return self.with_inside(state, inner)

    def settle(self, state: State) -> State:
        """The inner world's."""
        return self.with_inside(state, self.world.settle(self.inside(state)))

    def fitted(self, worlds: Iterable[AbstractWorld]) -> AbstractWorld:
        """The inner world's, in this one."""
        inner: Any = self.world.fitted(one.world for one in worlds)  # type: ignore[attr-defined]
        return self.replace(world=inner)
