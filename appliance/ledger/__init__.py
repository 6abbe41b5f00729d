"""The ledger: uploads in the inbox → readings → energy per slot and day.

Theory. The result is a pure function of the *set* of uploads and the site's settings: no order of arrival, repeat,
batch, restart or kill -9 changes it. Two halves, each in bounded transactions:
- intake: uploads behind the cursor become readings (a repeat changes nothing; of two lines that claim the same
  device, number and time the greater one stays, by energy, power, text, if one sender sent both, else the first).
  Only uploads of trusted senders count (module senders). Readings, cursor and the local days whose
  slots are now stale (`dirty_day`) are written together.
- derive: one dirty day at a time becomes slots, totals and notices, from that day's readings, from those behind it that
  decide about them, and from where the day before ended (`device_day`, `roof_day`, `site_day`). When a day ends
  differently than before, the next day that starts from it becomes dirty; when a reading comes that an earlier day
  looked at or waits for (`device_day.until`), that one does. Days whose slots changed wait in `changed_day` for the
  outbox, in the same transaction. What all days together say (module calibration) may make days dirty once more.

What happens to
- a late reading: it splits the interval it falls in; the sums stay what they were.
- a hole: its energy is booked at its end, the slot is marked (hole = 1) when that is more than 1/20 of its energy. A
  step is a hole when it is long among its neighbours (module cadence): a site that reads every hour has plain hours.
- the first reading of a device: counting starts there; what its counter held before is not the site's.
- a counter that was away (zeros, a lower or higher number, once or for days) and comes back to where it was or could
  have come: whatever it said meanwhile was never energy, and the step to its return is a hole's (module counters).
- a counter that fell and goes on from there for LOOK_AHEAD_S: a new epoch (notice: restart). For the step nothing is
  counted but what an inverter that began at zero can have made since. One that says 0 and does not move: held until it
  moves or comes back. An inverter's counter that was above zero is never below: such a reading is left out.
- a net counter that begins anew after a hole so long that a household could have brought it to zero: energy of that
  hole (counters.USUAL_PERCENT); after shorter ones it is a new epoch.
- a rise beyond what the device itself ever does (module full_power): as a fall, a lie or a jump that is not counted.
- a counter that comes to its end (its digits or 32 bits are used up) and begins at zero: goes on.
- a counter that stood still and catches up: energy without power, of the time since it stopped.
- a last digit down, 4 decimals that become 3: nothing is lost or counted twice.
- a device that is replaced: the new serial starts, the old one ends; one that leaves and returns has a hole.
- two PVSs on one wire: each has its own production (module pvs_production); all their devices are counted (notice:
  several).
  One that comes when another has gone for good is on that one's roof (devices.successions), with its own meters.
- a number with a comma, an exponent, blanks: read exactly. A field that does not parse is unknown; a reading
  without a counter counts nothing (notice: unreadable, with the line's own words).
- a PVS whose clock is wrong while it sends (modules clocks and upload_times): its readings are put right by the
  difference between line 100 and the packet, or held, and the owner is told. Readings that a wrong clock stamped and a
  right one sent are counted at the time they claim; what zigzags there was away, as above. If they claim days before
  the device's first other reading, and its counter is not yet there then, they are left out, with the other lines of
  that PVS's day. A clock that was hours off zigzags by night, where inverters are silent: see module misplaced.
- a record from before 2005, from years before it was sent, or from more than a day ahead of every packet: kept, not
  counted until that time has come (notice: clock).
- uploads of a recorder whose own clock is a guess: line 100 tells the time, if it is later than the guess.
- the owner's change of zone, sign, source, meter or size, or of the status interval: every day is derived again.

The site. Each PVS's production is its inverters' sum, or its production meter's where that counts what they do: the
meter gives the sum between any two of its readings, the inverters the shape inside its holes, and no switch counts a Wh
twice (module pvs_production). Net is the net meters' sum, + is import. Consumption is production + net, kept from
running backwards (meters count in 10 Wh, inverters in 0.1 Wh): what would be negative is taken off the next slots, so
the sum over days is exact. A meter that counts what the house uses is consumption by itself (site.meter, or because it
never fell on weeks of sun), and net is then consumption less production. The sign of the net counter is the one that
does not make consumption negative, one for all days or, of a meter that was turned round, one for each stretch (module
sign). Module balance has the slots, calendar the days.
"""
from appliance.ledger.derive import changed, derive
from appliance.ledger.intake import ingested
from appliance.ledger.run import Ingested, ingest, rebuild
from appliance.ledger.senders import decisions

__all__ = ["Ingested", "changed", "decisions", "derive", "ingest", "ingested", "rebuild"]
