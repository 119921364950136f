"""Whether data sets, runs and studies are complete and unaltered; names what is not."""

from __future__ import annotations

import json

from foreworld.cli._usage import Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("path PATH", "data sets, runs or studies to check", nargs="+")
    usage.quiet()
    usage.json()


def run(args: Args, fields: Fields) -> int:
    """Check every folder; 1 if anything is wrong with any."""
    from foreworld.workspace.check import account, check
    from foreworld.workspace.words import folder_of

    problems = {word: check(folder_of(word)) for word in args.path}
    if args.json:
        print(json.dumps(problems, indent=1))
    else:
        for word, lines in problems.items():
            for line in lines:
                print(line)
            if not lines and not args.quiet:
                told = account(folder_of(word))
                told = f" {told[0].upper()}{told[1:]}." if told else ""
                print(f"{word}: complete and unaltered.{told}")
    return 1 if any(problems.values()) else 0
