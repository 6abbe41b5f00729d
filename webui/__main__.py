"""`python -m webui`: the web process. `suntap run` starts it; nothing of suntap imports the page.

Options: --config FILE, --data-dir DIR as every command has them; --first-password reads a password from standard input,
stores it if there is none yet, and ends. Exit codes: 0 ended as told, 1 cannot listen or store, 2 settings or options.
"""
import signal
import sys
import threading
from getopt import GetoptError, getopt  # argparse would stay in memory: 0.4 MB
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from appliance import settings
from appliance.system.clock import from_environment
from appliance.system.heartbeat import Heartbeat
from appliance.system.sd_notify import notify
from appliance.system.service import begin_log, end_with_parent

PROBE_S = 10.0      # between two requests by which the process proves to itself that it answers
FIRST_PROBE_S = 0.2
DONE, FAILED, USAGE = 0, 1, 2
OPTIONS = ["config=", "data-dir=", "first-password"]


def main(arguments: list[str] | None = None) -> int:
    """Serve the page until a signal ends it; the exit code."""
    try:
        pairs, rest = getopt(sys.argv[1:] if arguments is None else arguments, "", OPTIONS)
    except GetoptError as error:
        return _fail(str(error), USAGE)
    if rest:
        return _fail(f"{rest[0]}: the options are {', '.join('--' + name.rstrip('=') for name in OPTIONS)}", USAGE)
    given = dict(pairs)
    path = settings.find(given.get("--config"))
    try:
        loaded = settings.load(path).with_data_dir(given.get("--data-dir"))
        loaded.store.data_dir.mkdir(parents=True, exist_ok=True)
        return _first_password(loaded.store.data_dir) if "--first-password" in given else _serve(loaded, path)
    except settings.SettingsError as error:
        return _fail(str(error), USAGE)
    except OSError as error:
        return _fail(f"{error.filename or loaded.store.data_dir}: {error.strerror or error}")


def _first_password(data_dir: Path) -> int:
    """For the demo and for scripts that set a box up: the same rules as the first visit's form."""
    from webui.security.auth import Auth, PasswordError
    auth = Auth(data_dir)
    if auth.stored().password is None:
        try:
            auth.set_first_password(sys.stdin.readline().rstrip("\n"))
        except PasswordError as error:
            return _fail(str(error), USAGE)
    return DONE


def _serve(loaded: settings.Settings, path: Path) -> int:
    from webui.server import passed_sockets, serve
    end_with_parent()
    begin_log("web")
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
    def end(number: int, frame: object) -> None:
        raise SystemExit(DONE)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)


def _prove(data_dir: Path, host: str, port: int) -> None:
    """Beat after each request that this process answered to itself: a heartbeat that proves the work."""
    heartbeat = Heartbeat("web", data_dir)
    host = "localhost" if host in settings.EVERYWHERE else host
    pause = threading.Event()
    while not pause.wait(PROBE_S if heartbeat.beats else FIRST_PROBE_S):
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


def _fail(reason: str, code: int = FAILED) -> int:
    print(reason, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
