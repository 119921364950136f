"""Every system of the house names the numbers of its observation."""

import pytest

from foreworld.core import registry
from foreworld.testing.games import CueProbe
from foreworld.worlds.quantities import Quantity, planes_of

DYNAMICS = [
    name
    for name, entry in registry.entries("worlds").items()
    if ".dynamics." in entry.module
]


@pytest.mark.parametrize("name", DYNAMICS)
def test_names_are_as_many_as_numbers_and_distinct(name):
    world = registry.find("worlds", name)()
    (size,) = world.observation_space.shape
    names = [quantity.name for quantity in world.quantities.state]
    assert len(set(names)) == len(names) == size
    assert world.quantities.law


def test_a_world_without_names_gets_numbers():
    found = CueProbe().quantities
    assert [q.label for q in found.state] == [
        "state 1",
        "state 2",
        "state 3",
    ]
    assert Quantity("p", "kg m/s").label == "p (kg m/s)"


def test_planes_pair_halves_and_all_of_an_odd_number():
    assert planes_of(4) == ((0, 2), (1, 3))
    assert planes_of(3) == ((0, 1), (0, 2), (1, 2))
    assert planes_of(1) == ()
    assert len(planes_of(64)) == 6
