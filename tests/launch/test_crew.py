"""A crew of workers: found again, replaced, stopped or left alone at the end."""

import re
from dataclasses import dataclass, field

import pytest

from foreworld.core.errors import ForeworldError
from foreworld.launch._crew import RETRIES, Crew
from foreworld.launch.base import AbstractHandle, AbstractLauncher, AbstractWork, Task


class Worker(AbstractHandle):
    """What tests want it to be."""

    def __init__(self, now="running", by_itself=False):
        self.now, self.by_itself, self.asked = now, by_itself, []

    def run(self):
        self.asked.append("run")

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

    def check(self):
        """Nothing stands in the way."""

    def adopt(self, task):
        return list(STAFF["adopted"])

    def submit(self, tasks):
        made = [Worker() for _ in tasks]
        STAFF["hired"] += made
        return made


@dataclass
class Work(AbstractWork):
    """Pieces of which each look does what a test says next."""

    path: object
    pieces: int = 3
    held: int = 0
    achieved: int = 0
    then: list = field(default_factory=list)

    @property
    def task(self):
        return Task("a:b", self.path)

    def num_open(self):
        return self.pieces

    def num_free(self):
        return self.pieces - self.held

    def mark(self):
        return self.achieved

    def look(self):
        assert self.then, "the crew goes on for longer than it should"
        self.then.pop(0)()

    def finish(self):
        self.pieces = 0


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """Time passes at once."""
    STAFF.update(adopted=[], hired=[])
    seconds = iter(range(1_000_000))
    monkeypatch.setattr("foreworld.launch._crew.time.sleep", lambda _: None)
    monkeypatch.setattr(
        "foreworld.launch._crew.time.monotonic", lambda: float(next(seconds))
    )


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


def run(work, size, *then):
    """Let a crew work; what it said, and those it hired."""
    said = []
    work.then = [*then]
    Crew(Staff(), work, size, said.append).run()
    return said, STAFF["hired"]


def nothing():
    """A look at which nothing has changed."""


def failing(index, by_itself=False):
    def fail():
        worker = STAFF["hired"][index]
        worker.now, worker.by_itself = "failed", by_itself

    return fail


def test_nothing_to_do_hires_nobody(work):
    work.pieces = 0
    STAFF["adopted"] = [Worker()]
    assert run(work, 2) == ([], [])


def test_those_of_an_earlier_command_count(work):
    STAFF["adopted"] = [Worker(), Worker("waiting")]
    said, hired = run(work, 3, nothing, nothing, work.finish)
    assert len(hired) == 1 and hired[0].asked[0] == "run"
    assert said == ["2 workers of an earlier command are still there"]


def test_no_more_than_there_is_to_do(work):
    work.held = 2
    assert len(run(work, 5, nothing, work.finish)[1]) == 1


def test_who_was_lost_is_replaced(work):
    def lost_again():
        work.achieved += 1
        STAFF["hired"][-1].now = "failed"

    again = [lost_again] * (2 * RETRIES)
    said, hired = run(work, 1, nothing, *again, work.finish)
    assert len(hired) == 1 + 2 * RETRIES
    assert said == ["lost: why"] * 2 * RETRIES


def test_who_achieves_nothing_is_not_replaced_for_ever(work):
    again = [failing(-1)] * (RETRIES + 1)
    match = (
        f"{RETRIES + 1} of {RETRIES + 1} workers failed and {re.escape(str(work.path))}"
    )
    with pytest.raises(ForeworldError, match=match) as caught:
        run(work, 1, nothing, *again)
    assert str(caught.value).endswith(
        "is not complete. What is finished is kept: run the same command again. One of "
        "them said: why\nand the log"
    )


def test_an_error_of_its_own_is_not_tried_again(work):
    with pytest.raises(ForeworldError, match="2 of 2 workers failed"):
        run(work, 2, nothing, failing(0, True), nothing, failing(1, True))
    assert len(STAFF["hired"]) == 2


@pytest.mark.parametrize(
    ("error", "asked"), [(KeyboardInterrupt, "leave"), (ForeworldError, "cancel")]
)
def test_an_interrupted_coordinator_leaves_them(work, error, asked):
    def stop():
        raise error

    with pytest.raises(error):
        run(work, 1, nothing, stop)
    assert STAFF["hired"][0].asked == ["run", asked]


def test_without_work_who_waits_need_not_begin(work):
    def finish():
        work.finish()
        STAFF["hired"][0].now = "waiting"

    _, (waiting, running) = run(work, 2, nothing, finish)
    assert waiting.asked == ["run", "run", "cancel"] or waiting.asked == [
        "run",
        "cancel",
    ]
    # It was given its time before.
    assert running.asked == ["run", "cancel"]
