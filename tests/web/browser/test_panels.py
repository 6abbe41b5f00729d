"""The roof in the browser: panels are dragged to their places, or moved with the arrow keys, and stay there."""
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from appliance import settings
from appliance.settings import Panel
from tests.web.browser.conftest import OpenPage, picture
from tests.web.roof import SERIALS

pytestmark = pytest.mark.usefixtures("processes")


def test_panels_are_arranged_by_dragging_and_by_keyboard(open_page: OpenPage, app: Flask, roof: Path,
                                                         config: Path) -> None:
    page = open_page("/panels/arrange", login=True)
    cell = page.locator('#roof td[data-row="2"][data-column="3"]')
    page.locator(f'.tile[data-panel="{SERIALS[0]}"]').drag_to(cell)
    expect(cell.get_by_role("button")).to_have_text("…0001")
    second = page.locator(f'.tile[data-panel="{SERIALS[1]}"]')
    second.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowRight"):     # on the roof, and onto the first one
        page.keyboard.press(key)
    expect(cell.get_by_role("button")).to_have_text("…0002")
    expect(page.get_by_role("status")).to_have_text("…0002: row 2, column 3")
    third = page.locator(f'.tile[data-panel="{SERIALS[2]}"]')
    third.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Delete")
    page.get_by_label("Name").first.fill("South")
    picture(page, "panels-arrange")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Names and places: saved.")).to_be_visible()
    assert settings.load(config).site.panel == (Panel(SERIALS[0], "South", 2, 2), Panel(SERIALS[1], "", 2, 3))
    picture(page, "panels")
