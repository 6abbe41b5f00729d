"""The whole of suntap behind the real browser: its three processes, and nothing set up beforehand.

Uploads come as capture files in a spool folder, in the simulated clock's noon; PVOutput is the simulated one. What the
newcomer needs in real time is measured and kept beside the pictures.
"""
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance import settings
from appliance.demo.surroundings import Spool
from appliance.simulate.pvoutput import API_KEY, PvOutput
from appliance.simulate.pvoutput_site import System
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import Roof
from appliance.system.clock import Clock
from appliance.system.heartbeat import PROCESSES, STALE_S
from tests.cli.processes import beat, kill, running, wait_for
from tests.ports import free_port
from tests.web.browser.conftest import SCREENSHOTS, picture

ZONE = "America/Los_Angeles"
DAY = date(2026, 5, 9)
NOON = int(datetime(2026, 5, 9, 12, tzinfo=ZoneInfo(ZONE)).timestamp())
NEWCOMER_S = 120        # issue: a posted slot in under two minutes
SECONDS = 1000          # of a playwright timeout
PASSWORD = "correct horse battery"


@pytest.fixture
def clock() -> Clock:
    """Noon of the invented day now, as fast as time is."""
    return Clock(time.time(), NOON)


@dataclass
class House:
    """suntap's three processes at work, from an empty data directory on."""

    site: PvOutput
    port: int
    processes: dict[str, subprocess.Popen[bytes]]

    def kill(self, name: str) -> None:
        """kill -9 of a process that nobody starts again."""
        kill(self.processes[name].pid)
        self.processes[name].wait()


@pytest.fixture
def house(tmp_path: Path, clock: Clock) -> Iterator[House]:
    """The settings file holds addresses and nothing else."""
    port = free_port()
    config, roof = tmp_path / "suntap.toml", Roof(3, 8, start=NOON - 3600, timezone=ZONE)
    with PvOutput(clock, System(size_w=roof.size_w, timezone=ZONE)) as site, ExitStack() as stack:
        settings.update(config, {"web.host": "127.0.0.1", "web.port": port, "capture.interface": "lo",
                                 "store.data_dir": tmp_path / "data", "pvoutput.url": site.url})
        spool = Spool(tmp_path / "spool", clock)
        more = {"capture": ["--spool", spool.folder]}
        processes = {name: stack.enter_context(running(
            "run", name, *more.get(name, []), "--config", config, log=tmp_path / "log",
            SUNTAP_CLOCK=clock.to_environment())) for name in PROCESSES}
        wait_for(lambda: all(beat(name, tmp_path / "data") for name in PROCESSES))
        pvs = Pvs(roof, spool.exchange, NOON - 1500)
        for moment in range(NOON - 1500, NOON, 60):
            pvs.step(moment)
        yield House(site, port, processes)
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.fixture
def page(chromium: Browser, house: House) -> Iterator[Page]:
    """A new browser."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, timezone_id=ZONE,
                                   base_url=f"http://127.0.0.1:{house.port}")
    context.set_default_timeout(60 * SECONDS)
    yield context.new_page()
    context.close()


def choose_password(page: Page) -> None:
    """The first page; the lamps then fill in by themselves."""
    page.goto("/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("8 inverters understood.")).to_be_visible()


def test_a_newcomer_has_a_posted_slot_within_two_minutes(page: Page, house: House) -> None:
    begin = time.monotonic()
    choose_password(page)
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("System size").fill("2560")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="No, only listen").click()
    page.get_by_label("API key").fill(API_KEY)
    page.get_by_label("System id").fill("12345")
    page.get_by_role("button", name="Test and post").click()
    expect(page.get_by_role("heading", name="All set.")).to_be_visible()
    page.get_by_role("link", name="To the dashboard").click()
    wait_for(lambda: house.site.site.curve(DAY), NEWCOMER_S - (time.monotonic() - begin))
    seconds = time.monotonic() - begin
    expect(page.get_by_role("heading", name="Solar power now")).to_be_visible()
    page.goto("/pvoutput")
    picture(page, "newcomer-posted")
    (SCREENSHOTS / "newcomer.json").write_text(json.dumps({"seconds_to_a_posted_slot": round(seconds, 1)}) + "\n")


def open_dashboard(page: Page) -> None:
    """The dashboard, once what the PVS sent has become a live value: a busy machine may take its time for that."""
    wait_for(lambda: page.request.get("/api/v1/now").json().get("state") == "live", NEWCOMER_S)
    page.goto("/")
    expect(page.get_by_role("heading", name="Solar power now")).to_be_visible()


@pytest.mark.parametrize(("name", "lamp", "words"), [
    ("supervisor", "Inverters", "The recorder has stopped"),
    ("capture", "SunPower box", "suntap does not listen to your SunPower box")])
def test_a_killed_process_shows_within_seconds_and_not_after_its_silence(page: Page, house: House, name: str,
                                                                         lamp: str, words: str) -> None:
    choose_password(page)
    open_dashboard(page)
    expect(page.get_by_text(words)).to_be_hidden()
    house.kill(name)
    expect(page.locator(".banner.bad", has_text=words)).to_be_visible(timeout=STALE_S / 3 * SECONDS)
    expect(page.locator(".lamps li", has_text=lamp)).to_contain_text("Fault")
    picture(page, f"dashboard-{name}-killed")


def test_a_killed_web_process_is_told_by_the_page_that_is_open(page: Page, house: House) -> None:
    choose_password(page)
    open_dashboard(page)
    house.kill("web")
    expect(page.locator("#lost")).to_be_visible(timeout=STALE_S / 3 * SECONDS)
    expect(page.get_by_text("Solar power now")).to_be_hidden()
