"""Some sequences to look at: of a data set, or as a data set would have them.

Energies are not stored: they are worked out again from the keys of the sequences, at
the precision of the simulation.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8, UInt32

from foreworld.core.keys import key_of, named_key, pinned, root_key
from foreworld.core.parts.opening import opened
from foreworld.core.parts.part import field_specs
from foreworld.core.parts.partition import Leaves, Static, combine, numbers, partition
from foreworld.core.parts.stand_in import StandIn
from foreworld.data.format.nested import of
from foreworld.data.format.observation import Observation
from foreworld.data.format.recipe import TaskRecipe
from foreworld.data.format.schema import PARAMETER
from foreworld.data.making.sequence import motion, shown
from foreworld.data.making.simulate import Simulator
from foreworld.data.reading.dataset import DataSet
from foreworld.data.sets.base import NamedSet
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.base import Family
from foreworld.worlds.dynamics.base import AbstractDynamics
from foreworld.worlds.quantities import Quantities, numbered

NUM_SEQUENCES = 8
"""Sequences that are looked at."""
NUM_FRAMES = 60
"""Frames of a world's sequences, where nothing else is said."""
NUM_SIGNAL_FRAMES = 1500
"""The same for worlds with modes, which stay in one for a while."""
NUM_PARAMETERS = 1000
"""Sequences whose parameters are counted."""
_WIDTH = 250


@dataclass(frozen=True)
class Footage:
    """Sequences of one task.

    Attributes
    ----------
    name
        Of the task, for people.
    family
        What they are drawn from.
    image, state, time, valid
        As a data set has them, which may have no frames; frames that were not observed
        are not valid.
    energy
        In float64; ``None`` where the world has none.
    extras
        The world's own columns: signals (floats) and modes (integers).
    parameters
        Of these and more sequences, by name.
    """

    name: str
    family: Family
    image: UInt8[np.ndarray, "sequence time height width channels"] | None
    state: Float[np.ndarray, "sequence time state"]
    time: Float[np.ndarray, "sequence time"]
    valid: Bool[np.ndarray, "sequence time"]
    energy: Float[np.ndarray, "sequence time"] | None = None
    extras: dict[str, np.ndarray] = field(default_factory=dict)
    parameters: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def world(self) -> Any:
        """The family's world."""
        return self.family.world

    @property
    def quantities(self) -> Quantities:
        """What the numbers of a state are called."""
        if isinstance(self.world, StandIn):
            return numbered(self.state.shape[-1])
        return self.world.quantities

    @property
    def modes(self) -> dict[str, np.ndarray]:
        """Extras that are whole numbers, one a frame."""
        return self._extras(2, "iub")

    @property
    def signals(self) -> dict[str, np.ndarray]:
        """Extras that are several numbers a frame."""
        return self._extras(3, "f")

    def _extras(self, num_axes: int, kinds: str) -> dict[str, np.ndarray]:
        found = self.extras.items()
        return {n: x for n, x in found if x.ndim == num_axes and x.dtype.kind in kinds}


def of_family(
    family: Family, name: str, num_frames: int | None = None, seed: int = 0
) -> Footage:
    """The first training sequences of a data set of this family.

    Parameters
    ----------
    family
        What to draw from.
    name
        What to call it.
    num_frames
        Length of a sequence; ``None`` for a usual one.
    seed
        Root seed.

    Raises
    ------
    ForeworldError
        The family gives no sequence that may stay.
    """
    world: Any = family.world
    if not num_frames:
        num_frames = NUM_FRAMES
        if isinstance(world, AbstractDynamics):
            state, _ = jax.eval_shape(world.reset, root_key(0))
            extras = jax.eval_shape(world.extras, state).values()
            if any(np.issubdtype(one.dtype, np.integer) for one in extras):
                num_frames = NUM_SIGNAL_FRAMES
    return of_recipe(TaskRecipe(family=family, num_frames=num_frames, seed=seed), name)


def of_recipe(recipe: TaskRecipe, name: str) -> Footage:
    """The first training sequences of a data set, without the data set.

    Parameters
    ----------
    recipe
        What the data set would be made of; only its first sequences are simulated.
    name
        What to call it.
    """
    # A set of one series has no second one.
    width = min(NUM_SEQUENCES, recipe.train or NUM_SEQUENCES)
    seen, sizes = recipe.observation, {"train": width, "val": 0, "test": 0}
    few = recipe.replace(
        **sizes, chunk_len=width, shard_len=width, observation=seen.replace(images=True)
    )
    rows = _simulated(few, width)
    if recipe.ranges:
        blind = seen.replace(images=False)
        many = few.replace(shard_len=_WIDTH, chunk_len=_WIDTH, observation=blind)
        drawn = _simulated(many, _WIDTH)
        rows.update({k: v for k, v in drawn.items() if k.startswith(PARAMETER)})
    return _footage(recipe, name, rows)


