"""The sets of the DeepMind Hamiltonian dynamics suite that there is code or a law for.

50,000 sequences to train on, of which a tenth is kept to choose by, and 20,000 to
report, each of 256 frames. With one colour frames have one channel, with several three.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), github.com/google-deepmind/dm_hamiltonian_dynamics_suite.
"""

from __future__ import annotations

from typing import Any, Literal

from foreworld.data.sets.base import NamedSet
from foreworld.worlds.base import AbstractWorld, Family
from foreworld.worlds.dynamics.double_pendulum import DoublePendulum
from foreworld.worlds.dynamics.lennard_jones import LennardJones
from foreworld.worlds.dynamics.mass_spring import MassSpring
from foreworld.worlds.dynamics.matching_pennies import MatchingPennies
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.dynamics.rock_paper_scissors import RockPaperScissors
from foreworld.worlds.dynamics.two_body import TwoBody
from foreworld.worlds.ranges import Uniform

_DT = 0.05
_FRICTION = 0.05


def _set(family: Family, peer: Literal["", "dm"] = "dm") -> NamedSet:
    name = type(family.world).__module__.rpartition(".")[2]
    return NamedSet(
        {name: family}, train=45_000, val=5000, test=20_000, num_frames=256, peer=peer
    )


def _colours(num: int) -> dict[str, Any]:
    """Distinct hues, drawn from so many."""
    return {"colour": "rgb", "num_colours": num, "colouring": Uniform(0, 1)}


def _varied(cls: type[AbstractWorld], friction: float, **fields: Any) -> Family:
    """Six colours, states uniform in area, and a random canvas."""
    shift = Uniform(-0.4, 0.4)
    picture = {"margin": 0.4, "offset_x": shift, "offset_y": shift, **_colours(6)}
    fields = {"area_uniform": True, "picture": picture, **fields}
    return cls.family(dt=_DT, friction=friction, **fields)


def _mass_spring(friction: float) -> Family:
    return _varied(MassSpring, friction, mass=Uniform(0.2, 1.0), anchor_x=Uniform(0, 1))


def _pendulum(friction: float) -> Family:
    return _varied(
        Pendulum,
        friction,
        mass=Uniform(0.5, 1.5),
        gravity=Uniform(3.0, 4.0),
        length=Uniform(0.5, 1.0),
    )


def _double_pendulum(friction: float) -> Family:
    return _varied(
        DoublePendulum,
        friction,
        mass_1=Uniform(0.4, 0.6),
        mass_2=Uniform(0.4, 0.6),
        length_1=Uniform(0.75, 1.0),
        length_2=Uniform(0.75, 1.0),
        gravity=Uniform(2.5, 4.0),
        radius=(1.0, 2.5),
        substeps=6,
    )


mass_spring = _set(MassSpring.family(dt=_DT))
"""One mass on a spring."""

mass_spring_colors = _set(_mass_spring(0.0))
"""Random masses and colours on a spring, at random places."""

mass_spring_colors_friction = _set(_mass_spring(_FRICTION))
"""The same with friction."""

pendulum = _set(Pendulum.family(dt=_DT))
"""One pendulum."""

pendulum_colors = _set(_pendulum(0.0))
"""Pendulums of random mass, length, gravity and colour."""

pendulum_colors_friction = _set(_pendulum(_FRICTION))
"""The same with friction."""

double_pendulum = _set(DoublePendulum.family(dt=_DT, substeps=6, picture=_colours(2)))
"""One double pendulum in two colours."""

double_pendulum_colors = _set(_double_pendulum(0.0))
"""Double pendulums of random masses, lengths, gravity and colours."""

double_pendulum_colors_friction = _set(_double_pendulum(_FRICTION))
"""The same with friction."""

two_body = _set(TwoBody.family(dt=_DT, substeps=3, picture=_colours(2)))
"""Two equal masses on a circle, in two colours."""

two_body_colors = _set(
    TwoBody.family(
        dt=_DT,
        mass_1=Uniform(0.5, 1.5),
        mass_2=Uniform(0.5, 1.5),
        gravity=Uniform(0.5, 1.5),
        substeps=3,
        picture={"canvas": 5.0, **_colours(6)},
    )
)
"""Two random masses under random gravity, in random colours."""

matching_pennies = _set(MatchingPennies.family(dt=0.1))
"""Matching pennies, learnt by two players at once."""

rock_paper_scissors = _set(RockPaperScissors.family(dt=0.1))
"""Rock, paper, scissors, learnt by two players at once."""

lj_4 = _set(
    LennardJones.family(num_particles=4, density=0.04, temperature=1.0, dt=_DT), ""
)
"""A gas of 4 Lennard-Jones particles."""

lj_16 = _set(
    LennardJones.family(num_particles=16, density=0.77, temperature=0.5, dt=_DT), ""
)
"""A liquid of 16 Lennard-Jones particles."""
