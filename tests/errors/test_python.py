"""Mistakes in Python, word for word: what was wrong, allowed, and to do."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import foreworld as fw
from foreworld.core.errors import ForeworldError
from foreworld.data.reading.dataset import open_dataset
from tests.errors.test_forty import in_full


def ppo(**fields: Any) -> fw.Parameters:
    return fw.Parameters("tmaze", "ppo", **fields)


CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "a misspelt world": (
        lambda: fw.make("tmazee"),
        "unknown world 'tmazee'. Did you mean 'tmaze' or 'pobax_tmaze'? Known: "
        "{worlds}.",
    ),
    "a misspelt class": (
        lambda: fw.worlds.TMazee,
        "module 'foreworld.worlds' has no attribute 'TMazee'. It has: {public}.",
    ),
    "a misspelt function": (
        lambda: fw.studdy,  # type: ignore[attr-defined]
        "module 'foreworld' has no attribute 'studdy'. It has: Family, Fresh, "
        "Parameters, Study, Uniform, best, check, generate, learners, load, make, "
        "make_set, networks, results, run_experiment, sets, sweep, testing, worlds.",
    ),
    "a misspelt field": (
        lambda: fw.worlds.TMaze(lenght=3),
        "unknown field of TMaze 'lenght'. Did you mean 'length'? Known: bad_reward, "
        "discount, good_reward, length, max_episode_len, perfect_memory, slip_prob.",
    ),
    "text for a number": (
        lambda: fw.worlds.TMaze(length="10"),
        "TMaze.length: expected a whole number, got '10' (str).",
    ),
    "no such choice": (
        lambda: fw.worlds.Pendulum(picture={"colour": "red"}),
        "Picture.colour='red' is not one of 'binary', 'rgb', 'thresholded'.",
    ),
    "a picture of nothing": (
        lambda: fw.worlds.Pendulum(picture={"image_size": 0}),
        "Picture.image_size=0 must be at least 2 and at most 4096.",
    ),
    "a range in a world": (
        lambda: fw.worlds.Pendulum(mass=fw.Uniform(0.5, 1.0)),
        "Pendulum.mass: a world has one value, got the range Uniform(low=0.5, "
        "high=1.0). Ranges make a family of worlds: "
        "Pendulum.family(mass=Uniform(low=0.5, high=1.0)).",
    ),
    "a range backwards": (
        lambda: fw.Uniform(1.0, 0.5),
        "Uniform(1.0, 0.5): the first number must not be larger than the second. "
        "Write Uniform(0.5, 1.0).",
    ),
    "a range of a static field": (
        lambda: fw.worlds.TMaze.family(length=fw.Uniform(2, 4)),
        "TMaze.length cannot be a range. Ranges are possible for: good_reward, "
        "bad_reward, slip_prob, discount.",
    ),
    "a range of no field": (
        lambda: fw.worlds.TMaze.family(lenght=fw.Uniform(2, 4)),
        "unknown field of TMaze 'lenght'. Did you mean 'length'? Known: bad_reward, "
        "discount, good_reward, length, max_episode_len, perfect_memory, slip_prob.",
    ),
    "a range that leaves the limits": (
        lambda: fw.worlds.TMaze.family(slip_prob=fw.Uniform(0.5, 2.0)),
        "TMaze.slip_prob=2.0 must be at least 0 and at most 1.",
    ),
    "generating nothing": (
        lambda: fw.generate("pendulum", "data/new"),
        "there is nothing to make: give a number of sequences for train, val or test, "
        "for example train=1000.",
    ),
    "loading what is not there": (
        lambda: fw.load("data/nothing"),
        "there is no folder data/nothing. Name the folder of a data set, a run or a "
        "study.",
    ),
    "loading another folder": (
        lambda: fw.load("other"),
        "other is no data set, run or study: it has no config.json. Name the folder of "
        "one, or make one with 'foreworld generate', 'train' or 'sweep'.",
    ),
    "a split without sequences": (
        lambda: fw.load("data/noval").val.image[0],
        "data/noval has no val sequences, only train, test. Generate it with --val "
        "above 0.",
    ),
    "a misspelt split": (
        lambda: fw.load("data/p").split("valid"),
        "unknown split 'valid'. Did you mean 'val'? Known: test, train, val.",
    ),
    "a misspelt column": (
        lambda: fw.load("data/p").train.images,
        "unknown column of the split train of data/p: 'images'. Did you mean 'image'? "
        "Known: image, index, key, state, valid.",
    ),
    "a field of a nested part": (
        lambda: fw.worlds.Pendulum(image_size=16),
        "unknown field of Pendulum 'image_size'. Known: area_uniform, discount, dt, "
        "friction, gravity, length, mass, max_episode_len, picture, radius, substeps. "
        "It is a field of picture: picture={'image_size': ...}.",
    ),
    "a sequence too many": (
        lambda: fw.load("data/p").train.image[3],
        "there is no sequence 3 in the split train of data/p, which has 3: 0 to 2.",
    ),
    "an empty batch": (
        lambda: fw.load("data/p").train.loader(0),
        "batch_size=0 must be at least 1: the split train has 3 sequences.",
    ),
    "the data of another world": (
        lambda: open_dataset("data/p", world="tmaze"),
        "data/p is a data set of Pendulum, not of TMaze. Choose another data set, or "
        "generate one of TMaze.",
    ),
    "no learner": (
        lambda: fw.Parameters("tmaze"),
        "an experiment needs a learner. Known: {learners}.",
    ),
    "world and learner swapped": (
        lambda: fw.Parameters("ppo", "tmaze"),
        "'ppo' is a learner, and a world is wanted here. Known: {worlds}.",
    ),
    "neither world nor data": (
        lambda: fw.Parameters(None, "rnn_deconvolve"),
        "an experiment needs a world to act in or data to learn from: "
        "Parameters('tmaze', 'ppo') or "
        "Parameters(None, 'rnn_deconvolve', 'data/pendulum').",
    ),
    "data that are not there": (
        lambda: fw.Parameters(None, "rnn_deconvolve", "data/nothing"),
        "data/nothing is no data set: data/nothing/config.json is missing. Make one "
        "with 'foreworld generate WHAT --out data/nothing'.",
    ),
    "a misspelt field of the learner": (
        lambda: ppo(learning_rat=1e-3),
        "unknown field of PPO 'learning_rat'. Did you mean 'learning_rate'? Known: "
        "{ppo}.",
    ),
    "a negative seed": (
        lambda: ppo(seed=-1),
        "Parameters.seed=-1 must be at least 0 and at most 4294967295.",
    ),
    "a name with a slash": (
        lambda: fw.Study("a/b", ppo()),
        "Study.name='a/b' must be made of letters, digits, '_', '-' and '.': it names "
        "the study's folder.",
    ),
    "the same value twice": (
        lambda: fw.Study("a", ppo(), over={"num_epochs": [32, 32.0]}),
        "Study.over['num_epochs'] holds 32 twice.",
    ),
    "excluding what is not swept": (
        lambda: fw.Study("a", ppo(), {"network": ["gru"]}, [{"seed": 3}]),
        "unknown swept field in exclude 'seed'. Known: network.",
    ),
    "no seeds": (
        lambda: fw.Study("a", ppo(), seeds=0),
        "Study.seeds=0 must be at least 1.",
    ),
    "the best of what was not started": (
        lambda: fw.best(fw.Study("a", ppo())),
        "the study 'a' has not been started: there is no {home}/runs/<folder>. "
        "fw.sweep(study) starts it.",
    ),
    "a run that is not finished": (
        lambda: fw.load(_started()).state(1),
        "point 1 seed 0 of {home}/runs/<folder> is not finished. Run the "
        "study again to go on.",
    ),
    "a run that is not there": (
        lambda: fw.load("runs/done").state(3),
        "no run with point 3, seed 0: there are points 0 to 0 and seeds 0 to 0.",
    ),
}


def _started() -> str:
    (found,) = Path("runs").glob("probe-*")
    return str(found.resolve())


@pytest.mark.parametrize("name", CASES)
def test_python(name, here):
    mistake, message = CASES[name]
    with pytest.raises((ForeworldError, AttributeError, IndexError)) as caught:
        mistake()
    said = re.sub(r"runs/[\w-]+-s0", "runs/<folder>", str(caught.value))
    assert said == in_full(message, here)


@pytest.mark.parametrize(
    ("package", "mistake", "message"),
    [
        (
            "torch",
            "fw.load('data/p').train.loader(2).torch()",
            "PyTorch is not installed. Install it with: pip install 'foreworld[torch]'",
        ),
        (
            "gymnasium",
            "fw.make('gymnasium').reset(jax.random.key(0))",
            "the package 'gymnasium' is not installed. Install it with: "
            "pip install 'foreworld[gym]'",
        ),
        (
            "gymnax",
            "fw.make('gymnax').reset(jax.random.key(0))",
            "the package 'gymnax' is not installed. Install it with: "
            "pip install 'foreworld[gym]'",
        ),
    ],
)
def test_missing_packages(package, mistake, message, here):
    """In a process of its own: this one may have the package in use already."""
    code = (
        f"import sys\nsys.modules[{package!r}] = None\n"
        "import jax\nimport foreworld as fw\n"
        "from foreworld.core.errors import ForeworldError\n"
        f"try:\n    {mistake}\nexcept ForeworldError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{message}\n"


def test_a_class_of_the_main_script(here):
    code = (
        "import foreworld as fw\n"
        "from foreworld.testing.probes import ProbeWorld\n"
        "class Mine(ProbeWorld): pass\n"
        "fw.generate(Mine(), 'data/new', train=3)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "foreworld.core.errors.ConfigError: class Mine is defined in __main__, where "
        "no other process can find it again. Move it to the top level of a file of its "
        "own and use it as './my_file.py:Mine' or import it from there."
    )


SCRIPT = """
import foreworld as fw
from foreworld.core.errors import ForeworldError
from foreworld.worlds.adapters._gymnasium_env import WorldVectorEnv
base = fw.Parameters("tmaze", "ppo")
train = fw.load("data/p").train
for mistake in (
    lambda: fw.generate(3, "data/new", train=3),
    lambda: fw.Study("a", base, over={"num_epochs": 32}),
    lambda: fw.sweep(base),
    lambda: fw.run_experiment(fw.Study("a", base)),
    lambda: fw.results(3),
    lambda: fw.load(None),
    lambda: fw.check(5),
    lambda: fw.make(None),
    lambda: fw.make_set(5),
    lambda: fw.generate("pendulum", None, train=3),
    lambda: fw.generate("pendulum", "data/new", train=3, workers="2"),
    lambda: fw.worlds.Pendulum(picture={1: 2}),
    lambda: WorldVectorEnv("pendulum", "3"),
    lambda: train.loader("2"),
    lambda: train.loader(None),
    lambda: train.loader(2.5),
    lambda: train.loader(True),
    lambda: train.loader(2, shuffle="no"),
    lambda: train.loader(2, drop_last=1),
    lambda: train.loader(2, seed=-1),
    lambda: train.loader(2, seed="a"),
    lambda: train.loader(2, window="3"),
    lambda: train.loader(2, rank="0"),
    lambda: train.loader(2, rank=1),
    lambda: train.loader(2, world_size=0),
    lambda: train.loader(2).torch("2"),
    lambda: train.loader(2).torch(None),
    lambda: train.episodes("1"),
    lambda: train.episodes(1, seed=0.5),
    lambda: train.episodes(1, state_columns="01"),
    lambda: train.episodes(1).loader("2"),
    lambda: train.episodes(1).loader(2, num_steps="2"),
    lambda: train.episodes(1).loader(2, rank=2, world_size=2),
    lambda: train.episodes(1).loader(2, fixed="yes"),
):
    try:
        mistake()
    except ForeworldError as error:
        print(error)
