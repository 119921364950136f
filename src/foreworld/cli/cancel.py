"""Stops a running study; what is finished is kept, the same command goes on."""

from __future__ import annotations

from foreworld.cli._usage import STUDY, Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study STUDY", STUDY)
    help = "seconds to wait until it has stopped (default: as long as it takes)"
    usage.add("--wait S", help, float, default=float("inf"))
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Stop it, and say what is left."""
    from foreworld.sweeps.folder import StudyFolder
    from foreworld.sweeps.run.cancel import cancel
    from foreworld.sweeps.study.find import find_folder

    folder = find_folder(args.study)
    stopped = cancel(folder, args.wait)
    if not args.quiet:
        runs = StudyFolder(folder).status()["runs"]
        words = "has stopped" if stopped else "is not running"
        print(f"{folder} {words}: {runs['done']} of {sum(runs.values())} runs are done")
    return 0
