"""How other projects' versions of the named sets differ from ours, for comparison.

The labels that one of them writes wrongly are not brought back.

Source: slvm-data-generation (github.com/qu-gg/slvm-data-generation) and the DeepMind
Hamiltonian dynamics suite.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from foreworld.compat.worlds.diagonal_mass_spring import DiagonalMassSpring
from foreworld.compat.worlds.pymunk_ball import PymunkBall
from foreworld.core.parts.part import field_specs
from foreworld.data.format.observation import Observation
from foreworld.worlds.base import AbstractWorld, Family
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian
from foreworld.worlds.dynamics._replicator import AbstractReplicator
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from foreworld.worlds.dynamics.mass_spring import MassSpring
from foreworld.worlds.ranges import Uniform


def as_peer(family: Family, peer: str) -> Family:
    """A family as another project draws and moves it.

    Balls are those of the engine there. Systems with an energy have three channels:
    thresholded soft discs ("slvm") or these themselves ("dm"); a random canvas shifts
    mass springs along the diagonal only.

    Parameters
    ----------
    family
        As our set has it.
    peer
        ``"slvm"`` or ``"dm"``.
    """
    return _changed(family.world, dict(family.ranges), peer)


def peer_settings(family: Family, peer: str) -> dict[str, Any]:
    """What differs in how sequences are cut: one frame more, and a random first one.

    Parameters
    ----------
    family
        As our set has it.
    peer
        ``"slvm"`` or ``"dm"``.
    """
    if peer == "slvm" and isinstance(family.world, AbstractHamiltonian):
        return {"observation": Observation(skip=1, random_skip=True)}
    return {}


@singledispatch
def _changed(world: AbstractWorld, ranges: dict[str, Any], peer: str) -> Family:
    """Other systems are the same there."""
    del peer
    return Family(world, ranges)


@_changed.register
def _(world: BouncingBall, ranges: dict[str, Any], peer: str) -> Family:
    del peer
    return Family(PymunkBall(**_fields(world)), ranges)


@_changed.register
def _(world: AbstractReplicator, ranges: dict[str, Any], peer: str) -> Family:
    del peer
    return Family(world.replace(colour="rgb"), ranges)


@_changed.register
def _hamiltonian(
    world: AbstractHamiltonian, ranges: dict[str, Any], peer: str
) -> Family:
    if world.picture.num_colours > 1:
        ranges["picture.colouring"] = Uniform(0, 1)
    colour = "thresholded" if peer == "slvm" else "rgb"
    picture = world.picture.replace(colour=colour)
    return Family(world.replace(picture=picture), ranges)


@_changed.register
def _(world: MassSpring, ranges: dict[str, Any], peer: str) -> Family:
    if ranges.pop("picture.offset_y", None) is None:
        return _hamiltonian(world, ranges, peer)
    return _hamiltonian(DiagonalMassSpring(**_fields(world)), ranges, peer)


def _fields(world: AbstractWorld) -> dict[str, Any]:
    return {spec.name: getattr(world, spec.name) for spec in field_specs(type(world))}
