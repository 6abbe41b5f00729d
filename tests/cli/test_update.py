"""`suntap update` where there is no image: nothing is tried, and the page hears why. Releases: tests/update."""
from pathlib import Path

import pytest

from appliance.cli import update as command
from appliance.system.handover import Handover
from appliance.update import requested
from tests.cli.command import refused
from tests.cli.inside import Shell


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The services' data directory, on a system without a data partition."""
    monkeypatch.setattr(command, "DATA_DIR", tmp_path)
    monkeypatch.setattr(requested, "ROOT", tmp_path / "root")
    return tmp_path


def test_a_file_by_hand_is_refused_with_what_to_use_instead(shell: Shell, data_dir: Path) -> None:
    (data_dir / "x.suntap").write_bytes(b"x")
    refused(shell("update", data_dir / "x.suntap"), 2, "no suntap image", "apt")
    assert (data_dir / "x.suntap").read_bytes() == b"x"


def test_the_page_that_asked_hears_why_not(shell: Shell, data_dir: Path) -> None:
    page: Handover = requested.handover(data_dir)
    import io
    page.store(io.BytesIO(b"update"), 100)
    page.submit()
    refused(shell("update", "--requested"), 2, "no suntap image")
    assert "no suntap image" in page.state().text and not page.state().under_way


@pytest.mark.parametrize("arguments", [[], ["x", "--finish"], ["--finish", "--requested"]])
def test_one_of_its_ways_is_chosen(shell: Shell, data_dir: Path, arguments: list[str]) -> None:
    refused(shell("update", *arguments), 2, "update:")
