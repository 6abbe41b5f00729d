"""Serves the application with waitress: a few threads, bounded queues, one-line errors."""
import errno
import logging
import socket
import sys
from pathlib import Path

import waitress  # type: ignore[import-untyped]

from appliance.clock import Clock
from appliance.settings import Settings, SettingsError

THREADS = 6             # a slow download must not stop the polling of the others
CONNECTIONS = 100
CHANNEL_TIMEOUT = 60    # s an idle connection may stay

log = logging.getLogger(__name__)


def serve(settings: Settings, config_path: str | Path, data_dir: str | Path, clock: Clock) -> int:
    """Answer requests until an exception (SystemExit, KeyboardInterrupt) ends it. Returns 1 when it cannot listen."""
    from webui import create_app
    from webui.security import MAX_RESTORE

    where = f"{settings.web.host}:{settings.web.port}"
    try:
        app = create_app(config_path, data_dir, clock)
        server = waitress.create_server(
            app, host=settings.web.host, port=settings.web.port, threads=THREADS, connection_limit=CONNECTIONS,
            channel_timeout=CHANNEL_TIMEOUT, ident="suntap", max_request_body_size=MAX_RESTORE)
    except SettingsError as error:
        return _fail(str(error))
    except socket.gaierror:
        return _fail(f"web: {settings.web.host!r} is no address of this machine: change web.host in {config_path}")
    except OSError as error:
        return _fail(_reason(error, where, config_path))
    log.info("page on http://%s", where)
    try:
        server.run()
    finally:
        server.close()
    return 0


def _reason(error: OSError, where: str, config_path: str | Path) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"web: {where} is in use by another program: stop it, or change web.port in {config_path}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return (f"web: no right to listen on {where}: ports below 1024 need CAP_NET_BIND_SERVICE,"
                f" or change web.port in {config_path}")
    if error.errno == errno.EADDRNOTAVAIL:
        return f"web: {where} is no address of this machine: change web.host in {config_path}"
    return f"web: cannot start on {where}: {error.strerror or error}"


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1
