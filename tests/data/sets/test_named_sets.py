"""Named sets: every row of the tables of their sources, and each made at small size."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.compat.worlds.diagonal_mass_spring import DiagonalMassSpring
from foreworld.compat.worlds.pymunk_ball import PymunkBall
from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.core.host_keys import host_fold, host_key
from foreworld.core.parts.paths import get_path, set_path
from foreworld.data.making.generate import plan
from foreworld.data.sets.base import NamedSet
from foreworld.data.sets.find import make_set, set_entries
from foreworld.worlds.dynamics._hamiltonian import AbstractHamiltonian
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from foreworld.worlds.ranges import Uniform

# As wide as the check of steps asks for, which then compiles no program of its own.
SMALL = {"train": 2, "val": 1, "test": 1, "num_frames": 6, "chunk_len": 32}
SHIFT = (-0.4, 0.4)


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table: what all worlds of a task have, and what is drawn."""

    world: str
    fields: dict[str, Any]
    ranges: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    half_width: float | None = None


def gravity(k: int, angle: tuple[float, float] = (45, 135)) -> Row:
    pull = [2.5 * f(k * math.pi / 8) for f in (math.cos, math.sin)]
    fields = {
        "gravity_x": pytest.approx(pull[0], abs=1e-9),
        "gravity_y": pytest.approx(pull[1], abs=1e-9),
        "inset": 0,
        "angle": angle,
        "speed": (5, 10),
        "dt": 0.25,
    }
    return Row("BouncingBall", fields)


CANVAS = {"picture.offset_x": SHIFT, "picture.offset_y": SHIFT}
BALL = Row(
    "BouncingBall",
    {"gravity_x": 0, "gravity_y": 0, "inset": 2, "angle": (0, 360), "speed": (5, 10)},
)
RADIUS = {"radius": (1.3, 2.3), "dt": 0.1}
FIXED = {
    "picture.margin": 0,
    "area_uniform": False,
    "picture.num_colours": 1,
    "friction": 0,
}
RANDOM = {"picture.margin": 0.4, "area_uniform": True, "picture.num_colours": 1}


def pendulum(g: float) -> Row:
    fields = {"gravity": g, "friction": 0, **RADIUS, **RANDOM}
    return Row("Pendulum", fields, {"mass": (0.5, 1), "length": (0.5, 1), **CANVAS})


def pendulum_with(friction: float) -> Row:
    fields = {"gravity": 3, "mass": 0.5, "friction": friction, **RADIUS, **RANDOM}
    return Row("Pendulum", fields, {"length": (0.5, 1), **CANVAS})


def spring(k: float) -> Row:
    fields = {"stiffness": k, "radius": (0.1, 1), "picture.margin": 0.4, "friction": 0}
    fields["area_uniform"] = False
    drawn = {"mass": (0.4, 1), "anchor_x": (0, 1), **CANVAS}
    return Row("MassSpring", fields, drawn, 1.56418958)


def spring_with(friction: float) -> Row:
    fields = {"stiffness": 2, "mass": 0.5, "radius": (0.1, 1), "friction": friction}
    return Row("MassSpring", {**fields, **RANDOM}, {"anchor_x": (0, 1), **CANVAS})


def bodies(g: float) -> Row:
    fields = {"gravity": g, "mass_1": 1, "mass_2": 1, "square": (0.5, 1.5)}
    return Row("TwoBody", {**fields, "picture.num_colours": 1}, {}, 2.75)


def heavy(g: float) -> Row:
    drawn = {f"mass_{i}": (5, 8) for i in (1, 2)}
    drawn |= {f"length_{i}": (2.5, 3) for i in (1, 2)}
    fields = {"gravity": g, "radius": (1.5, 2.5), "friction": 0, **RANDOM}
    return Row("DoublePendulum", fields, {**drawn, **CANVAS}, 7.59576912)


FRICTIONS = (0, 0.05, 0.1, 0.15)
BOBS = {f"mass_{i}": (0.4, 0.6) for i in (1, 2)}
RODS = {f"length_{i}": (0.75, 1) for i in (1, 2)}
PAIR = {f"mass_{i}": (0.5, 1.5) for i in (1, 2)}
ONE, MANY = (10_000, 3000, 3000), (3000, 1000, 1000)

