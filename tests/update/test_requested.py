"""Root's side of the update button: the page hears how it ended, in words."""
import io
from pathlib import Path

import pytest

from appliance.update import requested
from appliance.update.bundle import UpdateError
from tests.update.conftest import Box


def test_a_full_disk_is_said_as_such_and_leaves_no_file_with_the_page(box: Box, keys: tuple[Path, Path]) -> None:
    page = requested.handover(box.data)
    page.store(io.BytesIO(b"a bundle"), 100)
    page.submit()
    (box.root / "bundle.part").symlink_to("/dev/full")
    with pytest.raises(UpdateError):
        requested.carry_out(page, box.releases(), keys[1], "0.1.0", "arm64")
    assert (page.state().name, page.state().text) == (
        "failed", "bundle.part: No space left on device: nothing was changed")
    assert not page.file.exists() and box.starts() == "packaged"
