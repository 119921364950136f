"""How the worlds of a data set are observed: frames, noise, what was missed, and when.

The same fields serve recipes, named sets, options of ``generate`` and checks.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from foreworld.core.errors import ConfigError
from foreworld.core.parts.limits import Bounded
from foreworld.core.parts.part import Part, field_specs
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.dynamics.base import LARGEST, AbstractDynamics


class Observation(Part):
    """What of its worlds a data set sees."""

    images: bool = True
    """store frames"""
    frame_size: Annotated[int, Bounded(low=0, high=LARGEST, unit="pixels")] = 0
    """height and width of the stored frames, resampled from the world's picture; 0
    for as the world draws them (worlds with a field image_size draw at any size)"""
    channels: Literal[0, 1, 3] = 0
    """1 stores grey frames (the mean over colours), 3 colours; 0 as the world draws"""
    derivatives: bool = False
    """store time derivatives of the states, friction included"""
    image_noise: Annotated[float, Bounded(low=0, unit="of full scale")] = 0.0
    """standard deviation of noise added to the frames, then clipped"""
    state_noise: Annotated[float, Bounded(low=0, unit="of the state's unit")] = 0.0
    """standard deviation of noise added to the stored states"""
    missing: Annotated[float, Bounded(low=0, high=1, unit="of all frames")] = 0.0
    """chance that a frame was not observed: black, state 0, `observed` false"""
    jitter: Annotated[float, Bounded(low=0, high=0.99, unit="of dt")] = 0.0
    """irregular frames: times between them are uniform within this fraction of dt"""
    skip: Annotated[int, Bounded(low=0, high=10**6, unit="frames")] = 0
    """frames before the first one that is stored"""
    random_skip: bool = False
    """draw that number for each sequence, from 0 to skip"""

    def check_world(self, world: AbstractWorld) -> None:
        """Refuse what a world does not have.

        Parameters
        ----------
        world
            The world that is observed, or one of a family.

        Raises
        ------
        ConfigError
            Derivatives or irregular frames of a world without continuous time,
            skipped frames where there are actions, or noise of frames without any.
        """
        name = type(world).__name__
        for field in ("frame_size", "channels", "image_noise"):
            if getattr(self, field) and not self.images:
                raise ConfigError(
                    f"{field}={getattr(self, field)}: without frames (images=False) "
                    f"there is nothing that it changes. Leave one of the two out."
                )
        for field in ("derivatives", "jitter"):
            value = getattr(self, field)
            if value and not isinstance(world, AbstractDynamics):
                raise ConfigError(
                    f"{field}={value}: {name} has no time derivative. This is for "
                    f"worlds that move in continuous time, such as the pendulum."
                )
        if self.skip and world.action_space is not None:
            raise ConfigError(
                f"skip={self.skip}: somebody acts in {name}, and an episode is stored "
                f"from its beginning. This is for worlds in which nobody acts."
            )


NAMES = tuple(spec.name for spec in field_specs(Observation))
"""Its fields, which ``generate`` takes as arguments of its own."""


def sort_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of an observation among others, put into one ``observation``.

    Parameters
    ----------
    fields
        Arguments by name; ``observation`` itself may be among them.

    Returns
    -------
    dict
        The others, and an observation with the changes, if there are any.
    """
    changes = {name: value for name, value in fields.items() if name in NAMES}
    others = {name: value for name, value in fields.items() if name not in NAMES}
    if not changes:
        return others
    base = others.get("observation") or Observation()
    return {**others, "observation": base.replace(**changes)}
