"""Coarse steps of integration are refused; what the energy does is said."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import manifest
from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box
from foreworld.data.format.recipe import TaskRecipe
from foreworld.data.making.recipes import task_recipe
from foreworld.data.making.step_size import check_steps
from foreworld.data.sets.find import make_set, set_entries
from foreworld.worlds.base import AbstractWorld, Family, Step, as_family

W = fw.worlds


def recipe(what: AbstractWorld | Family, **fields: Any) -> TaskRecipe:
    plain = {"train": 4, "num_frames": 6, "images": False, "chunk_len": 50}
    return task_recipe(as_family(what), {**plain, **fields})


@pytest.mark.parametrize(
    "world",
    [
        W.MassSpring(stiffness=500.0),
        W.MassSpring(friction=20.0),
        W.MassSpring(dt=2.0),
        W.Pendulum(friction=30.0),
        W.Pendulum(length=0.1),
        W.Pendulum(dt=1.0),
        W.MassSpring.family(stiffness=fw.Uniform(2, 1000)),
        W.MassSpring.family(dt=fw.Uniform(0.1, 3)),
    ],
    ids=lambda world: " ".join(repr(world).split())[:60],
)
def test_a_step_too_coarse_is_refused_with_the_number_that_is_enough(
    world: Any, tmp_path: Path
) -> None:
    said = r"substeps=1 is too coarse for dt=.*differ by.*substeps=(\d+) is enough"
    with pytest.raises(ConfigError, match=said) as caught:
        check_steps({"": recipe(world)})
    enough = int(re.search(said, str(caught.value)).group(1))  # type: ignore[union-attr]
    family = as_family(world)
    finer: Any = family.world.replace(substeps=enough)
    check_steps({"": recipe(family.replace(world=finer))})


def test_the_whole_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        fw.generate(W.MassSpring(dt=2.0), tmp_path / "a", train=4, quiet=True)
    assert re.fullmatch(
        r"MassSpring: substeps=1 is too coarse for dt=2 and its other fields: with "
        r"twice as many the states differ by 0\.02\d of their size a frame \(1e-05 is "
        r"allowed\)\. substeps=3 is enough; or take a smaller dt\.",
        str(caught.value),
    )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "fields",
    [{"jitter": 0.5}, {"missing": 0.9}, {"state_noise": 1.0}, {"skip": 3}],
    ids=str,
)
def test_what_hides_the_states_hides_no_coarse_step(fields: dict[str, Any]) -> None:
    check_steps({"": recipe(W.Pendulum(), **fields)})
    with pytest.raises(ConfigError, match="too coarse"):
        check_steps({"": recipe(W.Pendulum(friction=30.0), **fields)})


def test_irregular_frames_are_looked_at_where_they_are_longest() -> None:
    check_steps({"": recipe(W.MassSpring(stiffness=100.0))})
    with pytest.raises(ConfigError, match="too coarse"):
        check_steps({"": recipe(W.MassSpring(stiffness=100.0), jitter=0.9)})


@pytest.mark.parametrize(
    "world",
    [
        W.DoublePendulum(),
        W.NBody(),
        W.TwoBody(),
        W.LennardJones(thermalisation=1.0),
        W.LennardJones(thermalisation=1.0, substeps=10),
        W.RockPaperScissors(),
        W.SwitchingDoublePendulum(switching=0.1),
        W.MassSpring(friction=5.0),
        W.Lorenz(),
        W.BouncingBall(gravity_y=-2.0),
    ],
    ids=lambda world: " ".join(repr(world).split())[:60],
)
def test_chaos_friction_and_exact_motion_are_not_refused(world: Any) -> None:
    check_steps({"": recipe(world)})


def test_molecules_with_a_step_that_loses_their_energy_are_refused() -> None:
    coarse = W.LennardJones(thermalisation=1.0, substeps=2)
    with pytest.raises(ConfigError, match=r"substeps=\d+ is enough"):
        check_steps({"": recipe(coarse)})


class Swing(W.AbstractDynamics):
    """A spring in explicit Euler, perhaps pushed by chance."""

    dt: float = 0.02
    push: float = 0.0
    discount: float = 1.0
    max_episode_len: int = 0

    @property
    def observation_space(self) -> Box:
        return Box(-math.inf, math.inf, (2,))

    def reset(self, key: Any) -> tuple[Any, Any]:
        start = jax.random.normal(key, (2,), jnp.float32)
        return start.astype(jnp.result_type(float)), start

    def derivative(self, state: Any) -> Any:
        return jnp.stack([state[1], -5 * state[0]])

    def step(self, state: Any, action: None, key: Any) -> Step:
        pushed = self.push * jax.random.normal(key, (2,), jnp.float32)
        state = state + self.dt * self.derivative(state) + pushed
        no = jnp.asarray(False)
        return Step(state, state.astype(jnp.float32), jnp.float32(0), no, no)

    def render(self, state: Any) -> Any:
        return jnp.zeros((4, 4, 1), jnp.uint8)


def test_steps_of_an_own_law_are_compared_with_half_of_them() -> None:
    check_steps({"": recipe(Swing())})
    with pytest.raises(ConfigError, match=r"dt=0\.\d+ is small enough; or let step"):
        check_steps({"": recipe(Swing(dt=0.5))})
    with pytest.raises(ConfigError, match=r"^Lorenz: dt=0\.02 is too coarse"):
        check_steps({"": recipe(W.Lorenz(dt=0.02))})
    check_steps({"": recipe(W.Lorenz())})


def test_steps_with_chance_in_them_are_not_compared() -> None:
    check_steps({"": recipe(Swing(dt=0.5, push=0.1))})


@pytest.mark.parametrize("name", ["slvm/mixed_physics_2023", "dm/two_body_colors"])
def test_named_sets_are_fine_enough(name: str) -> None:
    assert name in set_entries()
    families = make_set(name).families
    check_steps({n: recipe(family) for n, family in families.items()})


def test_generate_and_check_say_drift_and_draws_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "a")
    fields = "--anchor-x=0..0.9 --canvas=1 --radius=0.5,1.4 --images=false"
    sizes = "--train=40 --val=0 --test=0 --num-frames=20"
    words = ["generate", "mass_spring", *fields.split(" "), *sizes.split(" ")]
    assert main([*words, "--out", out]) == 0
    said = r"The energy drifts by \d\.\de-1\d at most; (\d+) of (\d+) draws \((.*)%\) "
    said += r"were refused and made again\."
    found = re.search(said, capsys.readouterr().out)
    assert found
    again, draws, share = found.groups()
    assert int(draws) == 40 + int(again)
    assert float(share) == pytest.approx(100 * int(again) / int(draws), abs=0.06)
    marker = manifest(Path(out)) or {}
    assert marker["redrawn"] == int(again)
    assert 0 < marker["drift"] < 1e-9
    assert main(["check", out]) == 0
    assert re.search("complete and unaltered. " + said, capsys.readouterr().out)


def test_states_that_run_away_with_coarse_steps_are_said_to():
    said = (
        r"^MatchingPennies: substeps=1 is too coarse for dt=5 and its other fields: "
        r"the states do not stay finite\. substeps=6 is enough; or take a smaller dt\.$"
    )
    with pytest.raises(ConfigError, match=said):
        check_steps({"": recipe(W.MatchingPennies(dt=5.0))})
    check_steps({"": recipe(W.MatchingPennies(dt=5.0, substeps=6))})