SLVM = {
    "bouncingball": ((10_000, 1000, 1000), [BALL]),
    "gravity": ((10_000, 2000, 2000), [gravity(4)]),
    "gravity3": (MANY, [gravity(k) for k in (0, 6, 11)]),
    "gravity6": (MANY, [gravity(k) for k in (0, 3, 6, 9, 11, 14)]),
    "gravity16": (MANY, [gravity(k) for k in range(16)]),
    "pendulum": (
        ONE,
        [
            Row(
                "Pendulum",
                {"mass": 0.5, "length": 1, "gravity": 3, **RADIUS, **FIXED},
                {},
                1.39894228,
            )
        ],
    ),
    "pendulum3": (MANY, [pendulum(g) for g in (2, 3, 4)]),
    "mass_spring": (
        ONE,
        [
            Row(
                "MassSpring",
                {"stiffness": 2, "radius": (0.1, 1), "anchor_x": 0, **FIXED},
                {"mass": (0.4, 1)},
                1.56418958,
            )
        ],
    ),
    "mass_spring3": (MANY, [spring(k) for k in (1, 2, 3)]),
    "two_body": (
        ONE,
        [
            Row(
                "TwoBody",
                {"gravity": 1, "picture.num_colours": 2, "picture.margin": 0},
                PAIR,
                5,
            )
        ],
    ),
    "two_body3": (MANY, [bodies(g) for g in (1, 2, 3)]),
    "double_pendulum": (
        ONE,
        [
            Row(
                "DoublePendulum",
                {**FIXED, **RADIUS, "gravity": 3, "picture.num_colours": 2},
                {**BOBS, **RODS},
                2.43701937,
            )
        ],
    ),
    "double_pendulum3": (MANY, [heavy(g) for g in (2, 3, 4)]),
    "mixed_physics_2023": (
        MANY,
        [
            *(gravity(k, (0, 360)) for k in (0, 4, 8, 12)),
            *map(pendulum_with, FRICTIONS),
            *map(spring_with, FRICTIONS),
        ],
    ),
    "mixed_physics_2025": (
        MANY,
        [
            *map(gravity, (0, 6, 11)),
            *map(pendulum, (2, 3, 4)),
            *map(spring, (1, 2, 3)),
            *map(bodies, (1, 2, 3)),
        ],
    ),
}
FOLDERS = {
    "gravity3": "grav",
    "gravity6": "grav",
    "gravity16": "grav",
    "pendulum3": "pendulum",
    "mass_spring3": "mass_spring",
    "two_body3": "two_body",
    "double_pendulum3": "double_pendulum",
    "mixed_physics_2023": "mixed",
    "mixed_physics_2025": "mixed",
}

HUES = {"picture.colouring": (0, 1)}
SIX = {
    "dt": 0.05,
    "picture.colour": "rgb",
    "picture.num_colours": 6,
    "picture.margin": 0.4,
}
SIX |= {"area_uniform": True}
PLAIN = {"dt": 0.05, "picture.colour": "binary", **FIXED}
TWO = {
    "dt": 0.05,
    "picture.colour": "rgb",
    "picture.num_colours": 2,
    "picture.margin": 0,
    "friction": 0,
}
SPRINGS = {"mass": (0.2, 1), "anchor_x": (0, 1), **CANVAS, **HUES}
PENDULUMS = {"mass": (0.5, 1.5), "gravity": (3, 4), "length": (0.5, 1)}
PENDULUMS |= {**CANVAS, **HUES}
DOUBLES = {**BOBS, **RODS, "gravity": (2.5, 4), **CANVAS, **HUES}
DM = {
    "mass_spring": Row(
        "MassSpring",
        {"stiffness": 2, "mass": 0.5, "radius": (0.1, 1), "anchor_x": 0, **PLAIN},
    ),
    "mass_spring_colors": Row(
        "MassSpring", {**SIX, "stiffness": 2, "friction": 0}, SPRINGS
    ),
    "mass_spring_colors_friction": Row(
        "MassSpring", {**SIX, "stiffness": 2, "friction": 0.05}, SPRINGS
    ),
    "pendulum": Row(
        "Pendulum",
        {"mass": 0.5, "gravity": 3, "length": 1, "radius": (1.3, 2.3), **PLAIN},
    ),
    "pendulum_colors": Row(
        "Pendulum", {**SIX, "radius": (1.3, 2.3), "friction": 0}, PENDULUMS
    ),
    "pendulum_colors_friction": Row(
        "Pendulum", {**SIX, "radius": (1.3, 2.3), "friction": 0.05}, PENDULUMS
    ),
    "double_pendulum": Row(
        "DoublePendulum",
        {
            **TWO,
            **{"mass_1": 0.5, "mass_2": 0.5, "length_1": 1, "length_2": 1},
            **{"gravity": 3, "radius": (1.3, 2.3), "area_uniform": False},
        },
        HUES,
    ),
    "double_pendulum_colors": Row(
        "DoublePendulum", {**SIX, "radius": (1, 2.5), "friction": 0}, DOUBLES
    ),
    "double_pendulum_colors_friction": Row(
        "DoublePendulum", {**SIX, "radius": (1, 2.5), "friction": 0.05}, DOUBLES
    ),
    "two_body": Row(
        "TwoBody",
        {**TWO, "mass_1": 1, "mass_2": 1, "gravity": 1, "square": (0.5, 1.5)},
        HUES,
        2.75,
    ),
    "two_body_colors": Row(
        "TwoBody",
        {**TWO, "picture.num_colours": 6, "square": (0.5, 1.5)},
        {**PAIR, "gravity": (0.5, 1.5), **HUES},
        5,
    ),
    "matching_pennies": Row("MatchingPennies", {"dt": 0.1}),
    "rock_paper_scissors": Row("RockPaperScissors", {"dt": 0.1}),
    "lj_4": Row(
        "LennardJones", {"num_particles": 4, "temperature": 1, "density": 0.04}
    ),
    "lj_16": Row(
        "LennardJones", {"num_particles": 16, "temperature": 0.5, "density": 0.77}
    ),
}
SERIES = {
    "lorenz": (1, 10_000),
    "nascar": (1, 10_000),
    "switching_double_pendulum": (10, 1000),
}
EVERY = [
    *(f"slvm/{name}" for name in (*SLVM, *SERIES)),
    *(f"dm/{name}" for name in DM),
]


