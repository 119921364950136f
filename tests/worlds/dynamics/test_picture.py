"""The part that says how discs are drawn, and its fields by path in families."""

import jax
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.core.parts import config, paths
from foreworld.worlds import Picture
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.dynamics.two_body import TwoBody

SHIFT = fw.Uniform(-0.4, 0.4)


def test_three_spellings_are_one_world():
    whole = Pendulum(picture=Picture(margin=0.4))
    assert fw.make("pendulum", picture={"margin": 0.4}) == whole
    assert paths.set_path(Pendulum(), "picture.margin", 0.4) == whole
    assert config.changes(whole) == {"picture.margin": 0.4}
    # What a dictionary does not name stays as this system has it.
    assert TwoBody(picture={"margin": 0.4}).picture.canvas == 2.75  # type: ignore


def test_ranges_of_a_nested_part_by_dictionary_and_by_path():
    nested = Pendulum.family(picture={"margin": 0.4, "offset_x": SHIFT})
    by_path = {"picture.offset_x": SHIFT, "picture.margin": 0.4}
    assert Pendulum.family(**by_path) == nested
    world = nested.sample(jax.random.key(3))
    assert float(world.picture.offset_x) == nested.parameters(world)["picture.offset_x"]
    assert config.from_json(config.to_json(nested)) == nested


def test_a_draw_depends_on_the_last_step_of_the_path():
    one = Pendulum.family(picture={"margin": 0.4, "offset_x": SHIFT})
    two = TwoBody.family(picture={"margin": 0.4, "offset_x": SHIFT, "offset_y": SHIFT})
    first, second = (f.sample(jax.random.key(1)).picture for f in (one, two))
    assert float(first.offset_x) == float(second.offset_x) != float(second.offset_y)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        (
            {"picture.image_size": fw.Uniform(8, 16)},
            ConfigError,
            r"Pendulum\.picture\.image_size cannot be a range\. Ranges are possible "
            r"for: mass, length, gravity, friction, dt, picture\.offset_x",
        ),
        (
            {"picture.offset": SHIFT},
            UnknownNameError,
            r"unknown field of Pendulum 'picture\.offset'\. Did you mean",
        ),
        ({"picture": {"margn": 1.0}}, UnknownNameError, "field of Picture 'margn'"),
        (
            {"picture": {"offset_x": SHIFT}},
            ConfigError,
            r"Picture\.offset_x=-0\.4 leaves the canvas: it must lie within -margin "
            r"and margin=0\.0\. Raise the margin\.",
        ),
    ],
)
def test_wrong_ranges(fields, error, message):
    with pytest.raises(error, match=message):
        Pendulum.family(**fields)
