"""The owner's pages in the browser: login, settings with a test, PVOutput, diagnostics; all pages: axe and weight."""
import json
import os
import re
from importlib.resources import files
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from appliance import settings, store
from appliance.health import status
from appliance.simulate.pvoutput import API_KEY, PvOutput
from appliance.store import inbox
from appliance.supervisor import commands
from tests.web.browser.conftest import DESKTOP, PHONE, SCREENSHOTS, OpenPage, picture
from tests.web.conftest import NOON, PASSWORD, FixedClock
from tests.web.roof import post

pytestmark = pytest.mark.usefixtures("processes")

PAGES = ["/", "/day/2026-05-08", "/history", "/panels", "/panels/414050000000001", "/panels/arrange", "/pvoutput",
         "/diagnostics", "/notices", "/settings", "/settings/prices", "/welcome/listen", "/welcome/site",
         "/welcome/server", "/welcome/pvoutput", "/welcome/done"]
WEIGHT = 250_000
EVERYTHING = "rules: {'label-content-name-mismatch': {enabled: true}}"     # axe's usual rules and this one
COLORS = "runOnly: ['color-contrast', 'link-in-text-block']"      # the rules of axe that look at colors
EXTRA_TABS = 40         # a date field has four stops, and the browser's own controls some


def test_a_wrong_password_is_told_and_the_right_one_leads_on(open_page: OpenPage, app: Flask) -> None:
    page = open_page("/settings")
    page.get_by_label("Password").fill("wrong guess")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert").filter(has_text="That is not the password.")).to_be_visible()
    picture(page, "login-wrong")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the browser notes the 403, rightly


def test_a_refused_key_is_shown_in_pvoutputs_words_and_a_good_one_with_the_system(
        open_page: OpenPage, app: Flask, roof: Path, config: Path, clock: FixedClock) -> None:
    with PvOutput(clock) as site:
        settings.update(config, {"pvoutput.url": site.url})
        page = open_page("/settings", login=True)
        page.get_by_label("API key").fill("1" * 40)
        page.get_by_label("System id").fill("12345")
        page.locator("#pvoutput").get_by_role("button", name="Test").click()
        expect(page.get_by_text("Invalid API Key")).to_be_visible()
        picture(page, "settings-key-refused")
        page.get_by_label("API key").fill(API_KEY)
        page.locator("#pvoutput").get_by_role("button", name="Test").click()
        expect(page.get_by_text("PVOutput accepts this key and this system.")).to_be_visible()
        expect(page.get_by_text("Status interval")).to_be_visible()
        assert not settings.load(config).pvoutput.api_key
        page.locator("#pvoutput").get_by_role("button", name="Save").click()
        expect(page.get_by_text("PVOutput: saved.")).to_be_in_viewport()
        page.screenshot(path=SCREENSHOTS / "settings-saved.png")
        assert API_KEY not in page.content()
    assert settings.load(config).pvoutput.api_key.reveal() == API_KEY


def test_a_wrong_field_is_marked_where_it_is(open_page: OpenPage, app: Flask, config: Path) -> None:
    page = open_page("/settings", login=True)
    page.get_by_label("Time zone").fill("Mars/Olympus")
    page.locator("#site").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing was saved")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_have_attribute("aria-invalid", "true")
    picture(page, "settings-wrong-field")
    open_page.troubles.clear()  # type: ignore[attr-defined]  # the 422
    assert settings.load(config).site.timezone == "America/Los_Angeles"


def test_an_order_to_send_again_is_carried_out_and_told(open_page: OpenPage, app: Flask, roof: Path, config: Path,
                                                        clock: FixedClock) -> None:
    work = commands.Work(store.connect(roof), inbox.connect(roof), settings.load(config), config, clock,
                         lambda *_: None)
    refused = int(NOON) // 300 * 300 - 7200
    post(roof, NOON - 1800, {refused: "Power value [9200] too high for system size [5300]"})
    page = open_page("/pvoutput", login=True)
    expect(page.get_by_text("Power value [9200] too high for system size [5300]")).to_be_visible()
    picture(page, "pvoutput")
    page.get_by_role("row", name="May 8, 2026").get_by_role("button", name="Post again").click()
    expect(page.get_by_text("Working on it…")).to_be_visible()
    commands.run_waiting(work)
    expect(page.get_by_text("suntap posts 288 readings again")).to_be_visible()
    page.get_by_role("button", name="Skip").click()
    commands.run_waiting(work)
    expect(page.get_by_text("Done.")).to_be_visible()
    page.goto("/pvoutput")
    assert not page.get_by_text("Power value [9200]").count()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_owners_pages_fit(open_page: OpenPage, app: Flask, roof: Path, phone: bool) -> None:
    page = open_page("/", login=True, phone=phone, dark=phone)
    for path in ("/pvoutput", "/diagnostics", "/settings"):
        page.goto(path)
        picture(page, f"{path[1:]}-{'phone-dark' if phone else 'desktop'}")


