"""Old-style hparams files: order of points, bins, names, what is lacking."""

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.compat.networks.pobax import Pobax
from foreworld.compat.worlds.pobax_tmaze import PobaxTMaze
from foreworld.core.errors import ConfigError
from foreworld.sweeps.study.find import load_study
from foreworld.sweeps.study.hparams import bin_rows, grid_rows, read_hparams
from foreworld.worlds.wrappers.last_action import LastAction

ARGS = {
    "env": "tmaze_5",
    "action_concat": True,
    "hidden_size": [32, 16],
    "seed": [7, 8],
    "lr": "0.0025 0.00025",
    "lambda0": "0.5 0.9",
    "total_steps": int(1e5),
    "n_seeds": 3,
    "platform": "cpu",
}


def hparams(args, **others):
    return {"file_name": "runs.txt", "entry": "-m x.ppo", "args": [args], **others}


def study(args=ARGS, **others):
    (found,) = read_hparams(hparams(args, **others), "old").studies
    return found


def rows(study, *names):
    return [tuple(point.fields[name] for name in names) for point in study.points()]


@pytest.mark.fact("experiments", 2)
def test_fact_2_order_of_the_grid():
    grid = {"lr": [1.0, 2.0], "lambda0": [0.1, 0.2], "ld_weight": [0.0, 0.5]}
    found = grid_rows(grid)
    assert len(found) == 8
    assert list(found[0]) == ["lambda0", "ld_weight", "lr"]
    assert [row["lr"] for row in found] == [1.0, 2.0] * 4
    assert [row["ld_weight"] for row in found] == [0.0, 0.0, 0.5, 0.5] * 2
    assert [row["lambda0"] for row in found] == [0.1] * 4 + [0.2] * 4
    names = "lr vf_coeff lambda1 lambda0 ld_weight entropy_coeff"
    every = {name: [0.0] for name in names.split()}
    order = "entropy_coeff lambda0 lambda1 ld_weight lr vf_coeff"
    assert list(grid_rows(every)[0]) == order.split()


@pytest.mark.fact("experiments", 3)
def test_fact_3_bins():
    assert list(bin_rows(range(8), 2, 1)) == [4, 5, 6, 7]
    with pytest.raises(ConfigError, match=r"n_run_bins=3: 8 settings cannot be cut"):
        bin_rows(range(8), 3, 0)
    with pytest.raises(ConfigError, match=r"run_bin_idx=2 is not one of 0 to 1"):
        bin_rows(range(8), 2, 2)


def test_points_in_the_order_of_that_reader():
    found = study()
    assert list(found.over) == [
        "network.hidden_size",
        "seed",
        "lambda0",
        "learning_rate",
    ]
    assert rows(found, "network.hidden_size", "seed", "lambda0", "learning_rate")[
        :5
    ] == [
        (32, 7, 0.5, 0.0025),
        (32, 7, 0.5, 0.00025),
        (32, 7, 0.9, 0.0025),
        (32, 7, 0.9, 0.00025),
        (32, 8, 0.5, 0.0025),
    ]
    assert found.seeds == 3 and found.name == "old"
    assert found.base.world == LastAction(PobaxTMaze(length=5))
    assert found.base.learner.network == Pobax()


def test_exclude_names_programs():
    """[ran] (32, 7), (32, 8), (16, 7) are left."""
    found = study(exclude={"seed": [8], "hidden_size": [16]})
    kept = rows(found, "network.hidden_size", "seed")
    assert list(dict.fromkeys(kept)) == [(32, 7), (32, 8), (16, 7)]
    never = study(exclude={"seed": [8], "total_steps": 5})
    assert len(never.points()) == 16
    with pytest.raises(ConfigError, match="unknown option in exclude 'sed'"):
        study(exclude={"sed": 1})
    with pytest.raises(ConfigError, match="removes every setting"):
        study(exclude={"total_steps": int(1e5)})


def test_bins_of_a_study():
    second = study({**ARGS, "n_run_bins": 2, "run_bin_idx": 1})
    found = rows(second, "network.hidden_size", "seed", "lambda0", "learning_rate")
    assert found[:3] == [
        (32, 7, 0.9, 0.0025),
        (32, 7, 0.9, 0.00025),
        (32, 8, 0.9, 0.0025),
    ]
    assert len(found) == 8


def test_worlds_and_flags_are_axes_too():
    args = {"env": ["tmaze_5", "tmaze_10"], "memoryless": [True, False]}
    found = study(args, exclude={"env": "tmaze_5", "memoryless": True})
    names = [
        (p.parameters.world.length, p.fields["network.memory"]) for p in found.points()
    ]
    assert names == [(5, "gru"), (10, "none"), (10, "gru")]
    assert (found.seeds, found.base.seed) == (5, 2020)


def test_what_is_lacking_is_named():
    args = {"env": "tmaze_5", "double_critic": True, "ld_weight": "0.25 0.5", "q": 3}
    with pytest.raises(ConfigError) as caught:
        study(args)
    assert str(caught.value) == (
        "ppo lacks double_critic=True (a second critic), q=3. Remove this from the "
        "file to run the rest; 'foreworld show ppo' lists what there is."
    )
    some = {"env": "tmaze_5", "double_critic": [True, False]}
    read = read_hparams(hparams(some), "old")
    assert len(read.studies[0].points()) == 1
    assert read.notes == ("double_critic=True is left out: ppo has one critic.",)
    alone = read_hparams(hparams({"env": "tmaze_5", "lambda1": "0.5 0.9"}), "old")
    assert alone.notes == (
        "lambda1 is left out: it does nothing without double_critic.",
    )
    with pytest.raises(ConfigError, match="only PPO files can be read"):
        study(entry="-m x.transformer_ppo")
    with pytest.raises(ConfigError, match="need an 'env', the name of a world"):
        study({"lr": "0.1"})
    with pytest.raises(ConfigError, match="unknown world 'tmase'"):
        study({"env": "tmase"})
    with pytest.raises(ConfigError, match="lr: expected numbers, got 'high'"):
        study({"env": "tmaze_5", "lr": "0.1 high"})
    with pytest.raises(ConfigError, match=r"\[\[1\]\] is a list in a list"):
        study({"env": "tmaze_5", "lr": [[1]]})


SMALL = {
    "env": "tmaze_2",
    "lr": "0.0025 0.00025",
    "hidden_size": 4,
    "num_steps": 8,
    "total_steps": 64,
    "n_seeds": 1,
}


def test_a_file_runs(own_folder, capsys):
    path = own_folder / "old.py"
    path.write_text(f"hparams = {hparams(SMALL)!r}")
    words = ["sweep", "old.py", "--quiet", "--track", "off", "--out", "out"]
    assert main(words) == 0, capsys.readouterr().err
    assert fw.load("out").results["learning_rate"].values.tolist() == [0.0025, 0.00025]


def test_several_dictionaries_are_several_studies(own_folder):
    path = own_folder / "old.py"
    both = {"args": [SMALL, {**SMALL, "hidden_size": 8}]}
    path.write_text(f"hparams = {both!r}")
    with pytest.raises(ConfigError, match=r"old.py holds 2 dictionaries.*old.py:0"):
        load_study("old.py")
    assert [load_study(f"old.py:{i}").name for i in (0, 1)] == ["old_0", "old_1"]
    with pytest.raises(ConfigError, match=r"old.py:2: there are 0 to 1"):
        load_study("old.py:2")
