"""Programs that do not fit in the memory: a message that says what to do, and it works.

No memory is used up: the device says it has less than it has, or refuses.
"""

import jax
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.errors import ForeworldError
from foreworld.core.registry import address
from foreworld.sweeps.plan.prepare import read_plan
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train import memory
from tests.faults.verbs import sealed

PARAMETERS = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3))
ADVICE = (
    r"Plan it narrower: run the same command with --width 2 \(width=2 in Python\)\. "
    r"Where some of the study is finished already, its plan stays: then add --force, "
    r"which begins anew\."
)


def widths(folder):
    return [group.width for group in read_plan(folder).groups]


def test_a_program_larger_than_the_memory_is_not_started(tmp_path):
    """The case in which a processor's memory would end the process."""
    huge = PARAMETERS.set("hidden_size", 2 * 10**12)
    with pytest.raises(ForeworldError) as caught:
        fw.run_experiment(huge, 4, width=4, out=tmp_path / "s", quiet=True)
    assert caught.match(
        r"the program of 4 runs side by side needs [\d.e+]+ GiB, and [\d.e+]+ GiB are "
        r"free\. " + ADVICE
    )
    with pytest.raises(
        ForeworldError, match=r"the program of one run needs .* are free"
    ):
        fw.run_experiment(huge, 1, width=1, out=tmp_path / "t", quiet=True)


def test_the_device_runs_out_and_a_narrower_plan_goes_through(tmp_path, monkeypatch):
    def refuse(needed, width):
        if width > 2:
            raise jax.errors.JaxRuntimeError(
                "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes."
            )

    monkeypatch.setattr("foreworld.train.loop.check_fits", refuse)
    with pytest.raises(ForeworldError) as caught:
        fw.run_experiment(PARAMETERS, 4, width=4, out=tmp_path / "s", quiet=True)
    assert caught.match(
        r"the program of 4 runs side by side does not fit in the memory "
        r"\(RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes\.\)\. "
        + ADVICE
    )
    assert widths(tmp_path / "s") == [4]
    # The command that the message names; nothing was done, so the plan is made anew.
    fw.run_experiment(PARAMETERS, 4, width=2, out=tmp_path / "s", quiet=True)
    assert widths(tmp_path / "s") == [2]
    fw.run_experiment(PARAMETERS, 4, width=2, out=tmp_path / "t", quiet=True)
    assert sealed(tmp_path / "s") == sealed(tmp_path / "t")
    assert fw.check(tmp_path / "s") == []


def test_a_plan_by_which_something_was_done_stays(tmp_path, capsys):
    fw.run_experiment(PARAMETERS, 4, width=4, out=tmp_path, quiet=True)
    before = sealed(tmp_path)
    fw.run_experiment(PARAMETERS, 4, width=2, out=tmp_path, quiet=True)
    assert "is planned with width 4, which stays" in capsys.readouterr().err
    assert sealed(tmp_path) == before
    fw.run_experiment(PARAMETERS, 4, width=2, out=tmp_path, force=True, quiet=True)
    assert widths(tmp_path) == [2]


def test_the_command_line_takes_the_width(tmp_path, monkeypatch, capsys):
    words = ["train", address(ProbeLearner), "--on", address(ProbeWorld), "--seeds=4"]
    words += ["--num-updates=3", "--track=off", "--quiet", f"--out={tmp_path}"]
    monkeypatch.setattr(memory, "free_bytes", lambda workers=1: 100)
    assert main([*words, "--width=4"]) == 1
    assert "--width 2 (width=2 in Python)" in capsys.readouterr().err
    monkeypatch.undo()
    assert main([*words, "--width=2"]) == 0
    assert widths(tmp_path) == [2]


def test_other_errors_of_the_device_are_left_alone():
    with (
        pytest.raises(jax.errors.JaxRuntimeError, match=r"^INTERNAL: broken$"),
        memory.enough_memory(4),
    ):
        raise jax.errors.JaxRuntimeError("INTERNAL: broken")
    with pytest.raises(memory.MemoryLimitError), memory.enough_memory(4):
        raise MemoryError
