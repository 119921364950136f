"""How far a study is: runs planned, running, done and failed with the reason."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from foreworld.cli._study import HELP, find_folder
from foreworld.cli._usage import Fields, Usage
from foreworld.core.progress import duration


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study", metavar="STUDY", help=HELP)
    usage.json()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Print the state of every chunk; 1 if any failed."""
    facts = gather(find_folder(args.study))
    if args.json:
        print(json.dumps(facts, indent=1))
    else:
        _print(facts)
    return 1 if facts["runs"]["failed"] else 0


def gather(folder: Path) -> dict[str, Any]:
    """What the files of a study's folder say; disturbs nobody who works on it."""
    from foreworld.core.folder import manifest
    from foreworld.sweeps.prepare import read_plan
    from foreworld.sweeps.work import last_line
    from foreworld.train.journal import segments_done

    plan = read_plan(folder)
    runs = dict.fromkeys(("planned", "done", "running", "failed", "waiting"), 0)
    chunks, left, seconds, steps = [], 0.0, 0.0, 0
    for chunk in plan.chunks:
        place = folder / chunk.folder_name
        state = _state(place)
        segments = plan.groups[chunk.group].training.layout.num_segments
        done = segments if state == "done" else segments_done(place)
        runs["planned"] += len(chunk.runs)
        runs[state] += len(chunk.runs)
        left += plan.steps_of(chunk) * (1 - done / segments)
        spent, trained = _timing(place)
        seconds, steps = seconds + spent, steps + trained
        marker = manifest(place) if state == "done" else None
        chunks.append(
            {
                "chunk": chunk.index,
                "runs": [list(run) for run in chunk.runs],
                "state": state,
                "segments_done": done,
                "segments": segments,
                "error": last_line(place) if state == "failed" else "",
                "failures": marker["failures"] if marker else [],
            }
        )
    busy = sum(chunk["state"] == "running" for chunk in chunks)
    rate = steps / seconds * max(busy, 1) if seconds else 0.0
    return {
        "folder": str(folder),
        "runs": runs,
        "seconds_left": left / rate if rate and left else (None if left else 0.0),
        "chunks": chunks,
    }


def _state(place: Path) -> str:
    from foreworld.core.folder import lease
    from foreworld.sweeps.work import CHUNK_LOCK, ERROR, finished

    if finished(place):
        return "done"
    if not place.is_dir():
        return "waiting"
    with lease(place / CHUNK_LOCK) as mine:
        if not mine:
            return "running"
    return "failed" if (place / ERROR).exists() else "waiting"


def _timing(place: Path) -> tuple[float, int]:
    """Seconds and steps of a finished chunk, if it was trained in one go."""
    from foreworld.core.folder import read_json
    from foreworld.train.loop import TIMING

    if not (place / TIMING).exists():
        return 0.0, 0
    timing = read_json(place / TIMING)
    parts = ("compile_s", "init_s", "train_s", "evaluate_s", "checkpoint_s")
    return sum(timing[name] for name in parts), timing["steps"]


def _print(facts: dict[str, Any]) -> None:
    runs = facts["runs"]
    words = [f"{runs[state]} {state}" for state in runs if state != "planned"]
    print(f"{facts['folder']}: {runs['planned']} runs planned: {', '.join(words)}")
    if facts["seconds_left"]:
        print(f"about {duration(facts['seconds_left'])} left")
    for chunk in facts["chunks"]:
        line = (
            f"  chunk {chunk['chunk']}: {len(chunk['runs'])} runs, {chunk['state']}, "
            f"{chunk['segments_done']} of {chunk['segments']} segments"
        )
        print(line + (f": {chunk['error']}" if chunk["error"] else ""))
        for failure in chunk["failures"]:
            print(f"    {failure}")
