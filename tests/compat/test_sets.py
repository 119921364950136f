"""What a peer's version of a family is, for each kind of system."""

import pytest

from foreworld.compat.sets import as_peer, peer_settings
from foreworld.compat.worlds.pymunk_ball import PymunkBall
from foreworld.worlds import Picture
from foreworld.worlds.base import Family
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from foreworld.worlds.dynamics.lorenz import Lorenz
from foreworld.worlds.dynamics.matching_pennies import MatchingPennies
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.ranges import Uniform


def test_a_ball_becomes_that_of_the_engine_with_all_its_fields_and_ranges():
    ours = BouncingBall.family(gravity_y=Uniform(1, 2), inset=0.0, dt=0.5)
    theirs = as_peer(ours, "slvm")
    assert theirs == PymunkBall.family(gravity_y=Uniform(1, 2), inset=0.0, dt=0.5)
    assert peer_settings(ours, "slvm") == {}


@pytest.mark.parametrize(("peer", "colour"), [("slvm", "thresholded"), ("dm", "rgb")])
def test_systems_with_an_energy_are_drawn_in_three_channels(peer, colour):
    ours = Family(Pendulum())
    assert as_peer(ours, peer) == Family(Pendulum(picture=Picture(colour=colour)))
    assert bool(peer_settings(ours, peer)) == (peer == "slvm")


def test_players_are_drawn_in_colour_and_others_stay_as_they_are():
    pennies, lorenz = Family(MatchingPennies()), Family(Lorenz())
    assert as_peer(pennies, "dm") == Family(MatchingPennies(colour="rgb"))
    assert as_peer(lorenz, "slvm") == lorenz
