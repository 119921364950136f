"""A small made-up study for figures and pages."""

import numpy as np
import xarray as xr


def made_up(num_points: int = 2, num_seeds: int = 3) -> xr.Dataset:
    """Curves that rise, errors that grow, and baselines above them."""
    steps, ahead = np.arange(1, 6) * 100, np.arange(1, 5)
    rise = (
        np.linspace(0, 1, 5)[None, None] * np.arange(1, num_points + 1)[:, None, None]
    )
    seeds = np.linspace(-0.1, 0.1, num_seeds)[None, :, None]
    shape = (num_points, num_seeds, len(ahead))
    error = np.broadcast_to(ahead * 0.01, shape)
    return xr.Dataset(
        {
            "gain": (("point", "seed", "step"), rise + seeds),
            "val_gain": (("point", "seed", "val_step"), (rise + seeds)[..., 1::2]),
            "test_gain": (("point", "seed"), (rise + seeds)[..., -1]),
            "test_mse_by_horizon": (("point", "seed", "horizon"), error),
            "test_copy_last_mse_by_horizon": (
                ("point", "seed", "horizon"),
                np.full(shape, 0.05),
            ),
        },
        coords={
            "step": steps,
            "val_step": steps[1::2],
            "horizon": ahead,
            "learning_rate": ("point", np.float32(10.0) ** -np.arange(num_points)),
        },
        attrs={"step_name": "environment steps"},
    )
