"""The benchmark of PPO: how runs are spread, and that it measures."""

import pytest

from foreworld.bench import ppo


@pytest.mark.parametrize(
    ("num_runs", "num_cores", "expected"),
    [(1, 2, [1]), (16, 2, [8, 8]), (16, 1, [16]), (16, 0, [16]), (3, 8, [2, 1])],
)
def test_runs_are_spread_over_at_most_two_workers(num_runs, num_cores, expected):
    shares = ppo._shares(num_runs, num_cores)
    assert [len(share) for share in shares] == expected
    assert [seed for share in shares for seed in share] == list(range(num_runs))


def test_rows():
    assert set(ppo.ROWS) == {
        "ppo/tmaze10/1",
        "ppo/tmaze10/16",
        "ppo/tmaze10/cold",
    }


@pytest.mark.slow
def test_measures_the_real_loop():
    measured = ppo.measure(2, total_steps=2048)
    assert len(measured.values) == ppo.NUM_MEASURED
    assert min(measured.values) > 0 and measured.compile_s > 0


@pytest.mark.slow
def test_measures_a_whole_study():
    (seconds,) = ppo.cold(total_steps=20_480, runs=1).values
    assert seconds > 0
