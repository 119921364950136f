"""Results or a data set in a layout that other tools read.

    foreworld export pomdp/tmaze_10_ppo --to csv
    foreworld export data/pendulum --to npz-slvm --out export/pendulum

csv and parquet hold the results of a study in long format: one row for each measured
number, with study, world, learner, point, swept fields, seed, metric, step, horizon.
npz-slvm holds a data set as train.npz, val.npz and test.npz with image, state, label.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from foreworld.cli._usage import Fields, Usage
from foreworld.core.errors import ConfigError, OccupiedError

TABLES = ("csv", "parquet")
FORMATS = (*TABLES, "npz-slvm")


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("path", metavar="PATH", help="a study, a run or a data set")
    usage.add("--to", choices=FORMATS, metavar="FORMAT", help=" | ".join(FORMATS))
    usage.add("--out", metavar="PATH", help="file or folder (default: by the name)")
    usage.add("--force", action="store_true", help="replace what is there")
    usage.quiet()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Write it, and print where."""
    from foreworld.cli._study import find_folder
    from foreworld.sweeps.load import DATA_KIND, kind_of

    folder = Path(args.path) if Path(args.path).is_dir() else find_folder(args.path)
    holds_data = kind_of(folder) == DATA_KIND
    fit = [name for name in FORMATS if (name not in TABLES) == holds_data]
    if args.to not in fit:
        what = "a data set" if holds_data else "a study"
        lead = f"--to {args.to} is not for {what}" if args.to else "export needs --to"
        raise ConfigError(f"{lead}: for {what} choose {' or '.join(fit)}.")
    if holds_data:
        from foreworld.data.dataset import open_dataset
        from foreworld.data.triples import write_triples

        out = Path(args.out or f"{folder.name}-slvm")
        written = write_triples(open_dataset(folder), out, args.force)
    else:
        from foreworld.sweeps import table

        out = Path(args.out or f"{folder.name}.{args.to}")
        if out.exists() and not args.force:
            raise OccupiedError(
                f"{out} is there already. Choose another file with --out, or replace "
                f"it with --force."
            )
        write = table.write_csv if args.to == "csv" else table.write_parquet
        written = [write(folder, out)]
    if not args.quiet:
        for path in written:
            print(path)
    return 0
