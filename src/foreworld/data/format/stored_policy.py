"""Policies that lie on the disk, such as that of a trained run, named in recipes."""

from __future__ import annotations

import abc

from foreworld.core.parts.part import Part
from foreworld.worlds.policy import AbstractPolicy


class AbstractStoredPolicy(Part):
    """Says where a policy lies; small enough for a configuration.

    Every worker that makes a data set opens it for itself.
    """

    @abc.abstractmethod
    def open(self) -> AbstractPolicy:
        """The policy, with its arrays.

        Raises
        ------
        ForeworldError
            It is gone, or another one than was meant.
        """
