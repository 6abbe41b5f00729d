"""What docs/fleet.md and the dashboards tell a co-operative to use, with the real programs: vmauth lets each box write
as itself and no more, vmalert takes the rules, each rule fires for its roof alone, each panel shows something."""
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
import yaml

from appliance.outputs import lines
from appliance.outputs.lines import LinesOutput
from tests.docs.texts import ROOT, blocks
from tests.outputs.engines import Server, listens, needs, victoria_metrics, vm_export
from tests.outputs.support import FIRST, ZONE, House, renamed
from tests.ports import free_port

AUTH, RULES = blocks(ROOT / "docs" / "fleet.md", "yaml")
TOKEN, BOX = "one-token-a-box", "r04711"
DAYS = 5


class Cluster:
    """A VictoriaMetrics cluster's addresses in front of a single one: /insert/0/influx/… and /select/0/prometheus/…"""

    def __init__(self, engine: Server) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                path = re.sub(r"^/(insert/0/influx|select/0/prometheus)", "", self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                kept = {name: self.headers[name] for name in ("Content-Encoding",) if name in self.headers}
                answer = requests.request(self.command, engine.url + path, data=body, headers=kept, timeout=30)
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Silence."""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[Server, Server]]:
    """(the engine, the documented vmauth in front of it)"""
    with victoria_metrics(folder).running() as engine:
        front, port = Cluster(engine), free_port()
        text = AUTH.replace("vminsert:8480", front.place).replace("vmselect:8481", front.place)
        (folder / "auth.yml").write_text(text.replace("password: ...", "password: secret"))
        gate = Server([needs("vmauth", "victoria-metrics"), f"-auth.config={folder / 'auth.yml'}",
                       f"-httpListenAddr=127.0.0.1:{port}"], port, folder / "vmauth.log", lambda: listens(port))
        with gate.running():
            yield engine, gate
        front.server.shutdown()
        front.server.server_close()


def write(house: House, url: str, name: str, token: str = "") -> None:
    """A box's whole history."""
    output = LinesOutput(house.context(renamed(house.settings(url, token), name)))
    while output.step() != lines.POLL_S:
        pass
    output.close()


def test_a_box_writes_as_itself_and_can_do_nothing_else(tmp_path: Path) -> None:
    house = House(tmp_path / "box")
    house.fill(1)
    with cluster(tmp_path) as (engine, gate):
        inlet = f"{gate.url}/insert/0/influx/write"
        write(house, inlet, "another", TOKEN)
        assert vm_export(engine, f'{{__name__="suntap_slot_production_wh",box="{BOX}",site="another"}}')
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        forged = requests.post(inlet, params={"extra_label": "box=r00001"}, data="suntap_slot forged=1 1000000000",
                               headers=bearer, timeout=10)
        assert forged.ok and not vm_export(engine, '{box="r00001"}') and vm_export(engine, f'{{box="{BOX}"}}')
        assert not requests.post(inlet, data="a b=1", timeout=10).ok
        assert not requests.post(inlet, data="a b=1", headers={"Authorization": "Bearer x"}, timeout=10).ok
        query = f"{gate.url}/api/v1/query"
        assert not requests.get(query, params={"query": "up"}, headers=bearer, timeout=10).ok
        assert requests.get(query, params={"query": "up"}, auth=("grafana", "secret"), timeout=10).ok
        assert not requests.post(inlet, data="a b=1", auth=("grafana", "secret"), timeout=10).ok


@pytest.fixture(scope="module")
def roofs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Five days of three roofs: one well, one silent since the third day, one whose last day was dark and on which one
    of three inverters is dead."""
    folder = tmp_path_factory.mktemp("roofs")
    with victoria_metrics(folder).running() as engine:
        for name in ("well", "silent", "sick"):
            house = House(folder / name)
            house.fill(3 if name == "silent" else DAYS, slots=288)
            house.store.execute("UPDATE device_day SET energy_dwh = 20000 + device")
            if name == "sick":
                newest = (FIRST + timedelta(DAYS - 1)).isoformat()
                house.store.execute("UPDATE site_day SET production_dwh = 10 WHERE day = ?", (newest,))
                house.store.execute("INSERT INTO device (kind, serial, first_seen, last_seen)"
                                    " VALUES ('inverter', '414050000000003', 1, 1)")
                house.store.execute("INSERT INTO device_day (device, day, time, counter_dwh, energy_dwh)"
                                    " SELECT 3, day, time, counter_dwh, 0 FROM device_day WHERE device = 1")
            write(house, engine.url, name)
            house.store.close()
        requests.get(f"{engine.url}/internal/force_flush", timeout=30)
        yield engine


def at(days: float) -> float:
    """So many days after the begin of the history."""
    return datetime.combine(FIRST, datetime.min.time(), ZoneInfo(ZONE)).timestamp() + 86_400 * days


def test_vmalert_takes_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    done = subprocess.run([needs("vmalert", "victoria-metrics"), "-dryRun", f"-rule={tmp_path / 'rules.yml'}"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("alert, wanted", [
    ("RoofSilent", {("silent", "")}), ("RoofWithoutSun", {("sick", "")}),
    ("InverterWithoutOutput", {("sick", "414050000000003")})])
def test_each_rule_fires_for_the_roof_that_it_is_for(roofs: Server, alert: str, wanted: set[tuple[str, str]]) -> None:
    (expression,) = [rule["expr"] for group in yaml.safe_load(RULES)["groups"] for rule in group["rules"]
                     if rule["alert"] == alert]
    answer = requests.get(f"{roofs.url}/api/v1/query", timeout=30, params={
        "query": expression, "time": str(at(DAYS - .04))})
    metrics = [series["metric"] for series in answer.json()["data"]["result"]]
    found = {(metric["site"], metric.get("device", "")) for metric in metrics}
    assert found == wanted


BOARD = json.loads((ROOT / "docs" / "grafana" / "suntap-lines.json").read_text())


@pytest.mark.parametrize("expression", [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]])
def test_each_panel_shows_something(roofs: Server, expression: str) -> None:
    answer = requests.get(f"{roofs.url}/api/v1/query_range", timeout=60, params={
        "query": expression.replace("$site", ".*"), "start": str(at(0)), "end": str(at(DAYS)), "step": "300"})
    assert answer.ok and answer.json()["data"]["result"], answer.text[:500]
