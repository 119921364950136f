"""What goes wrong with `foreworld train`, and what is said."""

CASES = [
    (
        "trian ppo --on tmaze",
        2,
        "unknown verb 'trian'. Did you mean 'train'? Known: {verbs}.",
    ),
    (
        "train ppo",
        2,
        "the following arguments are required: --on.\n"
        "{usage}\n"
        "'foreworld train -h' explains it.",
    ),
    (
        "train pp0 --on tmaze",
        2,
        "unknown learner 'pp0'. Did you mean 'ppo'? Known: {learners}.",
    ),
    (
        "train ppo --on tmazee",
        2,
        "unknown folder, world or set 'tmazee'. Did you mean 'tmaze' or "
        "'pobax_tmaze'? Known: {worlds_and_sets}.",
    ),
    (
        "train tmaze --on ppo",
        2,
        "'tmaze' is a world, and a learner is wanted here. Known: {learners}.",
    ),
    (
        "train ppo --on tmaze --learning-rat 1e-3",
        2,
        "unknown field of PPO, TMaze: 'learning_rat'. Did you mean "
        "'learning_rate'? Known: {ppo_and_tmaze}.",
    ),
    (
        "train ppo --on tmaze --world.lenght 3",
        2,
        "unknown field of PPO, TMaze: 'world.lenght'. Did you mean "
        "'world.length' or 'world.discount' or 'world.max_episode_len'? Known: "
        "{ppo_and_tmaze}.",
    ),
    (
        "train ppo --on tmaze --learning-rate fast",
        2,
        "PPO.learning_rate: expected a number, got 'fast'.",
    ),
    (
        "train ppo --on tmaze --learning-rate -1",
        2,
        "PPO.learning_rate=-1.0 must be at least 0.",
    ),
    (
        "train ppo --on tmaze --hidden-size 3.5",
        2,
        "MLP.hidden_size: expected a whole number, got 3.5 (float).",
    ),
    (
        "train ppo --on tmaze --network lstm",
        2,
        "unknown network 'lstm'. Known: gru, mlp, normalized, pobax.",
    ),
    (
        "train ppo --on tmaze --network.shared-trunk maybe",
        2,
        "MLP.shared_trunk: expected true or false, got 'maybe'.",
    ),
    (
        "train ppo --on tmaze --hidden-size",
        2,
        "--hidden-size needs a value.\n{usage}\n'foreworld train -h' explains it.",
    ),
    (
        "train ppo --on tmaze --seeds 0",
        2,
        "--seeds=0 must be at least 1.",
    ),
    (
        "train ppo --on tmaze --seeds two",
        2,
        "--seeds: expected a whole number, got 'two'.",
    ),
    (
        "train ppo --on tmaze --seed 4294967296",
        2,
        "--seed=4294967296 must be at least 0 and at most 4294967295.",
    ),
    (
        "train ppo --on tmaze --num-envs 6 --num-minibatches 4 --network gru",
        2,
        "num_envs=6 must be divisible by num_minibatches=4, because a minibatch "
        "of a network with a memory is a group of whole lanes. Change one of them.",
    ),
    (
        "train ppo --on tmaze --num-envs 3 --num-steps 5 --num-minibatches 4",
        2,
        "15 steps of a rollout (num_envs=3, num_steps=5) must be divisible by "
        "num_minibatches=4. Change one of them.",
    ),
    (
        "train ppo --on tmaze --total-steps 100",
        2,
        "total_steps=100 is less than one rollout of 4 x 128 = 512 steps "
        "(num_envs x num_steps). Train longer or make it smaller.",
    ),
    (
        "train ppo --on tmaze --out other",
        1,
        "other holds other files and no study. Choose another folder with --out; "
        "it is not overwritten.",
    ),
    (
        "train ppo --on tmaze --launch slrum",
        2,
        "unknown launcher 'slrum'. Did you mean 'slurm'? Known: {launchers}.",
    ),
    (
        "train ppo --on tmaze --workers 0",
        2,
        "--workers=0 must be at least 1.",
    ),
    (
        "train ppo --on tmaze --world.slip-prob 0..0.5",
        2,
        "TMaze.slip_prob=0..0.5 cannot be a range here: ranges are for "
        "'foreworld generate'. Give one value, or sweep several in a study.",
    ),
    (
        "train ppo --on tmaze --preset fast",
        2,
        "unknown preset of PPO 'fast'. Known: none.",
    ),
    (
        "train ppo --on tmaze --device tpu",
        2,
        "--device='tpu' is not one of 'cpu', 'gpu'.",
    ),
    (
        "train ppo --on pendulum",
        2,
        "Pendulum is passive: nothing acts in it, so ppo has nothing to learn. "
        "Use a learner of data, such as rnn_deconvolve, on a data set of it.",
    ),
    (
        "train ppo --on data/t",
        2,
        "ppo acts in a world and cannot learn from a data set. Give it a world, "
        "such as tmaze.",
    ),
    (
        "train ppo --on other",
        1,
        "other is no data set: other/config.json is missing. Make one with 'foreworld "
        "generate WHAT --out other'.",
    ),
    (
        "train ppo --on data/nothing",
        2,
        "'data/nothing' is neither a folder nor a world. A data set is named by "
        "its folder, a world by its name ('foreworld list worlds'), a set by its name "
        "('foreworld list sets'), a class of your own as './my_file.py:MyWorld'.",
    ),
    (
        "train rnn_deconvolve --on slvm/pendulum3",
        2,
        "slvm/pendulum3 is a named set and no data yet. Make it with 'foreworld "
        "generate slvm/pendulum3 --out data/pendulum3', then train --on "
        "data/pendulum3.",
    ),
    (
        "train rnn_deconvolve --on tmaze",
        2,
        "RNNDeconvolve needs frames whose height and width are multiples of 16, but "
        "the data set's are 40 x 112. Generate another size, or choose fewer or more "
        "renderer_widths (each doubles the size).",
    ),
    (
        "train rnn_deconvolve --on data/unfinished",
        1,
        "data/unfinished is not finished: its generation was interrupted. Run "
        "the same 'foreworld generate' command again; what is finished is kept.",
    ),
    (
        "train rnn_deconvolve --on data/noval",
        2,
        "data/noval has no val sequences, only train, test. Generate it with "
        "--val above 0.",
    ),
    (
        "train rnn_deconvolve --on data/tiny",
        2,
        "RNNDeconvolve needs frames whose height and width are multiples of 16, "
        "but the data set's are 9 x 9. Generate another size, or choose fewer or "
        "more renderer_widths (each doubles the size).",
    ),
    (
        "train rnn_deconvolve --on data/p --window-len 9",
        2,
        "RNNDeconvolve needs sequences of at least 9 frames, 3 of them as "
        "context, but the data set's have 4. Generate longer ones, or lower "
        "context_len, window_len or num_scored.",
    ),
    (
        "train ppo --on ./walk.py",
        2,
        "'./walk.py' names a file but no class. Write './walk.py:Walk'. It "
        "holds: Walk, Plain.",
    ),
    (
        "train ppo --on ./walk.py:Walks",
        2,
        "unknown class in ./walk.py 'Walks'. Did you mean 'Walk'? Known: Plain, Walk.",
    ),
    (
        "train ppo --on ./walk.py:Plain",
        2,
        "'./walk.py:Plain' is no world: Plain is not a subclass of "
        "foreworld.worlds.AbstractWorld. Derive it from that class.",
    ),
    (
        "train ppo --on ./nothing.py:Walk",
        2,
        "no such file: nothing.py (looked for {home}/nothing.py).",
    ),
    (
        "train ppo --on ./empty.py:Walk",
        2,
        "unknown class in ./empty.py 'Walk'. Known: none.",
    ),
    (
        "train ppo --on ./raises.py:Walk",
        2,
        "raises.py could not be imported: ModuleNotFoundError: No module named "
        "'nothing_of_that_name' (line 1). Correct the file; --debug shows the "
        "whole traceback.",
    ),
    (
        "train ppo --on ./half.py:Half",
        2,
        "class Half is not complete: it lacks action_space, observation_space, "
        "render. Define what is missing; the interfaces it derives from say what "
        "each of them is.",
    ),
    (
        "train ppo --on tmaze --track wandb",
        2,
        "the tracker 'wandb' needs the package wandb, which is not installed. "
        'Install it with: pip install "foreworld[wandb]", or use --track trackio.',
    ),
    (
        "train ppo --on tmaze --out walk.py/runs",
        1,
        "cannot write walk.py/runs: a file is in the place of a folder. "
        "Choose another place with --out or with FOREWORLD_HOME.",
    ),
    (
        "train ppo --on tmaze --total-steps 512 --out data/p",
        1,
        "data/p holds a data set, not this study. Choose another folder with "
        "--out; it is not overwritten.",
    ),
]
"""Command, exit code, message without the name of the program."""
