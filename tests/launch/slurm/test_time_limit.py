"""A job that runs into its time limit: submitted early, looked at late."""

from tests.launch.slurm.work import ended, wait_for


def test_a_job_is_stopped_at_its_time_limit(slurm, overtime):
    wait_for(lambda: ended(overtime), "the time limit", 150)
    assert overtime.state() == "failed" and overtime.lost()
    first, *rest = overtime.error().splitlines()
    assert first.endswith(
        "was stopped at its time limit: ask for more with --launch.minutes"
    )
    assert rest[:1] == ["thinking"]
