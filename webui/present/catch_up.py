"""How long PVOutput's limit makes a large backlog of readings take."""
import math
from collections.abc import Sequence

from appliance.pvoutput.views import BATCH_ROWS, DayState, QuotaView, SystemView


def catch_up_hours(days: Sequence[DayState], systems: Sequence[SystemView], quota: QuotaView) -> int | None:
    """Hours until all that waits is posted; None where this hour's requests are enough, or nobody knows.

    A request holds readings of one day. The reserve, at most half of the limit, and the readings to come, one request
    each, have their part of the limit first.
    """
    known = {system.key: system.known for system in systems if system.known is not None}
    requests = sum(math.ceil(day.waiting / BATCH_ROWS[found.donor]) for day in days if (found := known.get(day.system)))
    reserve = min(quota.reserve, quota.limit // 2)
    spare = quota.limit - reserve - sum(math.ceil(3600 / found.interval_s) for found in known.values())
    if spare <= 0 or requests <= max(0, quota.limit - quota.used - reserve):
        return None
    return math.ceil(requests / spare)
