"""The update button in the browser, with root's side at work on really signed files.

Root's side runs in a thread, as suntap-update.service and its two fellows would; the page is a process of its own,
which is ended and started anew when the box restarts.
"""
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from appliance.system.handover import REQUEST, UNHEARD_S
from appliance.update import requested
from appliance.update.bundle import UpdateError
from tests.cli.processes import wait_for
from tests.ports import free_port
from tests.update.conftest import RUNNING, Box, Processes, keys, make_bundle, make_key
from tests.web.browser.conftest import OpenPage, picture
from webui.security import passwords

__all__ = ["keys", "make_bundle"]
pytestmark = pytest.mark.usefixtures("processes")

PATIENCE = 60_000   # ms, for what a busy machine may take long to do
AWAY_S = 3          # the page is gone for, at least, while the services are started anew
PAGE = """import sys
from appliance.system.clock import Clock
from webui import create_app
from webui.security import passwords
from webui.server import listen
passwords.N = int(sys.argv[4])
app = create_app(sys.argv[1], sys.argv[2], Clock())
app.config["UPDATES"] = True
listen(app, "127.0.0.1", int(sys.argv[3])).run()
"""

Make = Callable[..., Path]
Keys = tuple[Path, Path]


class WebProcess:
    """The page as a process, on one port for all its lives."""

    def __init__(self, config: Path, data_dir: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [sys.executable, "-c", PAGE, str(config), str(data_dir), str(self.port), str(passwords.N)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def served(app: Flask, config: Path, data_dir: Path) -> Iterator[WebProcess]:
    page = WebProcess(config, data_dir)
    wait_for(lambda: answers(page.url))
    yield page
    page.stop()


def answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{url}/static/icon.svg", timeout=10) as answer:
        return bool(answer.status == 200)
    return False


class Services(Processes):
    """The services of the update tests, of which the page is one."""

    def __init__(self, box: Box, page: WebProcess) -> None:
        super().__init__(box)
        self.page, self.seen, self.judge = page, threading.Event(), threading.Event()

    def stop(self) -> None:
        super().stop()
        self.seen.wait(120)
        self.page.stop()

    def start(self) -> None:
        super().start()
        self.seen.wait(120)     # a card takes minutes to get here, a browser that is cut off in its page has no script
        self.page.stop()    # as the restart does
        time.sleep(AWAY_S)
        self.page.start()

    def healthy(self, ports: int) -> bool:
        """Once the test has seen the trial."""
        self.judge.wait(120)
        return super().healthy(ports)


class Root(threading.Thread):
    """suntap-update.path and its services, and the restarts of the box."""

    def __init__(self, data_dir: Path, box: Box, public_key: Path) -> None:
        super().__init__(daemon=True)
        self.handover, self.box, self.key, self.end = requested.handover(data_dir), box, public_key, False

    def run(self) -> None:
        while not self.end:
            if self.handover.state().name == "asked":
                with suppress(UpdateError):
                    version = requested.carry_out(self.handover, self.box.installer(), self.key, RUNNING, "arm64")
                    tell = lambda text: self.handover.report(None, text)  # noqa: E731
                    self.box.restart(tell)
                    kept = self.box.card.version == version
                    self.handover.report(kept, f"version {version} works and is kept" if kept
                                         else f"version {version} did not work: back to {RUNNING}")
            time.sleep(.1)


@pytest.fixture
def box(tmp_path: Path, served: WebProcess) -> Box:
    folder = tmp_path / "box"
    folder.mkdir()
    made = Box(folder)
    made.processes = Services(made, served)
    return made


@pytest.fixture
def root(data_dir: Path, box: Box, keys: Keys) -> Iterator[Root]:
    thread = Root(data_dir, box, keys[1])
    thread.start()
    yield thread
    thread.end = True
    box.processes.seen.set()
    box.processes.judge.set()
    thread.join(30)


def install(page: Page, file: Path) -> None:
    page.get_by_label("Update file").set_input_files(file)
    page.get_by_role("button", name="Install").click()


def see_it_under_way(page: Page, box: Box) -> None:
    """The page stands whole in the browser; from here on its process may end."""
    expect(page.get_by_text(re.compile("Update under way|Update: the file is here"))).to_be_visible(timeout=PATIENCE)
    page.wait_for_load_state("load")
    box.processes.seen.set()


def test_a_good_update_is_tried_and_kept_across_the_pages_own_restart(
        open_page: OpenPage, box: Box, root: Root, make_bundle: Make) -> None:
    page = open_page("/settings", login=True)
    install(page, make_bundle("0.2.0"))
    see_it_under_way(page, box)
    expect(page.get_by_text("Version 0.2.0 is on trial")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#lost")).to_be_hidden()
    picture(page, "settings-update-on-trial")
    box.processes.judge.set()
    expect(page.get_by_text("version 0.2.0 works and is kept.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Update file")).to_be_visible()    # the page has loaded itself anew
    picture(page, "settings-update-kept")
    assert box.card.version == "0.2.0"
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the refused connections while it was away


def test_an_update_that_does_not_work_is_taken_back_with_the_reason(
        open_page: OpenPage, box: Box, root: Root, make_bundle: Make) -> None:
    box.processes.sick = {"0.3.0"}
    box.processes.judge.set()
    page = open_page("/settings", login=True)
    install(page, make_bundle("0.3.0"))
    see_it_under_way(page, box)
    expect(page.get_by_text(f"0.3.0 did not work: back to {RUNNING}")).to_be_visible(timeout=PATIENCE)
    picture(page, "settings-update-taken-back")
    assert box.card.version == RUNNING
    open_page.troubles.clear()  # type: ignore[attr-defined]


def test_an_update_of_another_maker_is_refused_with_the_reason_and_stops_nothing(
        open_page: OpenPage, box: Box, root: Root, make_bundle: Make, tmp_path: Path) -> None:
    page = open_page("/settings", login=True)
    install(page, make_bundle("0.2.0", key=make_key(tmp_path, "other")[0]))
    expect(page.get_by_text("the signature is not this box's maker's")).to_be_visible(timeout=PATIENCE)
    picture(page, "settings-update-refused")
    assert box.processes.log == [] and list(box.root.iterdir()) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
        open_page: OpenPage, box: Box, root: Root, tmp_path: Path) -> None:
    with open(tmp_path / "large", "wb") as large:
        large.truncate(requested.MAX_BUNDLE + 1)
    page = open_page("/settings", login=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.get_by_label("Update file").set_input_files(tmp_path / "large")
    page.get_by_role("button", name="Install").click()
    expect(page.get_by_text("this is no update file.")).to_be_visible(timeout=PATIENCE)
    assert asked == []


def test_without_scripts_it_is_looked_at_again_by_hand(
        open_page: OpenPage, box: Box, root: Root, make_bundle: Make) -> None:
    page = open_page("/settings", login=True, scripts=False)
    install(page, make_bundle("0.2.0"))
    see_it_under_way(page, box)
    box.processes.judge.set()
    for _ in range(60):
        if page.get_by_text("version 0.2.0 works and is kept.").count():
            break
        page.wait_for_timeout(1000)
        with suppress(Exception):   # away while it is replaced
            page.goto("/settings")
    expect(page.get_by_text("version 0.2.0 works and is kept.")).to_be_visible(timeout=PATIENCE)


def test_where_nobody_takes_up_the_file_the_page_says_so(open_page: OpenPage, box: Box, make_bundle: Make,
                                                         data_dir: Path) -> None:
    page = open_page("/settings", login=True)
    install(page, make_bundle("0.2.0"))
    request, long_ago = requested.handover(data_dir).folder / REQUEST, time.time() - UNHEARD_S - 1
    wait_for(request.exists)
    os.utime(request, (long_ago, long_ago))
    expect(page.get_by_text("The update cannot start: a background service is off.")).to_be_visible(timeout=PATIENCE)
