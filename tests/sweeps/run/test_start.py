"""Starting from another run: going on, taking parts, what is refused."""

import shutil

import jax
import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import read_json
from foreworld.core.errors import ConfigError, DamagedError, FitError, ForeworldError
from foreworld.core.parts.config import content_hash
from foreworld.core.registry import address
from foreworld.plot.report.page import report
from foreworld.sweeps.plan.starts import told_starts
from foreworld.sweeps.reference import StartRef
from foreworld.sweeps.results.before import BEGUN, joined
from foreworld.sweeps.run.sweep import run_experiment, sweep
from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner
from foreworld.train.lanes import Run
from foreworld.train.loop import read_state, train
from foreworld.train.parameters import Parameters

FIRST, WHOLE = 8, 20


def parameters(num_updates=WHOLE, kind=ProbeLearner, target=1.0, start=None, **fields):
    learner = kind(num_updates=num_updates, momentum=0.5, **fields)
    return Parameters(ProbeWorld(target=target), learner, start=start)


def numbers(state):
    data = state._replace(key=jax.random.key_data(state.key))
    return [np.asarray(leaf) for leaf in jax.tree.leaves(data)]


def same(a, b):
    return all(map(np.array_equal, numbers(a), numbers(b)))


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A finished run of two seeds."""
    folder = tmp_path_factory.mktemp("old") / "old"
    return run_experiment(parameters(FIRST), 2, out=folder, quiet=True)


@pytest.fixture(scope="module")
def new(old):
    """One that goes on from it."""
    folder, start = old.path.parent / "new", str(old.path)
    return run_experiment(parameters(start=start), 2, out=folder, quiet=True)


def test_going_on_is_one_long_run(old, new, tmp_path):
    """Counters, keys and optimiser go on: the same numbers, each seed from its own."""
    long = run_experiment(parameters(), 2, out=tmp_path / "long", quiet=True)
    for seed in range(2):
        assert same(new.state(0, seed), long.state(0, seed))
    assert not same(new.state(0, 0), new.state(0, 1))
    assert int(new.state().count) == WHOLE
    # Steps count two an update.
    steps = new.results["step"].values
    assert steps[0] > 2 * FIRST and steps[-1] == 2 * WHOLE
    assert new.results["val_step"].values[-1] == 2 * WHOLE
    assert new.plan.groups[0].training.steps_before == 2 * FIRST
    assert fw.check(new.path) == []


def test_python_learners_go_on_alike(tmp_path):
    short, long = (parameters(n, SlowProbeLearner) for n in (2, 4))
    first = run_experiment(short, out=tmp_path / "first", quiet=True)
    more = long.set("start", str(first.path))
    found = run_experiment(more, out=tmp_path / "more", quiet=True)
    whole = run_experiment(long, out=tmp_path / "whole", quiet=True)
    assert same(found.state(), whole.state())


def test_it_goes_on_from_what_went_on(new, tmp_path):
    third = parameters(WHOLE + 2, start=str(new.path))
    found = run_experiment(third, 2, out=tmp_path / "third", quiet=True)
    assert int(found.state().count) == WHOLE + 2
    assert found.results["step"].values[-1] == 2 * (WHOLE + 2)


def test_parts_begin_anew(old, tmp_path):
    """Only the guess is taken; no step counts yet, and another world is no matter."""
    start = {"path": str(old.path), "parts": ["guess"], "seed": 1}
    asked = parameters(1, target=2.0, start=start, learning_rate=0.0)
    asked = asked.set("learner.momentum", 0.0)
    found = run_experiment(asked, 3, out=tmp_path / "new", quiet=True)
    for seed in range(3):
        state = found.state(0, seed)
        np.testing.assert_array_equal(state.guess, old.state(0, 1).guess)
        assert int(state.count) == 1
    assert found.results["step"].values.tolist() == [2]


def test_starts_are_swept_in_one_program(old, tmp_path):
    """Points from nothing and from parts share a program: only first states differ."""
    starts = [None, StartRef(str(old.path), ("guess",), seed=0)]
    base = parameters(2)
    study = fw.Study("starts", base, over={"start": starts}, seeds=2)
    found = sweep(study, out=tmp_path / "s", quiet=True)
    assert len(found.plan.groups) == 1
    assert found.results["start"].values.tolist() == ["None", "old"]
    alone = run_experiment(base, 2, out=tmp_path / "alone", quiet=True)
    for a, b in zip(
        numbers(found.state(0, 1)), numbers(alone.state(0, 1)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert not np.allclose(found.state(1, 1).guess, found.state(0, 1).guess)


def test_the_place_is_no_part_of_what_it_is(old, tmp_path):
    moved = shutil.copytree(old.path, tmp_path / "moved")
    pair = [parameters(start=str(place)) for place in (old.path, moved)]
    assert content_hash(pair[0]) == content_hash(pair[1])
    assert content_hash(pair[0]) != content_hash(parameters())
    assert Parameters.from_json(pair[0].to_json()) == pair[0]
    assert pair[0].set("start", None) == parameters()


def test_a_kill_goes_on_without_the_other_run(old, tmp_path):
    """Its own checkpoint is enough: the start is needed where a run begins."""
    gone = shutil.copytree(old.path, tmp_path / "gone")
    run = Run(parameters(start=str(gone)), 0)

    def stop(update):
        if update.segment == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([run], tmp_path / "killed", watch=stop)
    whole = tmp_path / "whole"
    train([run], whole)
    plan = run_experiment(run.parameters, out=tmp_path / "p", quiet=True).plan
    shutil.rmtree(gone)
    train([run], tmp_path / "killed", plan=plan.groups[0].training)
    a, b = (read_state(run.parameters, tmp_path / n, 0)[0] for n in ("killed", "whole"))
    assert same(a, b)
    with pytest.raises(DamagedError, match="was moved or deleted"):
        train([run], tmp_path / "new", plan=plan.groups[0].training)


def refused(kind, *words, **asked):
    with pytest.raises(kind) as caught:
        sweep(fw.Study("x", parameters(**asked), seeds=asked.pop("seeds", 1)))
    for word in words:
        assert word in str(caught.value)


def test_what_does_not_fit_is_named(old, own_folder):
    start = str(old.path)
    refused(
        FitError,
        "guess is float32[3] there and float32[4] here",
        "learner.hidden_size is 3 there and 4 here",
        start=start,
        hidden_size=4,
    )
    refused(
        FitError,
        "cannot be gone on from with its whole state",
        "world.target is 1.0 there and 2.0 here",
        start=start,
        target=2.0,
    )
    refused(
        FitError,
        "ended after 16 samples, and this run is to end after 16",
        num_updates=FIRST,
        start=start,
    )
    refused(
        ForeworldError,
        "unknown part of the other run's state 'guss'. Did you mean 'guess'?",
        start={"path": start, "parts": ["guss"]},
    )
    assert not (own_folder / "runs").exists()
    three = fw.Study("x", parameters(start=start), seeds=3)
    with pytest.raises(ConfigError, match="has 2 seeds and each run goes on"):
        sweep(three)


def test_what_is_no_run_is_refused(old, tmp_path):
    with pytest.raises(DamagedError, match="there is no run at runs/none"):
        parameters(start="runs/none")
    with pytest.raises(ConfigError, match="expected the folder of a run, got 3"):
        parameters(start=3)
    with pytest.raises(ConfigError, match="parts but no run to start from"):
        parameters(start={"parts": ["guess"]})
    several = fw.Study("two", parameters(1), over={"noise": [0.0, 0.1]})
    found = sweep(several, out=tmp_path / "two", quiet=True)
    with pytest.raises(ConfigError, match=r"has 2 points\. Say which one"):
        StartRef(str(found.path))
    assert StartRef(str(found.path), point=1).point == 1


def test_unfinished_damaged_failed_and_altered(old, tmp_path):
    copy = shutil.copytree(old.path, tmp_path / "copy")
    asked = parameters(start=str(copy))
    state = copy / "chunks" / "000" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedError, match=r"state\.safetensors"):
        run_experiment(asked, 2, out=tmp_path / "a", quiet=True)
    (copy / "chunks" / "000" / "manifest.json").unlink()
    with pytest.raises(DamagedError, match="is not finished"):
        StartRef(str(copy))
    broken = parameters(FIRST, broken_from=0.5)
    failed = run_experiment(broken, out=tmp_path / "failed", quiet=True)
    with pytest.raises(ConfigError, match="there is nothing to start from"):
        run_experiment(parameters(start=str(failed.path)), quiet=True)
    other = parameters(FIRST, noise=0.2)
    run_experiment(asked.set("start", None), 2, out=tmp_path / "b", quiet=True)
    shutil.rmtree(copy)
    run_experiment(other, 2, out=copy, quiet=True)
    with pytest.raises(DamagedError, match="was trained anew since"):
        run_experiment(asked, 2, out=tmp_path / "c", quiet=True)
    assert read_json(copy / "config.json")["kind"] == "study"


def test_curves_are_joined(old, new, tmp_path):
    """The curves of the first run come before the others', while it is there."""
    whole = joined(new)
    steps, own = whole["step"].values, new.results["step"].values
    assert steps[0] == old.results["step"].values[0] and steps[-1] == own[-1]
    first = old.results["loss"].values
    np.testing.assert_array_equal(whole["loss"].values[..., : first.shape[-1]], first)
    assert np.isfinite(whole["loss"].values).all() and whole.attrs[BEGUN] == [16]
    (line,) = told_starts(new.study, new.plan)
    assert line == f"goes on from {old.path} after 16 samples"
    gone = shutil.copytree(old.path, tmp_path / "gone")
    found = run_experiment(
        parameters(start=str(gone)), 2, out=tmp_path / "new", quiet=True
    )
    shutil.rmtree(gone)
    assert BEGUN not in joined(found).attrs
    assert told_starts(found.study, found.plan)


