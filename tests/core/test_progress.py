"""Progress says rate and time left, and nothing when it must be quiet."""

from foreworld.core import progress


def test_plain_lines_with_rate_and_time_left(capsys, monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    with progress.Progress("generate", 100, "sequences") as line:
        line.update(0)
        line.update(50)
    out = capsys.readouterr().err.splitlines()
    assert out[0].startswith("generate: 0 of 100 sequences (0%), 0/s, time left unkn")
    assert out[1].startswith("generate: 50 of 100 sequences (50%), ")
    assert " left" in out[1]
    assert len(out) == 3, "and one line at the end"


def test_what_was_there_has_no_rate(capsys):
    with progress.Progress("generate", 100, "sequences") as line:
        line.update(100)
    assert capsys.readouterr().err.splitlines()[-1] == (
        "generate: 100 of 100 sequences (100%), nothing to do"
    )


def test_quiet_prints_nothing(capsys):
    with progress.Progress("generate", 1, "sequences", quiet=True) as line:
        line.update(1)
    assert capsys.readouterr().err == ""


def test_numbers_and_times_for_people():
    values = (0, 3.14159, 950, 12345, 4.56e6, 7e9)
    assert [progress.number(v) for v in values] == [
        *("0", "3.14", "950", "12.3 k", "4.56 M", "7 G")
    ]
    assert [progress.duration(s) for s in (3.21, 250, 7500)] == [
        *("3.2 s", "4 min 10 s", "2 h 05 min")
    ]
