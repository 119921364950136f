"""The launcher and the policy on the page about extending, as they are printed."""

import numpy as np

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.own.files import load_file
from tests.docs.blocks import ROOT, blocks


def test_the_policy_keeps_the_rules(tmp_path):
    page = blocks(ROOT / "docs" / "extending.md")
    (block,) = [found for found in page if found.file == "my_policy.py"]
    (tmp_path / "my_policy.py").write_text(block.text)
    policy = load_file(tmp_path / "my_policy.py").First
    cards, nim = fw.testing.Cards(), fw.testing.Nim()
    fw.testing.check_policy(policy(cards), cards)
    both = fw.worlds.JointPolicy(dict.fromkeys(nim.agents, policy(nim)))
    fw.testing.check_policy(both, nim)


def written(name, folder):
    """What a file on the page defines."""
    page = blocks(ROOT / "docs" / "extending.md")
    (block,) = [found for found in page if found.file == name]
    (folder / name).write_text(block.text)
    return load_file(folder / name)


def test_the_network_and_the_game_keep_their_contracts(tmp_path):
    network = written("my_network.py", tmp_path).Decay(hidden_size=4)
    fw.testing.check_network(network)
    game = written("my_game.py", tmp_path).Whisper()
    fw.testing.check_world(game)
    small = {"num_steps": 8, "num_epochs": 1, "num_minibatches": 2, "total_steps": 64}
    parameters = fw.Parameters(game, "ppo", network=network, eval_num_lanes=2, **small)
    run = fw.run_experiment(parameters, out=tmp_path / "run", quiet=True)
    assert run.finished and fw.check(tmp_path / "run") == []


def test_the_generator_makes_data(tmp_path, monkeypatch, capsys):
    generator = written("my_rows.py", tmp_path).Walks(max_len=4)
    fw.testing.check_generator(generator)
    monkeypatch.chdir(tmp_path)
    words = ["generate", "./my_rows.py:Walks", "--train", "30", "--val", "0"]
    assert main([*words, "--test", "0", "--max-len", "4", "--out", "walks"]) == 0
    assert capsys.readouterr().out.startswith(
        "Walks: 30 sequences (train 30, val 0, test 0) of walk (up to 4 x 2, float32), "
        "end (2, float32), seed 0\n0.0 MB of columns at most, before compression -> "
    )
    data = fw.load("walks")
    assert np.array_equal(data.train.end[3], data.train.walk[3][-1])
    assert main(["preview", "walks", "--out", "shown"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:3] == [
        "shown/walks_columns.png",
        "no contact sheet, GIF and MP4: the data holds no frames.",
        "end: 2 (float32) in each sequence.",
    ]
    assert told[3].startswith("walk: 1 to 4 entries of 2 (float32) in a sequence, ")
    assert main(["check", "walks"]) == 0


def test_the_launcher_keeps_the_contract_and_makes_data(tmp_path):
    page = blocks(ROOT / "docs" / "extending.md")
    (block,) = [found for found in page if found.file == "my_launcher.py"]
    (tmp_path / "my_launcher.py").write_text(block.text)
    launcher = load_file(tmp_path / "my_launcher.py").Slow()
    (tmp_path / "check").mkdir()
    fw.testing.check_launcher(launcher, tmp_path / "check")
    data = fw.generate(
        "pendulum", tmp_path / "data", train=3, launcher=launcher, quiet=True
    )
    assert len(data.train) == 3
