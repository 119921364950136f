"""Other tools' errors and conventions, on request: for comparisons with them."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)
