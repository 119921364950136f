"""How updates are cut into intervals and segments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreworld.train.layout import choose_layout


@pytest.mark.parametrize(
    ("num_updates", "points", "segments"),
    [(390, 78, 10), (1953, 93, 10), (1, 1, 1), (7, 7, 7), (1000, 100, 10)],
)
def test_chosen_layouts(num_updates, points, segments):
    layout = choose_layout(num_updates)
    assert (layout.num_intervals, layout.num_segments) == (points, segments)


@given(st.integers(1, 200_000))
@settings(max_examples=200, deadline=None)
def test_layout_covers_every_update_once(num_updates):
    layout = choose_layout(num_updates)
    ends = layout.interval_ends()
    assert ends[-1] == layout.segment_ends()[-1] == num_updates
    assert (np.diff(ends, prepend=0) > 0).all()
    counts = [layout.intervals_in(i) for i in range(layout.num_segments)]
    assert sum(counts) == layout.num_intervals and min(counts) >= 1
    assert (layout.num_segments <= 12 and 50 <= len(ends) <= 160) or num_updates < 100
