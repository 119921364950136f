"""What a learner in Python writes down lies in the run's folder, each line once."""

from pathlib import Path
from typing import ClassVar

import jax.numpy as jnp
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.learners import transcript
from foreworld.testing.faults import killing
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from tests.faults.verbs import sealed


class Talker(ProbeLearner):
    """A probe that says what it guesses."""

    traceable: ClassVar[bool] = False

    def init(self, key, source, start=None):
        transcript.write(said="hello")
        return super().init(key, source, start)

    def update(self, state, source, key, progress):
        transcript.write(said="guess", guess=float(jnp.mean(state.guess)))
        return super().update(state, source, key, progress)

    def evaluate(self, state, source, key):
        transcript.write(said="judge")
        return super().evaluate(state, source, key)


def talk(folder: Path) -> None:
    parameters = fw.Parameters(ProbeWorld(), Talker(num_updates=3))
    fw.run_experiment(parameters, 2, out=folder, quiet=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    talk(folder := tmp_path_factory.mktemp("undisturbed") / "run")
    return folder


def test_lines_tell_when_they_were_written(undisturbed: Path) -> None:
    for seed in (0, 1):
        lines = fw.load(undisturbed).transcript(seed=seed)
        told = [(line["update"], line["during"], line["said"]) for line in lines]
        assert told == [
            (0, "init", "hello"),
            *(
                (number, during, said)
                for number in (1, 2, 3)
                for during, said in (("update", "guess"), ("val", "judge"))
            ),
            (3, "test", "judge"),
        ]
    guesses = [fw.load(undisturbed).transcript(seed=s)[1]["guess"] for s in (0, 1)]
    assert guesses[0] != guesses[1]
    assert fw.check(undisturbed) == []


def test_killed_at_any_moment_each_line_is_there_once(
    undisturbed: Path, tmp_path: Path
) -> None:
    number, struck = 25, True
    while struck:
        folder = tmp_path / str(number)
        with killing(number) as disk:
            talk(folder)
        struck, number = bool(disk.struck), number + 13
        talk(folder)
        assert sealed(folder) == sealed(undisturbed)
    assert number > 60


def test_an_altered_one_is_found(tmp_path: Path) -> None:
    talk(folder := tmp_path / "run")
    path = folder / "chunks" / "001" / "transcript-000.jsonl"
    path.write_text(path.read_text().replace("guess", "guest", 1))
    assert "transcript-000.jsonl" in "".join(fw.check(folder))
    assert fw.load(folder).transcript(seed=0)
    with pytest.raises(DamagedError, match=r"transcript-000\.jsonl"):
        fw.load(folder).transcript(seed=1)
    parameters = fw.Parameters(ProbeWorld(), Talker(num_updates=3))
    fw.run_experiment(parameters, 2, out=folder, force=True, quiet=True)
    assert fw.check(folder) == []


def test_what_is_no_json() -> None:
    lines: list[str] = []
    with transcript.taking(lines, 1, "update"):
        for value in (float("nan"), object(), jnp.zeros(())):
            with pytest.raises(ConfigError, match="which is not JSON"):
                transcript.write(value=value)
        with pytest.raises(ConfigError, match="update is told by itself"):
            transcript.write(update=3)
        transcript.write()
    assert lines == ['{"update": 1, "during": "update"}']
    transcript.write(lost=1)
