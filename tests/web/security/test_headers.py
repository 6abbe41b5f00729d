"""What holds for every answer: headers, Host names, sizes, and nothing from the wire that is taken for markup."""
import re
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from spcore.uploads import Upload
from tests.web.conftest import NOON, TODAY, Visitor
from tests.web.roof import Roof, fill, post
from tests.web.security.test_access import routes
from webui.limits import MAX_BODY, RESTORE_PATH
from webui.pages.login import local_target
from webui.security.headers import host_is_ours

EVIL = "<script>alert(1)</script>"


def test_every_answer_has_the_headers(app: Flask, owner: Visitor, roof: Path) -> None:
    for method, path, _ in routes(app):
        if method == "GET":
            headers = owner.get(path).headers
            assert "'unsafe" not in headers["Content-Security-Policy"], path
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert headers["X-Frame-Options"] == "DENY" and headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store", path


def test_only_static_files_with_their_version_may_be_cached(guest: Visitor) -> None:
    page = guest.get("/login").text
    link = re.search(r'href="(/static/style\.css\?v=\w+)"', page)
    assert link and "immutable" in guest.get(link[1]).headers["Cache-Control"]
    assert guest.get("/static/style.css").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", [
    "192.0.2.9", "192.0.2.9:8080", "[2001:db8::1]:80", "[fe80::1]", "localhost", "localhost:8080", "suntap.local",
    "SUNTAP.local.", "suntap-3456.local:80", "suntap.lan", "suntap.home.arpa", "box", "suntap.fritz.box:8080"])
def test_a_name_that_only_this_network_can_mean_is_ours(host: str) -> None:
    assert host_is_ours(host, ["box", "Suntap.Fritz.Box."])


@pytest.mark.parametrize("host", [
    "", "example.org", "suntap.example.org:80", "192.0.2.9.example.org", "local", ".local", "localhost.example.org",
    "evil.local.example.org", "[", "]:80", "a b"])
def test_any_other_name_is_not(host: str) -> None:
    assert not host_is_ours(host)


def test_a_foreign_host_gets_nothing(app: Flask, owner: Visitor, roof: Path) -> None:
    for method, path, _ in routes(app):
        if method == "GET":
            assert owner.get(path, headers={"Host": "rebound.example.org"}).status_code == 421, path


def test_a_body_larger_than_a_form_is_refused_but_for_restore(owner: Visitor) -> None:
    token = owner.token("/settings")
    large = {"csrf_token": token, "site.timezone": "x" * (MAX_BODY + 1)}
    assert owner.client.post("/settings/site", data=large).status_code == 413


def test_a_strangers_large_upload_is_turned_away_before_it_is_read(guest: Visitor) -> None:
    answer = guest.client.post(RESTORE_PATH, data=b"x" * (4 * MAX_BODY), content_type="multipart/form-data")
    assert answer.status_code == 302 and answer.location.startswith("/login")


@pytest.mark.parametrize("target", [
    "https://example.org/", "//example.org", "/\\example.org", "\\\\example.org", "javascript:alert(1)", "", "x",
    "/ok\r\nSet-Cookie: a=b", "/a\\b"])
def test_the_login_leads_nowhere_else(app: Flask, target: str) -> None:
    with app.test_request_context("/login"):
        assert local_target(target) == "/"


def test_the_login_leads_back_to_the_page(app: Flask) -> None:
    with app.test_request_context("/login"):
        assert local_target("/day/2026-05-09?x=1") == "/day/2026-05-09?x=1"


def test_values_from_the_wire_are_text_on_every_page(data_dir, app: Flask, owner: Visitor) -> None:
    roof = Roof(serials=[f"{EVIL}{number}" for number in range(3)])
    roof.pvs, roof.model, roof.firmware = f"{EVIL}PVS", f"{EVIL}model", f"{EVIL}firmware"
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 2, until=NOON - 20), NOON)
    post(data_dir, refused={int(NOON) // 300 * 300 - 7200: f"{EVIL}reason"})
    seen = 0
    for method, path, _ in routes(app):
        if method == "GET" and not path.startswith(("/api/", "/export/", "/diagnostics/uploads.txt", "/metrics")):
            text = owner.get(path).text
            assert EVIL not in text, path
            seen += "&lt;script&gt;" in text
    assert seen >= 4


def test_a_request_path_and_lines_of_no_known_kind_are_text_too(app: Flask, owner: Visitor, data_dir: Path) -> None:
    evil = Upload(int(NOON * 1e6), "192.0.2.20:1", "198.51.100.7:80", f"/Data/{EVIL}\"onload=x",
                  f"999\t20260509190000\t{EVIL}\n{EVIL}\t{EVIL}\n100\tSPMS\t10\t{EVIL}\t20260509190000\n".encode(),
                  False)
    fill(data_dir, settings.Settings(), iter([evil]), NOON)
    text = owner.get("/diagnostics").text
    assert EVIL not in text and text.count("&lt;script&gt;") >= 5
    assert "/Data/&lt;script&gt;alert(1)&lt;/script&gt;&#34;onload=x" in text
    for method, path, _ in routes(app):
        if method == "GET" and not path.startswith(("/api/", "/export/", "/diagnostics/uploads.txt", "/metrics")):
            assert EVIL not in owner.get(path).text, path
    download = owner.get("/diagnostics/uploads.txt")    # as it came, but never as a page
    assert EVIL in download.text and download.mimetype == "text/plain"
    assert download.headers["Content-Disposition"].startswith("attachment")
    assert download.headers["X-Content-Type-Options"] == "nosniff"


def test_the_key_is_on_no_page_and_in_no_api_answer(app: Flask, owner: Visitor, roof: Path, config) -> None:
    key = "00000000000000000000000000000000feedbeef"
    settings.update(config, {"pvoutput.api_key": key, "pvoutput.system_id": "12345", "pvoutput.enabled": True})
    for method, path, _ in routes(app):
        if method == "GET":
            assert key not in owner.get(path).text, path
    refused = {"pvoutput.api_key": "another" + key, "pvoutput.reserve": "x"}
    answer = owner.send("/settings", "/settings/pvoutput", **refused)
    assert answer.status_code == 422 and key not in answer.text
