"""Many sequences of a ball at once."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core.keys import named_key, root_key
from foreworld.worlds.dynamics.bouncing_ball import AbstractBall


def sequences(world: AbstractBall, num: int, num_frames: int = 30) -> Any:
    """Per sequence: observations, whether all frames may stay, and energies."""

    def one(index: jax.Array) -> Any:
        key = named_key(root_key(5), index)
        state, obs = world.reset(key)

        def advance(state: jax.Array, _: None) -> Any:
            step = world.step(state, None, key)
            return step.state, (step.obs, world.keeps(step.state), world.total(state))

        rows = jax.lax.scan(advance, state, None, num_frames)[1]
        return obs, rows

    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, jax.jit(jax.vmap(one))(jnp.arange(num)))
