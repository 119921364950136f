"""How other projects' versions of the named sets differ from ours, for comparison.

The labels that one of them writes wrongly are not brought back.

Source: slvm-data-generation (github.com/qu-gg/slvm-data-generation) and the DeepMind
Hamiltonian dynamics suite.
"""

from __future__ import annotations

from typing import Any

from foreworld.data.format.observation import Observation
from foreworld.worlds.base import AbstractWorld, Family, Uniform
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian
from foreworld.worlds.dynamics._replicator import AbstractReplicator
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from foreworld.worlds.dynamics.mass_spring import MassSpring


def as_peer(family: Family, peer: str) -> Family:
    """A family as another project draws and moves it.

    Balls move by the step rule of the engine there, with its marks, and states are one
    frame ahead of frames. Systems with an energy have three channels: thresholded soft
    discs ("slvm") or these themselves ("dm"); a random canvas shifts mass springs along
    the diagonal only.
    """
    world, ranges = family.world, dict(family.ranges)
    fields: dict[str, Any] = {}
    if isinstance(world, BouncingBall):
        fields = {"integrator": "pymunk", "artifacts": "pymunk", "legacy_lag": True}
    elif isinstance(world, AbstractReplicator):
        fields = {"colour": "rgb"}
    elif isinstance(world, AbstractHamiltonian):
        fields = {"colour": "thresholded" if peer == "slvm" else "rgb"}
        if world.num_colours > 1:
            ranges["colouring"] = Uniform(0, 1)
        if isinstance(world, MassSpring) and "offset_y" in ranges:
            fields["diagonal"] = True
            del ranges["offset_y"]
    return Family(world.replace(**fields), ranges)


def peer_settings(world: AbstractWorld, peer: str) -> dict[str, Any]:
    """What differs in how sequences are cut: one frame more, and a random first one."""
    if peer == "slvm" and isinstance(world, AbstractHamiltonian):
        return {"observation": Observation(skip=1, random_skip=True)}
    return {}
