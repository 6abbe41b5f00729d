"""The ledger: uploads in the inbox → readings → energy per slot and day.

Theory. The result is a pure function of the *set* of uploads and the site's settings: no order of arrival, repeat,
batch, restart or kill -9 changes it. Two halves, each in bounded transactions:
- intake: uploads behind the cursor become readings (a repeat changes nothing; of two lines that claim the same
  device, number and time the greater one stays, by energy, power, text, if one sender sent both, else the first).
  Only uploads of trusted senders count (module senders). Readings, cursor and the local days whose
  slots are now stale (`dirty_day`) are written together.
- derive: one dirty day at a time becomes slots, totals and notices, from that day's readings and from where the day
  before ended (`device_day`, `site_day`). When a day ends differently than before, the next day that starts from it
  becomes dirty. Days whose slots changed wait in `changed_day` for the outbox, in the same transaction.

What happens to
- a late reading: it splits the interval it falls in; the sums stay what they were.
- a hole: its energy is booked at its end, the slot is marked (hole = 1) when that is more than 1/20 of its energy.
- the first reading of a device: counting starts there; what its counter held before is not the site's.
- a falling counter: one reading is an outlier; with a second one that agrees, a new epoch starts (notice: restart).
- a net counter that begins anew after a hole so long that a household could have brought it to zero: energy of that
  hole (counters.USUAL_PERCENT); after shorter ones it is a new epoch.
- a rise beyond hardware: held until the next reading tells; then an outlier, or a jump that is not counted (notices).
- a last digit down, 4 decimals that become 3, a plateau: nothing is lost or counted twice (module counters).
- a device that is replaced: the new serial starts, the old one ends; one that leaves and returns has a hole.
- two PVSs on one wire: their devices are all counted (notice: several).
- a field that does not parse: that field is unknown; a reading without a counter counts nothing.
- a PVS clock before 2005 or more than a day ahead of every packet: its readings are kept but not counted until the time
  is plausible (notice: clock); the first reading after the correction carries the energy, as the end of a hole. A clock
  wrong by an hour or so: readings count at the time they claim, totals stay right, because what zigzags is dropped as
  outliers. A clock wrong by weeks or months is not told from a late reading: what the counter rose since the claimed
  day counts once more there, as a hole's, if hardware could have made it (shown as restart); other days stay right.
- the owner's change of zone, sign, source or size, or of the status interval: every day is derived again.

The site. Production is the inverters' sum; with production = "auto" it is the production meter's on days at whose
start that meter's counter stood above zero and on which it was read. Net is the net meters' sum, + is import.
Consumption is production + net, kept from running backwards (meters count in 10 Wh, inverters in 0.1 Wh): what would be
negative is taken off the next slots, so the sum over days is exact. The sign of the net counter is the one that does
not make consumption negative (module sign). Module sites has the rules, calendar the days.
"""
from appliance.ledger.derive import changed, derive
from appliance.ledger.intake import ingested
from appliance.ledger.run import Ingested, ingest, rebuild
from appliance.ledger.senders import decisions

__all__ = ["Ingested", "changed", "decisions", "derive", "ingest", "ingested", "rebuild"]
