"""The age of the card's system, from the file that the image has."""
from datetime import date
from pathlib import Path

import pytest

from appliance import __version__
from appliance.health import system_age
from appliance.health.finding import OK, WARN
from appliance.health.system_age import System
from tests.health.support import NOW

TODAY = date(2026, 5, 9)
DAY = 86400


@pytest.fixture
def noon() -> float:
    from datetime import UTC, datetime
    return datetime(2026, 5, 9, 16, tzinfo=UTC).timestamp()


def test_the_image_s_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "image").write_text("version=0.2.0+20260501\nbuilt=2026-05-01\ndebian=2026-04-30\n")
    assert system_age.read(tmp_path / "image") == System(date(2026, 5, 1), date(2026, 4, 30), "0.2.0+20260501")
    (tmp_path / "image").write_text("built=2026-05-01\ndebian=\n")
    assert system_age.read(tmp_path / "image") == System(date(2026, 5, 1), None)


@pytest.mark.parametrize("content", ["", "built=yesterday\n", "debian=2026-05-01\n", "built=2026-05-01\ndebian=x\n"])
def test_a_file_that_tells_nothing_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "image").write_text(content)
    assert system_age.read(tmp_path / "image") is system_age.read(tmp_path / "none") is None


def test_the_age_counts_from_debians_state_and_is_none_while_the_clock_is_not_set(noon: float) -> None:
    assert System(date(2026, 5, 8), date(2026, 4, 29)).age_days(noon) == 10
    assert System(date(2026, 5, 8), None).age_days(noon) == 1
    assert System(TODAY, TODAY).age_days(0.0) == 0


def test_an_old_system_is_said_in_months(noon: float) -> None:
    new, old = System(TODAY, TODAY, "1+1"), System(date(2025, 12, 9), date(2025, 12, 8), "1+0")
    assert system_age.notices(None, NOW) == system_age.notices(new, noon) == []
    (notice,) = system_age.notices(old, noon)
    assert "is 5 months old: built on 2025-12-09, Debian's security fixes up to 2025-12-08" in notice.text
    assert "newest update file renews all of it" in notice.check
    assert system_age.finding(old, noon).state == WARN and system_age.finding(new, noon).state == OK
    assert "is 1 day old" in system_age.sentence(System(date(2026, 5, 8), None), noon)


def test_a_card_with_one_slot_is_told_that_no_update_is_for_it_any_more(noon: float) -> None:
    (notice,) = system_age.notices(System(TODAY, TODAY), noon)
    assert (notice.kind, notice.state) == ("earlier card", OK) and "write the newest card image" in notice.check


def test_an_update_is_held_against_the_whole_system_where_it_has_a_version(tmp_path: Path,
                                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_age, "IMAGE", tmp_path / "image")
    assert system_age.version() == __version__ and not system_age.is_earlier_card()
    (tmp_path / "image").write_text("built=2026-05-01\n")
    assert system_age.version() == __version__ and system_age.is_earlier_card()
    (tmp_path / "image").write_text("built=2026-05-01\nversion=0.2.0+20260501\n")
    assert system_age.version() == "0.2.0+20260501" and not system_age.is_earlier_card()
