"""Recurrent PPO on the T-maze of length 10: learning rate, lambda and network size."""

import foreworld as fw

study = fw.Study(
    name="tmaze_10_ppo",
    base=fw.Parameters(
        fw.worlds.LastAction(fw.worlds.TMaze(length=10)),
        fw.learners.PPO(network=fw.networks.GRU()),
        total_steps=200_000,
        seed=2024,
    ),
    over={
        "learning_rate": [2.5e-3, 2.5e-4],
        "lambda0": [0.5, 0.95],
        "network.hidden_size": [32, 64],
    },
    exclude=[{"learning_rate": 2.5e-4, "network.hidden_size": 64}],
    seeds=5,
)
