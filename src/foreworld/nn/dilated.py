"""Recurrent core of action-conditional video models: a GRU, then a dilated GRU.

The first GRU starts from an encoded context and reads the actions. The second one,
of several layers, starts from zeros, and its output at time ``t`` depends on its inputs
at ``t``, ``t - skip``, ``t - 2 skip``, ... only: the phases of time are batch rows of a
plain GRU.

Source: Chang et al. 2017, arXiv 1710.02224; Cho et al. 2014, arXiv 1406.1078.
"""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from foreworld.core.keys import named_key
from foreworld.nn.gru import GRUCell, gru_sequence, gru_step


class Layer(eqx.Module):
    """A GRU with two biases per gate, as PyTorch and cuDNN have them.

    Attributes
    ----------
    gru
        Weights, input biases and the candidate's recurrent bias.
    b_gates
        Recurrent biases of the reset and update gates.
    """

    gru: GRUCell
    b_gates: Float[Array, " two_hidden"]

    @staticmethod
    def init(key: Key[Array, ""], num_inputs: int, hidden_size: int) -> Layer:
        """Fresh parameters, biases zero.

        Parameters
        ----------
        key
            Draws the weights.
        num_inputs
            Width of the inputs.
        hidden_size
            Width of the memory and of the outputs.
        """
        gates = jnp.zeros(2 * hidden_size, jnp.float32)
        return Layer(GRUCell.init(key, num_inputs, hidden_size), gates)

    def project(
        self, x: Float[Array, "*batch input"]
    ) -> Float[Array, "*batch three_hidden"]:
        """Inputs times input weights, plus all biases but the candidate's recurrent."""
        extra = jnp.pad(self.b_gates, (0, self.gru.hidden_size))
        return x @ self.gru.w_input + (self.gru.b_input + extra)

    def sequence(
        self, x: Float[Array, "time batch input"], initial: Float[Array, "batch hidden"]
    ) -> Float[Array, "time batch hidden"]:
        """The memory after every step.

        Parameters
        ----------
        x
            Inputs of all steps, time first.
        initial
            Memory before the first step.
        """
        starts = jnp.zeros(x.shape[:2], bool)
        return gru_sequence(
            self.project(x), starts, initial, self.gru.w_hidden, self.gru.b_candidate
        )

    def step(
        self, x: Float[Array, "batch input"], memory: Float[Array, "batch hidden"]
    ) -> Float[Array, "batch hidden"]:
        """The memory after one step.

        Parameters
        ----------
        x
            Inputs of the step.
        memory
            Memory before the step.
        """
        w_hidden, b_candidate = self.gru.w_hidden, self.gru.b_candidate
        return gru_step(self.project(x), memory, w_hidden, b_candidate)


class CoreMemory(NamedTuple):
    """What the core carries from step to step.

    Attributes
    ----------
    first
        Memory of the first GRU.
    phases
        Memories of the dilated layers, one for each phase of time.
    time
        Number of steps taken.
    """

    first: Float[Array, "batch hidden"]
    phases: tuple[Float[Array, "skip batch hidden"], ...]
    time: Int[Array, ""]


class RecurrentCore(eqx.Module):
    """Parameters of both GRUs.

    Attributes
    ----------
    first
        The GRU that starts from the context.
    dilated
        Layers of the dilated GRU.
    """

    first: Layer
    dilated: tuple[Layer, ...]

    @staticmethod
    def init(
        key: Key[Array, ""], num_inputs: int, hidden_size: int, num_layers: int
    ) -> RecurrentCore:
        """Fresh parameters.

        Parameters
        ----------
        key
            Draws the weights.
        num_inputs
            Width of the inputs of the first GRU.
        hidden_size
            Width of all memories, of the context and of the outputs.
        num_layers
            Layers of the dilated GRU; 0 for the first GRU alone.
        """
        dilated = [
            Layer.init(named_key(key, "dilated", i), hidden_size, hidden_size)
            for i in range(num_layers)
        ]
        first = Layer.init(named_key(key, "first"), num_inputs, hidden_size)
        return RecurrentCore(first, tuple(dilated))

    def sequence(
        self,
        x: Float[Array, "time batch input"],
        context: Float[Array, "batch hidden"],
        skip: int,
    ) -> Float[Array, "time batch hidden"]:
        """Outputs of all steps, at once.

        Parameters
        ----------
        x
            Inputs of all steps, time first.
        context
            Memory of the first GRU before the first step.
        skip
            Steps between the two that the dilated layers connect, at least 1.
        """
        y = self.first.sequence(x, context)
        time, batch, width = y.shape
        steps = -(-time // skip)
        for layer in self.dilated:
            # Phases of time are rows of a batch: step t is step t // skip of one.
            y = jnp.pad(y, ((0, steps * skip - time), (0, 0), (0, 0)))
            y = y.reshape(steps, skip * batch, width)
            y = layer.sequence(y, jnp.zeros((skip * batch, width), jnp.float32))
            y = y.reshape(steps * skip, batch, width)[:time]
        return y

    def start(self, context: Float[Array, "batch hidden"], skip: int) -> CoreMemory:
        """Memory before the first step.

        Parameters
        ----------
        context
            Memory of the first GRU before the first step.
        skip
            Phases of time, as in :meth:`sequence`.
        """
        zeros = jnp.zeros((skip, *context.shape), jnp.float32)
        phases = tuple(zeros for _ in self.dilated)
        return CoreMemory(context, phases, jnp.zeros((), jnp.int32))

    def step(
        self, memory: CoreMemory, x: Float[Array, "batch input"], skip: int
    ) -> tuple[CoreMemory, Float[Array, "batch hidden"]]:
        """One step, at a cost that does not grow with time.

        Parameters
        ----------
        memory
            From :meth:`start` or from the step before.
        x
            Inputs of the step.
        skip
            Phases of time, the same as in :meth:`start`.
        """
        first = y = self.first.step(x, memory.first)
        phase = memory.time % skip
        phases = []
        for layer, past in zip(self.dilated, memory.phases, strict=True):
            y = layer.step(y, past[phase])
            phases.append(past.at[phase].set(y))
        return CoreMemory(first, tuple(phases), memory.time + 1), y
