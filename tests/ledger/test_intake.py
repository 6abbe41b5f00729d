"""From uploads to readings: lines that are unknown, broken, hostile or odd cost themselves and nothing else."""

from appliance import ledger
from appliance.history import views
from appliance.store import inbox
from tests.ledger.support import NOON, inverter, run_of, stamp, texts, upload


def test_unknown_numbers_are_kept_and_shown(box):
    odd = [["132", stamp(NOON), "X1", "a", "b"], ["132", stamp(NOON), "X1", "a", "c"], ["170", "no time"]]
    box.lines(*odd, inverter(NOON, 1), captured=NOON + 300)
    kept = [(row.number, row.serial, row.fields) for row in views.readings(box.store, NOON, NOON + 1)
            if row.kind == "other"]
    assert sorted(kept) == [(132, "X1", "a\tb"), (132, "X1", "a\tc")]
    assert "132, 170" in texts(box)


def test_a_line_that_is_too_short_costs_that_line_and_is_counted(box):
    box.lines(inverter(NOON, 1000), ["130", stamp(NOON + 300), "414050000000001"], inverter(NOON + 300, 1100))
    assert box.total() == 100 and "1 line of a report could not be read and was left out" in texts(box)


def test_bytes_that_are_not_utf8_and_control_characters_survive(box):
    line = inverter(NOON, 1000, "S\x00\x1b[31m\udcff")
    line[3] = "MÖD\udc80"
    box.lines(line, inverter(NOON + 300, 1100, "S\x00\x1b[31m\udcff"))
    (device,) = (device for device in views.devices(box.store) if device.kind == "inverter")
    assert device.serial == "S\x00\x1b[31m\\udcff" and device.model == "AC_Module_Type_C" and box.total() == 100


def test_sets_of_one_moment_are_readings_of_their_own(box):
    box.lines(*[["131", stamp(NOON), "830000001", "FRONIUS", str(part), "1", "2"] for part in (1, 2)])
    assert [row.part for row in views.readings(box.store, NOON, NOON + 1)] == [1, 2]


def test_numbers_too_large_for_the_database_are_no_numbers(box):
    box.lines(inverter(NOON, "99999999999999999999"), inverter(NOON + 300, 1000, power="9" * 400),
              inverter(NOON + 600, 1100))
    assert box.total() == 100


def test_a_damaged_upload_costs_itself_only(box):
    box.lines(inverter(NOON, 1000))
    box.lines(inverter(NOON + 300, 1100))
    inbox.append(box.inbox, [upload([inverter(NOON + 600, 1200)], NOON + 900)])
    box.inbox.execute("UPDATE upload SET body = x'00ff' WHERE id = 3")
    box.lines(inverter(NOON + 900, 1300))
    assert box.total() == 300 and "1 report was damaged" in texts(box)


def test_the_first_of_several_readings_that_come_at_once_tells_which_days_looked_as_far(box):
    """The day before had accepted its last reading, which the new one shows to be a spike."""
    evening, morning = NOON + 10 * 3600, NOON + 20 * 3600
    box.lines(*run_of(evening - 3000, 11, 10_000, 10), inverter(evening + 300, 12_000),
              inverter(morning + 7200, 12_500), captured=morning + 20_000)
    assert sum(box.production().values()) == 2_500
    box.lines(inverter(morning, 10_120), inverter(morning + 14_400, 12_800), captured=morning + 20_000)
    assert box.kinds() == {"outlier"} and sum(box.production().values()) == 2_800
    before = box.derived()
    ledger.rebuild(box.inbox, box.store, box.site)
    assert box.derived() == before
