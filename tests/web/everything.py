"""The pages as owners and strangers meet them, in as many states as a fixture can stage: what must hold for every text
is held against all of them."""
import io
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from flask import Flask

from appliance import settings, store
from appliance.health.log import Log
from appliance.history import earlier
from appliance.outputs.contract import Fact, Facts
from appliance.settings import Panel
from appliance.update import requested
from tests.web.conftest import NOON, TODAY, FixedClock, Visitor
from tests.web.roof import SERIALS, Roof, bounds, fill, post

YESTERDAY = TODAY - timedelta(days=1)

OPEN = ("/", "/?kiosk", f"/day/{YESTERDAY}", f"/day/{TODAY}/part", "/live", "/history", "/history?month=2025-11",
        "/panels", "/panels?year=2026", f"/panels/{SERIALS[0]}", "/nothing", f"/day/{YESTERDAY}/picture.svg")
OWNERS = ("/pvoutput", f"/pvoutput/day/{YESTERDAY}", "/notices", "/senders/", "/diagnostics", "/diagnostics/lamps",
          "/diagnostics/log", "/settings", "/settings/prices", "/panels/arrange", "/welcome/listen", "/welcome/lamps",
          "/welcome/site", "/welcome/server", "/welcome/pvoutput", "/welcome/done")


def eventful(data_dir: Path, config: Path) -> None:
    """A day, and two days a year later, with a hole, a dead, a weak and a silent inverter, an imported day, a refused
    row and a notice; prices and places."""
    settings.update(config, {"site.buy": "0.30 (16-21 0.58)", "site.sell": "0.05", "pvoutput.enabled": True,
                             "pvoutput.api_key": "k" * 40, "pvoutput.system_id": "12345",
                             "site.panel": (Panel(SERIALS[1], "", 1, 1), Panel(SERIALS[2], "", 1, 2))})
    roof = Roof(serials=SERIALS[:8])
    loaded = settings.load(config)
    fill(data_dir, loaded, roof.uploads(TODAY.replace(year=TODAY.year - 1), 1), NOON)
    morning = bounds(TODAY, roof.zone)[0]
    roof.hole = (morning + 9 * 3600, morning + 10 * 3600)
    roof.dead, roof.weak, roof.silent = {SERIALS[4]}, {SERIALS[5]}, {SERIALS[6]}
    fill(data_dir, loaded, roof.uploads(TODAY, 2, until=NOON - 20), NOON)
    post(data_dir, waiting_from=int(NOON) - 900, refused={int(NOON) // 300 * 300 - 86400: "Power value too high"})
    with closing(store.connect(data_dir)) as connection:
        Log().keep(connection, Facts(notices=[Fact("dead", "warn", "Inverter 7 made nothing.", "Look at it.", "7")]),
                   int(NOON) - 86400)
        with connection:
            earlier.keep(connection, [earlier.EarlierDay(date(2024, 5, 9), 145_000, None)], "a.csv")


def first_visit(fresh: Flask) -> Iterator[tuple[str, str]]:
    """Name and text of each page before there is a password."""
    stranger = Visitor(fresh.test_client())
    yield "/welcome/", stranger.get("/welcome/").text
    for name, form in {"short": {"password": "x", "again": "x"}, "two": {"password": "x" * 9, "again": "y"}}.items():
        yield f"/welcome/ {name}", stranger.send("/welcome/", **form).text


def visited(app: Flask, owner: Visitor, guest: Visitor) -> Iterator[tuple[str, str]]:
    """Name and text of each page that only reads."""
    app.config["UPDATES"] = True
    for path in OPEN:
        yield path, guest.get(path).text
    yield "/login", guest.get("/login").text
    yield "/login wrong", guest.send("/login", password="wrong").text
    for path in OPEN[:2] + OWNERS:
        yield f"owner {path}", owner.get(path).text


def mistaken(app: Flask, owner: Visitor, clock: FixedClock, data_dir: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each page after a form that was wrong, or one that was right."""
    app.config["UPDATES"] = True
    wrong = {"site.timezone": "Nowhere", "site.size_w": "big", "site.net_sign": "?"}
    yield "site wrong", owner.send("/settings", "/settings/site", **wrong).text
    yield "zone wrong", owner.send("/welcome/site", **wrong).text
    prices = {"buy-0-price": "much", "sell-0-price": "1", "sell-1-price": "1", "sell-1-month": "Jan"}
    yield "prices wrong", owner.send("/settings/prices", **prices).text
    yield "place wrong", owner.send("/panels/arrange", **{f"row-{SERIALS[0]}": "x"}).text
    yield "pvoutput empty", owner.send("/settings", "/pvoutput/test", **{"pvoutput.system_id": ""}).text
    for to, form in {
            "/settings/restore": {}, "/settings/update": {}, "/history/earlier": {},
            "/settings/tokens/make": {"name": "a" * 50}, "/settings/password": {"old": "wrong"},
            "/settings/web": {"web.port": "8080", "web.host": "127.0.0.1"},
            "/settings/restore ": {"file": (io.BytesIO(b"x"), "x")},
            "/settings/update ": {"file": (io.BytesIO(b"x"), "x")}}.items():
        answer = owner.send("/settings", to.strip(), **form)
        after = owner.get("/history" if "earlier" in to else "/settings")
        yield f"after {to}", after.text if answer.status_code < 400 else answer.text
    for ok, text in ((None, "Checking."), (False, "no signature"), (True, "works")):
        requested.handover(data_dir).report(ok, text)
        yield f"update {ok}", owner.get("/settings").text
    yield "token", owner.send("/settings", "/settings/tokens/make", name="reader").text
    yield "tokens", owner.get("/settings").text
    yield "resend", owner.send("/pvoutput", "/pvoutput/resend", day=str(YESTERDAY)).text
    yield "working", owner.get("/pvoutput").text
    clock.move(3 * 86400)
    for path in ("/", "/diagnostics"):
        yield f"days later {path}", owner.get(path).text
