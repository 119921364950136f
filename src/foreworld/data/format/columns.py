"""What the shards of a data set hold, whether it was generated or imported."""

from __future__ import annotations

from foreworld.data.format.recipe import Recipe
from foreworld.data.format.store.base import Column
from foreworld.data.making.simulate import Simulator
from foreworld.worlds.adapters._recording import Recording


def expected_columns(recipe: Recipe) -> tuple[Column, ...]:
    """The columns of every shard of a recipe."""
    world = recipe.family.world
    if isinstance(world, Recording):
        return recorded_columns(world, recipe.num_frames)
    return Simulator(recipe).columns()


def recorded_columns(world: Recording, num_frames: int) -> tuple[Column, ...]:
    """The columns of imported data: those that were recorded, in a fixed order."""
    steps = num_frames - 1
    action = "int32" if world.num_actions else "float32"
    shape = () if world.num_actions else world.action_shape
    axes = tuple(f"action_{i}" for i in range(len(shape)))
    picture = ("time", "height", "width", "channels")
    columns = (
        Column("image", (num_frames, *world.frame), "uint8", picture, compressed=True),
        Column("state", (num_frames, world.state_size), "float32", ("time", "state")),
        Column("action", (steps, *shape), action, ("transition", *axes)),
        Column("reward", (steps,), "float32", ("transition",)),
        Column("terminated", (steps,), "bool", ("transition",)),
        Column("valid", (num_frames,), "bool", ("time",)),
        Column("index", (), "int64", ()),
    )
    always = ("image", "state", "valid", "index")
    return tuple(
        Column(c.name, c.shape, c.dtype, ("sequence", *c.dimensions), "", c.compressed)
        for c in columns
        if c.name in always or c.name in world.columns
    )
