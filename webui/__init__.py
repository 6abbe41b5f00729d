"""The web page: dashboard, PVOutput, diagnostics, settings and API, as one Flask application.

It reads the store, edits the settings file, and asks the supervisor process for everything else by a row in the table
`command`. This module is the table of contents: one module per page, what keeps strangers out in security, what people
read in present. `python -m webui` serves it.
"""
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_wtf import CSRFProtect

from appliance.system.clock import Clock
from webui import compress, data, layout
from webui.limits import COOKIE_S
from webui.pages import (
    api,
    dashboard,
    diagnostics,
    downloads,
    export,
    health,
    history,
    login,
    metrics,
    notices,
    order_result,
    output_checks,
    panels,
    prices,
    pvoutput,
    repair,
    restore,
    senders,
    settings,
    tokens,
    update,
    welcome,
)
from webui.security import access, auth, headers
from webui.security.claim import Claim
from webui.security.throttle import Throttle

PAGES = (welcome.page, login.page, dashboard.page, history.page, pvoutput.page, order_result.page, diagnostics.page,
         downloads.page, senders.page, restore.page, repair.page, update.page, settings.page, api.page, export.page,
         health.page, output_checks.page, notices.page, panels.page, prices.page, tokens.page, metrics.page)


def create_app(config_path: str | Path, data_dir: str | Path, clock: Clock) -> Flask:
    """The application for one settings file and one data directory.

    Raises SettingsError (the file cannot be used), RuntimeError (a route without an access level).
    """
    app = Flask(__name__)
    box = data.Box(Path(config_path), Path(data_dir), clock)
    data.install(app, box)
    app.extensions["suntap-auth"] = auth.Auth(box.data_dir)
    app.extensions["suntap-throttle"] = Throttle()
    app.extensions["suntap-claim"] = Claim(box.data_dir)
    app.secret_key = app.extensions["suntap-auth"].secret
    app.config.update(
        SESSION_COOKIE_NAME="suntap", SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Strict",
        SESSION_REFRESH_EACH_REQUEST=False, PERMANENT_SESSION_LIFETIME=timedelta(seconds=COOKIE_S),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a settings page may stay open over lunch
        WTF_CSRF_HEADERS=["X-CSRFToken"],
        WTF_CSRF_SSL_STRICT=False,  # wants a Referer behind https, which our own Referrer-Policy leaves out
    )
    headers.install(app, box)
    app.before_request(access.guard)  # before the CSRF check reads the body: a stranger's upload is never read
    CSRFProtect(app)
    for page in PAGES:
        app.register_blueprint(page)
    access.public(app.view_functions["static"])
    layout.install(app)
    compress.install(app)
    access.check_map(app)
    return app