def test_jumps_of_schedules_are_said(old, new, monkeypatch):
    falling = staticmethod(lambda progress: {"rate": 1.0 - progress})
    monkeypatch.setattr(ProbeLearner, "scheduled", falling, raising=False)
    (line,) = told_starts(new.study, new.plan)
    assert line.endswith(
        "rate was 0 at its end and is 0.6 now, as schedules take 40% of the whole as "
        "done"
    )


def test_on_the_command_line(old, own_folder, capsys):
    words = ["train", address(ProbeLearner), "--on", address(ProbeWorld)]
    words += ["--momentum=0.5", f"--start={old.path}", "--track=off", "--out=r"]
    assert main([*words, "--num-updates=20", "--seeds=2", "--quiet"]) == 0
    assert int(fw.load("r").state().count) == WHOLE
    words[-1] = "--out=p"
    assert main([*words, "--num-updates=2", "--start.parts=guess"]) == 0
    said = capsys.readouterr().err
    assert f"begins anew with guess of {old.path}" in said
    assert fw.load("p").study.base.start.parts == ("guess",)
    assert main([*words, "--num-updates=8", "--out=q"]) == 2


def test_another_start_is_another_thing(old, new, own_folder):
    """With another place or seed, what is known of the target is read anew."""
    start = StartRef(str(old.path), seed=0)
    assert start.replace(path=str(new.path)).contents != start.contents
    assert start.replace(parts=("guess",)).contents == start.contents
    words = ["--out", "r", "--quiet", "--track", "off"]
    assert main(["rerun", str(new.path), "--start.seed", "1", *words]) == 0
    again = fw.load("r").study.base.start
    assert again.seed == 1
    assert again == StartRef(str(old.path), seed=1)
    base = parameters(start={"path": str(old.path), "seed": 0})
    over = {"start.path": [str(old.path), str(new.path)]}
    one, other = fw.Study("s", base, over).points()
    assert one.parameters.start == start
    assert other.parameters.start.ended().updates == WHOLE


def test_the_report_says_where_curves_meet(old, new):
    section = report([new], new.path.parent / "new.html").read_text("utf-8")
    assert "Dotted: where a run went on from another one." in section
    section = report([old], new.path.parent / "old.html").read_text("utf-8")
    assert "Dotted" not in section
