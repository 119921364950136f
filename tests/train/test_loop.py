"""The training loop: lanes, resumption, NaN, keys, metrics."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.disk.folder import read_json
from foreworld.core.errors import ConfigError, FitError
from foreworld.core.keys import named_key
from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner
from foreworld.train import journal
from foreworld.train.lanes import Run, run_key
from foreworld.train.loop import RESULTS, read_history, read_state, train
from foreworld.train.parameters import Parameters
from foreworld.train.plan import plan_training


def values(metric):
    """What is read from a metric."""
    return metric.values()[""]


def parameters(learner=None, **fields):
    return Parameters(ProbeWorld(), learner or ProbeLearner(num_updates=23), **fields)


def four_runs():
    base = parameters()
    return [
        Run(base.set("learning_rate", rate), seed)
        for rate in (0.1, 0.2)
        for seed in (0, 1)
    ]


def contents(folder):
    return {name: (folder / name).read_bytes() for name in RESULTS}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Four runs, undisturbed."""
    folder = tmp_path_factory.mktemp("trained")
    train(four_runs(), folder)
    return folder


def test_shapes_and_axes(trained):
    history, plan = read_history(trained)
    assert plan.layout.num_updates == 23 and plan.budget.step_name == "samples"
    assert history.train["loss"].total.shape == (4, 23)
    assert history.val["nearness"].total.shape == (4, plan.layout.num_segments)
    assert history.val["square_by_horizon"].total.shape[-1] == 3
    assert history.test["nearness"].total.shape == (4,)
    assert history.failed.tolist() == [-1] * 4
    # The last checkpoints stay until the folder is sealed.
    names = {p.name for p in trained.iterdir() if not p.name.startswith("checkpoint-")}
    assert names == {*RESULTS, "journal.jsonl", "timing.json"}


def test_it_learns(trained):
    history, _ = read_history(trained)
    curve = values(history.val["nearness"])
    assert (curve[:, -1] > curve[:, 0]).all() and (curve[:, -1] > -0.1).all()


def test_a_lane_is_what_plain_updates_give(trained):
    run = four_runs()[3]
    learner, world = run.parameters.learner, run.parameters.world
    key = run_key(0, 1)
    state = learner.init(named_key(key, "init"), world)
    losses = []
    for i in range(23):
        progress = jnp.float32(i / 23)
        key_i = named_key(key, "update", i)
        state, metrics = learner.update(state, world, key_i, progress)
        losses.append(float(metrics["loss"].total / metrics["loss"].count))
    history, _ = read_history(trained)
    np.testing.assert_allclose(values(history.train["loss"])[3], losses, rtol=1e-4)
    found, source = read_state(run.parameters, trained, 3)
    assert source == world
    np.testing.assert_allclose(found.guess, state.guess, rtol=1e-5)
    assert (jax.random.key_data(found.key) == jax.random.key_data(state.key)).all()


@pytest.mark.fact("vmap-sweeps", 2)
def test_fact_2_lane_equals_single_run(trained, tmp_path):
    """Numbers after 23 updates within 1e-5."""
    for lane, run in enumerate(four_runs()):
        train([run], tmp_path / str(lane))
        alone, _ = read_state(run.parameters, tmp_path / str(lane), 0)
        together, _ = read_state(run.parameters, trained, lane)
        np.testing.assert_allclose(alone.guess, together.guess, rtol=1e-5)
        np.testing.assert_allclose(alone.momentum, together.momentum, 1e-5, 1e-6)


@pytest.mark.fact("vmap-sweeps", 5)
def test_fact_5_more_seeds_keep_the_first(tmp_path):
    base = parameters()
    for count in (3, 5):
        train([Run(base, seed) for seed in range(count)], tmp_path / str(count))
    for seed in range(3):
        few, _ = read_state(base, tmp_path / "3", seed)
        many, _ = read_state(base, tmp_path / "5", seed)
        np.testing.assert_array_equal(
            jax.random.key_data(few.key), jax.random.key_data(many.key)
        )
        np.testing.assert_allclose(few.guess, many.guess, rtol=1e-6)


def test_padding_is_dropped(trained, tmp_path):
    train(four_runs(), tmp_path, width=6)
    history, _ = read_history(tmp_path)
    plain, _ = read_history(trained)
    assert history.train["loss"].total.shape == (4, 23)
    np.testing.assert_allclose(
        values(history.test["nearness"]), values(plain.test["nearness"]), rtol=1e-4
    )


class Stop(Exception):
    pass


@pytest.mark.parametrize("stop_after", [0, 4])
def test_resumed_bytes_are_the_same(trained, tmp_path, stop_after):
    def stop(update):
        if update.segment == stop_after:
            raise Stop

    with pytest.raises(Stop):
        train(four_runs(), tmp_path, watch=stop)
    # As if it had been killed after it saved and before it said so.
    path = tmp_path / journal.JOURNAL
    *lines, last = path.read_bytes().splitlines(keepends=True)
    assert b'"done"' in last
    path.write_bytes(b"".join(lines))
    train(four_runs(), tmp_path)
    assert contents(tmp_path) == contents(trained)
    assert journal.segments_repeated(tmp_path) == 0
    assert journal.segments_done(tmp_path) == journal.segments_done(trained)


def test_damaged_checkpoint_costs_one_segment(trained, tmp_path, capsys):
    def stop(update):
        if update.segment == 4:
            raise Stop

    with pytest.raises(Stop):
        train(four_runs(), tmp_path, watch=stop)
    path = tmp_path / "checkpoint-00015.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    train(four_runs(), tmp_path)
    assert f"{path} was altered" in capsys.readouterr().err
    assert contents(tmp_path) == contents(trained)
    assert journal.segments_repeated(tmp_path) == 1


