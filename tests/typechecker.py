"""Types and shapes of the package are checked while tests run.

This is jaxtyping's import hook without what makes its calls slow: it binds a signature
and checks arguments twice at each call, which was a third of the time of all tests.
Here a call is checked once, and sizes of axes are remembered only where annotations
name any.
"""

import ast
import functools
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, get_args, get_type_hints

from beartype import BeartypeConf, beartype
from jaxtyping import TypeCheckError, jaxtyped

_PACKAGE = "foreworld"
_NAME = "__check_types__"
"""What :func:`check` is called within modules of the package."""
_check = beartype(
    conf=BeartypeConf(is_pep484_tower=True, violation_type=TypeCheckError)
)


def install() -> None:
    """Check all functions of the package, which must not be imported yet."""
    if _PACKAGE in sys.modules:
        raise RuntimeError(f"{_PACKAGE} was imported before its types could be checked")
    sys.meta_path.insert(0, _Finder())


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check a function's types; constructors check their fields themselves."""
    if function.__qualname__.endswith("__init__"):
        return function
    written, names = function.__annotations__, function.__globals__
    hints = {name: _resolved(hint, names) for name, hint in written.items()}
    function.__annotations__ = hints
    try:
        checked = _check(function)
    finally:
        function.__annotations__ = written
    if checked is function:
        return function
    checked.__annotations__ = written
    if not any(map(_has_axes, hints.values())):
        return checked

    @functools.wraps(function)
    def with_axes(*args: Any, **kwargs: Any) -> Any:
        with jaxtyped("context"):
            return checked(*args, **kwargs)

    return with_axes


def _resolved(hint: Any, names: dict[str, Any]) -> Any:
    """What an annotation means; one that only a type checker can know is anything."""

    def holder() -> None: ...

    holder.__annotations__ = {"value": hint}
    try:
        return get_type_hints(holder, names, include_extras=True)["value"]
    except Exception:
        return Any


def _has_axes(hint: Any) -> bool:
    if isinstance(hint, list):
        return any(map(_has_axes, hint))
    if type(hint).__module__.partition(".")[0] == "jaxtyping":
        return True
    return any(map(_has_axes, get_args(hint)))


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != _PACKAGE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Reads a module as if all its functions were decorated, innermost."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                name = ast.Name(_NAME, ast.Load())
                node.decorator_list.append(ast.copy_location(name, node))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[_NAME] = check
        super().exec_module(module)
