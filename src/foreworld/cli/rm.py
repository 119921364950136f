"""Deletes runs, studies and data sets; asks before unless --yes."""

from __future__ import annotations

import sys

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ConfigError


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("path RUN", "folders to delete", nargs="+")
    usage.add("--yes", "do not ask")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Look at all of them first, ask, delete; 1 if the answer is no."""
    from foreworld.workspace.removal import delete, doom
    from foreworld.workspace.words import folder_of

    doomed = [doom(folder_of(word)) for word in args.path]
    if not args.yes:
        for one in doomed:
            print(f"{one.folder}: {one.kind}, {one.num_bytes / 1e6:,.1f} MB")
        if not sys.stdin.isatty():
            raise ConfigError("nothing was deleted: nobody can be asked. Add --yes.")
        word = "it" if len(doomed) == 1 else f"these {len(doomed)} folders"
        if input(f"delete {word}? [y/N] ").strip().lower() not in ("y", "yes"):
            print("nothing was deleted")
            return 1
    for one in doomed:
        delete(one)
        if not args.quiet:
            print(f"deleted {one.folder}")
    return 0
