"""Gated recurrent units over sequences, with a backward pass that is fast on CPUs.

The gates are those of flax and PyTorch: for input ``x`` and memory ``h``,

    reset     = sigmoid(x W_r + h U_r)
    update    = sigmoid(x W_z + h U_z)
    candidate = tanh(x W_n + reset * (h U_n + b))
    new h     = (1 - update) * candidate + update * h

Columns of the matrices are in the order reset, update, candidate. Two things make it
fast: the input projection ``x W`` does not depend on the memory, so one matmul over the
whole sequence does it outside; and the reverse scan carries only the gradient of the
memory, so that one matmul after it gives the weights' gradients.

Source: Cho et al., 2014, arXiv 1406.1078 (the variant of cuDNN and flax).
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from foreworld.core.keys import named_key
from foreworld.nn.mlp import orthogonal

_Residuals = tuple[Array, ...]


def gru_step(
    projected: Float[Array, "*batch three_hidden"],
    memory: Float[Array, "*batch hidden"],
    w_hidden: Float[Array, "hidden three_hidden"],
    b_candidate: Float[Array, " hidden"],
) -> Float[Array, "*batch hidden"]:
    """One step, for acting.

    Parameters
    ----------
    projected
        Input times input weights, plus input biases.
    memory
        Memory before the step; the caller zeroes it where an episode starts.
    w_hidden
        Recurrent weights, columns in the order reset, update, candidate.
    b_candidate
        Bias of the candidate's recurrent part. The gates' recurrent biases, where a
        caller has them, are added to ``projected``.

    Returns
    -------
    memory
        Memory after the step, which is also the output.
    """
    return _gates(projected, memory, w_hidden, b_candidate)[0]


@jax.custom_vjp
def gru_sequence(
    projected: Float[Array, "time batch three_hidden"],
    starts: Bool[Array, "time batch"],
    initial: Float[Array, "batch hidden"],
    w_hidden: Float[Array, "hidden three_hidden"],
    b_candidate: Float[Array, " hidden"],
) -> Float[Array, "time batch hidden"]:
    """The memory after every step of a batch of sequences.

    Differentiable in all float arguments (once: it has a hand-written reverse pass).

    Parameters
    ----------
    projected
        Inputs times input weights, plus input biases, of all steps.
    starts
        Where an episode starts: the memory is zeroed before that step.
    initial
        Memory before the first step.
    w_hidden
        Recurrent weights, columns in the order reset, update, candidate.
    b_candidate
        Bias of the candidate's recurrent part, as in :func:`gru_step`.
    """

    def step(memory: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        x, start = inputs
        memory = jnp.where(start[:, None], 0.0, memory)
        new = gru_step(x, memory, w_hidden, b_candidate)
        return new, new

    return jax.lax.scan(step, initial, (projected, starts))[1]


def _gates(
    projected: Array, memory: Array, w_hidden: Array, b_candidate: Array
) -> tuple[Array, Array, Array, Array, Array]:
    hidden = memory @ w_hidden
    in_gates, in_candidate = jnp.split(projected, [2 * memory.shape[-1]], axis=-1)
    hid_gates, hid_candidate = jnp.split(hidden, [2 * memory.shape[-1]], axis=-1)
    reset, update = jnp.split(jax.nn.sigmoid(in_gates + hid_gates), 2, axis=-1)
    recurrent = hid_candidate + b_candidate
    candidate = jnp.tanh(in_candidate + reset * recurrent)
    new = candidate + update * (memory - candidate)
    return new, reset, update, candidate, recurrent


def _forward(
    projected: Array, starts: Array, initial: Array, w_hidden: Array, b: Array
) -> tuple[Array, _Residuals]:
    def step(memory: Array, inputs: tuple[Array, Array]) -> tuple[Array, _Residuals]:
        x, start = inputs
        memory = jnp.where(start[:, None], 0.0, memory)
        new, *gates = _gates(x, memory, w_hidden, b)
        return new, (new, *gates)

    _, (new, *gates) = jax.lax.scan(step, initial, (projected, starts))
    return new, (new, *gates, starts, initial, w_hidden)


def _backward(
    residuals: _Residuals, gradient: Array
) -> tuple[Array, None, Array, Array, Array]:
    new, reset, update, candidate, recurrent, starts, initial, w_hidden = residuals
    before = jnp.concatenate([initial[None], new[:-1]])
    before = jnp.where(starts[..., None], 0.0, before)
    # Everything that does not depend on the carried gradient is done here, at once:
    # d new / d (what enters the candidate), the reset gate and the update gate.
    to_candidate = (1.0 - update) * (1.0 - candidate * candidate)
    to_update = (before - candidate) * update * (1.0 - update)
    to_reset = to_candidate * recurrent * reset * (1.0 - reset)
    to_hidden = jnp.concatenate([to_reset, to_update, to_candidate * reset], axis=-1)
    keep = jnp.where(starts, 0.0, 1.0)[..., None]
    through = update * keep
    to_memory = w_hidden.T

    def step(carried: Array, inputs: tuple[Array, ...]) -> tuple[Array, Array]:
        outer, hidden, passed, kept = inputs
        total = carried + outer
        d_hidden = jnp.concatenate([total, total, total], axis=-1) * hidden
        return total * passed + (d_hidden @ to_memory) * kept, total

    inputs, zeros = (gradient, to_hidden, through, keep), jnp.zeros_like(initial)
    d_initial, totals = jax.lax.scan(step, zeros, inputs, reverse=True)
    tripled = jnp.concatenate([totals, totals, totals], axis=-1)
    d_hidden = tripled * to_hidden
    d_candidate = totals * to_candidate
    width = initial.shape[-1]
    d_projected = jnp.concatenate([d_hidden[..., : 2 * width], d_candidate], axis=-1)
    d_w_hidden = jnp.einsum("tbh,tbg->hg", before, d_hidden)
    d_b = jnp.sum(d_hidden[..., 2 * width :], axis=(0, 1))
    return d_projected, None, d_initial, d_w_hidden, d_b


gru_sequence.defvjp(_forward, _backward)


class GRUCell(eqx.Module):
    """Parameters of a gated recurrent unit.

    Attributes
    ----------
    w_input, b_input
        Input weights and biases.
    w_hidden
        Recurrent weights.
    b_candidate
        Bias of the candidate's recurrent part.
    """

    w_input: Float[Array, "input three_hidden"]
    b_input: Float[Array, " three_hidden"]
    w_hidden: Float[Array, "hidden three_hidden"]
    b_candidate: Float[Array, " hidden"]

    @staticmethod
    def init(key: Key[Array, ""], input_size: int, hidden_size: int) -> GRUCell:
        """Fresh parameters as flax's: LeCun normal in, orthogonal recurrent, zeros.

        Parameters
        ----------
        key
            Draws the weights.
        input_size
            Width of the inputs.
        hidden_size
            Width of the memory.
        """
        square = (hidden_size, hidden_size)
        scale = 1.0 / jnp.sqrt(jnp.float32(input_size))
        shape, input_key = (input_size, 3 * hidden_size), named_key(key, "input")
        w_input = scale * jax.random.truncated_normal(
            input_key, -2.0, 2.0, shape, jnp.float32
        )
        # One decomposition a gate, one after the other: a batched one stalls on CPUs.
        hidden = [orthogonal(named_key(key, "hidden", i), square) for i in range(3)]
        return GRUCell(
            w_input=w_input / 0.87962566,  # standard deviation of the truncated normal
            b_input=jnp.zeros(3 * hidden_size, jnp.float32),
            w_hidden=jnp.concatenate(hidden, axis=1),
            b_candidate=jnp.zeros(hidden_size, jnp.float32),
        )

    @property
    def hidden_size(self) -> int:
        """Width of the memory."""
        return self.b_candidate.shape[-1]

    def step(
        self, x: Float[Array, "*batch input"], memory: Float[Array, "*batch hidden"]
    ) -> Float[Array, "*batch hidden"]:
        """One step, for acting.

        Parameters
        ----------
        x
            Inputs of the step, any leading axes.
        memory
            Memory before the step; the caller zeroes it where an episode starts.
        """
        projected = x @ self.w_input + self.b_input
        return gru_step(projected, memory, self.w_hidden, self.b_candidate)

    def sequence(
        self,
        x: Float[Array, "time batch input"],
        starts: Bool[Array, "time batch"],
        initial: Float[Array, "batch hidden"],
    ) -> Float[Array, "time batch hidden"]:
        """The memory after every step of a batch of sequences.

        Parameters
        ----------
        x
            Inputs of all steps, time first.
        starts
            Where an episode starts: the memory is zeroed before that step.
        initial
            Memory before the first step.
        """
        projected = x @ self.w_input + self.b_input
        return gru_sequence(projected, starts, initial, self.w_hidden, self.b_candidate)
