"""Shows how far a study is while it runs, in this process or in others."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from foreworld.core.progress import Progress
from foreworld.sweeps.plan.plan import Plan
from foreworld.sweeps.run.work import finished
from foreworld.train.journal import is_compiling, updates_done

_SHOW = 0.5
"""Seconds between looks at the journals."""


@contextlib.contextmanager
def following(folder: Path, plan: Plan, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show progress while the context lasts, read from the journals of the chunks.

    Yields a function that prints a line beside it.

    Parameters
    ----------
    folder
        Of the study.
    plan
        The study's plan: which steps there are in all.
    quiet
        Show nothing; what the yielded function is given is dropped too.
    """
    if quiet:
        yield lambda text: None
        return
    total = sum(plan.steps_of(chunk) for chunk in plan.chunks)
    names = {group.training.budget.step_name for group in plan.groups}
    unit = names.pop() if len(names) == 1 else "steps"
    stop = threading.Event()
    with Progress("training", total, unit) as progress:
        progress.update(steps_done(folder, plan))

        def show() -> None:
            while not stop.wait(_SHOW):
                places = [folder / chunk.folder_name for chunk in plan.chunks]
                busy = any(is_compiling(p) for p in places if not finished(p))
                progress.update(steps_done(folder, plan), "compiling" if busy else "")

        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            yield progress.say
        finally:
            stop.set()
            thread.join()
            progress.update(steps_done(folder, plan))


def steps_done(folder: Path, plan: Plan) -> float:
    """Steps of all runs that are saved.

    Parameters
    ----------
    folder
        Of the study.
    plan
        The study's plan.
    """
    done = 0.0
    for chunk in plan.chunks:
        place = folder / chunk.folder_name
        updates = plan.groups[chunk.group].training.budget.num_updates
        share = 1.0 if finished(place) else updates_done(place) / updates
        done += plan.steps_of(chunk) * share
    return done
