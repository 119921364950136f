"""Optional packages: imported when they are first needed, or what to install."""

from __future__ import annotations

import importlib
from types import ModuleType

from foreworld.core.errors import ConfigError


def require(package: str) -> ModuleType:
    """Import an optional package.

    Raises
    ------
    ConfigError
        It is not installed; says how to install it.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        needs = (
            "" if error.name == package else f" completely: {error.name!r} is missing"
        )
        raise ConfigError(
            f"the package {package!r} is not installed{needs}. Install it with: "
            f"pip install 'foreworld[gym]'"
        ) from error
