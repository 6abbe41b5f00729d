"""What happens to the box of the health tests: uploads, devices, rows of the outbox."""
from contextlib import closing
from dataclasses import replace

from appliance import store
from appliance.health import status
from appliance.settings import PVOutput, Secret, Settings
from appliance.store import inbox
from appliance.system.clock import Clock
from spcore.uploads import Upload

NOW = 1_778_342_400


def states(loaded: Settings, clock: Clock) -> dict[str, str]:
    return {lamp["name"]: lamp["state"] for lamp in status.collect(loaded, clock).to_json()["lamps"]}


def hear(box: Settings, at: float) -> None:
    with closing(inbox.connect(box.store.data_dir)) as connection:
        heard = Upload(int(at * 1e6), "192.0.2.1:1", "192.0.2.2:80", "/Data/x", b"100\t%d" % at, True)
        inbox.append(connection, [heard])


def device(box: Settings, kind: str, at: float) -> None:
    with closing(store.connect(box.store.data_dir)) as connection:
        connection.execute("INSERT INTO device (kind, serial, model, first_seen, last_seen) VALUES (?, 'S', 'M', ?, ?)",
                           (kind, int(at), int(at)))


def outbox(box: Settings, state: str) -> None:
    with closing(store.connect(box.store.data_dir)) as connection:
        connection.execute("INSERT INTO outbox (time, day, v1, state) VALUES (?, '2026-05-09', 1, ?)", (NOW, state))


def with_account(box: Settings) -> Settings:
    return replace(box, pvoutput=PVOutput(enabled=True, api_key=Secret("k"), system_id="1"))
