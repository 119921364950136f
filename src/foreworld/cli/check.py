"""Whether data sets, runs and studies are complete and unaltered; names what is not."""

from __future__ import annotations

import argparse
import json

from foreworld.cli._usage import Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add(
        "path", nargs="+", metavar="PATH", help="data sets, runs or studies to check"
    )
    usage.quiet()
    usage.json()


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Check every folder; 1 if anything is wrong with any."""
    from foreworld.workspace.check import check
    from foreworld.workspace.words import folder_of

    problems = {word: check(folder_of(word)) for word in args.path}
    if args.json:
        print(json.dumps(problems, indent=1))
    else:
        for word, lines in problems.items():
            for line in lines:
                print(line)
            if not lines and not args.quiet:
                print(f"{word}: complete and unaltered.")
    return 1 if any(problems.values()) else 0