def test_diagnostics_follow_the_log_at_a_level_and_show_temperature_and_backlog(
        open_page: OpenPage, app: Flask, roof: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = tmp_path / "lines"
    program = tmp_path / "journalctl"   # shows the lines of the level that is asked for, as the real one does
    program.write_text(f"""#!/bin/sh
for option; do case $option in --priority=*) most=${{option#*=}} ;; esac; done
while read -r priority text; do [ "$priority" -gt "$most" ] || printf \
'{{"__REALTIME_TIMESTAMP": "1778353176123456", "PRIORITY": "%s", "MESSAGE": "%s"}}\\n' "$priority" "$text"
done < {lines}
""")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(status, "_temperature", lambda: 48.3)
    lines.write_text("6 an upload arrived\n4 the disk is slow\n")
    page = open_page("/diagnostics", login=True)
    expect(page.get_by_text("an upload arrived")).to_be_visible()
    expect(page.get_by_text("48\u202f°C (119\u202f°F)")).to_be_visible()
    expect(page.locator("#backlog-title + p")).to_contain_text("readings kept for SunPower’s server")
    assert len(page.locator("polyline.line").get_attribute("points").split()) > 100
    page.get_by_label("From level").select_option("warning")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("the disk is slow")).to_be_visible()
    expect(page.get_by_text("an upload arrived")).to_be_hidden()
    with lines.open("a") as file:
        file.write("6 another upload\n3 the disk is full\n")
    expect(page.get_by_text("the disk is full")).to_be_visible(timeout=30_000)   # by itself, at the same level
    expect(page.get_by_text("another upload")).to_be_hidden()
    picture(page, "diagnostics-log-warnings")


def test_a_backup_is_shown_and_restored_in_the_browser(open_page: OpenPage, app: Flask, roof: Path, config: Path,
                                                       clock: FixedClock, tmp_path: Path) -> None:
    work = commands.Work(store.connect(roof), inbox.connect(roof), settings.load(config).with_data_dir(roof), config,
                         clock, lambda *_: None)
    page = open_page("/settings", login=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download backup").click()
    download.value.save_as(tmp_path / "saved.tar.gz")
    settings.update(config, {"site.size_w": 4321})
    (tmp_path / "other.tar.gz").write_text("not a backup")
    page.get_by_label("Restore from a backup").set_input_files(tmp_path / "other.tar.gz")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Nothing was replaced")).to_be_visible()
    page.get_by_label("Restore from a backup").set_input_files(tmp_path / "saved.tar.gz")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("This backup is whole. Restore it?")).to_be_visible()
    expect(page.get_by_text("May 7, 2026 to May 9, 2026")).to_be_visible()
    picture(page, "settings-restore-checked")
    page.get_by_role("button", name="Restore it").click()
    expect(page.get_by_text("Working on it…")).to_be_visible()
    assert commands.run_waiting(work) == 1
    expect(page.get_by_text("is restored; 0 reports came back with it.")).to_be_visible(timeout=30_000)
    assert settings.load(config).site.size_w == 0
    picture(page, "settings-restored")


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker, as axe-playwright-python carries it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def test_axe_finds_nothing_to_complain_about_on_any_page(open_page: OpenPage, app: Flask, roof: Path,
                                                         axe: str) -> None:
    """In light and dark and on a phone's screen. A look costs no visit, because the style asks only for the width and
    the color scheme; a scheme changes nothing but colors."""
    found = [f"/login: {complaint}" for complaint in complaints(open_page("/login"), axe)]
    page = open_page("/", login=True)
    for path in PAGES:
        visit(page, path)
        found += [f"{path} light: {complaint}" for complaint in complaints(page, axe)]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        found += [f"{path} dark: {complaint}" for complaint in complaints(page, "", COLORS)]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size(PHONE)
        page.wait_for_timeout(100)      # the chart is drawn anew
        found += [f"{path} phone: {complaint}" for complaint in complaints(page, "")]
        page.set_viewport_size(DESKTOP)
    assert found == []


