"""No write without the token of one's own page."""
from contextlib import closing

from flask import Flask

from appliance import store
from tests.web.conftest import Visitor
from tests.web.security.test_access import routes


def test_every_write_without_a_token_is_refused(app: Flask, owner: Visitor, config, data_dir) -> None:
    before = config.read_bytes(), (data_dir / "web-auth.json").read_bytes()
    writes = [path for method, path, _ in routes(app) if method == "POST"]
    assert len(writes) >= 12
    for path in writes:
        assert owner.client.post(path, data={"pvoutput.system_id": "1"}).status_code == 400, path
    assert before == (config.read_bytes(), (data_dir / "web-auth.json").read_bytes())


def test_a_token_of_another_session_is_refused(app: Flask, owner: Visitor) -> None:
    other = Visitor(app.test_client()).log_in()
    answer = owner.client.post("/settings/site", data={"csrf_token": other.token("/settings"), "site.size_w": "1"})
    assert answer.status_code == 400
    assert "send that again" in answer.text


def test_reading_never_writes(app: Flask, owner: Visitor, roof, config, data_dir) -> None:
    before = config.read_bytes(), (data_dir / "web-auth.json").read_bytes()
    for method, path, _ in routes(app):
        if method == "GET":
            owner.get(path)
    assert before == (config.read_bytes(), (data_dir / "web-auth.json").read_bytes())
    with closing(store.connect(roof)) as connection:
        assert connection.execute("SELECT count(*) FROM command").fetchone() == (0,)
