"""A study's folder is read in the format it is written in, and in no other."""

import pytest

from foreworld.core.disk.folder import CONFIG, write_json
from foreworld.core.errors import ConfigError
from foreworld.sweeps.study.find import FORMAT, KIND, read_study


@pytest.mark.parametrize("number", [1, 4, None])
def test_another_format_is_refused(tmp_path, number):
    write_json(tmp_path / CONFIG, {"kind": KIND, "format": number, "study": {}})
    with pytest.raises(ConfigError) as caught:
        read_study(tmp_path)
    assert FORMAT == 3
    assert str(caught.value) == (
        f"{tmp_path} is written in format {number} of studies; this installation reads "
        f"formats 2 and 3. Make it anew, or install the version that wrote it."
    )
