"""Data sets of trained policies: what acted is recorded, also in worker processes."""

import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import manifest
from foreworld.core.errors import ConfigError, DamagedError, FitError
from foreworld.core.keys import named_key, root_key
from foreworld.learners.forward.rnn_deconvolve import RNNDeconvolve
from foreworld.sweeps.reference import RunRef
from foreworld.sweeps.run.collect import collect
from foreworld.sweeps.run.jobs import job_list
from foreworld.testing.probes import ProbeLearner, ProbeWorld

SIZES = {"train": 5, "num_frames": 6, "quiet": True}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trained recurrent policy that sees its last action."""
    parameters = fw.Parameters(
        "tmaze",
        "ppo",
        world={"length": 2},
        network=fw.networks.GRU(hidden_size=4),
        num_steps=8,
        total_steps=64,
    )
    out = tmp_path_factory.mktemp("run") / "r"
    return fw.run_experiment(parameters, seeds=2, out=out, quiet=True)


def test_actions_are_those_of_the_policy(run, tmp_path):
    data = collect(run, tmp_path / "d", point=0, seed_index=1, seed=3, **SIZES)
    policy, world = run.policy_of(0, 1), run.points[0].parameters.world
    for i in range(2):
        key = named_key(root_key(3), "train", i)
        state, obs = world.reset(named_key(key, "reset"))
        memory = policy.init_memory()
        for t in range(5):
            if not data.train.valid[i][t + 1]:
                break
            memory, action = policy.act(memory, obs, named_key(key, "act", t))
            assert data.train.action[i][t] == action
            step = world.step(state, action, named_key(key, "step", t))
            state, obs = step.state, step.obs
            np.testing.assert_array_equal(data.train.state[i][t + 1], obs)
    assert fw.check(tmp_path / "d") == []


def test_the_manifest_names_the_run(run, tmp_path):
    data = collect(run, tmp_path / "d", **SIZES)
    best = run.best()
    said = manifest(data.path)["policy"]
    assert said["path"] == str(run.path.resolve())
    assert (said["point"], said["seed"]) == (0, best.seed)
    assert (
        said["contents"]
        == manifest(run.place_of(0, 0))["files"]["state.safetensors"]["sha256"]
    )
    assert isinstance(data.recipe.tasks[""].policy, RunRef)


def test_worker_processes_make_the_same_bytes(run, tmp_path, capsys):
    words = ["collect", str(run.path), "--num-frames", "6", "--quiet"]
    words += ["--train", "3", "--val", "2", "--test", "1"]
    assert main([*words, "--out", str(tmp_path / "a")]) == 0
    launch = ["--launch", "processes", "--workers", "2"]
    assert main([*words, "--out", str(tmp_path / "b"), *launch]) == 0
    names = sorted(manifest(tmp_path / "a")["files"])
    assert len(names) == 4
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (
            tmp_path / "b" / name
        ).read_bytes()


def test_a_data_set_outlives_its_run(tmp_path):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3))
    run = fw.run_experiment(base, out=tmp_path / "r", quiet=True)
    data = collect(run, tmp_path / "d", **SIZES)
    guess = float(run.state().guess.mean())
    np.testing.assert_allclose(data.train.action[0], guess, rtol=1e-6)
    policy = data.recipe.tasks[""].policy
    fw.run_experiment(
        base.set("noise", 0.3), out=tmp_path / "r", force=True, quiet=True
    )
    with pytest.raises(DamagedError, match="was trained anew since it was referred"):
        policy.open()
    assert main(["rm", str(tmp_path / "r"), "--yes", "--quiet"]) == 0
    assert fw.check(tmp_path / "d") == []
    assert fw.load(tmp_path / "d").train.action[0].shape == (5,)


def test_what_learned_from_data_does_not_act(tmp_path):
    fw.generate("pendulum", "data/p", train=2, val=1, test=1, num_frames=8, quiet=True)
    model = RNNDeconvolve.preset("small").replace(context_len=2, batch_size=2)
    study = fw.Study("f", fw.Parameters(None, model, "data/p"))
    job_list(study, out=tmp_path / "f")
    with pytest.raises(FitError, match="acts in no world, so nothing can be collected"):
        collect(tmp_path / "f", tmp_path / "e", **SIZES)


def test_mistakes(run, tmp_path, capsys):
    assert main(["collect", str(run.path)]) == 2
    assert "collect needs --out DIR" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="point 7 is not one of 0 to 0"):
        collect(run, tmp_path / "d", point=7, **SIZES)
    with pytest.raises(ConfigError, match=r"no run with point 0, seed 9"):
        collect(run, tmp_path / "d", point=0, seed_index=9, **SIZES)
