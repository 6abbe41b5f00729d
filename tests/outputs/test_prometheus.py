"""/metrics scraped by a real Prometheus with a token, checked by promtool; the dashboards ask for what is there."""
import json
import re
import subprocess
from pathlib import Path

import pytest
import requests

from appliance import settings, store
from appliance.system.clock import Clock
from tests.cli.processes import wait_for
from tests.outputs.engines import Server, answers, needs
from tests.outputs.support import House
from tests.ports import free_port
from tests.web.conftest import NOON, TODAY, FixedClock, running
from tests.web.roof import Roof, fill, post
from webui import create_app
from webui.security import tokens
from webui.server import listen

DASHBOARDS = Path(__file__).resolve().parents[2] / "docs" / "grafana"
BOARD = json.loads((DASHBOARDS / "suntap-metrics.json").read_text())
NAME = re.compile(r"\bsuntap_[a-z_]+")


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path / "data")
    house.fill(3)
    return house


def prometheus(folder: Path, target: int, token: str) -> Server:
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "scrape_configs:\n- job_name: suntap\n  scrape_interval: 1s\n"
        f"  authorization: {{credentials: {token}}}\n  static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n")
    return Server([needs("prometheus", "prometheus"), f"--config.file={folder / 'prometheus.yml'}",
                   f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}"], port,
                  folder / "prometheus.log", lambda: answers(f"http://127.0.0.1:{port}/-/ready"))


def test_prometheus_scrapes_it_with_a_token_and_promtool_has_nothing_to_say(tmp_path: Path, house: House) -> None:
    config = tmp_path / "suntap.toml"
    token, entry = tokens.make("prometheus")
    settings.update(config, {"web.tokens": [entry], "web.public_dashboard": False, "store.data_dir": str(house.folder)})
    store.connect(house.folder).close()
    app = create_app(config, house.folder, Clock())
    app.extensions["suntap-auth"].set_password("correct horse battery")
    page = listen(app, "127.0.0.1", 0)
    with running(page), prometheus(tmp_path, page.effective_port, token).running() as server:
        def value(query: str) -> float | None:
            answer = requests.get(f"{server.url}/api/v1/query", params={"query": query}, timeout=10).json()
            found = answer["data"]["result"]
            return float(found[0]["value"][1]) if found else None
        assert wait_for(lambda: value('up{job="suntap"} == 1'))
        (made,) = house.store.execute("SELECT sum(production_dwh) FROM site_day").fetchone()
        wait_for(lambda: value("suntap_production_joules_total") == made * 360)
        wait_for(lambda: value('suntap_lamp_state{lamp="disk",state="ok"}') is not None)
        text = requests.get(f"http://127.0.0.1:{page.effective_port}/metrics", timeout=10,
                            headers={"Authorization": f"Bearer {token}"}).text
    done = subprocess.run([needs("promtool", "prometheus"), "check", "metrics"], input=text, text=True,
                          capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_each_panel_shows_something(tmp_path: Path) -> None:
    """At noon of a day on a roof with a meter, with a row for PVOutput that waits."""
    folder = tmp_path / "data"
    folder.mkdir()
    fill(folder, settings.Settings(), Roof().uploads(TODAY, 1, until=NOON - 20), NOON)
    post(folder, waiting_from=NOON - 900)
    token, entry = tokens.make("prometheus")
    settings.update(tmp_path / "suntap.toml", {"web.tokens": [entry]})
    app = create_app(tmp_path / "suntap.toml", folder, FixedClock(NOON))
    app.extensions["suntap-auth"].set_password("correct horse battery")
    page = listen(app, "127.0.0.1", 0)
    with running(page), prometheus(tmp_path, page.effective_port, token).running() as server:
        def empty() -> list[str]:
            return [expression for panel in BOARD["panels"] for expression in (
                target["expr"].replace("$instance", f"127.0.0.1:{page.effective_port}") for target in panel["targets"])
                if not requests.get(f"{server.url}/api/v1/query", params={"query": expression}, timeout=10).json()[
                    "data"]["result"]]
        last: list[str] = []

        def all_show() -> bool:
            last[:] = empty()
            return not last
        try:
            wait_for(all_show, 30)
        except AssertionError as error:
            raise AssertionError(f"nothing is shown for {last}") from error


@pytest.mark.parametrize("path", sorted(DASHBOARDS.glob("*.json")), ids=lambda path: path.stem)
def test_a_dashboard_asks_only_for_what_suntap_gives(path: Path) -> None:
    board = json.loads(path.read_text())
    asked = {name for panel in board["panels"] for target in panel["targets"] for name in NAME.findall(target["expr"])}
    sources = [Path(__file__).resolve().parents[2] / name for name in (
        "webui/present/metrics.py", "appliance/outputs/lines/encode.py")]
    text = "".join(source.read_text() for source in sources)
    for name in asked:
        lines = any(name.removeprefix(f"{start}_") in FIELDS[start] for start in FIELDS)
        energies = any(re.fullmatch(pattern, name) for pattern in ENERGIES)
        assert name in text or name.removesuffix("_total") in text or lines or energies, name
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


FIELDS = {
    "suntap_slot": {f"{what}_{unit}" for what in ("production", "consumption") for unit in ("wh", "w")} | {
        "day_production_wh", "day_consumption_wh", "net_wh"},
    "suntap_day": {"production_wh", "consumption_wh", "import_wh", "export_wh", "peak_w"},
    "suntap_inverter": {"energy_wh", "lifetime_wh"},
}
ENERGIES = [r"suntap_(production|consumption|import|export)_joules_total",
            r"suntap_(production|consumption|grid)_watts"]
