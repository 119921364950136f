from typing import Any

from foreworld.worlds.adapters._recording import Recording as Recording
from foreworld.worlds.base import AbstractWorld as AbstractWorld
from foreworld.worlds.base import EpisodeLen as EpisodeLen
from foreworld.worlds.base import Family as Family
from foreworld.worlds.base import Step as Step
from foreworld.worlds.base import Turn as Turn
from foreworld.worlds.dynamics._hamiltonian import (
    AbstractHamiltonian as AbstractHamiltonian,
)
from foreworld.worlds.dynamics._picture import Discs as Discs
from foreworld.worlds.dynamics._picture import Picture as Picture
from foreworld.worlds.dynamics._picture import disc_radius as disc_radius
from foreworld.worlds.dynamics.base import AbstractDynamics as AbstractDynamics
from foreworld.worlds.game import AbstractGame as AbstractGame
from foreworld.worlds.policy import AbstractPolicy as AbstractPolicy
from foreworld.worlds.policy import JointPolicy as JointPolicy
from foreworld.worlds.quantities import Quantities as Quantities
from foreworld.worlds.quantities import Quantity as Quantity
from foreworld.worlds.ranges import AbstractRange as AbstractRange
from foreworld.worlds.ranges import Uniform as Uniform

def __getattr__(name: str) -> Any: ...
