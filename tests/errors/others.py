"""What goes wrong with the other verbs, and what is said."""

CASES = [
    (
        "generate ./broken_reset.py:Walk --train 2",
        2,
        "Walk.reset: it raised an error: NameError: name 'undefined' is not defined "
        "({home}/broken_reset.py, line 28, in reset)",
    ),
    (
        "generate pendulum --train 0 --val 0 --test 0",
        2,
        "there is nothing to make: --train, --val and --test are all 0. Give a "
        "number of sequences for one of them, for example --train 1000.",
    ),
    (
        "generate pendulum --train -5",
        2,
        "--train=-5 must be at least 0.",
    ),
    (
        "generate pendulum --mass 1.0..0.5",
        2,
        "Pendulum.mass: the range 1.0..0.5 runs backwards. Write the smaller "
        "number first: 0.5..1.",
    ),
    (
        "generate pendulum --mass 0.5-1.0",
        2,
        "Pendulum.mass: expected a number, got '0.5-1.0'. A range is written 0.5..1.0.",
    ),
    (
        "generate pendulum --picture.image-size 16..32",
        2,
        "Picture.image_size=16..32 cannot be a range: only fields that "
        "'foreworld show' calls traced can. Give one value.",
    ),
    (
        "generate pendulum --picture.image-size 1",
        2,
        "Picture.image_size=1 must be at least 2 and at most 4096.",
    ),
    (
        "generate pendulum --out data/p --train 4 --quiet",
        1,
        "data/p holds another data set (num_frames is 4, asked for 30; train is "
        "3, asked for 4; val is 2, asked for 100; test is 2, asked for 100). "
        "Choose another folder with --out, or replace it with --force.",
    ),
    (
        "generate pendulum --out other --quiet",
        1,
        "other holds something that is no data set: notes.txt. Choose another "
        "folder with --out, or move that away.",
    ),
    (
        "generate pendulum --out walk.py --quiet",
        1,
        "walk.py is a file. Choose another folder with --out.",
    ),
    (
        "generate pendulum --store zarr",
        2,
        "unknown choice for --store: 'zarr'. Known: hdf5, npz.",
    ),
    (
        "generate data/p",
        2,
        "data/p is a folder. 'foreworld generate' takes a world or a named set; "
        "'foreworld list worlds' and 'foreworld list sets' name them.",
    ),
    (
        "sweep nothing",
        2,
        "unknown study 'nothing'. Did you mean 'nothing_over' or 'none'? Known: "
        "excluded, key, none, nothing_over, probe, slash, twice, type. {folders}",
    ),
    (
        "sweep studies/nothing.py",
        2,
        "no such file: studies/nothing.py (looked for {home}/studies/nothing.py).",
    ),
    (
        "sweep none",
        2,
        "studies/none.py holds no study. It must define one: 'study = "
        "fw.Study(name=..., base=fw.Parameters(...), over={...})'.",
    ),
    (
        "sweep key",
        2,
        "studies/key.py, line 3: unknown field of PPO 'learning_rat'. Did you "
        "mean 'learning_rate'? Known: {ppo}.",
    ),
    (
        "sweep type",
        2,
        "studies/type.py, line 3: PPO.num_epochs: expected a whole number, got "
        "'big' (str).",
    ),
    (
        "sweep nothing_over",
        2,
        "studies/nothing_over.py, line 3: Study.over['num_epochs'] is empty: "
        "give at least one value.",
    ),
    (
        "sweep excluded",
        2,
        "study 'a' has no points left: exclude removes all 1 of them. Remove or "
        "narrow an entry of exclude.",
    ),
    (
        "sweep slash",
        2,
        "studies/slash.py, line 3: Study.name='a/b' must be made of letters, "
        "digits, '_', '-' and '.': it names the study's folder.",
    ),
    (
        "sweep twice --dry-run",
        2,
        "point 1 (num_minibatches=3): 512 steps of a rollout (num_envs=4, "
        "num_steps=128) must be divisible by num_minibatches=3. "
        "Change one of them.",
    ),
    (
        "sweep probe --width 0",
        2,
        "--width=0 must be at least 1.",
    ),
    (
        "best runs/nothing",
        2,
        "unknown folder or study 'runs/nothing'. Did you mean 'nothing_over'? "
        "Known: excluded, key, none, nothing_over, probe, slash, twice, type. "
        "{folders}",
    ),
    (
        "best twice",
        2,
        "the study 'twice' has not been started: there is no "
        "{home}/runs/a-42a2d572-s0. 'foreworld sweep twice' or fw.sweep(...) "
        "starts it.",
    ),
    (
        "best data/p",
        2,
        "data/p is no study but a data set. Name a study or a run: by its "
        "folder, its file, or its name under studies/.",
    ),
    (
        "best studies/twice.py:study",
        2,
        "studies/twice.py:study: a file of a study is given alone, studies/twice.py. "
        "It says study = fw.Study(...), or names its dictionaries hparams "
        "(studies/twice.py:0 is the first).",
    ),
    (
        "best runs/done --measure max",
        2,
        "unknown choice for --measure: 'max'. Known: auc, final, last10.",
    ),
    (
        "best runs/done --metric reward",
        2,
        "unknown metric for 'auc': 'reward'. Known: guess, loss, nearness.",
    ),
    (
        "report",
        2,
        "the following arguments are required: STUDY.\n"
        "{usage}\n"
        "'foreworld report -h' explains it.",
    ),
    (
        "report other",
        1,
        "other is no data set, run or study: it has no config.json. Name the "
        "folder of one, or make one with 'foreworld generate', 'train' or 'sweep'.",
    ),
    (
        "preview data/nothing",
        2,
        "unknown folder or study 'data/nothing'. Did you mean 'nothing_over'? "
        "Known: excluded, key, none, nothing_over, probe, slash, twice, type. "
        "{folders}",
    ),
    (
        "preview other",
        1,
        "other is no data set, run or study: it has no config.json. Name the "
        "folder of one, or make one with 'foreworld generate', 'train' or 'sweep'.",
    ),
    (
        "preview data/p --fps 0",
        2,
        "--fps=0 must be above 0.",
    ),
    (
        "check data/altered",
        1,
        "data/altered/train/shard-00000.h5 was altered: its checksum does not match.",
    ),
    (
        "check data/cut",
        1,
        "data/cut/train/shard-00000.h5 has 1000 bytes instead of 6752: truncated "
        "or altered.",
    ),
    (
        "check data/unfinished",
        1,
        "data/unfinished is not finished: data/unfinished/manifest.json is missing.",
    ),
    (
        "check walk.py",
        2,
        "walk.py holds no study. It must define one: 'study = fw.Study(name=..., "
        "base=fw.Parameters(...), over={...})'.",
    ),
    (
        "show pendlum",
        2,
        "unknown world, user, learner, network, launcher, tracker or set 'pendlum'. "
        "Did you mean 'pendulum' or 'dm/pendulum' or 'slvm/pendulum'? Known: "
        "{parts_and_sets}.",
    ),
    (
        "list worlsd",
        2,
        "unknown choice for KIND: 'worlsd'. Did you mean 'worlds' or 'networks'? "
        "Known: launchers, learners, networks, sets, studies, trackers, users, worlds.",
    ),
    (
        "--json list",
        2,
        "the verb comes first, got the option '--json'. 'foreworld -h' lists the "
        "verbs.",
    ),
    (
        "list --jsno",
        2,
        "unknown option of list: 'jsno'. Did you mean 'json'? Known: json.",
    ),
    (
        "import nothing.npz --out data/imp",
        2,
        "no such file or folder: nothing.npz.",
    ),
    (
        "import walk.py --out data/imp",
        2,
        "walk.py cannot be imported: a file must end in .npz, .npy, .mat, .h5, .hdf5, "
        ".he5, .hdf, .nc (arrays), .mp4, .m4v, .mov, .avi, .mkv, .webm (films) or "
        ".gif, .tif, .webp (films too); images come in folders, one for each sequence.",
    ),
    (
        "import other",
        2,
        "import needs --out DIR, the folder of the new data set.",
    ),
    (
        "play tmaze --port 99999",
        2,
        "--port=99999 must be at least 1 and at most 65535.",
    ),
    (
        "report runs/done --out other",
        1,
        "cannot write other: it is a folder. Name a file.",
    ),
]
"""Command, exit code, message without the name of the program."""
