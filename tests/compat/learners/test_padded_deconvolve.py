"""RNN Deconvolve with the loss of its source."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.compat.learners.padded_deconvolve import PaddedDeconvolve
from foreworld.core.keys import root_key
from foreworld.learners.forward.rnn_deconvolve import RNNDeconvolve
from tests.learners.forward.data import moving_source

MODEL = RNNDeconvolve(
    num_updates=10,
    batch_size=4,
    context_len=2,
    hidden_size=4,
    action_size=2,
    encoder_widths=(2,),
    renderer_widths=(2,),
    norm="none",
)


@pytest.mark.fact("forward-models", 1)
@pytest.mark.parametrize("num_valid", [1, 4, 7])
def test_fact_1_padding_shrinks_the_loss_of_the_source(num_valid):
    """By as much as it is of the frames that are predicted."""
    source = moving_source()
    horizon = source.sequence_len - MODEL.context_len
    valid = jnp.arange(source.sequence_len) < MODEL.context_len + num_valid
    valid = jnp.broadcast_to(valid, source.valid.shape)
    source = eqx.tree_at(lambda s: s.columns["valid"], source, valid)
    state = MODEL.init(root_key(0), source)
    metrics = [
        jax.jit(learner.update)(state, source, root_key(1), jnp.float32(0))[1]
        for learner in (MODEL, PaddedDeconvolve(model=MODEL))
    ]
    for name in ("loss", "grad_norm"):
        ours, theirs = (found[name].total for found in metrics)
        expected = ours * num_valid / horizon
        np.testing.assert_allclose(theirs, expected, rtol=1e-5, err_msg=name)
