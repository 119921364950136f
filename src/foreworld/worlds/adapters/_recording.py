"""The world of recorded data: what it looks like is known, how it moves is not."""

from __future__ import annotations

import math
from typing import Annotated, Any, NoReturn

from jaxtyping import Array, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Box, Discrete, Space
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step

Size = Annotated[int, Bounded(low=0)]


class Recording(AbstractWorld):
    """Stands for the unknown world of an imported data set.

    It has spaces and a frame size, so learners fit it or refuse it like any other
    world, but it can be neither started nor stepped nor drawn.
    """

    contents: str = ""
    """first 16 digits of the SHA-256 of what was recorded"""
    frame: tuple[int, int, int] = (1, 1, 1)
    """height, width and channels of a frame; 0 where none were recorded"""
    columns: tuple[str, ...] = ("image",)
    """what was recorded, in the words of the data format"""
    state_size: Size = 0
    """numbers in a state; 0 where none was recorded"""
    num_actions: Size = 0
    """choices of an action; 0 where actions are numbers, or there are none"""
    action_shape: tuple[int, ...] = ()
    """shape of an action that is no choice"""
    discount: Annotated[float, Traced(low=0, high=1)] = 1.0
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 0
    """steps after which an episode is cut off; 0 for never"""

    @property
    def action_space(self) -> Space | None:
        """Choices, numbers without limits, or nothing."""
        if "action" not in self.columns:
            return None
        if self.num_actions:
            return Discrete(self.num_actions)
        return Box(-math.inf, math.inf, self.action_shape)

    @property
    def observation_space(self) -> Box:
        """Numbers without limits."""
        return Box(-math.inf, math.inf, (self.state_size,))

    def reset(self, key: Key[Array, ""]) -> NoReturn:
        """Raises :class:`ConfigError`: how it starts is not known."""
        self._refuse("started")

    def step(self, state: Any, action: Any, key: Key[Array, ""]) -> Step:
        """Raises :class:`ConfigError`: how it moves is not known."""
        self._refuse("stepped")

    def render(self, state: Any) -> UInt8[Array, "height width channels"]:
        """Raises :class:`ConfigError`: how it is drawn is not known."""
        self._refuse("drawn")

    def _refuse(self, what: str) -> NoReturn:
        raise ConfigError(
            f"recorded data cannot be {what}: there are frames, but no world behind "
            f"them. Train a forward model on the data set and use that instead."
        )