def test_axe_finds_nothing_to_complain_about_where_scripts_are_off(open_page: OpenPage, app: Flask, roof: Path,
                                                                  axe: str) -> None:
    page = open_page("/", login=True)
    page.route(lambda url: "/static/" not in url, without_scripts)
    found = []
    for path in PAGES:
        visit(page, path)
        found += [f"{path}: {complaint}" for complaint in complaints(page, axe)]
    assert found == []


def test_axe_complains_of_gray_on_gray_in_the_dark(open_page: OpenPage, app: Flask, axe: str) -> None:
    """What the dark look is asked does find what it is asked for."""
    page = open_page("/login")
    page.evaluate("""() => {
        const style = new CSSStyleSheet();
        style.replaceSync("@media (prefers-color-scheme: dark) { h1 { color: #333; background: #222 } }");
        document.adoptedStyleSheets = [style];
    }""")
    assert complaints(page, axe) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    (complaint,) = complaints(page, "", COLORS)
    assert complaint.startswith("color-contrast: h1")


def visit(page: Page, path: str) -> None:
    """Open a page and wait for its charts."""
    page.goto(path)
    page.wait_for_timeout(100)


def without_scripts(route: Route) -> None:
    """A page as a browser without scripts has it. With scripts switched off axe itself would not run."""
    answer = route.fetch()
    text = re.sub(r"<script\b.*?</script>", "", answer.text(), flags=re.DOTALL)
    route.fulfill(response=answer, body=re.sub(r"</?noscript>", "", text))


def complaints(page: Page, axe: str, options: str = EVERYTHING) -> list[str]:
    """What axe says of a page; `axe` is "" where the page has it already."""
    if axe:
        page.evaluate(axe)
    found: list[str] = page.evaluate(
        f"axe.run({{resultTypes: ['violations'], {options}}}).then(result => result.violations.flatMap(rule => "
        "rule.nodes.map(node => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`)))")
    return found


def test_every_control_of_every_page_is_reached_by_the_keyboard_alone(open_page: OpenPage, app: Flask,
                                                                      roof: Path) -> None:
    page = open_page("/", login=True)
    page.add_init_script("window.fetch = () => new Promise(() => {})")      # what lives stays as it was numbered
    for path in PAGES:
        page.goto(path)
        wanted = page.evaluate("""() => {
            const kinds = "a[href], button, input, select, summary, [tabindex='0']";
            const found = [...document.querySelectorAll(kinds)].filter((one) =>
                one.checkVisibility() && !one.disabled && one.type !== "hidden");
            found.forEach((one, number) => { one.dataset.number = number; });
            document.documentElement.dataset.reached = "";
            document.addEventListener("focusin", (event) => {
                document.documentElement.dataset.reached += ` ${event.target.dataset.number}`; });
            return found.filter((one) => one.type !== "radio" || one.checked).map((one) => Number(one.dataset.number));
        }""")
        for _ in range(len(wanted) + EXTRA_TABS):
            page.keyboard.press("Tab")
        reached = {int(word) for word in page.evaluate("document.documentElement.dataset.reached").split()
                   if word.isdigit()}
        assert set(wanted) <= reached, (path, sorted(set(wanted) - reached))


def test_the_first_visit_of_the_dashboard_is_light(open_page: OpenPage, app: Flask, roof: Path) -> None:
    page = open_page("/login")
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: len(response.body())}))
    page.goto("/", wait_until="networkidle")
    assert sum(sizes.values()) < WEIGHT, sizes
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    report = {"bytes": sum(sizes.values()), "files": {url.split("?")[0].rsplit("/", 1)[-1] or "/": size
                                                      for url, size in sizes.items()},
              "dom_ready_ms": round(timing["domContentLoadedEventEnd"]), "loaded_ms": round(timing["loadEventEnd"])}
    (SCREENSHOTS / "weight.json").write_text(json.dumps(report, indent=1) + "\n")
