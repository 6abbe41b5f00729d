"""The key: in one header, and in no log, database, exception, traceback or repr."""
import logging
import traceback
from dataclasses import replace

import pytest

from appliance.pvoutput import account_check, poster
from appliance.pvoutput.client import Client
from appliance.settings import Secret
from appliance.simulate.pvoutput import Fault
from appliance.store import FILE
from appliance.system import http
from tests.pvoutput.odd import odd_server
from tests.pvoutput.support import KEY, Box, sunny_day


def test_no_trace_of_the_key_is_left_by_a_day_full_of_trouble(
        box: Box, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture) -> None:
    caplog.set_level(1)
    logging.getLogger("urllib3").setLevel(1)
    box.put(sunny_day("2026-05-08"))
    for fault in (Fault.ERROR, Fault.HTML, Fault.HALF, Fault.CLOSE, Fault.BUSY, Fault.QUOTA):
        box.server.fail(fault)
        box.run(1800)
    del box.server.accounts[KEY]
    box.run(7200)
    echo = f"Unauthorized 401: Invalid API Key {KEY}".encode()
    good = box.settings
    with odd_server(b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n%s" % (len(echo), echo)) as (url, _):
        box.settings = replace(good, pvoutput=replace(good.pvoutput, url=url))
        box.run(60)
        result = account_check.check_account(box.store, box.settings, box.clock)
    assert "****" in result.text
    output = capsys.readouterr()
    for name, text in (("log", caplog.text), ("result", repr(result)), ("settings", repr(box.settings)),
                       ("output", output.out + output.err)):
        assert KEY not in text, name
    files = [path for path in box.folder.iterdir() if path.is_file()]
    assert box.folder / FILE in files and len(files) >= 2  # the write-ahead log too
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path.name


def test_no_traceback_shows_the_key_even_from_inside_a_request(
        box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("a bug in the middle of a reply")

    monkeypatch.setattr(http, "_read", explode)
    with pytest.raises(RuntimeError) as caught:
        box.step()
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    ours = "".join(traceback.format_exception(caught.value))
    assert "in exchange" in ours and KEY not in ours
    assert KEY not in "".join(lines)


def test_no_object_that_holds_the_key_shows_it(box: Box) -> None:
    client = Client(box.settings.pvoutput)
    for shown in (repr(client), str(vars(client)), f"{box.settings.pvoutput.api_key}", repr(box.settings)):
        assert KEY not in shown


def test_a_key_with_a_line_break_is_not_shown_by_the_http_library(box: Box) -> None:
    bad = replace(box.settings, pvoutput=replace(box.settings.pvoutput, api_key=Secret(KEY + "\r\nX: y")))
    step = poster.step(box.store, bad, box.clock)
    assert not step.requested and KEY not in step.what and "api_key" in step.what