"""
SAID = """\
expected a world, a family of worlds or a world's name, got 3 (int). \
fw.make('pendulum') makes a world.
Study.over['num_epochs']: expected a list of values, got 32. For one value write \
[32], or put it in the base.
expected a study, its file, name or folder, got Parameters(
  world=TMaze(), learner=PPO(network=MLP(), agents={}), data=None, seed=0
) (Parameters). For Parameters there is fw.run_experiment.
expected Parameters(...), got Study a: tmaze_ppo, 1 point, 1 seed, root seed 0 \
(Study). For a study there is fw.sweep.
expected a study, its folder, its name or its results, got 3 (int).
path: expected a path, got None (NoneType).
path: expected a path, got 5 (int).
expected the name of a world, got None (NoneType).
name: expected a text, got 5 (int).
out: expected a path, got None (NoneType).
workers: expected a whole number, got '2' (str).
unknown field of Picture '1'. Known: canvas, colour, colouring, image_size, margin, \
num_colours, offset_x, offset_y.
num_envs: expected a whole number, got '3' (str).
batch_size: expected a whole number, got '2' (str).
batch_size: expected a whole number, got None (NoneType).
batch_size: expected a whole number, got 2.5 (float).
batch_size: expected a whole number, got True (bool).
shuffle: expected True or False, got 'no' (str).
drop_last: expected True or False, got 1 (int).
seed=-1 must be at least 0 and below 4294967296.
seed: expected a whole number, got 'a' (str).
window: expected int or None, got '3' (str).
rank: expected a whole number, got '0' (str).
rank=1 must be at least 0 and below world_size=1.
world_size=0 must be at least 1.
num_workers: expected a whole number, got '2' (str).
num_workers: expected a whole number, got None (NoneType).
num_context: expected a whole number, got '1' (str).
seed: expected a whole number, got 0.5 (float).
state_columns: expected a list of values, got '01' (str).
batch_size: expected a whole number, got '2' (str).
num_steps: expected a whole number, got '2' (str).
rank=2 must be at least 0 and below world_size=2.
fixed: expected True or False, got 'yes' (str).
"""


def test_wrong_types_as_people_meet_them(here):
    """In a process of its own: tests check the types of all arguments."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == SAID
