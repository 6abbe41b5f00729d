"""Where line protocol goes: each engine's path and token as its documentation has them, and what its answers mean."""
import base64
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.outputs import lines
from appliance.outputs.contract import OutputError
from appliance.outputs.lines import LinesOutput
from appliance.outputs.lines.target import Refused, Target
from appliance.settings import Lines, Secret
from tests.outputs.hook import serving
from tests.outputs.support import FIRST, House, drain

SECRET = "the-token-of-the-owner"


@pytest.fixture
def engine() -> Iterator[Any]:
    with serving() as server:
        server.behaviour = (204, {}, b"")
        yield server


def target(engine: Any, path: str, token: str = "") -> Target:
    return Target(Lines(f"http://127.0.0.1:{engine.server_port}{path}", Secret(token)))


BASIC = "Basic " + base64.b64encode(b"me:pass word").decode()


@pytest.mark.parametrize(("path", "token", "asked", "shown"), [
    ("", "", "/write?precision=ms&db=suntap", None), ("/", "me:pass word", "/write?precision=ms&db=suntap", BASIC),
    ("/write?db=solar&rp=year", "", "/write?db=solar&rp=year&precision=ms", None),
    ("/api/v2/write?org=O&bucket=B", SECRET, "/api/v2/write?org=O&bucket=B&precision=ms", f"Token {SECRET}"),
    ("/api/v3/write_lp?db=D", SECRET, "/api/v3/write_lp?db=D&precision=millisecond", f"Bearer {SECRET}"),
    ("/insert/0/influx/write", SECRET, "/insert/0/influx/write?precision=ms&db=suntap", f"Bearer {SECRET}")])
def test_each_engine_is_asked_in_its_own_way(engine: Any, path: str, token: str, asked: str, shown: str | None) -> None:
    assert target(engine, path, token).write("m f=1 1\n").dropped == ""
    got, headers, body = engine.got[0]
    assert (got, headers.get("Authorization")) == (asked, shown)
    assert headers["Content-Encoding"] == "gzip" and gzip.decompress(body) == b"m f=1 1\n"


@pytest.mark.parametrize(("headers", "replaces"), [
    ({"X-Influxdb-Version": "1.6.7"}, True), ({}, True),
    ({"X-Influxdb-Version": "1.8.0", "X-Server-Hostname": "vm"}, False)])
def test_victoriametrics_is_told_by_what_it_says_of_itself(engine: Any, headers: dict[str, str],
                                                           replaces: bool) -> None:
    engine.behaviour = (405, headers, b"")
    found = target(engine, "/write")
    assert found.replaces is replaces
    engine.behaviour = (204, headers, b"")
    found.write("m f=1 1\n")
    assert ("db=suntap" in engine.got[0][0]) is replaces


@pytest.mark.parametrize(("answer", "kind", "words"), [
    ((400, {}, b"unable to parse"), Refused, "unable to parse"), ((413, {}, b""), Refused, "413"),
    ((422, {}, b"no"), Refused, "422"), ((401, {}, f"bad {SECRET}".encode()), OutputError, "token"),
    ((404, {}, b'{"error":"database not found"}'), OutputError, "database"), ((500, {}, b"x"), OutputError, "500"),
    ((503, {"Retry-After": "77"}, b""), OutputError, "503"), ((302, {"Location": "/"}, b""), OutputError, "elsewhere"),
    ((None, {}, b""), OutputError, "connection")])
def test_an_answer_is_a_refusal_of_lines_or_a_reason_to_try_later(engine: Any, answer, kind, words) -> None:
    engine.behaviour = answer
    with pytest.raises(kind, match=words) as caught:
        target(engine, "/write", SECRET).write("m f=1 1\n")
    assert type(caught.value) is kind and SECRET not in str(caught.value)
    assert caught.value.wait_s == (77 if answer[0] == 503 else 0)


def test_a_row_that_alone_is_refused_is_left_out_and_all_others_arrive(tmp_path: Path, engine: Any) -> None:
    house = House(tmp_path)
    house.fill(20)
    bad = [time for (time,) in house.store.execute("SELECT time FROM slot ORDER BY time LIMIT 3 OFFSET 77")]

    def picky(path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        text = gzip.decompress(body).decode() if body else ""
        if any(f" {time * 1000}\n" in text for time in bad if "suntap_slot" in text):
            return 400, {}, b"cannot take it"
        taken.update(line for line in text.splitlines() if line.startswith("suntap_slot"))
        return 204, {}, b""
    taken: set[str] = set()
    engine.behaviour = picky
    context = house.context(house.settings(f"http://127.0.0.1:{engine.server_port}"))
    drain(LinesOutput(context))
    assert len(taken) == 20 * 12 - 3 and context.status["refused"] == 3
    assert len(engine.got) < 120


def test_an_engine_that_takes_nothing_is_asked_three_times_and_loses_nothing(tmp_path: Path, engine: Any) -> None:
    house = House(tmp_path)
    house.fill(20)
    engine.behaviour = (400, {}, b"this is no engine")
    output = LinesOutput(house.context(house.settings(f"http://127.0.0.1:{engine.server_port}")))
    with pytest.raises(OutputError, match="this is no engine"):
        output.step()
    assert len(engine.got) == 3
    engine.behaviour = (204, {}, b"")
    engine.got.clear()
    drain(output)
    written = b"".join(gzip.decompress(body) for _, _, body in engine.got)
    assert written.count(b"suntap_slot,") == 20 * 12


def test_a_batch_is_bounded_in_rows_and_bytes(tmp_path: Path, engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path)
    house.fill(20)
    monkeypatch.setattr(lines, "MAX_BYTES", 5000)
    drain(LinesOutput(house.context(house.settings(f"http://127.0.0.1:{engine.server_port}"))))
    bodies = [gzip.decompress(body) for _, _, body in engine.got]
    assert max(map(len, bodies)) <= 5000 and len(bodies) > 10
    monkeypatch.setattr(lines, "MAX_BYTES", 10)
    monkeypatch.setattr(lines, "MAX_ROWS", 7)
    engine.got.clear()
    other = house.settings(f"http://127.0.0.1:{engine.server_port}/write?db=other")
    output = LinesOutput(house.context(other))
    output.step()
    assert gzip.decompress(engine.got[0][2]).count(b"\n") == 1      # always one, however long


def test_a_slot_that_is_not_over_waits_and_the_day_is_looked_at_once_an_hour(tmp_path: Path, engine: Any) -> None:
    house = House(tmp_path)
    house.fill(1)
    (newest,) = house.store.execute("SELECT max(time) FROM slot").fetchone()
    house.clock.moment[0] = newest + 100
    output = LinesOutput(house.context(house.settings(f"http://127.0.0.1:{engine.server_port}")))
    drain(output)

    def written() -> str:
        return b"".join(gzip.decompress(body) for _, _, body in engine.got).decode()
    assert f" {newest * 1000}\n" not in written() and written().count("suntap_slot,") == 11
    house.clock.pass_(400)
    drain(output)
    assert f" {newest * 1000}\n" in written() and written().count("suntap_day,") == 1
    house.store.execute("UPDATE slot SET production_dwh = 7 WHERE time = ?", (newest,))
    house.put_day(FIRST)
    drain(output)
    assert written().count("suntap_day,") == 1
    house.clock.pass_(lines.HOUR_S)
    drain(output)
    assert written().count("suntap_day,") == 2
