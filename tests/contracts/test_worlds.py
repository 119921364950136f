"""Every world of the registry keeps the contract of worlds."""

import jax
import pytest
from contracts.small import small_world

from foreworld.core import registry
from foreworld.testing.worlds import check_world


@pytest.mark.parametrize("name", registry.entries("worlds"))
def test_world_keeps_the_contract(name):
    check_world(small_world(name), jax.random.key(0))