def test_all_checkpoints_damaged_begins_anew(trained, tmp_path, capsys):
    def stop(update):
        if update.segment == 4:
            raise Stop

    with pytest.raises(Stop):
        train(four_runs(), tmp_path, watch=stop)
    for path in tmp_path.glob("checkpoint-*"):
        path.write_bytes(b"nothing")
    train(four_runs(), tmp_path)
    assert capsys.readouterr().err.count("is damaged") == 2
    assert contents(tmp_path) == contents(trained)


def test_nan_stays_in_its_run(trained, tmp_path):
    runs = four_runs()
    runs[1] = Run(runs[1].parameters.set("broken_from", 0.5), 1)
    train(runs, tmp_path)
    history, plan = read_history(tmp_path)
    plain, _ = read_history(trained)
    broken = int(np.argmax(plan.layout.segment_ends() > 12))
    assert history.failed.tolist() == [-1, broken, -1, -1]
    others = [0, 2, 3]
    for split in ("train", "val", "test"):
        for name, mean in getattr(history, split).items():
            expected = values(getattr(plain, split)[name])[others]
            np.testing.assert_array_equal(values(mean)[others], expected)
    loss = values(history.train["loss"])[1]
    last = plan.layout.interval_ends() > plan.layout.segment_ends()[broken]
    assert np.isnan(loss[last]).all() and np.isfinite(loss[:11]).all()
    assert np.isnan(values(history.val["nearness"])[1, broken:]).all()
    assert np.isnan(values(history.test["nearness"])[1])


def test_untraceable_learner_gives_the_same(trained, tmp_path):
    learner = SlowProbeLearner(num_updates=23)
    runs = [Run(parameters(learner), 0), Run(parameters(learner, learning_rate=0.2), 1)]
    train(runs, tmp_path)
    history, _ = read_history(tmp_path)
    plain, _ = read_history(trained)
    for split in ("train", "val", "test"):
        for name, mean in getattr(history, split).items():
            expected = values(getattr(plain, split)[name])[[0, 3]]
            np.testing.assert_allclose(values(mean), expected, rtol=1e-4, atol=1e-6)


def test_programs_are_made_once_a_process(tmp_path):
    base = parameters(ProbeLearner(num_updates=23, hidden_size=5))
    first = train([Run(base, 0), Run(base, 1)], tmp_path / "a")
    again = train([Run(base.set("noise", 0.3), 4)], tmp_path / "b", width=2)
    assert (first.programs, again.programs) == (3, 0)
    assert read_json(tmp_path / "a" / "timing.json")["programs"] == 3
    assert first.steps == 2 * 23 * 2 and first.compile_s > 0


def test_another_training_in_the_folder_is_not_continued(tmp_path, capsys):
    def stop(update):
        raise Stop

    with pytest.raises(Stop):
        train(four_runs()[:2], tmp_path, watch=stop)
    train(four_runs(), tmp_path)
    assert "belongs to another training" in capsys.readouterr().err
    assert read_history(tmp_path)[0].failed.shape == (4,)


def test_runs_must_share_a_program(tmp_path):
    runs = [Run(parameters(), 0), Run(parameters(ProbeLearner(hidden_size=9)), 0)]
    with pytest.raises(ConfigError, match="different static parts cannot share"):
        train(runs, tmp_path)


def test_misfit_is_an_error_before_anything_runs():
    with pytest.raises(FitError, match="only learns in a ProbeWorld, not from a TMaze"):
        plan_training(Parameters("tmaze", ProbeLearner()))


def test_journal_survives_half_a_line(tmp_path):
    journal.write_line(tmp_path, event="start", segment=0, update=0)
    with (tmp_path / journal.JOURNAL).open("ab") as file:
        file.write(b'{"event": "do\n')
    journal.write_line(tmp_path, event="start", segment=0, update=0)
    assert journal.segments_repeated(tmp_path) == 1
    assert journal.segments_done(tmp_path) == 0
    shutil.rmtree(tmp_path)
    assert journal.read_lines(tmp_path) == []


def test_checkpoints_by_time_change_no_byte(trained, tmp_path):
    """One after each update, and a kill after some of them, inside an interval too."""
    seen = []

    def stop(update):
        seen.append(update.segment)
        if len(seen) in (1, 4, 5):
            raise Stop

    learner = ProbeLearner(num_updates=200)
    runs = [Run(parameters(learner, seed=s), 0) for s in (0, 1)]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(runs, whole)
    for _ in range(3):
        with pytest.raises(Stop):
            train(runs, cut, watch=stop, checkpoint_s=0.0)
    assert journal.updates_done(cut) == 5 and set(seen) == {None}
    # One that costs a minute at the most goes on where the others were stopped.
    train(runs, cut, update_s=1e-3)
    assert contents(cut) == contents(whole)
    assert journal.segments_repeated(cut) == 0
    assert journal.updates_done(cut) == 200
    saved = [x["update"] for x in journal.read_lines(cut) if x["event"] == "saved"]
    assert saved == [1, 1, 2, 3, 4, 4, 5, 5]
    read, plan = read_history(cut)
    assert plan.layout.updates_per_interval == 2
    assert read.train["loss"].total.shape == (2, 100)


def test_an_untraceable_learner_saves_each_update(tmp_path):
    done = []
    runs = [Run(parameters(SlowProbeLearner(num_updates=23)), 0)]
    train(runs, tmp_path, watch=lambda _: done.append(journal.updates_done(tmp_path)))
    assert done == list(range(1, 24))
