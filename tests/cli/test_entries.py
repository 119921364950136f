"""Fields that hold dictionaries of parts, on the command line and in paths."""

import jax
import pytest

import foreworld as fw
from foreworld.cli._fields import Shown, read_fields
from foreworld.cli.main import main
from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.core.registry import address
from foreworld.learners.ppo.ppo import PPO
from foreworld.play.web.messages import Choose
from foreworld.testing.games import RepeatedMatchingPennies

GAME = address(RepeatedMatchingPennies)


def read(*given):
    return read_fields([Shown(PPO)], given, "test")


def test_entries_start_as_the_default():
    values = read(
        ("agents.even.learning-rate", "0.5"),
        ("entropy_coef", "0.5"),
        ("agents.odd.network.hidden_size", "3"),
        ("agents.odd.network", "gru"),
    )
    # In the order in which they must be set.
    assert next(iter(values)) == "entropy_coef"
    learner = fw.Parameters(GAME, "ppo", **values).learner
    assert set(learner.agents) == {"even", "odd"}
    assert learner.agents["even"] == learner.shared.replace(learning_rate=0.5)
    assert learner.agents["odd"].entropy_coef == 0.5
    assert learner.agents["odd"].network == fw.networks.GRU(hidden_size=3)


def test_mistakes_in_entries():
    with pytest.raises(ConfigError, match=r"agents.even.learning_rat"):
        read(("agents.even.learning-rat", "0.5"))
    with pytest.raises(
        ConfigError, match=r"AgentSettings.learning_rate=-1.0 must be at least 0"
    ):
        read(("agents.even.learning-rate", "-1"))
    with pytest.raises(ConfigError, match=r"agents.even"):
        read(("agents.even", "1"))


def test_entries_can_be_swept():
    base = fw.Parameters(GAME, "ppo")
    assert base.get("agents") == {}
    study = fw.Study("s", base, {"agents.even.learning_rate": [0.1, 0.2]})
    rates = [p.parameters.learner.agents["even"].learning_rate for p in study.points()]
    assert rates == [0.1, 0.2]


def plays_what_was_trained(monkeypatch):
    """A person takes a seat of the run in ``r``; its policy plays the other one."""
    stages = []
    monkeypatch.setattr(
        "foreworld.play.web.server.play", lambda stage, *_, **__: stages.append(stage)
    )
    assert main(["play", "r", "--seat", "odd"]) == 0
    session = stages[0].session(1)
    session.join(lambda: None)
    session.handle(Choose("", 1))
    even, odd = session.frame().panels
    assert (even.player, odd.player) == ("PPO", "you")
    assert (odd.action, odd.bars) == ("action 1", ())
    policy = fw.load("r").policy_of(0, 0).policies["even"]
    _, obs = RepeatedMatchingPennies().reset(root_key(0))
    think = jax.jit(lambda obs: policy.think(policy.init_memory(), obs))
    expected = think(obs["even"]).probabilities.tolist()
    assert [bar.value for bar in even.bars] == pytest.approx(expected)


def test_train_with_entries_and_play(capsys, monkeypatch):
    sizes = {"num_envs": 4, "num_steps": 8, "total_steps": 32, "network.hidden_size": 2}
    words = ["train", "ppo", "--on", GAME, "--out", "r", "--quiet"]
    for name, value in sizes.items():
        words += [f"--{name}", str(value)]
    words += ["--agents.even.learning-rate", "0.01", "--track", "off"]
    assert main(words) == 0, capsys.readouterr().err
    learner = fw.load("r").study.base.learner
    assert learner.agents["even"].learning_rate == 0.01
    assert learner.agents["even"].network.hidden_size == 2
    plays_what_was_trained(monkeypatch)
    assert main([*words, "--agents.evne.network", "mlp", "--force"]) == 2
    assert "unknown agent of RepeatedMatchingPennies 'evne'" in capsys.readouterr().err
    assert main([*words, "-h"]) == 0
    assert "--agents.NAME.FIELD" in capsys.readouterr().out


def test_entries_of_dictionaries_of_values(capsys, tmp_path):
    """The case `dictionary_fields_on_the_command_line`."""
    world = [Shown(fw.worlds.Gymnax, "world")]
    given = [
        ("world.env", "CartPole-v1"),
        ("world.params.force_mag", "5"),
        ("world.params.max_steps_in_episode", "200"),
    ]
    values = read_fields(world, given, "test")
    made = fw.Parameters("gymnax", "ppo", **values).world
    assert made.params == {"force_mag": 5, "max_steps_in_episode": 200}
    assert made.max_episode_len == 200
    lake = [Shown(fw.worlds.Gymnasium, "world")]
    values = read_fields(lake, [("world.options.is_slippery", "false")], "test")
    assert values == {"world.options.is_slippery": False}
    with pytest.raises(ConfigError, match=r"params.force_mag: expected .*'much'"):
        read_fields(world, [("world.params.force_mag", "much")], "test")
    with pytest.raises(ConfigError, match=r"--world.params.a is given twice"):
        read_fields(world, [("world.params.a", "1"), ("world.params.a", "2")], "test")
    assert main(["show", "gymnax", "--out", str(tmp_path / "x.png")]) == 0
    assert "default {}" in capsys.readouterr().out