def check_row(family: Any, row: Row) -> None:
    world = family.world
    assert type(world).__name__ == row.world
    for name, value in row.fields.items():
        assert get_path(world, name) == value, name
        assert name not in family.ranges
    assert {n: r.ends() for n, r in family.ranges.items()} == row.ranges
    if row.half_width is not None:
        with jax.enable_x64(True):
            half_width = float(world.half_width())
        assert half_width == pytest.approx(row.half_width, abs=1e-8)
    if isinstance(world, AbstractHamiltonian):
        assert world.picture.image_size == 32


def test_there_are_all_of_them():
    assert sorted(set_entries()) == sorted(EVERY)
    assert all(entry.summary and entry.source for entry in set_entries().values())


@pytest.mark.fact("dynamics-datasets", "C23")
@pytest.mark.parametrize("name", SLVM)
def test_fact_c23_rows_of_slvm(name):
    named = make_set(f"slvm/{name}")
    sizes, rows = SLVM[name]
    assert tuple(named.sizes.values()) == sizes
    assert named.num_frames == 30 and named.peer == "slvm"
    prefix = FOLDERS.get(name)
    assert list(named.tasks) == (
        [f"{prefix}_{i}" for i in range(len(rows))] if prefix else [name]
    )
    for family, row in zip(named.tasks.values(), rows, strict=True):
        check_row(family, row)
        if not isinstance(family.world, BouncingBall):
            assert family.world.picture.colour == "binary"


@pytest.mark.parametrize("name", DM)
def test_rows_of_dm(name):
    named = make_set(f"dm/{name}")
    # A tenth of the 50,000 to train on is kept to choose by.
    assert named.sizes == {"train": 45_000, "val": 5000, "test": 20_000}
    assert named.num_frames == 256
    (family,) = named.tasks.values()
    check_row(family, DM[name])


@pytest.mark.parametrize("name", SERIES)
def test_series_are_long_and_have_no_frames(name):
    named = make_set(f"slvm/{name}")
    num, length = SERIES[name]
    assert named.sizes == {"train": num, "val": 0, "test": 0}
    assert named.num_frames == length
    (recipe,) = plan(f"slvm/{name}").tasks.values()
    assert (recipe.observation.images, recipe.chunk_len) == (False, 1)


@pytest.mark.fact("dynamics-datasets", "C23")
def test_fact_c23_sums_of_full_sizes():
    recipe = plan("slvm/mixed_physics_2025")
    assert len(recipe.tasks) == 12 and recipe.label == recipe.name
    assert recipe.sizes == {"train": 36_000, "val": 12_000, "test": 12_000}
    recipe = plan("slvm/pendulum")
    assert recipe.sizes == {"train": 10_000, "val": 3000, "test": 3000}
    recipe = plan("slvm/gravity16", scale=0.01)
    assert recipe.sizes == {"train": 480, "val": 160, "test": 160}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sets")


