"""A trained model beside its world: the page counts, and shows what was learned."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.data.views.source import DataSource
from foreworld.learners.forward.rnn_deconvolve import RNNDeconvolve
from foreworld.play.stage.agent import AgentStage
from foreworld.play.stage.model import ModelSession, ModelStage, Predictor, difference
from foreworld.play.stage.open import open_run
from foreworld.play.web.messages import Act, Restart, Tick, Truth
from foreworld.worlds.base import Family
from foreworld.worlds.pomdp.tmaze import TMaze

TINY = {
    "num_updates": 2,
    "batch_size": 4,
    "hidden_size": 8,
    "num_layers": 1,
    "encoder_widths": (4,),
    "renderer_widths": (4, 4),
    "num_eval_sequences": 4,
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set, a forward model and an agent, barely trained."""
    home = tmp_path_factory.mktemp("runs")
    family = fw.worlds.Pendulum.family(
        mass=fw.Uniform(0.5, 1.0), picture={"image_size": 16}
    )
    sizes = {"train": 4, "val": 4, "test": 4, "num_frames": 12}
    fw.generate(family, home / "data", **sizes, quiet=True)
    model = fw.Parameters(None, RNNDeconvolve.preset("small", **TINY), home / "data")
    fw.run_experiment(model, out=home / "model", quiet=True)
    agent = fw.Parameters(
        "tmaze",
        "ppo",
        world={"length": 3, "max_episode_len": 20},
        network={"hidden_size": 8},
        num_envs=1,
        num_minibatches=1,
        num_steps=8,
        total_steps=16,
        eval_num_lanes=1,
    )
    fw.run_experiment(agent, out=home / "agent", quiet=True)
    return home


def number(frame, name: str) -> float:
    return next(n.value for n in frame.numbers if n.name == name)


def test_a_forward_run_opens_beside_a_world_of_its_data(runs):
    stage = open_run(runs / "model")
    assert isinstance(stage, ModelStage)
    page = stage.page()
    assert page.title == "RNNDeconvolve beside Pendulum"
    assert page.pictures == ("true", "predicted", "difference")
    one, two = (stage.session(index).frame().fields["mass"] for index in (1, 2))
    assert 0.5 <= one <= 1.0
    assert one != two


def test_an_agent_run_opens_as_an_agent(runs):
    stage = open_run(runs / "agent")
    assert isinstance(stage, AgentStage)
    assert stage.page().title == "PPO in TMaze"
    frame = stage.session(1).frame()
    assert [bar.name for bar in frame.bars] == ["up", "down", "right", "left"]
    assert sum(bar.value for bar in frame.bars) == pytest.approx(1, abs=1e-5)


def test_a_data_set_cannot_be_played(runs):
    with pytest.raises(ConfigError, match="holds a data set, which cannot be played"):
        open_run(runs / "data")
    with pytest.raises(ConfigError, match="there is no folder"):
        open_run(runs / "nothing")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model", "--mass", "2"], "--mass: {} is a run, whose world is as it was"),
        (["data"], "{} holds a data set, which cannot be played"),
    ],
)
def test_mistakes_with_runs(runs, words, said, capsys):
    folder = str(runs / words[0])
    assert main(["play", folder, *words[1:], "--no-open"]) == 2
    assert said.format(folder) in capsys.readouterr().err


def test_frame_by_frame_is_what_the_model_predicts_at_once(runs):
    folder = fw.load(runs / "model")
    learner = folder.points[0].parameters.learner
    session = open_run(runs / "model").session(1)
    session.advance()
    session.handle(Truth())
    context = np.stack(session._recent)[None]
    shown = []
    for _ in range(12):
        session.advance()
        shown.append(session.frame().pictures[1])
    predict = jax.jit(lambda state, seen: learner.predict(state, seen, None, 12))
    at_once = predict(folder.state(), jnp.asarray(context))[0]
    expected = np.clip(np.asarray(at_once) * 255, 0, 255)
    assert np.abs(np.stack(shown) - expected).max() <= 1.0


def test_truth_and_restart_set_the_horizon_back(runs):
    session = open_run(runs / "model").session(1)
    for _ in range(4):
        session.handle(Tick())
    frame = session.frame()
    assert number(frame, "horizon") == 4
    assert number(frame, "error") > 0
    session.handle(Truth())
    frame = session.frame()
    assert number(frame, "horizon") == number(frame, "error") == 0
    np.testing.assert_array_equal(frame.pictures[0], frame.pictures[1])
    assert not frame.pictures[2].any()
    steps = number(frame, "step")
    session.handle(Restart())
    assert number(session.frame(), "step") < steps


def test_difference_is_orange_where_light_is_missing_and_blue_where_too_much():
    true, predicted = np.zeros((1, 2, 1), np.float32), np.zeros((1, 2, 1), np.float32)
    true[0, 0] = predicted[0, 1] = 1.0
    assert difference(true, predicted).tolist() == [[[255, 89, 0], [0, 89, 255]]]


def test_an_active_world_takes_keys_and_acts_at_random_without(runs):
    world = TMaze(length=4, max_episode_len=6)
    learner = RNNDeconvolve.preset("small", **{**TINY, "renderer_widths": (4, 4, 4)})
    state, _ = world.reset(root_key(0))
    image = np.stack([np.asarray(world.render(state))] * 12)[None]
    source = DataSource(
        {
            "image": jnp.asarray(image),
            "state": jnp.zeros((1, 12, 4)),
            "action": jnp.zeros((1, 11), jnp.int32),
            "valid": jnp.ones((1, 12), bool),
        },
        {"action": world.action_space},
    )
    trained = jax.jit(lambda key: learner.init(key, source))(root_key(0))
    session = ModelSession(world, root_key(1), Predictor(learner, trained))
    session.handle(Act(2))
    frame = session.frame()
    assert number(frame, "horizon") == 1
    assert frame.pictures[1].shape == frame.pictures[0].shape
    steps = [number(frame, "step")]
    for _ in range(8):
        session.advance()
        steps.append(number(session.frame(), "step"))
    # The world cuts episodes off at six steps; the next one begins with a context.
    assert max(steps) == 6
    assert learner.context_len - 1 in steps
    assert ModelStage(Family(world), learner, trained, "Model").page().keys


def test_the_page_counts_the_horizon(runs, serve, open_tab):
    tab = open_tab(serve(open_run(runs / "model")))
    tab.wait_until("horizon", 2)
    tab.page.click("#play")
    tab.page.wait_for_function(
        "() => document.getElementById('play').innerText == 'Play'"
    )
    ahead = tab.number("horizon")
    tab.click("#step")
    assert tab.number("horizon") == ahead + 1
    true, predicted, error = (tab.pixels(index).astype(int) for index in range(3))
    lacking = np.maximum(true - predicted, 0)[..., 0]
    assert np.abs(error[..., 0] - lacking).max() <= 2
    assert error.any()
    tab.click("#truth")
    assert tab.number("horizon") == 0
    np.testing.assert_array_equal(tab.pixels(0), tab.pixels(1))
    tab.click("#step")
    assert tab.number("horizon") == 1
    tab.shoot("model_untrained")
