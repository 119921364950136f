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
        if base is Part or not issubclass(base, Part):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        body = typing.cast(ast.ClassDef, tree.body[0]).body
        for pair in itertools.pairwise(body):
            match pair:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    docs[name] = inspect.cleandoc(text)
    return docs