def data_of(name: str, folder: Path, **settings: Any) -> list[Any]:
    """Data sets of a named set's tasks, made small."""
    length = {} if name.removeprefix("slvm/") not in SERIES else {"num_frames": 60}
    small = {**SMALL, "shard_len": SMALL["chunk_len"], **length, **settings}
    if name == "dm/lj_16" or length:
        small |= {"train": 1, "val": 0, "test": 0, "chunk_len": 1, "shard_len": 1}
    data = fw.generate(name, folder, quiet=True, **small)
    assert fw.check(folder) == []
    return list(data.tasks.values()) if hasattr(data, "tasks") else [data]


def check_energy(data: Any) -> None:
    """Conserved to rounding; never growing where there is friction."""
    family, split = data.family, data.train
    if not isinstance(family.world, AbstractHamiltonian):
        return
    for i in range(len(split)):
        drawn = {n: float(c[i]) for n, c in split.parameters.items()}
        world = family.world
        for path, value in drawn.items():
            world = world if "colouring" in path else set_path(world, path, value)
        with jax.enable_x64(True):
            states = jnp.asarray(split.state[i], jnp.float64)
            energy = np.asarray(jax.vmap(world.energy)(states))
        room = 3e-6 * max(abs(energy[0]), 0.1)
        if world.friction:
            assert np.diff(energy).max() <= room
            assert energy[-1] < energy[0]
        else:
            assert np.abs(energy - energy[0]).max() <= room


# These are gravity3 with more directions, all of which the rows look at.
ALIKE = {"slvm/gravity6", "slvm/gravity16"}


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ALIKE])
def test_every_set_is_made(name, made):
    for data in data_of(name, made / name):
        split = data.train
        if name.removeprefix("slvm/") in SERIES:
            assert "image" not in split.columns
            assert split.signal.shape[1:] == (60, 10)
            assert split.mode.shape[:2] == split.state.shape[:2]
            continue
        world = data.family.world
        drawn = world.picture if isinstance(world, AbstractHamiltonian) else world
        rgb = getattr(drawn, "colour", "binary") == "rgb"
        assert split.image.shape[1:] == (6, 32, 32, 3 if rgb else 1)
        frames = split.image[:]
        assert frames.dtype == np.uint8
        if data.family.world.__class__.__name__ in ("Pendulum", "BouncingBall"):
            assert rgb or set(np.unique(frames)) == {0, 255}
        assert len(np.unique(split.state[:, 0], axis=0)) == len(split)
        check_energy(data)


@pytest.mark.parametrize(
    "name", ["slvm/gravity3", "slvm/mass_spring3", "slvm/two_body", "dm/mass_spring"]
)
def test_legacy(name, made):
    data = data_of(name, made / f"legacy/{name}", legacy=True)[0]
    world, seen = data.family.world, next(iter(data.recipe.tasks.values())).observation
    if name == "slvm/gravity3":
        assert isinstance(world, PymunkBall) and not seen.random_skip
        assert world.gravity_x == 2.5 and world.angle == (45.0, 135.0)
        # State 0 there is that of frame 1: explicit Euler with the old velocity.
        assert data.train.image.shape[-1] == 1
        return
    assert data.train.image.shape[-1] == 3
    peer = name.partition("/")[0]
    assert world.picture.colour == ("thresholded" if peer == "slvm" else "rgb")
    assert (seen.skip, seen.random_skip) == ((1, True) if peer == "slvm" else (0, 0))
    if name == "slvm/mass_spring3":
        assert isinstance(world, DiagonalMassSpring)
        assert "picture.offset_y" not in data.family.ranges
        # With one colour the disc is red: the other channels stay empty.
        assert set(np.unique(data.train.image[..., 0])) == {0, 255}
        assert not data.train.image[..., 1:].any()
    if name == "slvm/two_body":
        assert data.family.ranges["picture.colouring"] == Uniform(0, 1)


