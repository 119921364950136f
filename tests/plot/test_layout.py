"""The page: self-contained, escaped, and complete."""

import re
from html.parser import HTMLParser

import numpy as np

from foreworld.plot.report._html import Table
from foreworld.plot.report.content import Content, Video
from foreworld.plot.report.layout import lay_out
from tests.plot.fixtures import made_up

VOID = {"meta", "img", "br", "path", "use"}


class Balance(HTMLParser):
    """Fails where a tag is closed that was not opened."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        """Remember it."""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Compare."""
        if tag not in VOID:
            assert self.open.pop() == tag


def content(**changes):
    fields = {
        "name": "a <study>",
        "lead": "PPO & friends.",
        "facts": [("runs", "6 of 6")],
        "settings": Table(["field", "value"], [["size", "3"]]),
        "points": Table(["rate", "gain"], [["1", None]], frozenset({1}), best=0),
        "results": made_up(),
        "metrics": ["gain"],
        "horizons": ["test_mse_by_horizon"],
        "video": Video(np.zeros((3, 4, 5, 1), np.uint8), 3, 2),
        "timing": Table(["what", "seconds"], [["training", "1.0"]]),
        "problems": ["point 1: seed 2 turned NaN."],
        "configuration": '{"a": "<b>"}',
    }
    return Content(**{**fields, **changes})


def test_page_is_whole_and_fetches_nothing():
    page = lay_out([content(), content(name="second")], "made by hand")
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    # Names of XML vocabularies are no addresses; nothing else may look like one.
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<(script|link|iframe)|@import|url\((?!#)", page)
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page
    assert page.count("<svg") == 4
    assert "data:image/gif;base64,R0lGODlhBQAEA" in page


def test_text_is_escaped():
    page = lay_out([content()], "made & done")
    assert "a &lt;study&gt;" in page
    assert "<study>" not in page
    assert "PPO &amp; friends." in page
    assert "{&quot;a&quot;: &quot;&lt;b&gt;&quot;}" in page


def test_what_a_study_does_not_have_is_left_out():
    page = lay_out([content(video=None, horizons=[], timing=None, metrics=[])], "x")
    for word in ("Prediction", "Error by horizon", "Learning curves", ">Time<"):
        assert word not in page
