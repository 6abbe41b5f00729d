"""How long a backlog takes: by the requests that PVOutput's limit leaves, or nothing is said."""
import pytest

from appliance.pvoutput.reply_fields import System
from appliance.pvoutput.views import DayState, QuotaView, SystemView
from webui.present.catch_up import catch_up_hours

HOME = SystemView("", "12345", System("Home", 5200, 300, "", donor=False), "", (), {})


def days(count: int, waiting: int) -> list[DayState]:
    """So many days with so many readings that wait."""
    return [DayState(f"2026-05-{day:02d}", 288, 288 - waiting, waiting, 0, 0, 0, "", "")
            for day in range(1, count + 1)]


@pytest.mark.parametrize(("count", "waiting", "used", "hours"), [
    (14, 288, 0, 4),        # 140 requests, of 36 in an hour that the reserve and the readings of this hour leave
    (1, 288, 0, None),      # 10 requests are there now
    (1, 288, 40, 1),        # and are not, once others are used
    (14, 1, 0, None), (0, 0, 60, None)])
def test_the_hours_are_those_of_the_requests(count: int, waiting: int, used: int, hours: int | None) -> None:
    assert catch_up_hours(days(count, waiting), [HOME], QuotaView(60, used, 12, "", "", 0.0)) == hours


def test_whoever_donates_posts_more_in_one_request() -> None:
    donor = SystemView("", "12345", System("Home", 5200, 300, "", donor=True), "", (), {})
    assert catch_up_hours(days(14, 288), [donor], QuotaView(60, 0, 12, "", "", 0.0)) is None
    assert catch_up_hours(days(40, 288), [donor], QuotaView(60, 0, 12, "", "", 0.0)) == 4


def test_nothing_is_said_of_a_system_that_is_not_known_or_where_nothing_is_left() -> None:
    unknown = SystemView("", "12345", None, "", (), {})
    assert catch_up_hours(days(14, 288), [unknown], QuotaView(60, 0, 12, "", "", 0.0)) is None
    many = [SystemView(str(number), "1", HOME.known, "", (), {}) for number in range(6)]
    assert catch_up_hours(days(14, 288), many, QuotaView(60, 60, 12, "", "", 0.0)) is None
