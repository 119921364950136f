"""Documentation of fields: the string under each, read from a class's source."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
import typing

from foreworld.core.parts.part import Part


def field_docs(cls: type) -> dict[str, str]:
    """Documentation of fields: the string under each, of a class and its bases."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base in (object, Part) or not issubclass(base, Part):
            continue
        docs.update(_docs_in_source(base))
    return docs


def _docs_in_source(cls: type) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return {}
    body = typing.cast(ast.ClassDef, tree.body[0]).body
    docs = {}
    for statement, after in itertools.pairwise(body):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            docs[statement.target.id] = inspect.cleandoc(after.value.value)
    return docs
