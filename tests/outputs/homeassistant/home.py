"""A real Home Assistant with its MQTT integration set up, an owner, and a token; $SUNTAP_HOMEASSISTANT is its
environment's folder (`./run test outputs` makes it)."""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import requests

from tests.outputs.engines import Server, answers
from tests.ports import free_port

ENVIRONMENT = "SUNTAP_HOMEASSISTANT"
ASK = Path(__file__).with_name("ask.py")
KEY = "0" * 128                     # signs the test's token
REFRESH = "00000000000000000000000000000001"
START_S = 300.0                     # the first start may install what its integrations need
USER = "00000000000000000000000000000002"


def python() -> Path:
    return Path(os.environ[ENVIRONMENT]) / "bin" / "python"


class Home:
    """One Home Assistant; its memory is the folder."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=self.port))
        storage = folder / ".storage"
        storage.mkdir()
        done = {"done": ["user", "core_config", "analytics", "integration"]}
        for name, content in (("auth", AUTH), ("onboarding", done),
                              ("core.config_entries", {"entries": [entry(broker_port)]})):
            version = 4 if name == "onboarding" else 1
            (storage / name).write_text(json.dumps(
                {"version": version, "minor_version": 1, "key": name, "data": content}))
        self.server = Server([str(python()), "-m", "homeassistant", "-c", str(folder)], self.port,
                             folder.parent / "homeassistant.log", self._ready, START_S)

    def _ready(self) -> bool:
        """Answers, and has set everything up."""
        if not answers(self.server.url):
            return False
        found = self.get("config")
        return bool(found) and found["state"] == "RUNNING"

    def get(self, path: str) -> Any:
        """GET /api/PATH; None where there is no such thing (yet)."""
        try:
            answer = requests.get(f"{self.server.url}/api/{path}", timeout=5,
                                  headers={"Authorization": f"Bearer {token()}"})
        except requests.RequestException:
            return None
        return answer.json() if answer.ok else None

    def state(self, entity: str) -> str | None:
        """An entity's state; None where there is no such entity."""
        found = self.get(f"states/{entity}")
        return None if found is None else str(found["state"])

    def ask(self, *commands: dict[str, Any]) -> list[Any]:
        """The results of websocket commands."""
        done = subprocess.run([str(python()), str(ASK), self.server.url, token()], input=json.dumps(commands),
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return list(json.loads(done.stdout))


def token() -> str:
    """A long-lived access token, as Home Assistant makes them."""
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")
    now = int(time.time())
    text = ".".join(part(json.dumps(piece).encode()) for piece in (
        {"alg": "HS256", "typ": "JWT"}, {"iss": REFRESH, "iat": now - 60, "exp": now + 86_400}))
    return f"{text}.{part(hmac.digest(KEY.encode(), text.encode(), hashlib.sha256))}"


def entry(broker_port: int) -> dict[str, Any]:
    return {"entry_id": "00000000000000000000000000000003", "version": 1, "minor_version": 1, "domain": "mqtt",
            "title": "broker", "data": {"broker": "127.0.0.1", "port": broker_port, "discovery": True}, "options": {},
            "pref_disable_new_entities": False, "pref_disable_polling": False, "source": "user", "unique_id": None,
            "disabled_by": None}


CONFIGURATION = """homeassistant:
  time_zone: UTC
  unit_system: metric
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
websocket_api:
recorder:
  commit_interval: 1
history:
energy:
"""
AUTH = {
    "users": [{"id": USER, "group_ids": ["system-admin"], "is_owner": True, "is_active": True, "name": "owner",
               "system_generated": False, "local_only": False}],
    "groups": [{"id": "system-admin", "name": "Administrators"}, {"id": "system-users", "name": "Users"},
               {"id": "system-read-only", "name": "Read Only"}],
    "credentials": [],
    "refresh_tokens": [{
        "id": REFRESH, "user_id": USER, "client_id": None, "client_name": "test", "client_icon": None,
        "token_type": "long_lived_access_token", "created_at": "2024-01-01T00:00:00+00:00",
        "access_token_expiration": 315360000.0, "token": "0" * 127 + "1", "jwt_key": KEY, "last_used_at": None,
        "last_used_ip": None, "expire_at": None, "credential_id": None, "version": "2024.3.3"}],
}
