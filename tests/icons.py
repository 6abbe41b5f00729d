"""Makes the page's icons for home screens from webui/static/icon.svg, with the tests' Chromium.

    python -m tests.icons

iOS rounds the corners itself, so the square is filled to its edges. The PNGs are committed.
"""
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.pictures import ARGUMENTS

STATIC = Path(__file__).resolve().parents[1] / "webui" / "static"
SIZES = (180, 512)


def main() -> None:
    """Write icon-SIZE.png for each size."""
    drawing = (STATIC / "icon.svg").read_text().replace('rx="7"', "")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for size in SIZES:
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block; width: 100vw }}</style>{drawing}")
            page.screenshot(path=STATIC / f"icon-{size}.png")
        browser.close()


if __name__ == "__main__":
    main()
