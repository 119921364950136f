"""Plans: groups, chunks, widths, memory."""

import json

import pytest

from foreworld.core.errors import ConfigError, FitError
from foreworld.sweeps.plan import plan as plans
from foreworld.sweeps.plan.plan import Plan, describe, make_plan
from foreworld.sweeps.study.study import Study
from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner
from foreworld.train.lanes import Run, static_of
from foreworld.train.memory import (
    bound_bytes,
    program_bytes,
    widest,
)
from foreworld.train.parameters import Parameters
from foreworld.train.plan import plan_training
from foreworld.train.sources import Given, Sources

BASE = Parameters(ProbeWorld(), ProbeLearner())
OVER = {"learning_rate": [0.1, 0.2, 0.3, 0.4], "hidden_size": [2, 3]}
NOTHING = Sources(*[Given(None, {})] * 3)


@pytest.mark.fact("vmap-sweeps", 1)
def test_fact_1_groups_and_chunks():
    """4 x 2 points x 3 seeds at width 5: two groups in chunks of 5, 5, 2 (+3)."""
    plan = make_plan(Study("s", BASE, OVER, seeds=3), width=5)
    assert plan.num_runs == 24 and len(plan.groups) == 2
    for index in range(2):
        chunks = [c for c in plan.chunks if c.group == index]
        assert [len(c.runs) for c in chunks] == [5, 5, 2]
        assert [c.padding for c in chunks] == [0, 0, 3]
    assert describe(plan).splitlines()[0] == (
        "2 groups, 24 runs, 6 chunks on 1 worker (cpu)"
    )
    assert "12 runs in chunks of 5, 5, 2 (+3 padding)" in describe(plan)


@pytest.mark.fact("vmap-sweeps", 3)
def test_fact_3_grouping_ignores_order_and_spelling():
    a = Parameters(ProbeWorld(), ProbeLearner(hidden_size=4, num_updates=8, noise=1))
    b = Parameters(
        ProbeWorld(), ProbeLearner(noise=0.3, num_updates=8.0, hidden_size=4.0), seed=5
    )
    assert static_of(a) == static_of(b) and hash(static_of(a)) == hash(static_of(b))
    assert static_of(a) != static_of(a.set("hidden_size", 5))
    forward = make_plan(Study("s", BASE, OVER))
    turned = make_plan(Study("s", BASE, dict(reversed(OVER.items()))))
    assert [len(g.points) for g in forward.groups] == [4, 4]
    assert [len(g.points) for g in turned.groups] == [4, 4]


def test_every_run_is_in_one_chunk():
    plan = make_plan(Study("s", BASE, OVER, seeds=3), workers=2)
    runs = [run for chunk in plan.chunks for run in chunk.runs]
    assert sorted(runs) == [(p, s) for p in range(8) for s in range(3)]


@pytest.mark.parametrize(
    ("seeds", "workers", "widths"),
    [(16, 1, [16]), (16, 2, [8, 8]), (40, 2, [10] * 4), (3, 2, [2, 2]), (1, 4, [1])],
)
def test_widths_share_the_work(seeds, workers, widths):
    plan = make_plan(Study("s", BASE, seeds=seeds), workers=workers)
    assert [len(c.runs) + c.padding for c in plan.chunks] == widths


def test_plan_round_trip():
    plan = make_plan(Study("s", BASE, OVER, seeds=3), workers=2)
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_untraceable_learners_run_one_by_one():
    base = Parameters(ProbeWorld(), SlowProbeLearner())
    plan = make_plan(Study("s", base, seeds=3), width=2)
    assert [len(c.runs) for c in plan.chunks] == [1, 1, 1]


def test_misfits_name_their_point():
    over = {"noise": [0.0, 1.0], "world": [ProbeWorld(), "tmaze"]}
    with pytest.raises(FitError, match=r"point 1 \(noise=0.0, .*only learns in a Pro"):
        make_plan(Study("s", BASE, over))
    with pytest.raises(ConfigError, match="width=0 must be at least 1"):
        make_plan(Study("s", BASE), width=0)


@pytest.mark.fact("vmap-sweeps", 6)
def test_fact_6_predicted_memory():
    """From widths 1 and 2, within 10 % of the compiler's report at width 9."""
    base = BASE.replace(learner=ProbeLearner(hidden_size=20_000))
    layout = plan_training(base).layout
    sizes = {n: program_bytes([Run(base, 0)] * n, NOTHING, layout) for n in (1, 2, 9)}
    assert sizes[9] <= bound_bytes(Run(base, 0), NOTHING, layout, 9)
    run, slope = Run(base, 0), sizes[2] - sizes[1]
    # Nine fit where a tenth more than what they take may be used, and not with less.
    assert widest(run, NOTHING, layout, 16, 1.1 * sizes[9] / 0.8) >= 9
    assert widest(run, NOTHING, layout, 16, 0.9 * sizes[9] / 0.8) < 9
    free = (sizes[1] + 3.5 * slope) / 0.8
    assert widest(run, NOTHING, layout, 16, free) == 4
    assert widest(run, NOTHING, layout, 16, 1.0) == 1


def test_plenty_of_memory_compiles_nothing(monkeypatch):
    layout = plan_training(BASE).layout
    monkeypatch.delattr("foreworld.train.memory.program_bytes")
    assert widest(Run(BASE, 0), NOTHING, layout, 16, 1e9) == 16


def test_little_memory_makes_narrow_chunks(monkeypatch):
    monkeypatch.setattr(plans, "widest", lambda *_: 3)
    plan = make_plan(Study("s", BASE, seeds=10))
    assert [len(c.runs) for c in plan.chunks] == [3, 3, 3, 1]
