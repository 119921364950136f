"""Checks that any part of yours keeps its contract, and parts to test with."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)
