"""Gathers what is finished of a study into one named-axes array, study.nc."""

from __future__ import annotations

from pathlib import Path

from foreworld.cli._usage import STUDY, Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("study STUDY", STUDY)
    usage.add("--out FILE", "file to write (default: study.nc in the folder)")
    usage.add("--force", "replace files that are there")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Write ``study.nc`` and print what it holds; 1 if nothing is finished."""
    from foreworld.core.disk.outputs import check_free
    from foreworld.sweeps.plan.prepare import TABLE
    from foreworld.sweeps.results.gather import results
    from foreworld.sweeps.study.find import find_folder

    folder = find_folder(args.study)
    own = folder / TABLE
    if args.out is not None and Path(args.out).resolve() != own.resolve():
        check_free(Path(args.out), args.force)
    found = results(folder, out=args.out, quiet=args.quiet)
    if not args.quiet:
        print(f"{found}\n{args.out or folder / TABLE}")
    return 0 if found["finished"].values.any() else 1
