"""Which runs failed, and what to do: the one definition for all that tells of it.

A run has failed when its numbers are no longer finite, in its state or in what it
measured, or when its chunk ended with an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import manifest
from foreworld.core.parts.part import field_specs
from foreworld.core.parts.stand_in import StandIn
from foreworld.sweeps.plan.plan import Plan
from foreworld.sweeps.run.work import finished, why_failed
from foreworld.sweeps.study.study import Study

_SHOWN = 10
"""Failed runs that are named one by one."""
_TAMING = ("learning_rate", "max_grad_norm")
"""Fields by which training is kept finite, where a learner has them."""


def failures(
    folder: Path, plan: Plan, chunk: int | None = None
) -> dict[tuple[int, int], str]:
    """Why each run failed that did, by point and seed.

    Parameters
    ----------
    folder
        Of a study.
    plan
        The study's plan.
    chunk
        Index of the only chunk that is looked at; ``None`` for all.
    """
    found: dict[tuple[int, int], str] = {}
    for one in plan.chunks if chunk is None else [plan.chunks[chunk]]:
        place = folder / one.folder_name
        if finished(place):
            lines = _recorded(place)
            for run in one.runs:
                lead = f"point {run[0]} seed {run[1]}: "
                for line in lines:
                    if line.startswith(lead):
                        found[run] = line.removeprefix(lead)
        elif reason := why_failed(place):
            found |= dict.fromkeys(one.runs, reason)
    return found


def account(found: dict[tuple[int, int], str], num_runs: int, study: Study) -> str:
    """Failed runs in words, with what helps; empty where none failed.

    Parameters
    ----------
    found
        From :func:`failures`.
    num_runs
        Of how many.
    study
        Whose runs they are; values of the first that failed are named.
    """
    if not found:
        return ""
    runs = list(found.items())
    lines = [f"  point {p} seed {s}: {reason}" for (p, s), reason in runs[:_SHOWN]]
    if len(runs) > _SHOWN:
        lines.append(f"  and {len(runs) - _SHOWN} more")
    head = f"{len(runs)} of {num_runs} runs failed:"
    return "\n".join([head, *lines, advice(found, study)])


def advice(found: dict[tuple[int, int], str], study: Study) -> str:
    """What helps where the numbers of runs are not finite.

    Running the same again gives the same.

    Parameters
    ----------
    found
        From :func:`failures`, not empty.
    study
        Whose runs they are.
    """
    point = min(found)[0]
    learner: Any = study.points()[point].parameters.learner
    if isinstance(learner, StandIn):
        known = list(learner.fields)
    else:
        known = [spec.name for spec in field_specs(type(learner))]
    names = [name for name in _TAMING if name in known]
    values = ", ".join(f"{name}={getattr(learner, name)}" for name in names)
    where = f" at point {point}" if study.over else " now"
    fields = f"other values ({values}{where})" if names else "other values"
    return (
        f"The same command gives the same again. Try {fields}, and see that the "
        f"world's or the data's rewards and observations are finite."
    )


def _recorded(place: Path) -> list[str]:
    """What the manifest of a finished chunk says of its failed runs."""
    lines = (manifest(place) or {}).get("failures")
    return [str(line) for line in lines] if isinstance(lines, list) else []
