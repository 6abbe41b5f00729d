"""Listening on systemd's sockets, and what of the settings reaches the unit of the socket."""
import importlib.machinery
import importlib.util
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from tests.cli.processes import beat, wait_for
from tests.web.conftest import Visitor, cookie_of

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "image/deb/debian/web-socket"


@pytest.fixture(scope="module")
def script():
    """The unit's helper, as a module."""
    loader = importlib.machinery.SourceFileLoader("web_socket", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("web_socket", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(("web", "streams"), [
    ({}, []), ({"host": "0.0.0.0", "port": 80}, []), ({"port": 8080}, ["8080"]), ({"port": 443}, ["443"]),
    ({"host": "127.0.0.1"}, ["127.0.0.1:80"]), ({"host": "localhost", "port": 81}, ["127.0.0.1:81", "[::1]:81"]),
    ({"host": "2001:db8::7", "port": 8080}, ["[2001:db8::7]:8080"]), ({"host": "::", "port": 8080}, ["[::]:8080"])])
def test_an_address_and_port_of_the_settings_are_the_sockets(script, web: dict, streams: list[str]) -> None:
    assert script.streams(web) == streams


@pytest.mark.parametrize("web", [
    {"port": 0}, {"port": 65536}, {"port": "80"}, {"port": True}, {"host": 1}, {"host": "example.org"}, {"host": ""},
    {"host": "fe80::1%x\nExecStartPre=/bin/sh"}, {"host": "127.0.0.1\n[Socket]"}, {"host": "/run/socket"},
    {"host": "@abstract"}, {"host": "vsock:2:80"}, {"host": ["0.0.0.0"]},
    {"host": "fe80::1"}, {"host": "fe80::1%br0"}, {"host": "2001:db8::7%lan0"}])
def test_nothing_but_an_address_and_a_port_reaches_the_unit(script, web: dict, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch,
                                                            capsys: pytest.CaptureFixture[str]) -> None:
    import tomlkit
    (tmp_path / "suntap.toml").write_text(tomlkit.dumps({"web": web}))
    monkeypatch.setattr(script, "SOURCE", tmp_path / "suntap.toml")
    assert script.wanted() == ""
    assert "port 80 it is" in capsys.readouterr().err


def test_a_file_that_is_nested_without_end_leaves_the_page_where_the_packaged_unit_has_it(
        script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "suntap.toml").write_text("a = " + 30_000 * "[")
    monkeypatch.setattr(script, "SOURCE", tmp_path / "suntap.toml")
    assert script.wanted() == ""


def test_such_a_file_does_not_keep_the_capture_process_from_starting(tmp_path: Path) -> None:
    """As its unit runs it, with other places for the two files."""
    source, target = tmp_path / "suntap.toml", tmp_path / "capture.toml"
    source.write_text("a = " + 30_000 * "[")
    helper = (ROOT / "image/deb/debian/capture-settings").read_text()
    for place, ours in (('"/etc/suntap/suntap.toml"', source), ('f"/run/suntap-{process}/suntap.toml"', target)):
        assert place in helper
        helper = helper.replace(place, f'"{ours}"')
    (tmp_path / "helper").write_text(helper)
    subprocess.run([sys.executable, str(tmp_path / "helper"), "write"], check=True)
    assert target.read_text() == ""


def test_the_settings_file_is_not_followed_where_a_link_leads(script, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").write_text("[web]\nport = 8080\n")
    (tmp_path / "suntap.toml").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(script, "SOURCE", tmp_path / "suntap.toml")
    assert script.wanted() == ""
    monkeypatch.setattr(script, "SOURCE", tmp_path / "elsewhere")
    assert script.wanted() == "[Socket]\nListenStream=\nListenStream=8080\n"


def test_the_page_answers_on_sockets_that_it_was_given_and_proves_itself_there(config: Path, data_dir: Path) -> None:
    """As sd_listen_fds(3) has it: descriptors from 3 on, meant for this process. The settings name another port."""
    settings.update(config, {"web.host": "192.0.2.1", "web.port": 81})
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        started = subprocess.Popen(
            ["bash", "-c", f'exec 3<&{one.fileno()} 4<&{two.fileno()}; LISTEN_PID=$$ LISTEN_FDS=2 exec "$@"', "-",
             sys.executable, "-m", "appliance.cli", "run", "--config", str(config), "--data-dir", str(data_dir), "web"],
            cwd=ROOT, pass_fds=(one.fileno(), two.fileno()))
        try:
            wait_for(lambda: beat("web", data_dir), 60)
            for given in (one, two):
                url = f"http://127.0.0.1:{given.getsockname()[1]}/static/icon.svg"
                with urllib.request.urlopen(url, timeout=30) as answer:
                    assert answer.status == 200
            started.terminate()
            assert started.wait(30) == 0
        finally:
            started.kill()


def test_sockets_for_another_process_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from webui.server import passed_sockets
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert passed_sockets() == []


@pytest.mark.parametrize(("host", "opened_at", "address"), [
    ("::", "[2001:db8::7]", "http://[2001:db8::7]:28080/"), ("::", "[2001:db8::7]:81", "http://[2001:db8::7]:28080/"),
    ("2001:db8::9", "localhost", "http://[2001:db8::9]:28080/"),
    ("0.0.0.0", "suntap.local", "http://suntap.local:28080/")])     # a port that the demo, tested beside, never takes
def test_an_address_of_ipv6_is_one_that_a_browser_takes(app: Flask, owner: Visitor, host: str, opened_at: str,
                                                        address: str) -> None:
    app.config["FOLLOWS_PORT"] = True
    form = {"web.host": host, "web.port": "28080", "csrf_token": owner.token("/settings")}
    answer = app.test_client(use_cookies=False).post("/settings/web", data=form, headers={
        "Host": opened_at, "Cookie": f"suntap={cookie_of(owner)}"})
    assert f'href="{address}"' in answer.text


def test_the_settings_say_when_a_port_takes_effect_and_where_the_page_is_then(app: Flask, owner: Visitor,
                                                                              config: Path) -> None:
    form = {"web.host": "0.0.0.0", "web.port": "28080", "web.public_dashboard": "on"}
    assert owner.get("/settings").text.count("Takes effect when suntap starts again.") == 3
    assert owner.send("/settings", "/settings/web", **form).status_code == 302
    app.config["FOLLOWS_PORT"] = True
    assert owner.get("/settings").text.count("Takes effect when suntap starts again.") == 1     # the data directory
    moved = owner.send("/settings", "/settings/web", **{**form, "web.port": "28081"})
    assert "This page gets a new address" in moved.text and "http://localhost:28081/" in moved.text
    assert "http://192.0.2.7/" in owner.send("/settings", "/settings/web", **{
        **form, "web.host": "192.0.2.7", "web.port": "80"}).text
    assert owner.send("/settings", "/settings/web", **{**form, "web.host": "192.0.2.7", "web.port": "80"}
                      ).status_code == 302
