"""Sequences: keys, precision, episodes that end, and draws that fail."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import manifest, read_json, seal, write_json
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.keys import named_key, root_key
from foreworld.core.spaces import Discrete, Record
from foreworld.data.format.nested import flat, flat_spaces
from foreworld.data.format.observation import Observation
from foreworld.data.format.recipe import TaskRecipe
from foreworld.data.making import simulate
from foreworld.data.making.generate import generate
from foreworld.data.making.sequence import sequence
from foreworld.data.making.simulate import Simulator
from foreworld.data.reading.dataset import open_dataset
from foreworld.testing.masked import Letter, Nim
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.base import Family
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.pomdp.tmaze import TMaze
from foreworld.worlds.ranges import Uniform
from tests.data.small import NUM_FRAMES, family
from tests.data.worlds import Escaping, Fragile


def test_a_sequence_is_what_python_makes_of_its_key(made: Path) -> None:
    split = open_dataset(made).train
    for index in (0, 7, 333):
        key = jax.random.wrap_key_data(jnp.asarray(split.key[index]))
        same = named_key(root_key(0), "train", index)
        assert (jax.random.key_data(key) == jax.random.key_data(same)).all()
        world = family().sample(named_key(key, "world"))
        for name, column in split.parameters.items():
            assert column[index] == np.asarray(getattr(world, name))
        with jax.enable_x64(True):
            state, obs = world.reset(named_key(key, "reset"))
            for t in range(NUM_FRAMES):
                np.testing.assert_allclose(split.state[index][t], obs, atol=1e-6)
                np.testing.assert_array_equal(
                    split.image[index][t], world.render(state)
                )
                step = world.step(state, None, named_key(key, "step", t))
                state, obs = step.state, step.obs


def test_live_worlds_start_where_stored_ones_do(made: Path) -> None:
    """In float32, without x64: the draws are the same ones."""
    split = open_dataset(made).val
    key = named_key(root_key(0), "val", 11)
    world = family().sample(named_key(key, "world"))
    _, obs = world.reset(named_key(key, "reset"))
    np.testing.assert_array_equal(split.state[11][0], obs)


@pytest.mark.fact("dynamics-datasets", "C8")
def test_fact_c8_energy_of_stored_sequences(tmp_path: Path) -> None:
    """Frictionless, as stored in float32; scale max(|H|, 0.1)."""
    ranges = {"mass": Uniform(0.5, 1.0), "length": Uniform(0.5, 1.0)}
    what = Pendulum.family(**ranges, gravity=Uniform(2.0, 4.0), area_uniform=True)
    data = generate(what, tmp_path / "a", train=500, num_frames=31, quiet=True)
    q, p = np.moveaxis(data.train.state[:].astype(np.float64), -1, 0)
    mass, length, gravity = (
        data.train.parameters[name][:].astype(np.float64)[:, None]
        for name in ("mass", "length", "gravity")
    )
    energy = mass * gravity * length * (1 - np.cos(q)) + p**2 / (2 * mass * length**2)
    drift = np.abs(energy - energy[:, :1]) / np.maximum(np.abs(energy[:, :1]), 0.1)
    assert drift.max() < 1e-6
    assert np.abs(np.diff(q)).max() > 0.1


@pytest.fixture(scope="module")
def maze(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maze") / "tmaze"
    world = TMaze(length=1, max_episode_len=9)
    generate(world, folder, train=80, num_frames=12, seed=3, quiet=True)
    return folder


def test_active_worlds(maze: Path) -> None:
    split = open_dataset(maze).train
    assert split.columns["action"] == ((80, 11), "int32")
    assert split.image.shape == (80, 12, 40, 40, 3)
    action, reward, valid = split.action[:], split.reward[:], split.valid[:]
    terminated, truncated = split.terminated[:], split.truncated[:]
    assert set(np.unique(action)) == {0, 1, 2, 3}
    ended = terminated | truncated
    # Of each episode, one step ends it; the frames up to it and after it are valid.
    assert (ended.sum(1) == 1).all()
    assert terminated.any() and truncated.any()
    last = ended.argmax(1)
    np.testing.assert_array_equal(valid.sum(1), last + 2)
    assert (last[truncated.any(1)] == 8).all()
    # The prize comes with the end; padding repeats the last frame and earns nothing.
    assert set(np.unique(reward)) == {np.float32(-0.1), 0, 4}
    np.testing.assert_array_equal(reward != 0, terminated)
    for index in range(10):
        tail = split.image[index][last[index] + 1 :]
        assert (tail == tail[:1]).all()


SEEN = Observation()


def test_active_sequences_are_what_python_makes_of_them(maze: Path) -> None:
    split = open_dataset(maze).train
    world = TMaze(length=1, max_episode_len=9)
    policy = RandomPolicy(world)
    make = jax.jit(lambda key: sequence(world, policy, key, 12, SEEN))
    for index in (0, 79):
        again = make(named_key(root_key(3), "train", index))
        for name in ("image", "state", "action", "reward", "terminated", "valid"):
            np.testing.assert_array_equal(again[name], getattr(split, name)[index])


def test_a_policy_is_part_of_the_recipe(tmp_path: Path) -> None:
    world = TMaze(length=1)
    plain = generate(world, tmp_path / "a", val=3, num_frames=5, quiet=True)
    chosen = generate(
        world,
        tmp_path / "b",
        val=3,
        num_frames=5,
        quiet=True,
        policy=RandomPolicy(world),
    )
    assert chosen.identity.startswith(plain.identity + "-policy")
    assert open_dataset(tmp_path / "b").recipe.tasks[""].policy == RandomPolicy(world)
    np.testing.assert_array_equal(plain.val.action[:], chosen.val.action[:])


def test_draws_that_are_not_finite_are_drawn_again(tmp_path: Path) -> None:
    what = Fragile.family(size=Uniform(1.0, 2.0))
    data = generate(what, tmp_path / "a", train=300, num_frames=2, quiet=True)
    state = data.train.state[:]
    assert np.isfinite(state).all()
    # 0.3 of the draws fail, again and again: 0.3 / 0.7 of 300 is 129.
    redrawn = (manifest(tmp_path / "a") or {})["redrawn"]
    assert 80 < redrawn < 180
    keys = [named_key(root_key(0), "train", i) for i in range(20)]
    first = np.stack([jax.random.key_data(key) for key in keys])
    stored = data.train.key[:20]
    changed = (first != stored).any(1)
    assert 0 < changed.sum() < 15
    index = int(np.flatnonzero(changed)[0])
    key = jax.random.wrap_key_data(jnp.asarray(stored[index]))
    retries = [named_key(keys[index], "retry", r) for r in range(1, 10)]
    assert any((jax.random.key_data(r) == stored[index]).all() for r in retries)
    world = what.sample(named_key(key, "world"))
    _, obs = world.reset(named_key(key, "reset"))
    np.testing.assert_array_equal(obs, state[index][0])


def test_hopeless_families_are_given_up(tmp_path: Path) -> None:
    what = Fragile.family(size=Uniform(1.0, 2.0), broken_prob=1.0)
    with pytest.raises(
        ForeworldError,
        match=r"sequence 0 of train was refused in 50 draws of Fragile: the last one "
        r"was not finite in its observations, with size=1\.\d+\. See that what the "
        r"world gives is finite, or choose smaller ranges\.",
    ):
        generate(what, tmp_path / "a", train=10, num_frames=2, quiet=True)


def test_a_column_says_what_it_holds() -> None:
    recipe = TaskRecipe(family(), train=1)
    columns = {column.name: column for column in Simulator(recipe).columns}
    assert columns["image"].shape == (30, 32, 32, 1)
    assert columns["image"].dimensions == (
        "sequence",
        "time",
        "height",
        "width",
        "channels",
    )
    assert columns["parameters/mass"].unit == "kg"
    assert columns["key"].dtype == "uint32"
    assert "action" not in columns
    assert [c.name for c in columns.values() if c.compressed] == ["image"]


def test_a_program_is_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    traced: list[int] = []

    def counted(*given: Any) -> Any:
        traced.append(1)
        return sequence(*given)

    monkeypatch.setattr(simulate, "sequence", counted)
    for seed in range(2):
        # Of a length that no other test asks for: what was traced is remembered.
        simulator = Simulator(
            TaskRecipe(family(), seed=seed, num_frames=3, chunk_len=2)
        )
        assert simulator.columns
        simulator.start("train", 0)
    assert len(traced) == 1


def test_games_have_columns_by_agent(tmp_path: Path) -> None:
    data = generate(Nim(), tmp_path / "a", train=9, num_frames=6, quiet=True)
    train = data.train.device()
    assert set(train.action) == set(train.state) == set(Nim().agents)
    assert train.action_space == Nim().action_space
    acting = np.stack([train.get("acting")[name] for name in Nim().agents])
    # One after the other until the game is over, and nobody afterwards.
    np.testing.assert_array_equal(acting.sum(0), train.valid[:, 1:])
    assert not train.valid.all()
    ended = np.stack(list(train.get("terminated").values())).any(0)
    assert (ended.sum(1) <= 1).all() and not (ended & (acting.sum(0) == 0)).any()
    assert fw.check(tmp_path / "a") == []


def test_records_have_columns_by_field(tmp_path: Path) -> None:
    more = {"images": False, "store": "npz", "quiet": True}
    data = generate(Letter(), tmp_path / "a", train=5, num_frames=6, **more)
    train = data.train.device()
    assert train.action_space == Letter().action_space.fields
    assert {n: x.shape for n, x in train.action.items()} == {
        "word": (5, 5),
        "aim": (5, 5, 2),
        "send": (5, 5),
    }
    assert data.train.action["aim"][1:3].shape == (2, 5, 2)


@pytest.mark.parametrize("name", ["a/b", ".", "..", "", "a\x1b[31m", "a" * 65])
def test_names_that_could_name_no_column(name: str) -> None:
    with pytest.raises(ConfigError, match="a field of a Record is named by 1 to 64"):
        Record({name: Discrete(2)})
    with pytest.raises(ConfigError, match="an agent or a field is named by 1 to 64"):
        flat_spaces("action", {name: Discrete(2)})
    with pytest.raises(ConfigError, match="is named by 1 to 64"):
        flat({"action": {name: 1}})


def test_what_a_game_holds_reaches_every_verb(tmp_path: Path, capsys: Any) -> None:
    where, out = str(tmp_path / "a"), ["--out", str(tmp_path / "o")]
    small = ["--train", "3", "--val", "2", "--test", "2", "--num-frames", "3"]
    words = ["generate", "foreworld.testing:Nim", *small, "--images", "false"]
    assert main([*words, "--out", str(tmp_path / "n")]) == 0
    assert "steps of 16 numbers, no frames" in capsys.readouterr().out
    assert main(["generate", "foreworld.testing:Nim", *small, "--out", where]) == 0
    assert main(["preview", where, *out]) == 0
    for layout in ("npz-slvm", "well"):
        assert main(["export", where, "--to", layout, *out]) == 2
        assert "holds actions" in capsys.readouterr().err
    split = fw.load(where).train
    batch = split.episodes(1, state_columns=(0,)).item(0, 0)
    assert batch["state/first"].shape[-1] == 1


def test_spaces_are_compared_with_columns_and_world(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    generate(Letter(), folder, train=2, num_frames=3, images=False, quiet=True)
    config, marker = read_json(folder / "config.json"), manifest(folder)
    spaces = config["spaces"][""]
    info = {k: v for k, v in marker.items() if k not in ("files", "seal")}
    for name, wrong, said in (
        ("word", {**spaces["action/word"], "num": 3}, "and its world's are"),
        ("word", {**spaces["action/word"], "num": 2.7}, "no whole number"),
        ("word", spaces["action/aim"], "action/word does not fit its space Box"),
        ("aim", {**spaces["action/aim"], "dtype": "object"}, "are no numbers"),
        ("aim", None, "action/aim has no space"),
    ):
        told = {**spaces, f"action/{name}": wrong}
        told = {n: one for n, one in told.items() if one is not None}
        write_json(folder / "config.json", {**config, "spaces": {"": told}})
        seal(folder, list(marker["files"]), info)
        assert any(said in line for line in fw.check(folder)), (said, fw.check(folder))
    # Before the end: nothing is put together that does not fit.
    (folder / "manifest.json").unlink()
    next(folder.glob("train/*")).unlink()
    with pytest.raises(ConfigError, match=r"begun with other columns .*: space of act"):
        generate(Letter(), folder, train=2, num_frames=3, images=False, quiet=True)


def test_sequences_that_may_not_stay_are_drawn_again(tmp_path: Path) -> None:
    data = generate(Escaping(), tmp_path / "a", train=700, num_frames=2, quiet=True)
    state = data.train.state[:]
    # A quarter of the draws is good, and those are uniform on their quarter.
    assert (state[:, 1, 0] < 1).all() and (state[:, :, 1] <= 0.5).all()
    np.testing.assert_allclose(state[:, 0].mean(0), [0.25, 0.25], atol=0.03)
    redrawn = (manifest(tmp_path / "a") or {})["redrawn"]
    assert 1700 < redrawn < 2600
    few = generate(Escaping(), tmp_path / "b", train=7, num_frames=2, quiet=True)
    np.testing.assert_array_equal(few.train.state[:], state[:7])
    np.testing.assert_array_equal(few.train.key[:], data.train.key[:7])
    np.testing.assert_array_equal(data.train.half[:], state[:, :, :1] / 2)
    np.testing.assert_array_equal(data.train.side[:], state[:, :, 1] > 0.25)


def test_irregular_frames_and_derivatives(tmp_path: Path) -> None:
    settings = {"jitter": 0.4, "derivatives": True, "images": False}
    plain = {"train": 300, "num_frames": 12, "quiet": True}
    data = generate(Pendulum(), tmp_path / "a", **plain, **settings).train
    assert "image" not in data.columns
    time, state = data.time[:], data.state[:].astype(float)
    gaps = np.diff(time, axis=1)
    assert (time[:, 0] == 0).all()
    assert 0.06 <= gaps.min() + 1e-6 < 0.061 and 0.139 < gaps.max() - 1e-6 <= 0.14
    energy = 1.5 * (1 - np.cos(state[..., 0])) + state[..., 1] ** 2
    assert np.abs(energy - energy[:, :1]).max() < 1e-5
    slope = data.derivative[:]
    np.testing.assert_allclose(slope[..., 0], 2 * state[..., 1], atol=1e-5)
    np.testing.assert_allclose(slope[..., 1], -1.5 * np.sin(state[..., 0]), atol=1e-5)
    assert data.columns["time"][0] == (300, 12)


def test_noise_and_frames_that_nobody_saw(tmp_path: Path) -> None:
    clean = generate(Pendulum(), tmp_path / "a", train=50, quiet=True)
    seen = {"missing": 0.3, "image_noise": 0.2, "state_noise": 0.1}
    noisy = generate(Pendulum(), tmp_path / "b", train=50, quiet=True, **seen)
    assert clean.identity != noisy.identity
    observed = noisy.train.observed[:]
    assert observed[:, 0].all() and abs(observed[:, 1:].mean() - 0.7) < 0.05
    assert (noisy.train.image[:][~observed] == 0).all()
    assert (noisy.train.state[:][~observed] == 0).all()
    error = (noisy.train.state[:] - clean.train.state[:])[observed]
    assert abs(error.std() - 0.1) < 0.005 and abs(error.mean()) < 0.01
    # Dark pixels lose the negative half of their noise to clipping.
    dark = noisy.train.image[:][observed][clean.train.image[:][observed] == 0] / 255
    assert abs(dark.mean() - 0.2 / np.sqrt(2 * np.pi)) < 0.005


def test_frames_before_the_first_one(tmp_path: Path) -> None:
    whole = generate(Pendulum(), tmp_path / "a", train=60, num_frames=8, quiet=True)
    sizes = {"train": 60, "num_frames": 5, "quiet": True}
    late = generate(Pendulum(), tmp_path / "b", skip=3, **sizes)
    np.testing.assert_array_equal(late.train.state[:], whole.train.state[:][:, 3:])
    some = generate(Pendulum(), tmp_path / "c", skip=3, random_skip=True, **sizes)
    state, full = some.train.state[:], whole.train.state[:]
    first = [
        next(s for s in range(4) if (state[i] == full[i, s : s + 5]).all())
        for i in range(60)
    ]
    assert (np.bincount(first, minlength=4) > 5).all()


def test_tasks_of_one_seed_differ() -> None:
    one, other = (TaskRecipe(family(), train=1, task=task) for task in ("a", "b"))
    assert one.identity != other.identity
    assert "-task=a" in one.identity and "-task" not in TaskRecipe(family()).identity
    keys = [
        Simulator(recipe).start("train", 0)["key"][0].tolist()
        for recipe in (one, other)
    ]
    assert keys[0] != keys[1]


@pytest.mark.parametrize("setting", [{"jitter": 0.1}, {"derivatives": True}])
def test_what_has_no_time_derivative_says_so(setting: dict) -> None:
    with pytest.raises(ConfigError, match="TMaze has no time derivative"):
        TaskRecipe(Family(TMaze()), train=1, observation=Observation(**setting))


def test_an_episode_with_actions_is_stored_from_its_beginning() -> None:
    with pytest.raises(ConfigError, match="skip=2: somebody acts in TMaze"):
        TaskRecipe(Family(TMaze()), train=1, observation=Observation(skip=2))


@pytest.mark.parametrize("setting", [{"image_noise": 0.1}, {"frame_size": 8}])
def test_without_frames_nothing_is_said_of_them(setting: dict) -> None:
    with pytest.raises(ConfigError, match=r"without frames \(images=False\)"):
        TaskRecipe(
            Family(TMaze()),
            train=1,
            observation=Observation(images=False, **setting),
        )
