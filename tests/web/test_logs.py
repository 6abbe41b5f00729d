"""The journal: lines as they are, a sentence where there are none."""
import json
from pathlib import Path

import pytest

from tests.web.conftest import Visitor
from webui import logs


def program(tmp_path: Path, script: str) -> str:
    """A stand-in for journalctl that keeps what it was called with."""
    path = tmp_path / "journalctl"
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/called\n{script}\n")
    path.chmod(0o755)
    return str(path)


def entry(**fields: object) -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": "1778353176123456", "_SYSTEMD_UNIT": "suntap-capture.service",
                       "PRIORITY": "4", "MESSAGE": "a <b> line", **fields})


def test_lines_are_parsed_and_nothing_else_is_asked_for(tmp_path: Path) -> None:
    given = [entry(), "garbage", entry(MESSAGE=[0x66, 0xFF, 0x6F], PRIORITY="3"), "{}"]
    (tmp_path / "lines").write_text("\n".join(given))
    found = logs.read("warning", 7, program(tmp_path, f"cat {tmp_path}/lines"))
    assert [(line.unit, line.level, line.text) for line in found.lines] == [
        ("suntap-capture", "warning", "a <b> line"), ("suntap-capture", "error", "f\N{REPLACEMENT CHARACTER}o")]
    called = (tmp_path / "called").read_text().split()
    assert "--priority=4" in called and "--lines=7" in called and "--unit=suntap*" in called


def test_an_unknown_level_is_info(tmp_path: Path) -> None:
    logs.read("; rm -rf /", 7, program(tmp_path, ""))
    assert "--priority=6" in (tmp_path / "called").read_text().split()


@pytest.mark.parametrize(("script", "words"), [
    ("exit 0", "no line"), ("echo 'No journal files were opened' >&2; exit 1", "No journal files"),
    ("echo 'Failed to add filter for units: No data available' >&2; exit 1", "logs there")])
def test_no_lines_is_a_sentence(tmp_path: Path, script: str, words: str) -> None:
    found = logs.read(program=program(tmp_path, script))
    assert not found.lines and words in found.trouble


def test_no_journal_is_a_sentence() -> None:
    assert "terminal" in logs.read(program="/nonexistent/journalctl").trouble


def test_the_page_offers_every_level_and_takes_no_other(owner: Visitor, roof: Path) -> None:
    text = owner.get("/diagnostics?level=error").text
    assert "<option selected>error</option>" in text
    assert "<option selected>info</option>" in owner.get("/diagnostics?level=x").text
