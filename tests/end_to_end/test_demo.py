"""The demo: a page worth looking at after one command, a clean end, and a second start that goes on."""
import json
import re
import signal
import urllib.request
from pathlib import Path

from appliance import store
from appliance.system import heartbeat
from tests.cli.processes import alive, running, wait_for


def page(log: Path) -> str:
    """The page's address as the demo prints it."""
    return wait_for(lambda: (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())) and found[0])


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def answers(url: str) -> str:
    try:
        return get(url)
    except OSError:
        return ""


def states(folder: Path) -> dict[str, int]:
    connection = store.connect(folder, readonly=True)
    found = dict(connection.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())
    connection.close()
    return found


def test_the_demo_shows_everything_ends_cleanly_and_goes_on_where_it_ended(tmp_path):
    folder, log = tmp_path / "demo", tmp_path / "log"
    with running("demo", "--data-dir", folder, log=log) as demo:
        url = page(log)
        assert "password: suntap-demo" in log.read_text()
        assert wait_for(lambda: answers(url + "/healthz")) and json.loads(get(url + "/healthz"))["ok"]
        first = json.loads(get(url + "/api/v1/now"))
        assert first["production_w"] > 0 and first["today"]["production_dwh"] > 0
        wait_for(lambda: json.loads(get(url + "/api/v1/now"))["time"] > first["time"])  # the simulated PVS goes on
        wait_for(lambda: states(folder).get("sent", 0) > 4 * 280 and not states(folder).get("refused"))
        assert "suntap" in get(url)
        pids = [heartbeat.read(name, folder)["pid"] for name in heartbeat.PROCESSES]
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 0
    assert not any(alive(pid) for pid in pids)
    assert "the next start goes on from here" in log.read_text() and "Traceback" not in log.read_text()
    sent = states(folder)["sent"]
    log.write_text("")
    with running("demo", "--data-dir", folder, log=log) as demo:
        url = page(log)
        assert "history.pcap" not in log.read_text()
        assert wait_for(lambda: answers(url + "/healthz"))
        wait_for(lambda: json.loads(get(url + "/api/v1/now"))["time"] > first["time"])
        wait_for(lambda: states(folder).get("sent", 0) > sent)
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(20) == 0
    connection = store.connect(folder, readonly=True)
    assert connection.execute("SELECT count(*) FROM slot WHERE hole = 1 AND time > (SELECT max(time) - 7200 FROM slot)"
                              ).fetchone()[0] == 0
    connection.close()


def test_where_the_maker_is_gone_the_box_takes_its_place_and_the_backlog_comes(tmp_path):
    folder, log = tmp_path / "demo", tmp_path / "log"
    with running("demo", "--maker-gone", "--data-dir", folder, log=log) as demo:
        page(log)
        wait_for(lambda: (last := heartbeat.read("collector", folder)) and last["wanted"], 120)
        wait_for(lambda: heartbeat.read("collector", folder)["counters"]["answered"] > 5, 120)
        journal = json.loads((folder / "collector.json").read_text())
        assert [change["state"] for change in journal["changes"]] == ["open"]

        def holes() -> int:
            """Slots that the last day lacks."""
            connection = store.connect(folder, readonly=True)
            last, count = connection.execute(
                "SELECT max(time), (SELECT count(*) FROM slot WHERE time > (SELECT max(time) FROM slot) - 86400)"
                " FROM slot WHERE production_dwh IS NOT NULL").fetchone()
            connection.close()
            return 288 - count if last else 288

        wait_for(lambda: holes() < 140, 120)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 0
    assert "Traceback" not in log.read_text()
