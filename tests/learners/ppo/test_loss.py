"""The loss against its written formula, in NumPy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.spaces import Box, Discrete
from foreworld.learners.ppo._loss import (
    Sequences,
    ppo_loss,
)
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.mlp import MLP

TIME, LANES, ACTIONS = 7, 2, 3
NETWORK, SPACE = MLP(hidden_size=6), Discrete(ACTIONS)


@pytest.fixture(scope="module")
def network():
    made = NETWORK.init(jax.random.key(0), Box(-9.0, 9.0, (4,)), SPACE)
    # Larger outputs than at the start of training, so that there is what to clip.
    *layers, last = made.actor
    last = type(last)(last.weight * 50, jnp.asarray([0.5, -0.5, 0.0]))
    return eqx.tree_at(lambda tree: tree.actor, made, (*layers, last))


def make_batch(counted=None, allowed=None):
    keys = jax.random.split(jax.random.key(1), 7)
    shape = (TIME, LANES)
    return Sequences(
        obs=jax.random.normal(keys[0], (*shape, 4), jnp.float32),
        starts=jnp.zeros(shape, bool),
        actions=jax.random.randint(keys[1], shape, 0, ACTIONS, jnp.int32),
        log_prob=-1.0 + 0.3 * jax.random.normal(keys[2], shape, jnp.float32),
        value=jax.random.normal(keys[3], shape, jnp.float32),
        advantage=jax.random.normal(keys[4], shape, jnp.float32),
        target=jax.random.normal(keys[5], shape, jnp.float32),
        counted=counted,
        allowed=allowed,
        memory=None,
    )


def expected(network, batch, counted, eps, value_coef, entropy_coef):
    logits, values = NETWORK.unroll(network, None, batch.obs, batch.starts)
    values = values[..., 0]
    if batch.allowed is not None:
        logits = np.where(batch.allowed, logits, -np.inf)
    p = np.exp(logits - np.max(logits, -1, keepdims=True))
    p = p / p.sum(-1, keepdims=True)
    chosen = np.take_along_axis(p, np.asarray(batch.actions)[..., None], -1)[..., 0]
    ratio = (chosen / np.exp(batch.log_prob))[counted]
    a = np.asarray(batch.advantage)[counted]
    a = (a - a.mean()) / (a.std() + 1e-8)
    gain = np.minimum(ratio * a, np.clip(ratio, 1 - eps, 1 + eps) * a).mean()
    old, target, v = (np.asarray(x) for x in (batch.value, batch.target, values))
    near = old + np.clip(v - old, -eps, eps)
    worst = np.maximum((v - target) ** 2, (near - target) ** 2)[counted].mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nansum(p * np.log(p), -1)[counted].mean()
    return {
        "loss": -gain + value_coef * worst - entropy_coef * entropy,
        "policy_loss": -gain,
        "value_loss": worst,
        "entropy": entropy,
        "clip_fraction": (np.abs(ratio - 1) > eps).mean(),
        "approx_kl": (ratio - 1 - np.log(ratio)).mean(),
    }


@pytest.mark.parametrize("masked", [False, True])
def test_loss_is_the_written_formula(network, masked):
    counted = np.ones((TIME, LANES), bool)
    batch = make_batch()
    if masked:
        counted[2:4, 0] = False
        allowed = np.ones((TIME, LANES, ACTIONS), bool)
        allowed[:, 1, 2] = False
        actions = jnp.where(allowed[..., 2], batch.actions, batch.actions % 2)
        batch = make_batch(jnp.asarray(counted), jnp.asarray(allowed))
        batch = batch._replace(actions=actions)
    settings = PPO(network=NETWORK, clip_eps=0.2, value_coef=0.5, entropy_coef=0.01)
    loss, terms = ppo_loss(network, batch, SPACE, settings)
    known = expected(network, batch, counted, 0.2, 0.5, 0.01)
    assert 0 < known["clip_fraction"] < 1
    for name, value in {"loss": loss, **terms}.items():
        np.testing.assert_allclose(value, known[name], rtol=2e-5, err_msg=name)
