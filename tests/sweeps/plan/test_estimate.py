"""What is said before a study starts and after it ended; compiling is shown."""

import pytest

import foreworld as fw
from foreworld.core.disk.folder import read_json
from foreworld.sweeps.plan.estimate import UNKNOWN, Before, Estimate, estimate
from foreworld.sweeps.plan.plan import make_plan
from foreworld.sweeps.run.follow import following
from foreworld.sweeps.run.sweep import sweep
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train import journal


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FOREWORLD_CACHE", str(tmp_path / "cache"))


def study(rate=0.1, **fields):
    learner = ProbeLearner(**{"num_updates": 40, **fields})
    return fw.Study("e", fw.Parameters(ProbeWorld(), learner), {"noise": [rate]})


def expected(study, folder, **settings):
    return estimate(study, make_plan(study, **settings), folder)


def test_nothing_is_known_at_first(tmp_path):
    assert str(expected(study(), tmp_path / "s")) == UNKNOWN


def test_the_same_program_was_measured(tmp_path):
    done = sweep(study(), out=tmp_path / "s", quiet=True)
    assert estimate(study(), done.plan, done.path) is None
    timing = read_json(done.path / "chunks/000/timing.json")
    spent = sum(timing[name] for name in ("train_s", "evaluate_s", "checkpoint_s"))
    found = expected(study(0.3), tmp_path / "new")
    # Whether the programs were loaded or made depends on what ran in this process.
    overhead = timing["compile_s"] + timing["init_s"]
    assert spent <= found.seconds * 1.001 and found.seconds <= spent + overhead + 1e-6
    assert found.basis == ""
    assert str(Estimate(75.0, "")) == (
        "about 1 min 15 s, by what the same took here before"
    )


def test_a_similar_program_was_measured(tmp_path):
    sweep(study(), out=tmp_path / "s", quiet=True)
    found = expected(study(num_updates=80), tmp_path / "new")
    assert found.basis == "num_updates 40 instead of 80"
    assert str(found).startswith("roughly ")
    once = expected(study(), tmp_path / "new")
    assert found.seconds > 1.5 * (once.seconds - 1)
    other = fw.Study("w", fw.Parameters(ProbeWorld(size=5), ProbeLearner(work=7)))
    many = other.replace(base=other.base.set("hidden_size", 9))
    assert str(expected(many, tmp_path / "x", threads=1)) == UNKNOWN


def test_damaged_rates_are_no_matter(tmp_path):
    sweep(study(), out=tmp_path / "s", quiet=True)
    (file,) = (tmp_path / "cache" / "rates").rglob("*.json")
    for text in ("{", "[]", "{}", '{"fields": 1}'):
        file.write_text(text)
        assert str(expected(study(), tmp_path / "new")) == UNKNOWN
    again = sweep(study(), out=tmp_path / "t", quiet=True)
    assert again.finished and expected(study(), tmp_path / "new").seconds is not None


def test_said_before_and_after(tmp_path, capsys):
    sweep(study(), out=tmp_path / "s")
    said = capsys.readouterr().err
    assert UNKNOWN in said
    assert "done in " in said and "programs from the cache" in said
    sweep(study(), out=tmp_path / "s")
    said = capsys.readouterr().err
    assert said.endswith("nothing to do: 1 chunk finished before\n")
    assert UNKNOWN not in said
    sweep(study(0.5), out=tmp_path / "t")
    assert "by what the same took here before" in capsys.readouterr().err


def test_reused_counts_what_was_there(tmp_path):
    two = fw.Study("two", study().base, {"hidden_size": [2, 3]})
    sweep(two, out=tmp_path / "s", chunk=0, quiet=True)
    plan = fw.load(tmp_path / "s").plan
    before = Before(tmp_path / "s", plan)
    sweep(two, out=tmp_path / "s", quiet=True)
    said = before.reused()
    assert "; reused: 1 of 2 chunks finished before, " in said
    timing = read_json(tmp_path / "s/chunks/001/timing.json")
    tail = f"{timing['programs_reused']} of {timing['programs']} programs from the "
    assert said.endswith(f"{tail}cache")


def test_compiling_is_shown(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "s"
    plan = make_plan(study())
    place = folder / "chunks" / "000"
    monkeypatch.setattr("foreworld.core.progress.PLAIN_EVERY", 0.0)
    monkeypatch.setattr("foreworld.sweeps.run.follow._SHOW", 0.01)
    journal.write_line(place, event="compile", segment=0, update=0)
    with following(folder, plan, quiet=False):
        while "compiling" not in capsys.readouterr().err:
            pass
        journal.write_line(place, event="ready", segment=0, update=0)
        assert not journal.is_compiling(place)
        while "compiling" in capsys.readouterr().err:
            pass


def test_where_nothing_ran_yet_the_reference_machine_is_asked(tmp_path):
    ppo = fw.Parameters("tmaze", "ppo", total_steps=100_000)
    found = expected(fw.Study("p", ppo), tmp_path / "s")
    assert found.elsewhere and found.seconds > 0
    assert str(Estimate(75.0, "", elsewhere=True)) == (
        "roughly 1 min 15 s on a machine with two cores; nothing like it ran on this "
        "one yet"
    )
    longer = fw.Study("p", ppo.set("total_steps", 10_000_000))
    assert expected(longer, tmp_path / "s").seconds > 5 * found.seconds
