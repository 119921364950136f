"""Open-loop evaluation against numbers computed by hand."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from learners.forward.data import counting_source

from foreworld.learners.forward._evaluation import (
    Trials,
    cross_entropy,
    evaluate_open_loop,
    first_sequences,
)

CONTEXT = 2


def evaluate(source, num_sequences, brightness=0.5, mean=0.0):
    def predict(context, actions, horizon):
        shape = (context.shape[0], horizon, *context.shape[2:])
        return jnp.full(shape, brightness, jnp.float32)

    mean_frame = jnp.full(source.image.shape[2:], mean, jnp.float32)
    trials = first_sequences(predict, source, num_sequences)
    return evaluate_open_loop(trials, source, CONTEXT, mean_frame, 255.0)


def value(mean):
    return np.asarray(mean.total) / np.asarray(mean.count)


@pytest.mark.parametrize("num_sequences", [1, 35, 40, 100])
def test_errors_by_horizon(num_sequences):
    source = counting_source(num_sequences=40)
    metrics = evaluate(source, num_sequences, mean=0.25)
    target = np.arange(CONTEXT, 9) / 255
    expected = {
        "mse": (0.5 - target) ** 2,
        "copy_last_mse": (1 / 255 - target) ** 2,
        "mean_frame_mse": (0.25 - target) ** 2,
    }
    for name, by_horizon in expected.items():
        found = metrics[f"{name}_by_horizon"]
        np.testing.assert_allclose(value(found), by_horizon, rtol=1e-4)
        np.testing.assert_array_equal(found.count, min(num_sequences, 40))
        np.testing.assert_allclose(value(metrics[name]), by_horizon.mean(), rtol=1e-4)
    np.testing.assert_allclose(
        value(metrics["negative_mse"]), -expected["mse"].mean(), rtol=1e-4
    )
    np.testing.assert_allclose(value(metrics["bce"]), np.log(2), rtol=1e-5)


def test_any_sequences_and_other_predictions():
    source = counting_source(num_sequences=4)
    image = source.image.at[0].set(0).at[3].set(0)
    source = eqx.tree_at(lambda s: s.columns["image"], source, image)

    def of(brightness):
        def predict(given, actions, num_frames, place):
            # A place is one in the list of trials, not a row.
            level = jnp.asarray(brightness)[place]
            shape = (given.shape[0], num_frames, *given.shape[2:])
            return jnp.broadcast_to(level[:, None, None, None, None], shape)

        return predict

    trials = Trials(jnp.array([3, 0]), of([0.0, 1.0]), {"worse": of([1.0, 1.0])})
    mean_frame = jnp.zeros(source.image.shape[2:])
    metrics = evaluate_open_loop(trials, source, CONTEXT, mean_frame, 255.0)
    np.testing.assert_allclose(value(metrics["mse"]), 0.5)
    np.testing.assert_allclose(value(metrics["mse_worse"]), 1.0)
    np.testing.assert_allclose(value(metrics["mse_worse_by_horizon"]), np.ones(7))


def test_padding_does_not_count():
    source = counting_source(num_sequences=2, lengths=[4, 9])
    metrics = evaluate(source, 2)
    np.testing.assert_array_equal(
        metrics["mse_by_horizon"].count, [2, 2, 1, 1, 1, 1, 1]
    )
    assert float(metrics["mse"].count) == 9


def test_copying_is_perfect_where_nothing_moves():
    source = counting_source()
    still = eqx.tree_at(
        lambda s: s.columns["image"], source, jnp.full_like(source.image, 7)
    )
    assert float(evaluate(still, 3)["copy_last_mse"].total) < 1e-12
    assert float(evaluate(source, 3)["copy_last_mse"].total) > 1e-4


def test_cross_entropy_of_a_sure_and_wrong_prediction_is_cut_off():
    found = cross_entropy(jnp.asarray([0.0, 1.0, 1.0]), jnp.asarray([1.0, 0.0, 1.0]))
    np.testing.assert_allclose(found, [100.0, 100.0, 0.0])
