"""Other tools' errors and conventions, on request: for comparisons with them.

Worlds and learners are found by the registry like ours, and by their public names in
this room; nothing below it knows of them.

===================  =============================  ================================
here                 as whom                        ours differs, because
===================  =============================  ================================
``PobaxTMaze``       POBAX: a start with the goal   a cue of its own for either goal
                     above looks like the corridor  makes memory the only difficulty
``networks.pobax     the same: layers of gain 0.01  features vary with what is seen
.Pobax``             without a memory               from the first update on
``PymunkBall``       slvm-data-generation: Euler    exact flight keeps its energy
                     steps of the engine, its       and never escapes; states and
                     picture, states a frame ahead  frames are of the same moment
``DiagonalMass       the same and the DeepMind      both offsets are drawn
Spring``             suite: one offset, used twice
``PaddedDeconvolve`` forward-model: the loss is     short episodes weigh as much as
                     divided by padding, too        long ones, frame by frame
``sets.as_peer``     the same: three channels for   one channel says all where there
                     every picture                  is one colour
``leaky_windows``    slvm-data-generation: windows  a test that shares steps with
                     of train and test overlap      training says too much
``episode_tuple``    meta-sLVM, CoSFan: batches     ours are named, uint8, channels
                     as a tuple, channels first     last
===================  =============================  ================================
"""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)
