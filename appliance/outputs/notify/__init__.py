"""Findings → messages to the owner: one when something needs the owner, one when it is over.

Theory: matters.judge compares what there is with what was told, both facts of the store, so a restart neither
forgets nor repeats. What is to be told is remembered once it was delivered; where delivery fails, all of it is
judged anew later, and what has passed by then is told to nobody. Between two messages lie GAP_S at least, so that
many matters become one digest.
"""
import dataclasses
from zoneinfo import ZoneInfo

from appliance.outputs import progress
from appliance.outputs.contract import Context
from appliance.outputs.notify import matters
from appliance.outputs.notify.channel import channel
from appliance.outputs.notify.matters import Matter
from appliance.outputs.notify.message import compose
from appliance.system.clock import is_set

LOOK_S = 60.0               # of the clock, between two looks
GAP_S = 900                 # between two messages
NAME = "notify"


class NotifyOutput:
    """The output for one address."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store
        self._send = channel(context.settings.notify)

    def step(self) -> float:
        """Look once; tell what is to be told."""
        now = int(self._context.clock.time())
        if not is_set():
            return self._context.clock.sleep_seconds(LOOK_S)
        there = matters.current(self._context.facts(), now)
        found = progress.get(self._store, NAME, "known")
        known = matters.silent_start(there, now) if found is None else {
            key: Matter(**fields) for key, fields in found.items()}
        news = matters.judge(known, there, now, ZoneInfo(self._context.settings.site.timezone))
        if news.begun or news.over:
            if abs(now - (progress.get(self._store, NAME, "last") or 0)) < GAP_S:
                return self._context.clock.sleep_seconds(LOOK_S)    # judged again, with what comes until then
            site = self._context.settings.site.name
            self._send(compose(site, news.begun, news.over), site, now)
            progress.put(self._store, NAME, "last", now)
            self._context.count("messages")
        progress.put(self._store, NAME, "known",
                     {key: dataclasses.asdict(matter) for key, matter in news.known.items()})
        return self._context.clock.sleep_seconds(LOOK_S)

    def wait(self, seconds: float) -> None:
        self._context.stop.wait(seconds)

    def close(self) -> None:
        """Nothing is open."""
