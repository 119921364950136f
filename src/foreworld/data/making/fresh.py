"""An endless stream of episodes as a source: what a data set holds, made as it is used.

Every update of a learner sees episodes that no other has seen; validation and test are
fixed ones. Nothing is stored. Dynamics run in the precision of learning (float32), and
draws that a data set would make again count as not valid.
"""

from __future__ import annotations

from typing import Annotated, Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.limits import Bounded
from foreworld.core.parts.part import Part, Shared
from foreworld.core.parts.reference import AbstractRef
from foreworld.core.parts.settings import Settings
from foreworld.data.format.nested import flat_spaces
from foreworld.data.format.observation import Observation
from foreworld.data.format.schema import PARAMETER, stored_dtype
from foreworld.data.making.sequence import ACCEPTED, DRIFT, sequence
from foreworld.data.views.source import DataSource, make_source
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.base import AbstractWorld, Family, as_family
from foreworld.worlds.policy import AbstractPolicy


class Fresh(Part):
    """Episodes of a world, drawn anew for every update.

    ``Fresh(fw.worlds.Pendulum())`` takes the place of a data set's folder.
    """

    world: AbstractWorld | Family
    """the world, or a distribution over worlds: one is drawn for each episode"""
    policy: Annotated[AbstractPolicy | AbstractRef | None, Shared()] = None
    """what acts in it: a policy or a trained run (``RunRef``); none: at random"""
    num_frames: Annotated[int, Bounded(low=2, unit="frames")] = 30
    """frames of an episode"""
    num_sequences: Annotated[int, Bounded(low=1, unit="sequences")] = 32
    """episodes that are drawn for an update"""
    num_held_out: Annotated[int, Bounded(low=1, unit="sequences")] = 256
    """episodes of the validation and of the test split, which stay the same"""
    observation: Observation = Observation()
    """what is observed: frames, noise, missing frames"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if not isinstance(self.policy, Part | None):
            raise ConfigError(
                f"policy {type(self.policy).__name__} cannot be written down. Derive "
                f"it from AbstractPolicy and Part, or leave it out."
            )

    def draw(self, key: Key[Array, ""]) -> DataSource:
        """Episodes for one update; each is taken once.

        Parameters
        ----------
        key
            A key of this update alone.
        """
        return self._draw(key, self.num_sequences, once=True)

    def held_out(self, split: str) -> DataSource:
        """The fixed episodes of a split, the same for all runs.

        Parameters
        ----------
        split
            ``"val"`` or ``"test"``.
        """
        key = named_key(root_key(0), "held out", split)
        return self._draw(key, self.num_held_out, once=False)

    def _draw(self, key: Key[Array, ""], num: int, once: bool) -> DataSource:
        family, seen = as_family(self.world), self.observation

        def one(key: Key[Array, ""]) -> dict[str, Any]:
            world: Any = family.sample(named_key(key, "world"))
            acting: Any = self.policy or RandomPolicy(world)
            made = sequence(world, acting, key, self.num_frames, seen)
            accepted = made.pop(ACCEPTED)
            made.pop(DRIFT, None)
            drawn = {PARAMETER + n: v for n, v in family.parameters(world).items()}
            made |= {n: v.astype(stored_dtype(n, v.dtype)) for n, v in drawn.items()}
            # A program cannot draw until all are good.
            made = {n: jnp.nan_to_num(v) for n, v in made.items()}
            return {**made, "valid": made["valid"] & accepted}

        columns = jax.vmap(one)(jax.random.split(key, num))
        spaces = flat_spaces("action", family.world.action_space)
        source = make_source(columns, columns.__getitem__, Settings(spaces), ())
        return source.taken_once() if once else source
