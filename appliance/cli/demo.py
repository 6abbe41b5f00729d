"""Show everything on simulated hardware: days of recorded traffic, then a simulated PVS in accelerated time.

Its own data directory, loopback only, no right needed. The page's address and password are printed; Ctrl-C ends it, and
the next start goes on from there. --data-dir chooses another directory; remove it to begin anew.
"""
import argparse
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from appliance import settings, store
from appliance.cli.common import Progress
from appliance.demo import surroundings as demo
from appliance.errors import DONE, CommandError
from appliance.simulate.pvoutput import API_KEY, PvOutput
from appliance.simulate.pvoutput_site import System
from appliance.simulate.roof import Roof
from appliance.store import inbox
from appliance.supervisor import pipeline
from appliance.system.clock import ENVIRONMENT, Clock
from appliance.system.files import try_lock, write_atomic
from appliance.system.process_manager import ProcessManager, python_module
from appliance.system.service import Stop
from spcore.engine import Engine
from spcore.source import open_file

PASSWORD = "suntap-demo"
SITE = "pvoutput.pickle"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--maker-gone", action="store_true",
                        help="SunPower's server does not answer any more: half a minute later this box takes its place")


def run(args: argparse.Namespace) -> int:
    folder = Path(args.data_dir).absolute() if args.data_dir else default_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{folder}: cannot be the demo's data directory ({error.strerror}): "
                     "choose one with --data-dir") from error
    with try_lock(folder / "demo.lock") as alone:
        if not alone:
            raise CommandError(f"{folder}: a demo runs here already")
        return _run(folder, args.maker_gone)


def default_dir() -> Path:
    """Return the folder of the demo's history, in the user's state folder."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "suntap-demo"


def _run(folder: Path, maker_gone: bool) -> int:
    stop = Stop()
    real = Clock()
    now = _last_captured(folder)
    facts = demo.Facts.load(folder)
    if facts is None or now is None:
        now = demo.first_now(real)
        facts = demo.Facts(now - demo.HISTORY_DAYS * 86400)
    roof = demo.roof(facts.roof_start)
    server = PvOutput(Clock(real.time(), now, demo.SPEED), System(name="Demo roof", size_w=roof.size_w,
                                                                   timezone=demo.ZONE))
    config, port = _settings(folder, server.url, roof.size_w)
    if demo.Facts.load(folder) is None:
        _make_history(folder, config, roof, now - demo.GONE_HOURS * 3600 * maker_gone)
        facts.save(folder)
    _set_password(config)
    clock = Clock(real.time(), now + 1, demo.SPEED)     # time runs from here on: slow work is done before
    server.clock = clock
    with suppress(OSError, pickle.PickleError, EOFError, AttributeError):
        server.sites[0] = pickle.loads((folder / SITE).read_bytes())
    print(f"\n  http://127.0.0.1:{port}    password: {PASSWORD}\n  {demo.SPEED} times as fast as life; "
          f"history in {folder}; Ctrl-C ends it\n", flush=True)
    children = {
        "supervisor": ["appliance.cli", "run", "supervisor", "--config", str(config)],
        "collector": ["appliance.cli", "run", "collector", "--config", str(config)],
        "web": ["webui", "--config", str(config)],
        "capture": ["appliance.cli", "run", "capture", "--spool", str(folder / "spool"), "--config", str(config)],
    }
    with server, demo.pvs(roof, folder / "spool", clock, maker_gone):
        ProcessManager(children, stop, _say, {ENVIRONMENT: clock.to_environment()}).run()
    write_atomic(folder / SITE, pickle.dumps(server.site))
    print("the demo has ended; the next start goes on from here")
    return DONE


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _settings(folder: Path, url: str, size_w: int) -> tuple[Path, int]:
    """Write the demo's settings file. Returns its path and the port of the page."""
    config = folder / "suntap.toml"
    port = demo.free_port()
    if port != demo.PORTS[0]:
        print(f"port {demo.PORTS[0]} is in use: the page is on {port}")
    settings.update(config, {
        "site.timezone": demo.ZONE, "site.size_w": size_w, "store.data_dir": folder, "web.host": "127.0.0.1",
        "web.port": port, "pvoutput.enabled": True, "pvoutput.url": url, "pvoutput.api_key": API_KEY,
        "pvoutput.system_id": System().system_id, "collector.stand_in": "auto",
    })
    return config, port


def _last_captured(folder: Path) -> float | None:
    """Return the capture time of the newest upload of an earlier demo, in simulated seconds since 1970 UTC."""
    if demo.Facts.load(folder) is None:
        return None
    database = inbox.connect(folder)
    last = inbox.extent(database).last_captured_s
    database.close()
    return None if last is None else float(last)


def _make_history(folder: Path, config: Path, roof: Roof, begin: float) -> None:
    """At the first start, write the capture of the days before and ingest it as `suntap import` does."""
    capture = folder / "history.pcap"
    progress = Progress("simulated traffic, %")
    for share in demo.history(capture, int(begin), roof):
        progress(round(100 * share))
    progress.close()
    loaded = settings.load(config)
    received, derived = inbox.connect(folder), store.connect(folder)
    engine = Engine(ports=loaded.capture.ports)
    with open_file(str(capture)) as source:
        for uploads in source.run(engine):
            inbox.append(received, uploads)
    inbox.append(received, engine.finish())
    progress = Progress("uploads worked out")
    done = pipeline.derive(received, derived, loaded, begin, progress)
    progress.close()
    print(f"{capture.name}: {done.uploads} uploads, {done.readings} readings, {len(done.days)} days")
    received.close()
    derived.close()


def _set_password(config: Path) -> None:
    """Set the demo's known password. It is enough because the page listens on the loopback only."""
    subprocess.run(python_module("webui", "--first-password", "--config", str(config)), input=f"{PASSWORD}\n",
                   text=True, check=True)
