"""Results or a data set in a layout that other tools read.

    foreworld export pomdp/tmaze_10_ppo --to csv
    foreworld export data/pendulum --to npz-slvm --out export/pendulum

csv and parquet hold the results of a study in long format: one row for each measured
number, with study, world, learner, point, swept fields, seed, metric, step, horizon.
npz-slvm holds a data set as train.npz, val.npz and test.npz with image, state, label;
tasks in a folder each, or with --combined in one file; series cut in windows. well is
the HDF5 layout of The Well.
"""

from __future__ import annotations

from pathlib import Path

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.disk.kind import kind_of
from foreworld.core.disk.outputs import check_free
from foreworld.core.errors import ConfigError
from foreworld.core.plain import say

TABLES = ("csv", "parquet")
FORMATS = (*TABLES, "npz-slvm", "well")


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("path PATH", "a study, a run or a data set")
    usage.add("--to FORMAT", " | ".join(FORMATS), choices=FORMATS)
    usage.add("--out PATH", "file or folder (default: by the name)")
    usage.add("--combined", "npz-slvm: all tasks in one file")
    usage.add(
        "--leaky",
        "npz-slvm: windows as its authors cut them, train and test overlapping",
    )
    help = "states of tasks that differ in width (default: equal, an error)"
    usage.add("--states", help, choices=("equal", "pad", "truncate"), default="equal")
    help = "columns that --states truncate leaves (default: of the narrowest)"
    usage.add("--num-columns N", help, int, low=0, default=0)
    usage.add("--force", "replace what is there")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Write it, and print where."""
    from foreworld.compat.windows import leaky_windows
    from foreworld.core.own.versions import say_versions
    from foreworld.data.exchange import npz_slvm, well
    from foreworld.data.exchange.exporting import left_out
    from foreworld.data.format.recipe import KIND
    from foreworld.data.reading.dataset import open_dataset
    from foreworld.sweeps.results import table
    from foreworld.workspace.words import folder_of

    folder = folder_of(args.path)
    holds_data = kind_of(folder) == KIND
    fit = [name for name in FORMATS if (name not in TABLES) == holds_data]
    if args.to not in fit:
        what = "a data set" if holds_data else "a study"
        lead = f"--to {args.to} is not for {what}" if args.to else "export needs --to"
        raise ConfigError(f"{lead}: for {what} choose {' or '.join(fit)}.")
    if args.to != "npz-slvm":
        for name in ("combined", "leaky"):
            if getattr(args, name):
                raise ConfigError(f"--{name} is for --to npz-slvm. Leave it away.")
    gone: list[str] = []
    if holds_data:
        data = open_dataset(folder, None, args.states, args.num_columns)
        if args.to == "well":
            gone = left_out(data, well.TAKEN)
            written = well.write_well(
                data, args.out or f"{folder.name}-well", args.force
            )
        else:
            out = args.out or f"{folder.name}-slvm"
            cut = leaky_windows if args.leaky else None
            gone = left_out(data, npz_slvm.taken(data))
            written = npz_slvm.write_triples(data, out, args.force, args.combined, cut)
    else:
        out = Path(args.out or f"{folder.name}.{args.to}")
        check_free(out, args.force)
        write = table.write_csv if args.to == "csv" else table.write_parquet
        written = [write(folder, out)]
    if not args.quiet:
        for path in written:
            print(path)
        say_versions(folder)
        if gone:
            say(
                f"left out, as {args.to} has no place for them: {', '.join(gone)}. "
                f"They stay in {folder}."
            )
    return 0
