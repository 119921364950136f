"""Templates: the new file passes its contract check, and trains, at once."""

import jax
import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.registry import locate
from foreworld.testing.learners import check_learner
from foreworld.testing.worlds import check_world
from foreworld.worlds.pomdp.tmaze import TMaze


def test_a_new_world_keeps_its_contract(own_folder, capsys):
    assert main(["new", "world", "drift_car"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "drift_car.py holds the world DriftCar. Change it, and try:\n"
    )
    assert "foreworld show ./drift_car.py:DriftCar\n" in out
    cls = locate("./drift_car.py:DriftCar")
    check_world(cls(), jax.random.key(0))
    check_world(cls(size=3, slip=0.0), jax.random.key(1))
    text = (own_folder / "drift_car.py").read_text()
    assert "MyWorld" not in text and "my_world" not in text
    assert main(["show", "./drift_car.py:DriftCar", "--out", "car.png"]) == 0
    assert "chance that a move fails" in capsys.readouterr().out


def test_a_new_learner_keeps_its_contract(own_folder):
    assert main(["new", "learner", "climber", "--quiet", "--out", "mine"]) == 0
    cls = locate("mine/climber.py:Climber")
    small = cls(num_lanes=16, num_steps=32, num_updates=2)
    check_learner(small, TMaze(length=1))
    text = (own_folder / "mine" / "climber.py").read_text()
    assert not [name for name in ("My", "my_") if name in text]


def test_new_world_and_new_learner_together(capsys):
    for kind in ("world", "learner"):
        assert main(["new", kind, f"my_own_{kind}", "--quiet"]) == 0
    words = ["train", "./my_own_learner.py:MyOwnLearner", "--quiet", "--track", "off"]
    words += ["--on", "./my_own_world.py:MyOwnWorld", "--num-updates", "60"]
    assert main([*words, "--out", "r", "--seeds", "2"]) == 0, capsys.readouterr().err
    returns = fw.results("r", quiet=True)["discounted_return"].values[0]
    # Two thirds of random walks reach the goal late or never; a straight one in 8.
    assert np.nanmean(returns[:, -5:]) > np.nanmean(returns[:, :5]) + 0.1


def test_mistakes(own_folder, capsys):
    for name in ("DriftCar", "drift-car", "_car", "2cars", "class", "für"):
        assert main(["new", "world", name]) == 2
        assert capsys.readouterr().err == (
            f"foreworld: {name!r} cannot name a part: use small letters, digits and "
            f"'_', with a letter first, such as drift_car.\n"
        )
    (own_folder / "car.py").write_text("mine")
    assert main(["new", "world", "car"]) == 1
    assert "car.py is there already" in capsys.readouterr().err
    assert (own_folder / "car.py").read_text() == "mine"
    assert main(["new", "world", "car", "--force", "--quiet"]) == 0
    assert main(["new", "user", "car"]) == 2


@pytest.mark.parametrize("line", ["", 'score: str = "reward"'])
def test_a_learner_without_its_score_is_told(line, own_folder, capsys):
    assert main(["new", "learner", "odd", "--quiet"]) == 0
    path = own_folder / "odd.py"
    written = 'score: ClassVar[str] = "discounted_return"'
    assert written in path.read_text()
    path.write_text(path.read_text().replace(written, line))
    assert main(["train", "./odd.py:Odd", "--on", "tmaze", "--out", "r"]) == 2
    said = capsys.readouterr().err
    assert "score" in said and "fault of Foreworld" not in said
    if line:
        assert (
            "Odd.score belongs to the class and is no field: write 'score: "
            "ClassVar[str] = ...', or 'score = ...' alone.\n"
        ) in said
