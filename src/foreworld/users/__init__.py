"""Scripted policies and simulated people: ``foreworld.users.RandomPolicy``."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)
