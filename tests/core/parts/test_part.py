"""Fields are checked and brought to their declared type when a part is made."""

from typing import Annotated, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core import registry
from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.core.parts.part import Bounded, Part, field_specs
from foreworld.core.parts.types import type_node
from tests.core.some_parts import Net, Shape, Square, Thing


@pytest.mark.parametrize("rate", [1, 1.0, np.float32(1), np.int64(1), jnp.asarray(1.0)])
def test_spellings_of_a_float_are_one_value(rate):
    assert Thing(rate=rate) == Thing(rate=1.0)
    assert type(Thing(rate=rate).rate) is float


def test_float32_means_its_shortest_text():
    assert Thing(rate=np.float32(0.0025)).rate == 0.0025


def test_kinds_of_fields():
    kinds = {spec.name: spec.kind for spec in field_specs(Thing)}
    assert kinds["rate"] == "traced"
    assert kinds["count"] == kinds["net"] == "static"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rate": True}, "Thing.rate: expected a number, got True (bool)."),
        ({"rate": "x"}, "Thing.rate: expected a number, got 'x' (str)."),
        ({"rate": 2}, "Thing.rate=2.0 must be at least 0 and at most 1."),
        ({"rate": float("nan")}, "Thing.rate=nan is not a finite number."),
        ({"count": 1.5}, "Thing.count: expected a whole number, got 1.5 (float)."),
        ({"count": True}, "Thing.count: expected a whole number, got True (bool)."),
        ({"flag": 1}, "Thing.flag: expected True or False, got 1 (int)."),
        ({"mode": "c"}, "Thing.mode='c' is not one of 'a', 'b'."),
        ({"sizes": 3}, "Thing.sizes: expected a list of values, got 3 (int)."),
        ({"net": 3}, "Thing.net: expected a Net, got 3 (int)."),
        ({"nets": {"x": 3}}, "Thing.nets.x: expected a Net, got 3 (int)."),
        ({"option": "x"}, "Thing.option: expected int or None, got 'x' (str)."),
    ],
)
def test_wrong_values_say_what_is_allowed(fields, message):
    with pytest.raises(ConfigError) as caught:
        Thing(**fields)
    assert str(caught.value) == message


def test_what_an_interface_announces_is_no_field_of_it():
    assert field_specs(Shape) == ()
    assert Square(3.0, 2) == Square(side=3.0, weight=2)
    with pytest.raises(TypeError, match="abstract attributes"):
        Shape()


def test_replace_checks_and_knows_the_nearest_name():
    assert Thing().replace(rate=0.5).rate == 0.5
    with pytest.raises(ConfigError, match=r"Net.hidden=0 must be at least 1\."):
        Net().replace(hidden=0)
    with pytest.raises(UnknownNameError) as caught:
        Thing().replace(rat=0.5)
    assert str(caught.value) == (
        "unknown field of Thing 'rat'. Did you mean 'rate'? Known: count, flag, "
        "folder, mode, net, nets, option, rate, sizes."
    )


def test_a_traced_field_may_be_traced_by_jax():
    gradient = jax.grad(lambda rate: Thing(rate=rate).rate ** 2)(0.5)
    assert gradient == 1.0


def test_dictionaries_can_be_hashed_and_are_pytrees():
    one, two = Thing(nets={"x": Net()}), Thing(nets={"x": Net()})
    assert hash(one) == hash(two) and one.nets == {"x": Net()}
    nets = Thing(nets={"b": Net(scale=2.0), "a": Net()}).nets
    assert jax.tree.map(lambda x: x, nets) == nets
    paths = [path[0] for path, _ in jax.tree_util.tree_leaves_with_path(nets)]
    assert [key.key for key in dict.fromkeys(paths)] == ["a", "b"]


def test_whole_numbers_fit_an_array():
    with pytest.raises(
        ConfigError, match=r"Thing\.count: a whole number of 1329 bits is too large"
    ):
        Thing(count=10**400)


INTERFACE = """
from typing import Annotated, ClassVar
import equinox as eqx
from foreworld.core import Part, Traced

class AbstractWheel(Part):
    radius: eqx.AbstractVar[float]
    rim: eqx.AbstractClassVar[str]

class Wheel(AbstractWheel):
    spokes: int
    radius: Annotated[float, Traced(above=0)] = 1.0
    rim: ClassVar[str] = "steel"
"""


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
def test_interfaces_of_a_file_may_have_annotations_as_text(tmp_path, future):
    (tmp_path / "wheel.py").write_text(future + INTERFACE)
    wheel = registry.locate(f"{tmp_path}/wheel.py:Wheel")
    assert issubclass(wheel, Part)
    assert [spec.name for spec in field_specs(wheel)] == ["spokes", "radius"]
    assert wheel(3) == wheel(spokes=3, radius=1.0)
    wrong = f"{future}{INTERFACE}\nclass Odd(Wheel):\n    rim: str = 'tin'\n"
    (tmp_path / "odd.py").write_text(wrong)
    with pytest.raises(ConfigError, match=r"'rim: ClassVar\[str\] = \.\.\.'"):
        registry.locate(f"{tmp_path}/odd.py:Odd")


@pytest.mark.parametrize(
    ("hint", "text", "value", "metavar"),
    [
        (int | None, "none", None, "INT|none"),
        (int | float, "2.5", 2.5, "INT|FLOAT"),
        (float | int, "2", 2.0, "FLOAT|INT"),
        (tuple[int, ...], "(3, 4)", (3, 4), "INT,..."),
        (tuple[float, str], "1,up", (1.0, "up"), "FLOAT,TEXT"),
        (Literal["a", 2], "2", 2, "a|2"),
        (Annotated[int, Bounded(low=1)], "7", 7, "INT"),
        (bool, "yes", True, "true|false"),
    ],
)
def test_one_grammar_reads_text_and_values(hint, text, value, metavar):
    node = type_node(hint)
    assert node.canonical(node.parse(text, "x"), "x") == value
    assert node.canonical(value, "x") == value
    assert node.metavar == metavar
