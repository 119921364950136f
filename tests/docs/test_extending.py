"""The launcher on the page about extending, taken as it is printed."""

import foreworld as fw
from foreworld.core.own.files import load_file
from tests.docs.blocks import ROOT, blocks


def test_the_launcher_keeps_the_contract_and_makes_data(tmp_path):
    page = blocks(ROOT / "docs" / "extending.md")
    (block,) = [found for found in page if found.file == "my_launcher.py"]
    (tmp_path / "my_launcher.py").write_text(block.text)
    launcher = load_file(tmp_path / "my_launcher.py").Slow()
    (tmp_path / "check").mkdir()
    fw.testing.check_launcher(launcher, tmp_path / "check")
    data = fw.generate(
        "pendulum", tmp_path / "data", train=3, launcher=launcher, quiet=True
    )
    assert len(data.train) == 3
