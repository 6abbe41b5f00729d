"""`./run pictures`: takes the pictures of README and docs from the demo, with the tests' Chromium, into docs/pictures/.

Fails where a picture is larger than LIMIT_BYTES: they are committed. They differ with each run: the demo's weather is
today's. `tests/docs` holds that every picture that a text shows is there and no larger.
"""
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from appliance.cli.demo import PASSWORD

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
LIMIT_BYTES = 150_000
AFTERNOON_S = 120       # the demo begins at noon and makes a minute of a second
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
DESKTOP, PHONE = {"width": 1120, "height": 840}, {"width": 390, "height": 844}


@contextmanager
def demo() -> Iterator[str]:
    """The address of a running demo of its own."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([sys.executable, "-m", "appliance.cli", "demo", "--data-dir", folder],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            yield next(found[0] for line in process.stdout if (found := re.search(r"http://[0-9.]+:\d+", line)))
        finally:
            process.terminate()
            process.wait(30)


def take(browser: Browser, url: str, name: str, path: str, *, phone: bool = False, dark: bool = False,
         full: bool = False) -> None:
    """One picture of one page, as an owner in the demo's zone sees it who is logged in."""
    context = browser.new_context(viewport=PHONE if phone else DESKTOP, color_scheme="dark" if dark else "light",
                                  base_url=url, locale="en-US", timezone_id="America/Los_Angeles")
    page = context.new_page()
    log_in(page)
    page.goto(path)
    page.wait_for_timeout(1500)     # the charts, and the first answer of the page's own questions
    target = FOLDER / f"{name}.png"
    page.screenshot(path=target, full_page=full)
    context.close()
    size = target.stat().st_size
    print(f"{target.name}: {size / 1000:.0f} kB")
    if size > LIMIT_BYTES:
        sys.exit(f"{target.name} is larger than {LIMIT_BYTES // 1000} kB")


def log_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with demo() as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        print(f"{url}: waiting for the demo's afternoon")
        time.sleep(AFTERNOON_S)
        take(browser, url, "today", "/")
        take(browser, url, "phone", "/", phone=True, dark=True)
        take(browser, url, "history", "/history")
        take(browser, url, "diagnostics", "/diagnostics")
        browser.close()


if __name__ == "__main__":
    main()
