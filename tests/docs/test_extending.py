"""The launcher and the policy on the page about extending, as they are printed."""

import foreworld as fw
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
