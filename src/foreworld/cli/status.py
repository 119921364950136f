"""How far a study is: runs planned, running, done and failed with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from foreworld.cli._usage import STUDY, Args, Fields, Usage
from foreworld.core.plain import counted
from foreworld.core.progress import duration

TIMES = ("compile_s", "init_s", "train_s", "evaluate_s", "checkpoint_s")


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study STUDY", STUDY)
    usage.json()


def run(args: Args, fields: Fields) -> int:
    """Print the state of every chunk and failed run; 1 if any failed."""
    from foreworld.sweeps.study.find import find_folder

    facts = gather(find_folder(args.study))
    if args.json:
        print(json.dumps(facts, indent=1))
    else:
        _print(facts)
    return 1 if facts["runs"]["failed"] else 0


def gather(folder: Path) -> dict[str, Any]:
    """What the files of a study's folder say; only reads, also while it runs."""
    from foreworld.core.own.versions import told_versions
    from foreworld.launch.slurm._jobs import job_facts
    from foreworld.sweeps.folder import StudyFolder
    from foreworld.sweeps.results.failures import advice
    from foreworld.train.timing import read_timing

    study = StudyFolder(folder)
    facts = study.status()
    left, seconds, steps = 0.0, 0.0, 0
    for chunk, entry in zip(study.plan.chunks, facts["chunks"], strict=True):
        if entry["state"] != "done":
            share = entry["updates_done"] / entry["updates"]
            left += study.plan.steps_of(chunk) * (1 - share)
        # Of a finished chunk, if it was trained in one go.
        if timing := read_timing(folder / chunk.folder_name):
            seconds += sum(timing[name] for name in TIMES)
            steps += int(timing["steps"])
    busy = sum(entry["state"] == "running" for entry in facts["chunks"])
    rate = steps / seconds * max(busy, 1) if seconds else 0.0
    facts["folder"] = str(folder)
    facts["advice"] = advice(failed, study.study) if (failed := study.failures) else ""
    facts["versions"] = told_versions(folder)
    facts["jobs"] = job_facts(folder)
    # Known as soon as one chunk has shown how fast it goes here.
    facts["seconds_left"] = left / rate if rate else (None if left else 0.0)
    return facts


def _print(facts: dict[str, Any]) -> None:
    runs = facts["runs"]
    words = ", ".join(f"{num} {state}" for state, num in runs.items())
    print(f"{facts['folder']}: {counted(sum(runs.values()), 'run')} planned: {words}")
    if facts["seconds_left"]:
        print(f"about {duration(facts['seconds_left'])} left")
    for chunk in facts["chunks"]:
        line = (
            f"  chunk {chunk['chunk']}: {counted(chunk['runs'], 'run')}, "
            f"{chunk['state']}, {chunk['updates_done']:,} of {chunk['updates']:,} "
            f"updates"
        )
        print(line + (f": {chunk['error']}" if chunk["error"] else ""))
        for failure in chunk.get("failures", ()):
            print(f"    failed: {failure}")
    if any(chunk.get("failures") for chunk in facts["chunks"]):
        print(facts["advice"])
    if facts["versions"]:
        print(f"The study {facts['versions']}.")
    for job in facts["jobs"]:
        print(f"  Slurm job {job['job']}: {job['note']}")