def of_set(
    named: NamedSet, name: str, num_frames: int | None = None, seed: int | None = None
) -> list[Footage]:
    """The first training sequences of every task of a named set.

    Parameters
    ----------
    named
        The set; not generated.
    name
        What to call it.
    num_frames, seed
        Instead of its own. Series are cut to a usual length.
    """
    tasks = []
    for task, family in named.families.items():
        fields = named.settings(task)
        if named.series:
            fields["num_frames"] = min(fields["num_frames"], NUM_SIGNAL_FRAMES)
        if num_frames is not None:
            fields["num_frames"] = num_frames
        if seed is not None:
            fields["seed"] = seed
        many = len(named.tasks) > 1
        fields["named"] = name.rpartition(":")[2]
        recipe = TaskRecipe(family, **fields, task=task if many else "")
        tasks.append(of_recipe(recipe, task if many else name))
    return tasks


def of_data(data: DataSet, name: str) -> list[Footage]:
    """The first sequences of every task of a data set that has worlds.

    Parameters
    ----------
    data
        A finished data set.
    name
        What to call it, where it has one task.
    """
    found = []
    for task, one in data.tasks.items():
        if task not in data.families:
            continue
        split = next(s for s in (one.train, one.val, one.test) if len(s))
        rows = {}
        for column in split.columns:
            num = NUM_PARAMETERS if column.startswith(PARAMETER) else NUM_SEQUENCES
            rows[column] = split.read(column, slice(0, num))
        found.append(_footage(one.recipe.tasks[task], task or name, rows))
    return found


def _simulated(recipe: TaskRecipe, num: int) -> dict[str, np.ndarray]:
    simulator = Simulator(recipe)
    made, bad = simulator.finish(simulator.start("train", 0), 0, num)
    rows = {name: value.copy() for name, value in made.items()}
    refused = {int(index): 1 for index in np.flatnonzero(bad)}
    while refused:
        for index, _, row in simulator.redraw("train", refused):
            for name, value in row.items():
                rows[name][index] = value
    return rows


def _footage(recipe: TaskRecipe, name: str, rows: Mapping[str, Any]) -> Footage:
    world, known = recipe.worlds.world, {"image", "state", "valid"}
    num, length = rows["valid"].shape
    # Of a game what all agents observe, side by side.
    observed = [np.asarray(rows[name], float) for name in of(rows, "state")]
    valid = np.asarray(rows["valid"]) & rows.get("observed", np.True_)
    energy, extras = None, {}
    if isinstance(world, AbstractDynamics):
        if "key" in rows:
            static, *leaves = partition(opened(recipe.family))
            with pinned(wide=True):
                keys, seen = np.asarray(rows["key"]), recipe.observation
                found = _energies(static, recipe.num_frames, seen, leaves, keys)
            energy = None if found is None else np.asarray(found)
        state, _ = jax.eval_shape(world.reset, root_key(0))
        names = set(jax.eval_shape(world.extras, state)) - known
        extras = {n: np.asarray(rows[n]) for n in sorted(names) if n in rows}
    if "time" in rows:
        time: Any = np.asarray(rows["time"], float)
    else:
        # 1 where a world says nothing of time.
        alike = np.full(num, numbers(world).get("dt", 1.0))
        dt = np.asarray(rows.get(f"{PARAMETER}dt", alike)[:num], float)
        time = np.arange(length) * dt[:, None]
    return Footage(
        name,
        recipe.worlds,
        rows.get("image"),
        np.concatenate([one.reshape(num, length, -1) for one in observed], axis=-1),
        time,
        np.broadcast_to(valid, (num, length)),
        energy,
        extras,
        {
            n.removeprefix(PARAMETER): np.asarray(v)
            for n, v in rows.items()
            if n.startswith(PARAMETER)
        },
    )


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _energies(
    static: Static,
    num_frames: int,
    seen: Observation,
    leaves: list[Leaves],
    keys: UInt32[Array, "sequence 2"],
) -> Float[Array, "sequence time"] | None:
    family = combine(static, *leaves)

    def one(words: UInt32[Array, "2"]) -> Float[Array, " time"] | None:
        key = key_of(words)
        world = family.sample(named_key(key, "world"))
        made, _ = motion(world, RandomPolicy(world), key, num_frames, seen)
        energies = jax.vmap(world.energy)(made.states)
        return shown(energies, key, num_frames, seen)

    return jax.vmap(one)(keys)


def time_unit(world: Any) -> str:
    """Unit of a world's time between frames, or ``steps``."""
    if isinstance(world, StandIn):
        return "steps"
    marks = {spec.name: spec.mark for spec in field_specs(type(world))}
    return getattr(marks.get("dt"), "unit", "") or "steps"
