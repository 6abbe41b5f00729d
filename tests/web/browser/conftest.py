"""A real browser on the real server: Debian's Chromium, driven by playwright, and waitress in a thread.

Each test has its own browser profile. Pictures go to build/screenshots/, to be looked at. A page that logs an error to
the browser's console, or asks another host for anything, fails its test.
"""
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from appliance.system.heartbeat import PROCESSES, Heartbeat
from tests.web.conftest import PASSWORD, running
from webui.server import listen

SCREENSHOTS = Path(__file__).parents[3] / "build" / "screenshots"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder needs the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Served:
    """The application behind a real socket."""

    def __init__(self, app: Flask) -> None:
        self.server = listen(app, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.effective_port}"
        self._running = ExitStack()
        self._running.enter_context(running(self.server))

    def stop(self) -> None:
        """No more answers."""
        self._running.close()


@pytest.fixture
def served(fresh: Flask) -> Iterator[Served]:
    """The application before its first visit, or with a password where a test also asks for `app`."""
    found = Served(fresh)
    yield found
    found.stop()


@pytest.fixture
def open_page(chromium: Browser, served: Served) -> Iterator[OpenPage]:
    """open_page(path, login=True, phone=False, dark=False, scripts=True, zone=...) → a page of a new profile."""
    contexts, troubles = [], []

    def open_one(path: str = "/", login: bool = False, phone: bool = False, dark: bool = False, scripts: bool = True,
                 zone: str = "Asia/Tokyo") -> Page:
        context = chromium.new_context(
            viewport=PHONE if phone else DESKTOP, color_scheme="dark" if dark else "light", java_script_enabled=scripts,
            timezone_id=zone, locale="en-US", is_mobile=phone, has_touch=phone, base_url=served.url)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith((served.url, "data:")) else troubles.append(
            f"asked another host: {request.url}"))
        if login:
            page.goto("/login")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url("**/")
        page.goto(path)
        return page

    open_one.troubles = troubles  # type: ignore[attr-defined]
    yield open_one
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def processes(data_dir: Path) -> None:
    """The three processes, as far as the page can tell."""
    for name in PROCESSES:
        more = {"packets": 184_223, "holes": 0} if name == "capture" else {"readings": 21_690}
        counters = {"uploads": 1_204, **more}
        Heartbeat(name, data_dir).beat(interface="br0", counters={} if name == "web" else counters)


def picture(page: Page, name: str) -> None:
    """A picture of the whole page; the page must not be wider than the screen."""
    page.wait_for_timeout(150)  # the chart's first frame
    assert page.viewport_size is not None  # not innerWidth: a phone's grows with what does not fit
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], f"{name} is too wide"
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