def test_labels_seeds_and_tasks(tmp_path):
    small = {**SMALL, "shard_len": SMALL["chunk_len"], "quiet": True}
    one = fw.generate("slvm/pendulum3", tmp_path / "a", **small)
    other = fw.generate("slvm/pendulum3", tmp_path / "b", seed=1, **small)
    assert one.train.label[:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert not np.array_equal(one.train.state[:], other.train.state[:])
    # Tasks of one seed are drawn apart: no two worlds of all of them are alike.
    assert len(np.unique(one.train.parameters["mass"][:])) == 6


def test_unknown_sets_are_named():
    with pytest.raises(UnknownNameError) as caught:
        make_set("slvm/pendulm3")
    assert str(caught.value).startswith(
        "unknown set 'slvm/pendulm3'. Did you mean 'slvm/pendulum3'"
    )
    with pytest.raises(AttributeError, match=r"has no attribute 'slmv'\. It has: dm, "):
        fw.sets.slmv  # noqa: B018


def test_scales_and_sizes_that_cannot_be(tmp_path):
    with pytest.raises(ConfigError) as caught:
        fw.generate("slvm/pendulum3", tmp_path / "x", scale=0.0001)
    assert str(caught.value) == (
        "scale=0.0001 is too small: train and val and test would be empty. At least "
        "0.001 leaves one sequence in each split; or give the sizes themselves."
    )
    with pytest.raises(ConfigError, match=r"scale=0 must be above 0 and at most 1000"):
        fw.generate("slvm/pendulum3", tmp_path / "x", scale=0.0)
    with pytest.raises(ConfigError, match=r"scale=0\.5 is for named sets"):
        fw.generate("pendulum", tmp_path / "x", scale=0.5, train=2)
    with pytest.raises(ConfigError, match=r"legacy=True is for named sets"):
        fw.generate("pendulum", tmp_path / "x", legacy=True, train=2)
    with pytest.raises(ConfigError, match=r"legacy=True: nothing differs between"):
        fw.generate("slvm/lorenz", tmp_path / "x", legacy=True)
    with pytest.raises(UnknownNameError, match=r"unknown argument of generate 'sclae'"):
        fw.generate("slvm/lorenz", tmp_path / "x", sclae=0.1)  # type: ignore
    with pytest.raises(ConfigError, match=r"there is nothing to make"):
        fw.generate("slvm/pendulum", tmp_path / "x", train=0, val=0, test=0)
    assert not (tmp_path / "x").exists()


def test_a_canvas_that_a_family_leaves():
    with pytest.raises(ConfigError, match=r"offset_x=-0\.6 leaves the canvas"):
        fw.worlds.Pendulum.family(
            picture={"margin": 0.4, "offset_x": Uniform(-0.6, 0.6)}
        )


def test_a_set_of_ones_own(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import foreworld as fw\n"
        "from foreworld.data.sets.base import NamedSet\n"
        "slow = NamedSet({'a': fw.worlds.Pendulum.family(gravity=1.0),\n"
        "                 'b': fw.worlds.Pendulum.family(gravity=2.0)}, train=2)\n"
        "no_set = 3\n"
    )
    named = make_set(f"{tmp_path}/mine.py:slow")
    assert isinstance(named, NamedSet)
    data = fw.generate(named, tmp_path / "out", num_frames=3, quiet=True, chunk_len=2)
    assert list(data.tasks) == ["a", "b"]
    with pytest.raises(ConfigError, match=r"no_set is no named set\. It must be"):
        make_set(f"{tmp_path}/mine.py:no_set")


def test_third_parties_join_by_entry_points(monkeypatch):
    from importlib.metadata import EntryPoint

    from foreworld.data.sets import find

    point = EntryPoint("lab", "foreworld.data.sets.dm", find.GROUP)
    monkeypatch.setattr(find, "entry_points", lambda group: [point])
    assert make_set("lab/lj_4") == fw.sets.dm.lj_4


def test_two_sets_of_one_seed_draw_apart_wherever_they_lie(tmp_path: Path) -> None:
    sizes = {"train": 2, "val": 0, "test": 0, "num_frames": 3, "images": False}
    one, other, again = (
        fw.generate(name, tmp_path / str(i), **sizes, quiet=True)
        for i, name in enumerate(("slvm/pendulum", "dm/pendulum", "slvm/pendulum"))
    )
    plain = fw.generate("pendulum", tmp_path / "plain", **sizes, quiet=True)
    keys = [data.train.key[0].tolist() for data in (one, other, plain)]
    assert len({tuple(key) for key in keys}) == 3
    np.testing.assert_array_equal(one.train.key[:], again.train.key[:])
    words = host_fold(host_key(0), "slvm/pendulum", "train", 0)
    np.testing.assert_array_equal(one.train.key[0], words)
    assert one.recipe.identity != plain.recipe.identity
    # The set's name decides, and sets with tasks fold both.
    task = fw.generate("slvm/pendulum3", tmp_path / "tasks", **sizes, quiet=True)
    words = host_fold(host_key(0), "slvm/pendulum3", "pendulum_1", "train", 0)
    np.testing.assert_array_equal(task.tasks["pendulum_1"].train.key[0], words)
