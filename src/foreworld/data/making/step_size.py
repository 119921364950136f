"""Whether the steps of integration of a recipe are fine enough for its worlds.

The first sequences are made once more with half the time between frames, and so with
twice as many steps for the same time (step doubling: Hairer, Norsett and Wanner,
"Solving Ordinary Differential Equations I", 2nd ed., section II.4). ``dt`` is an
argument of the program that makes the data set, so nothing more is compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, pinned, root_key
from foreworld.data.format.observation import Observation
from foreworld.data.format.recipe import SPLITS, TaskRecipe
from foreworld.data.making.simulate import Simulator, compile_programs
from foreworld.worlds.dynamics.base import AbstractDynamics

_NUM_FRAMES = 4
"""Frames that are looked at: later ones of a chaotic system tell nothing of steps."""
_SHARE = 0.98
"""Of the sequences must be exact enough; those that come too close to a singularity are
found by their energy, and drawn again."""
_LEAST_WIDTH = 32
"""Sequences that say enough of a family."""
_TIMES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""How many times as many steps are tried, to name the number that is enough."""
_UNDISTURBED = Observation(images=False)


def check_steps(recipes: Mapping[str, TaskRecipe]) -> None:
    """Refuse worlds whose integration takes steps that are too coarse.

    Parameters
    ----------
    recipes
        Of the tasks that are to be made, by name.

    Raises
    ------
    ConfigError
        Names the world, the error, and the number of substeps that is enough.
    """
    integrated = [r for r in recipes.values() if _is_integrated(r.origin)]
    # All at once: each is compiled by a thread of its own.
    compile_programs([Simulator(_probe(recipe)) for recipe in integrated])
    for recipe in integrated:
        _check(recipe)


def _is_integrated(world: Any) -> bool:
    """Whether a law in continuous time is followed, and without chance.

    Where ``step`` draws, halves of a step meet another chance than the whole.
    """
    if not isinstance(world, AbstractDynamics):
        return False
    if world.counts_substeps:
        return True
    with pinned(wide=True):
        keys = [named_key(root_key(0), "step", i) for i in range(4)]
        state, _ = world.reset(keys[0])
        if world.derivative(state) is None:
            return False
        moved = [np.asarray(world.step(state, None, key).obs) for key in keys]
    return all(np.array_equal(moved[0], other) for other in moved[1:])


def _check(recipe: TaskRecipe) -> None:
    world: Any = recipe.worlds.world
    allowed, probe = world.step_error, _probe(recipe)
    split = next(split for split in SPLITS if recipe.sizes[split])
    found = _error(probe, split, 1)
    if found <= allowed:
        return
    fine = _small(recipe, 2 * _TIMES[-1] + 1)
    if world.counts_substeps:
        enough = next((n for n in _TIMES if _error(fine, split, n) <= allowed), None)
    else:
        # A smaller dt is also a shorter frame.
        enough = next(
            (n for n in _TIMES if _error(_faster(fine, n), split, 1) <= allowed), None
        )
    if enough is None and not np.isfinite(found):
        # The law itself runs away: drawing its sequences says that.
        return
    task = f" (task {recipe.task})" if recipe.task else ""
    finer = "twice as many" if world.counts_substeps else "half of it"
    apart = (
        f"with {finer} the states differ by {found:.2g} of their size a frame "
        f"({allowed:g} is allowed)"
    )
    if not np.isfinite(found):
        apart = "the states do not stay finite"
    raise ConfigError(f"{type(world).__name__}{task}: {_advice(world, apart, enough)}")


def _advice(world: Any, apart: str, enough: int | None) -> str:
    """What is too coarse, and what is fine enough.

    Parameters
    ----------
    world
        Whose steps are too coarse.
    apart
        What the states do.
    enough
        How many times as many steps are fine enough, if that is known.
    """
    if not world.counts_substeps:
        finer = f"dt={world.dt / enough:g} is small enough" if enough else "Take less"
        return (
            f"dt={world.dt:g} is too coarse for its steps: {apart}. "
            f"{finer}; or let step() take several smaller ones."
        )
    finer = f"More than substeps={_TIMES[-1] * world.substeps} are needed"
    if enough is not None:
        finer = f"substeps={enough * world.substeps} is enough"
    return (
        f"substeps={world.substeps} is too coarse for dt={world.dt:g} and its other "
        f"fields: {apart}. {finer}; or take a smaller dt."
    )


def _probe(recipe: TaskRecipe) -> TaskRecipe:
    """The recipe itself, whose program is needed anyway, or a small one.

    Small where states are hidden or too few to tell, or each start costs more than a
    program.
    """
    world: Any = recipe.worlds.world
    seen = recipe.observation
    hidden = seen.state_noise or seen.missing or seen.jitter or seen.skip
    short = recipe.num_frames < 3 or recipe.chunk_len < _LEAST_WIDTH
    if hidden or short or world.starts_slowly or "dt" in recipe.ranges:
        return _small(recipe, 2 * _NUM_FRAMES + 1)
    return recipe


def _small(recipe: TaskRecipe, num_frames: int) -> TaskRecipe:
    """States alone, in the longest time between frames that may occur."""
    family: Any = recipe.family
    ranges = dict(family.ranges)
    longest = max(ranges.pop("dt").ends()) if "dt" in ranges else family.world.dt
    world = family.world.replace(dt=longest * (1 + recipe.observation.jitter))
    return recipe.replace(
        family=family.replace(world=world, ranges=ranges),
        num_frames=num_frames,
        chunk_len=_LEAST_WIDTH,
        shard_len=_LEAST_WIDTH,
        observation=_UNDISTURBED,
    )


def _faster(recipe: TaskRecipe, times: int) -> TaskRecipe:
    """The same with that many frames in the time of one."""
    family: Any = recipe.family
    world = family.world.replace(dt=family.world.dt / times)
    return recipe.replace(family=family.replace(world=world))


def _error(recipe: TaskRecipe, split: str, times: int) -> float:
    """By how much states move per frame where steps are halved, in their own size.

    Parameters
    ----------
    recipe
        Whose ``dt`` is the time of a frame.
    split
        Whose first sequences are made.
    times
        How many times as many steps as it says are taken.
    """
    (some, stays), (finer, _) = (_states(recipe, split, n) for n in (times, 2 * times))
    num = max(1, min(_NUM_FRAMES, (recipe.num_frames - 1) // (2 * times)))
    some, finer = (
        some[:, : num * times + 1 : times],
        finer[:, :: 2 * times][:, : num + 1],
    )
    with np.errstate(all="ignore"):
        largest = np.abs(finer).max(1).max(0)
        size = np.abs(finer[:, 0]).max(0)
        size = np.where(size > 0, size, np.where(largest > 0, largest, 1))
        apart = (np.abs(some - finer) / size).max(-1)[:, 1:] / np.arange(1, num + 1)
    apart = np.where(np.isfinite(apart), apart, np.inf).max(1)[stays]
    if not len(apart):
        return 0.0
    return float(np.sort(apart)[int(_SHARE * (len(apart) - 1))])


def _states(
    recipe: TaskRecipe, split: str, times: int
) -> tuple[Float[np.ndarray, "sequence time state"], Bool[np.ndarray, " sequence"]]:
    """States of the first sequences, and which of them keep to one law meanwhile."""
    made = Simulator(_faster(recipe, times)).start(split, 0)
    states = np.asarray(made["state"], np.float64)
    mode = np.asarray(made["mode"]) if "mode" in made else np.zeros(states.shape[:2])
    seen = mode[:, : 2 * _NUM_FRAMES + 1]
    return states, (seen == seen[:, :1]).all(1)
