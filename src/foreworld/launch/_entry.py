"""Calls the function that a task names."""

from __future__ import annotations

import importlib
from pathlib import Path

from foreworld.core.errors import ConfigError


def call(entry: str, path: Path) -> None:
    """``call("package.module:function", folder)``.

    Raises
    ------
    ConfigError
        There is no such function.
    """
    module, _, name = entry.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"no task entry {entry!r}: {error}. An entry is 'package.module:function'."
        ) from error
    function(path)
