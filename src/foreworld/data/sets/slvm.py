"""The sets of slvm-data-generation: images of balls, pendulums, springs and bodies.

Parameters are per sequence, drawn uniformly within the ranges; frames are 32 by 32
pixels. Colours and the random canvas are those of the originals, drawn in one channel.

Source: github.com/qu-gg/slvm-data-generation (2025), and its papers of ICLR 2023, 2025.
"""

from __future__ import annotations

import math
from typing import Any

from foreworld.data.sets.base import NamedSet
from foreworld.worlds.base import Family
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from foreworld.worlds.dynamics.double_pendulum import DoublePendulum
from foreworld.worlds.dynamics.lorenz import Lorenz
from foreworld.worlds.dynamics.mass_spring import MassSpring
from foreworld.worlds.dynamics.nascar import Nascar
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.dynamics.switching_double_pendulum import SwitchingDoublePendulum
from foreworld.worlds.dynamics.two_body import TwoBody
from foreworld.worlds.ranges import AbstractRange, Uniform

_FRICTIONS = (0.0, 0.05, 0.1, 0.15)
_ONE = {"train": 10_000, "val": 3000, "test": 3000, "peer": "slvm"}
_MANY = {"train": 3000, "val": 1000, "test": 1000, "peer": "slvm"}
_SERIES = {"train": 1, "num_frames": 10_000, "series": True}


def _numbered(prefix: str, families: list[Family]) -> dict[str, Family]:
    return {f"{prefix}_{i}": family for i, family in enumerate(families)}


def _random_canvas() -> dict[str, Any]:
    """Room of 40 percent on each side, and a shift within it."""
    shift = Uniform(-0.4, 0.4)
    return {"margin": 0.4, "offset_x": shift, "offset_y": shift}


def _gravity(k: int, angle: tuple[float, float] = (45.0, 135.0)) -> Family:
    """Gravity of 2.5 in the k-th of 16 directions, from larger x towards larger y."""
    turn = k * math.pi / 8
    # Rounded, so that gravity straight down has no sideways part of 1e-16.
    pull = [round(2.5 * part, 12) for part in (math.cos(turn), math.sin(turn))]
    return BouncingBall.family(
        gravity_x=pull[0], gravity_y=pull[1], inset=0.0, angle=angle
    )


def _pendulum(**fields: Any) -> Family:
    return Pendulum.family(
        **fields,
        length=Uniform(0.5, 1.0),
        area_uniform=True,
        picture=_random_canvas(),
    )


def _mass_spring(mass: AbstractRange | float, **fields: Any) -> Family:
    """Hung at a random place, to the right of the middle."""
    return MassSpring.family(
        mass=mass, anchor_x=Uniform(0, 1), picture=_random_canvas(), **fields
    )


def _double_pendulum(gravity: float) -> Family:
    return DoublePendulum.family(
        gravity=gravity,
        radius=(1.5, 2.5),
        area_uniform=True,
        substeps=4,
        picture=_random_canvas(),
        **{f"mass_{i}": Uniform(5, 8) for i in (1, 2)},
        **{f"length_{i}": Uniform(2.5, 3) for i in (1, 2)},
    )


_PENDULUMS = [_pendulum(mass=Uniform(0.5, 1.0), gravity=g) for g in (2.0, 3.0, 4.0)]
_SPRINGS = [_mass_spring(Uniform(0.4, 1), stiffness=k) for k in (1.0, 2.0, 3.0)]
_BODIES = [TwoBody.family(gravity=g, substeps=4) for g in (1.0, 2.0, 3.0)]

bouncingball = NamedSet(
    {"bouncingball": BouncingBall.family()}, **{**_ONE, "val": 1000, "test": 1000}
)
"""A ball in a box without gravity."""

gravity = NamedSet({"gravity": _gravity(4)}, **{**_ONE, "val": 2000, "test": 2000})
"""A ball in a box with gravity towards larger y."""

gravity3 = NamedSet(_numbered("grav", [_gravity(k) for k in (0, 6, 11)]), **_MANY)
"""A ball under gravity in 3 directions."""

gravity6 = NamedSet(
    _numbered("grav", [_gravity(k) for k in (0, 3, 6, 9, 11, 14)]), **_MANY
)
"""A ball under gravity in 6 directions."""

gravity16 = NamedSet(_numbered("grav", [_gravity(k) for k in range(16)]), **_MANY)
"""A ball under gravity in 16 directions (the original script makes 3 of them)."""

pendulum = NamedSet({"pendulum": Pendulum.family()}, **_ONE)
"""One pendulum."""

pendulum3 = NamedSet(_numbered("pendulum", _PENDULUMS), **_MANY)
"""Pendulums of random mass and length under gravity 2, 3 and 4."""

mass_spring = NamedSet(
    {"mass_spring": MassSpring.family(mass=Uniform(0.4, 1.0))}, **_ONE
)
"""A random mass on a spring."""

mass_spring3 = NamedSet(_numbered("mass_spring", _SPRINGS), **_MANY)
"""Random masses on springs of stiffness 1, 2 and 3, hung at random places."""

two_body = NamedSet(
    {
        "two_body": TwoBody.family(
            mass_1=Uniform(0.5, 1.5),
            mass_2=Uniform(0.5, 1.5),
            picture={"canvas": 5.0, "num_colours": 2},
            substeps=3,
        )
    },
    **_ONE,
)
"""Two random masses that attract each other."""

two_body3 = NamedSet(_numbered("two_body", _BODIES), **_MANY)
"""Two equal masses with a gravitational constant of 1, 2 and 3."""

double_pendulum = NamedSet(
    {
        "double_pendulum": DoublePendulum.family(
            mass_1=Uniform(0.4, 0.6),
            mass_2=Uniform(0.4, 0.6),
            length_1=Uniform(0.75, 1.0),
            length_2=Uniform(0.75, 1.0),
            picture={"num_colours": 2},
        )
    },
    **_ONE,
)
"""A double pendulum of random masses and lengths."""

double_pendulum3 = NamedSet(
    _numbered("double_pendulum", [_double_pendulum(g) for g in (2.0, 3.0, 4.0)]),
    **_MANY,
)
"""Heavy, long double pendulums under gravity 2, 3 and 4."""

mixed_physics_2023 = NamedSet(
    _numbered(
        "mixed",
        [
            *(_gravity(k, (0.0, 360.0)) for k in (0, 4, 8, 12)),
            *(_pendulum(friction=c) for c in _FRICTIONS),
            *(_mass_spring(0.5, friction=c, area_uniform=True) for c in _FRICTIONS),
        ],
    ),
    **_MANY,
)
"""12 tasks: gravity in 4 directions, pendulums and springs with 4 frictions each."""

mixed_physics_2025 = NamedSet(
    _numbered("mixed", [*map(_gravity, (0, 6, 11)), *_PENDULUMS, *_SPRINGS, *_BODIES]),
    **_MANY,
)
"""12 tasks: 3 each of gravity, pendulums, springs and two bodies."""

lorenz = NamedSet({"lorenz": Lorenz.family(noise=0.001)}, **_SERIES)
"""One series of 10,000 steps on the Lorenz attractor, seen in 10 mixed signals."""

nascar = NamedSet({"nascar": Nascar.family()}, **_SERIES)
"""One series of 10,000 steps on a race track of four linear laws."""

switching_double_pendulum = NamedSet(
    {"double_pendulum": SwitchingDoublePendulum.family()},
    **{**_SERIES, "train": 10, "num_frames": 1000},
)
"""10 series of 1000 steps of a double pendulum whose gravity and friction switch."""
