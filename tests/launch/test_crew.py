"""A crew of workers: found again, replaced, stopped or left alone at the end."""

import pytest

from foreworld.core.errors import ForeworldError
from foreworld.launch._crew import RETRIES, Crew
from foreworld.launch.base import AbstractHandle, AbstractLauncher, Task


class Worker(AbstractHandle):
    """What tests want it to be."""

    def __init__(self, now="running", by_itself=False):
        self.now, self.by_itself, self.asked = now, by_itself, []

    def state(self):
        return self.now

    def cancel(self):
        self.asked.append("cancel")
        self.now = "cancelled"

    def leave(self):
        self.asked.append("leave")

    def lost(self):
        return self.now == "failed" and not self.by_itself

    def error(self):
        return "why\nand the log"


STAFF = {"adopted": [], "hired": []}


class Staff(AbstractLauncher):
    """Hands out workers."""

    num_workers = 2
    num_threads = 1

    def check(self, resources):
        """Nothing stands in the way."""

    def adopt(self, task):
        return list(STAFF["adopted"])

    def submit(self, tasks, resources):
        made = [Worker() for _ in tasks]
        STAFF["hired"] += made
        return made


@pytest.fixture
def crew(tmp_path):
    STAFF.update(adopted=[], hired=[])
    marks, said = [0], []
    made = Crew(Staff(), Task("a:b", tmp_path), lambda: marks[0], said.append)
    made.marks, made.said = marks, said
    return made


def test_those_of_an_earlier_command_count(crew):
    STAFF["adopted"] = [Worker(), Worker("waiting")]
    with crew:
        assert (crew.busy, crew.hired) == (2, 2)
        crew.hire(3 - crew.busy)
        crew.hire(0)
        assert crew.busy == 3 and len(STAFF["hired"]) == 1
    assert crew.said == ["2 workers of an earlier command are still there"]


def test_who_achieved_nothing_costs_a_retry(crew):
    with crew:
        crew.hire(3)
        first, second, third = STAFF["hired"]
        first.now = "failed"
        assert crew.look() == [first] and crew.retries == RETRIES - 1
        crew.marks[0] += 1
        second.now = "failed"
        assert crew.look() == [second] and crew.retries == RETRIES - 1
        third.now, third.by_itself = "failed", True
        crew.look()
        assert crew.failed == [first, second, third] and crew.busy == 0
    assert crew.said == ["lost: why", "lost: why"]


def test_at_the_end_the_rest_is_stopped(crew):
    with crew:
        crew.hire(1)
    assert STAFF["hired"][0].asked == ["cancel"]


@pytest.mark.parametrize(
    ("error", "asked"), [(KeyboardInterrupt, "leave"), (ForeworldError, "cancel")]
)
def test_an_interrupted_coordinator_leaves_them(crew, error, asked):
    with pytest.raises(error), crew:
        crew.hire(1)
        raise error
    assert STAFF["hired"][0].asked == [asked]


def test_without_work_who_waits_need_not_begin(crew, monkeypatch):
    with crew:
        crew.hire(2)
        waiting, running = STAFF["hired"]
        waiting.now = "waiting"
        monkeypatch.setattr(
            "foreworld.launch._crew.time.sleep",
            lambda _: vars(running).update(now="done"),
        )
        crew.dismiss()
        assert waiting.asked == ["cancel"] and running.asked == []
        assert crew.busy == 0
