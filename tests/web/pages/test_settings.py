"""Saving settings: all of a section or nothing, with the reason beside the field."""
import socket
import stat
from pathlib import Path

from appliance import settings
from tests.web.conftest import Visitor

SITE = {"site.timezone": "Europe/Berlin", "site.size_w": "5300", "site.net_sign": "auto", "site.production": "auto",
        "site.meter": "auto", "site.name": "home"}


def test_a_section_is_saved_and_the_rest_stays(owner: Visitor, config: Path) -> None:
    config.write_text("# the owner's own words\n" + config.read_text())
    assert owner.send("/settings", "/settings/site", **SITE).status_code == 302
    loaded = settings.load(config)
    assert (loaded.site.timezone, loaded.site.size_w, loaded.capture.interface) == ("Europe/Berlin", 5300, "lo")
    assert "# the owner's own words" in config.read_text()
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_what_was_saved_is_said_once_and_in_its_section(owner: Visitor) -> None:
    assert owner.send("/settings", "/settings/site", **SITE).location == "/settings#site"
    text = owner.get("/settings").text
    assert text.count("Site: saved.") == 1
    assert text.index('id="site"') < text.index('role="status">Site: saved.') < text.index('id="site-timezone"')
    assert "saved." not in owner.get("/settings").text


def test_a_withdrawn_token_is_said_where_the_tokens_are(owner: Visitor) -> None:
    owner.send("/settings", "/settings/tokens/make", name="one")
    assert owner.send("/settings", "/settings/tokens/withdraw", name="one").location == "/settings#tokens"
    text = owner.get("/settings").text
    assert text.count("The token one was withdrawn.") == 1
    assert text.index('id="tokens"') < text.index('role="status">The token one was withdrawn.')


def test_one_wrong_field_saves_nothing_and_says_why_and_keeps_what_was_typed(owner: Visitor, config: Path) -> None:
    before = config.read_bytes()
    answer = owner.send("/settings", "/settings/site", **{**SITE, "site.size_w": "enormous"})
    assert answer.status_code == 422
    assert "Enter watts, such as 3840" in answer.text
    assert 'value="enormous"' in answer.text and 'value="Europe/Berlin"' in answer.text
    assert config.read_bytes() == before


def test_a_key_is_stored_and_never_shown(owner: Visitor, config: Path) -> None:
    form = {"pvoutput.api_key": "feedbeeffeedbeef", "pvoutput.system_id": "12345", "pvoutput.energy": "daily",
            "pvoutput.reserve": "5", "pvoutput.url": "https://pvoutput.org/service/r2/"}
    owner.send("/settings", "/settings/pvoutput", **form)
    assert settings.load(config).pvoutput.api_key.reveal() == "feedbeeffeedbeef"
    text = owner.get("/settings").text
    assert "feedbeef" not in text and "stored" in text
    owner.send("/settings", "/settings/pvoutput", **{**form, "pvoutput.api_key": ""})
    assert settings.load(config).pvoutput.api_key.reveal() == "feedbeeffeedbeef"


def test_an_unknown_section_is_not_found(owner: Visitor) -> None:
    assert owner.send("/settings", "/settings/nonsense", x="1").status_code == 404


def test_a_change_by_hand_shows_at_once(owner: Visitor, config: Path) -> None:
    owner.get("/settings")
    settings.update(config, {"site.size_w": 4321})
    assert 'value="4321"' in owner.get("/settings").text


def test_a_file_broken_by_hand_leaves_the_page_working_and_is_named(owner: Visitor, config: Path, roof: Path) -> None:
    owner.get("/settings")
    config.write_text("[site]\ntimezone = 7\n")
    assert owner.get("/").status_code == 200
    assert "site.timezone" in owner.get("/diagnostics").text


def test_a_folder_that_cannot_be_written_is_one_line_and_no_error_page(owner: Visitor, config: Path) -> None:
    before = config.read_bytes()
    config.unlink()
    config.mkdir()
    answer = owner.send("/settings", "/settings/site", **SITE)
    assert answer.status_code == 422 and str(config) in answer.text
    config.rmdir()
    config.write_bytes(before)


def test_a_port_that_another_program_uses_is_not_saved(owner: Visitor, config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        form = {"web.host": "127.0.0.1", "web.port": str(port), "web.public_dashboard": "on"}
        answer = owner.send("/settings", "/settings/web", **form)
        assert answer.status_code == 422 and "Another program uses this port" in answer.text
        assert settings.load(config).web.port == 80
    assert owner.send("/settings", "/settings/web", **form).status_code == 302
    assert settings.load(config).web.port == port
