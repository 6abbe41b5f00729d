"""Run the capture, supervisor, web and collector processes, all under one parent, or one of them in the foreground.

Without a name: starts all, starts again what ends, and ends all on Ctrl-C or SIGTERM. With a name: that one process in
the foreground; the systemd units of the image and the package do this.
"""
import argparse
import sys
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from appliance.cli.common import data_dir_of, settings_of
from appliance.cli.service import Stop, begin_log, end_with_parent
from appliance.errors import DONE, CommandError
from appliance.system.clock import from_environment
from appliance.system.files import try_lock

LOCK = "run.lock"   # held by the parent: two families on one data directory would fight over everything
PROBE_S = 10.0      # between two requests by which the web process proves to itself that it answers


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("process", nargs="?", choices=("capture", "supervisor", "web", "collector"),
                        help="run only this process, in the foreground")
    parser.add_argument("--spool", metavar="DIR", type=Path,
                        help="capture: read (and remove) the capture files that appear in DIR, instead of an interface")


def run(args: argparse.Namespace) -> int:
    settings, path = settings_of(args)
    data_dir = data_dir_of(settings)
    if args.process is None:
        return _family(args, data_dir)
    end_with_parent()
    begin_log(args.process)
    work = {"capture": _capture, "supervisor": _supervisor, "web": _web, "collector": _collector}
    return work[args.process](args, path)


def _family(args: argparse.Namespace, data_dir: Path) -> int:
    from appliance.system.process_manager import ProcessManager
    options = [text for name, value in (("--config", args.config), ("--data-dir", args.data_dir)) if value
               for text in (name, value)]
    spool = ["--spool", str(args.spool)] if args.spool else []
    with try_lock(data_dir / LOCK) as alone:
        if not alone:
            raise CommandError(f"{data_dir}: suntap runs here already (`suntap status` shows how it is)")
        ProcessManager({
            "capture": ["run", "capture", *spool, *options], "supervisor": ["run", "supervisor", *options],
            "web": ["run", "web", *options], "collector": ["run", "collector", *options],
        }, Stop(), lambda line: print(line, file=sys.stderr, flush=True)).run()
    return DONE


def _capture(args: argparse.Namespace, path: Path) -> int:
    from appliance.capture.process import CaptureProcess
    from appliance.settings.live import LiveSettings
    CaptureProcess(LiveSettings(path, args.data_dir), from_environment(), Stop(), args.spool).run()
    return DONE


def _supervisor(args: argparse.Namespace, path: Path) -> int:
    from appliance.settings.live import LiveSettings
    from appliance.supervisor import process as supervisor
    live = LiveSettings(path, args.data_dir)
    if not supervisor.run(live, from_environment(), Stop()):
        raise CommandError(f"{live.current.store.data_dir}: another supervisor process works here already")
    return DONE


def _collector(args: argparse.Namespace, path: Path) -> int:
    from appliance.collector.process import CollectorProcess
    from appliance.settings.live import LiveSettings
    CollectorProcess(LiveSettings(path, args.data_dir), from_environment(), Stop()).run()
    return DONE


def _web(args: argparse.Namespace, path: Path) -> int:
    from appliance import settings
    from webui.server import passed_sockets, serve
    loaded = settings.load(path).with_data_dir(args.data_dir)
    _end_on_signal()
    sockets = passed_sockets()
    host, port = sockets[0].getsockname()[:2] if sockets else (loaded.web.host, loaded.web.port)
    threading.Thread(target=_prove, args=(loaded.store.data_dir, host, port), daemon=True).start()
    try:
        return serve(loaded, path, loaded.store.data_dir, from_environment(), sockets)
    except SystemExit:
        return DONE


def _end_on_signal() -> None:
    """waitress runs in the main thread until an exception reaches it."""
    import signal

    def end(number: int, frame: object) -> None:
        raise SystemExit(DONE)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)


def _prove(data_dir: Path, host: str, port: int) -> None:
    """Beat after each request that this process answered to itself: a heartbeat that proves the work."""
    from appliance.settings import EVERYWHERE
    from appliance.system.heartbeat import Heartbeat
    from appliance.system.sd_notify import notify
    heartbeat = Heartbeat("web", data_dir)
    host = "localhost" if host in EVERYWHERE else host
    ready = threading.Event()
    while not ready.wait(PROBE_S if heartbeat.beats else 0.2):
        try:
            connection = HTTPConnection(host, port, timeout=PROBE_S)
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            connection.getresponse().read()
            connection.close()
        except (OSError, HTTPException):
            continue
        if not heartbeat.beats:
            notify("READY=1")
        heartbeat.beat()
