"""The update button's form: a file is handed over whole, or the page says why not."""
import io
from pathlib import Path

import pytest
from flask import Flask

from appliance.update import requested
from tests.web.conftest import Visitor


@pytest.fixture
def image(app: Flask) -> None:
    """As on the SD-card image."""
    app.config["UPDATES"] = True


def upload(owner: Visitor, content: bytes, name: str = "suntap.suntap-update") -> str:
    """Send an update file; what the settings page then says."""
    answer = owner.send("/settings", "/settings/update", file=(io.BytesIO(content), name))
    return answer.text if answer.status_code != 302 else owner.get("/settings").text


def test_a_system_without_releases_says_how_to_update_instead(owner: Visitor, data_dir: Path) -> None:
    text = owner.get("/settings").text
    assert "update that folder" in text and 'id="update-file"' not in text
    assert "installs no update files" in upload(owner, b"x")
    assert not requested.handover(data_dir).folder.exists()


def test_a_debian_package_is_updated_by_apt(owner: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.handovers.PACKAGED", tmp_path)
    assert "sudo apt install ./suntap_VERSION_ARCH.deb" in owner.get("/settings").text


def test_a_file_is_handed_over_and_asked_for(owner: Visitor, image: None, data_dir: Path) -> None:
    assert "begins in a moment" in upload(owner, b"a bundle" * 1000)
    handover = requested.handover(data_dir)
    assert handover.state().name == "asked"
    with handover.claim() as file:
        assert file.read() == b"a bundle" * 1000
    handover.report(None, "Checking the file.")
    assert "Checking the file." in owner.get("/settings").text and 'id="update-file"' not in owner.get("/settings").text
    assert "X-Again" not in owner.get("/settings/update/state").headers
    assert "Another update is under way" in upload(owner, b"another")
    handover.report(False, "the signature is <not> this box's maker's")
    assert "signature is &lt;not&gt;" in owner.get("/settings").text
    assert owner.get("/settings/update/state").headers["X-Again"] == "1"


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(owner: Visitor, image: None, data_dir: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.pages.update.MAX_BUNDLE", 1 << 20)
    assert "Larger than 1 MiB" in upload(owner, bytes((1 << 20) + 1))
    assert requested.handover(data_dir).state().name == "idle"
    assert list(requested.handover(data_dir).folder.iterdir()) == []


def test_a_form_without_a_file_asks_for_one(owner: Visitor, image: None) -> None:
    owner.send("/settings", "/settings/update")
    assert "Choose an update file first." in owner.get("/settings").text


def test_a_data_directory_that_cannot_be_written_is_a_sentence(owner: Visitor, image: None, data_dir: Path) -> None:
    requested.handover(data_dir).folder.write_text("in the way")
    assert "could not be stored" in upload(owner, b"x")
