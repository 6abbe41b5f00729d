"""From an empty data directory to a finished set-up, as a newcomer clicks through it."""
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance import settings
from appliance.simulate.pvoutput import API_KEY, PvOutput
from tests.web.browser.conftest import OpenPage, Served, picture
from tests.web.conftest import NOON, PASSWORD, TODAY, ZONE, FixedClock
from tests.web.roof import Roof, fill


def choose_password(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Listening")).to_be_visible()


def test_a_newcomer_gets_from_nothing_to_posting(open_page: OpenPage, served: Served, data_dir: Path, config: Path,
                                                 clock: FixedClock) -> None:
    with PvOutput(clock) as site:
        config.unlink()
        settings.update(config, {"capture.interface": "lo", "pvoutput.url": site.url})
        page = open_page("/", zone="America/Los_Angeles")
        expect(page).to_have_url(f"{served.url}/welcome/")
        picture(page, "welcome-1-password")
        choose_password(page)
        expect(page.get_by_text("Nothing heard from your SunPower box (PVS) yet.")).to_be_visible()
        picture(page, "welcome-2-listening")
        fill(data_dir, settings.Settings(), Roof().uploads(TODAY, 1, until=NOON - 20), NOON)
        expect(page.get_by_text("All three are OK.")).to_be_visible()
        expect(page.get_by_text("Serial ZT160000000441C0001 (SMSPVS20R1, firmware 1.4.10 Bu")).to_be_visible()
        picture(page, "welcome-2-heard")
        page.get_by_role("link", name="Continue").click()
        assert page.get_by_label("Time zone").input_value() == ZONE.key
        page.get_by_label("System size").fill("5300")
        picture(page, "welcome-3-site")
        page.get_by_role("button", name="Continue").click()
        picture(page, "welcome-4-server")
        page.get_by_role("button", name="Yes, answer in its place").click()
        page.get_by_label("API key").fill("0" * 40)
        page.get_by_label("System id").fill("12345")
        page.get_by_role("button", name="Test only").click()
        expect(page.get_by_text("Invalid API Key")).to_be_visible()
        expect(page.get_by_text("Check the key")).to_be_visible()
        picture(page, "welcome-5-refused")
        assert page.get_by_label("API key").input_value() == "0" * 40
        page.get_by_label("API key").fill(API_KEY)
        page.get_by_role("button", name="Test only").click()
        expect(page.get_by_text("PVOutput accepts this key and this system.")).to_be_visible()
        picture(page, "welcome-5-accepted")
        page.get_by_role("button", name="Test and post").click()
        expect(page.get_by_role("heading", name="All set.")).to_be_visible()
        picture(page, "welcome-6-done")
        page.get_by_role("link", name="To the dashboard").click()
        expect(page.get_by_role("heading", name="Solar power now")).to_be_visible()
    loaded = settings.load(config)
    assert loaded.collector.stand_in == "auto"
    assert loaded.pvoutput.enabled and loaded.pvoutput.api_key.reveal() == API_KEY
    assert (loaded.pvoutput.system_id, loaded.site.timezone, loaded.site.size_w) == ("12345", ZONE.key, 5300)


def test_just_recording_locally_is_a_full_choice(open_page: OpenPage, config: Path) -> None:
    page = open_page("/")
    choose_password(page)
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="No, only listen").click()
    page.get_by_role("button", name="Just record locally").click()
    expect(page.get_by_text("You can switch PVOutput on later")).to_be_visible()
    assert not settings.load(config).pvoutput.enabled


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_first_visit_works_without_scripts(open_page: OpenPage, config: Path, phone: bool) -> None:
    page = open_page("/", scripts=False, phone=phone)
    choose_password(page)
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Yes, answer in its place").click()
    picture(page, f"welcome-5-noscript-{'phone' if phone else 'desktop'}")
    page.get_by_role("button", name="Just record locally").click()
    expect(page.get_by_role("heading", name="All set.")).to_be_visible()
    assert settings.load(config).site.timezone == "Europe/Berlin"
