"""The judgement behind the lamps: what is ok, what deserves a warning, what is wrong, and what to check.

Each function looks at facts that health.status has gathered and returns one Finding. Grey (UNKNOWN) is: not yet, not
wanted. BAD makes /healthz answer 503: something of ours does not work, not merely night or an unplugged cable.
"""
from pathlib import Path

from appliance.health import disk as disks
from appliance.health import image_problems
from appliance.health.collector import BOX_FIRST, OFFLINE
from appliance.health.finding import BAD, OK, UNKNOWN, WARN, Finding
from appliance.health.notices import Notice, day_name
from appliance.health.sources import HistoryFacts, InboxFacts, ProcessFacts, Unreadable
from appliance.ledger.calendar import CLOCK_OFF_S, EARLIEST
from appliance.settings import Settings
from appliance.system.bridge import ANY
from appliance.system.clock import Clock

SILENT_S = 900          # without an upload from the PVS (it sends every two minutes) the lamp warns
OLD_READING_S = 1800    # without a reading (every five minutes, up to ten minutes old; later where the site reads
                        # less often, ledger.cadence) the lamp warns

PAUSES = {              # what to do about each of pvoutput.pauses' kinds
    "quota": "Nothing to do: posting goes on with the next hour. If it happens every hour, other programs use the same "
             "key.",
    "busy": "Nothing to do: PVOutput is busy with what it got, and posting goes on by itself.",
    "network": "Everything is kept here, and posting goes on by itself. If it lasts: is the cable between this box and "
               "your router plugged in, and can you open pvoutput.org on another device at home?",
    "settings": "Check Settings › PVOutput: the API key, the system id, and whether the key is one for full access.",
}
ONLINE = ("This box gets the time from the internet: is its cable to your router plugged in, and does the internet "
          "work on other devices at home?")
ONLY_US = ("SunPower’s server answers, so your router is online. Wait ten minutes. If it lasts, look in the router’s "
           "settings whether it blocks this box; parental controls and guest networks do.")
ACCOUNT = ("Copy the API key and the system id anew from pvoutput.org into Settings › PVOutput, press Test there, then "
           "Save.")
SEE_STORAGE = "See Storage first."
NETWORK = Path("/sys/class/net")
INVERTER_TROUBLES = {   # the notices that the lamp of the inverters repeats, and what it says of one inverter
    "dead": "makes next to nothing", "weak": "makes too little", "silent": "is not heard",
}
NAMED = 3               # inverters, in one sentence


def capture(process: ProcessFacts, captured: InboxFacts | Unreadable, clock: Clock,
            room: disks.Room | None = None, offline: bool = False, waits: str = "") -> Finding:
    """`offline`: this box does not reach the internet either. `waits`: what to do where the PVS tries to report, and is
    not answered (CollectorFacts.waits)."""
    full = disks.is_full(room)
    if not process.alive and full:  # where the heartbeat is kept on the disk, it cannot be written
        return Finding("capture", UNKNOWN, "Whether suntap listens cannot be told while the card is full.",
                       SEE_STORAGE)
    if not process.alive:
        return Finding("capture", BAD, "suntap does not listen to your SunPower box: that part of it has stopped.",
                       image_problems.start_again("suntap-capture"))
    if process.problem:     # of a full card only the lamp of the storage is bad: that is the cause
        return Finding("capture", WARN if full else BAD, *_capture_problem(process, full))
    if isinstance(captured, Unreadable):
        return Finding("capture", BAD, f"The stored reports cannot be read: {captured.error}", "See Storage.")
    last = captured.last_captured
    if last is None:
        return Finding("capture", UNKNOWN, "Listening; nothing heard from your SunPower box (PVS) yet.",
                       "Plug its cable into one socket of this box and the router's into the other. "
                       "It reports every two minutes.")
    age = clock.time() - last
    if is_silent(captured, clock) and full:
        return Finding("capture", WARN, f"No report of your SunPower box was kept for {duration(age)}: the card is "
                       "full.", SEE_STORAGE, since=last)
    if is_silent(captured, clock) and waits:
        return Finding("capture", OK, "Listening; your SunPower box tries to report, but gets no answer.")
    if is_silent(captured, clock):
        advice = (f"It reports only over the internet. {OFFLINE}" if offline else
                  "Is it powered, and is its cable plugged into this box?")
        if process.uptime_s < SILENT_S:
            advice += f" suntap began to listen {ago(process.uptime_s)}: wait {duration(SILENT_S)} first."
        return Finding("capture", WARN, f"Nothing heard from your SunPower box for {duration(age)}.", advice,
                       since=last)
    return Finding("capture", OK, f"Listening; your SunPower box reported {ago(age)}.")


def is_silent(captured: InboxFacts | Unreadable, clock: Clock) -> bool:
    """Whether the PVS has reported before, and not for SILENT_S."""
    return (isinstance(captured, InboxFacts) and captured.last_captured is not None
            and clock.time() - captured.last_captured > SILENT_S)


def _capture_problem(process: ProcessFacts, full: bool) -> tuple[str, str]:
    name = process.interface
    if full:
        return "Reports cannot be kept while the card is full.", SEE_STORAGE
    if name and name != ANY and not (NETWORK / name).exists():
        return (f"This box has no network socket “{name}”: " + (
            "the two sockets are not joined yet." if name.startswith("br") else "it is not plugged in, or is called "
            "otherwise."), "Plug in the USB network adapter, or choose a socket under Settings › Network.")
    return process.problem, image_problems.what_is_missing()


def decode(process: ProcessFacts, history: HistoryFacts | Unreadable, captured: InboxFacts | Unreadable,
           clock: Clock, room: disks.Room | None = None, waits: str = "") -> Finding:
    """`waits`: as for capture."""
    full = disks.is_full(room)
    if not process.alive and full:
        return Finding("decode", UNKNOWN, "Whether the recorder works cannot be told while the card is full.",
                       SEE_STORAGE)
    if not process.alive:
        return Finding("decode", BAD, "The recorder has stopped: reports are kept, but nothing new is worked out.",
                       image_problems.start_again("suntap-supervisor"))
    if isinstance(history, Unreadable):
        return Finding("decode", BAD, f"The history cannot be read: {history.error}",
                       "Restart this box: it sets a damaged file aside and works the history out again.")
    if process.problem and full:
        return Finding("decode", WARN, "Reports cannot be worked out while the card is full.", SEE_STORAGE)
    if process.problem:
        return Finding("decode", BAD, process.problem, "The log on the Diagnostics page has more.")
    if not history.last_reading:     # 0: none that the clock allows to count (ledger.intake's horizon)
        if history.last_reading is not None:
            return Finding("decode", WARN, "Readings arrive, but they are dated later than this box's clock.",
                           "They count once the time is right: see Clock.")
        if isinstance(captured, InboxFacts) and captured.uploads:
            return Finding("decode", WARN, "Your SunPower box reports, but not about any inverter or meter yet.",
                           "Inverters are silent in the dark: wait for daylight.")
        return Finding("decode", UNKNOWN, "No reading yet.", "The first one comes with daylight.")
    age = clock.time() - history.last_reading
    if age > max(OLD_READING_S, history.late_s):
        if full:
            return Finding("decode", WARN, f"The newest reading is from {ago(age)}: the card is full.", SEE_STORAGE)
        if is_silent(captured, clock):
            return Finding("decode", WARN, f"The newest reading is from {ago(age)}, and your SunPower box "
                           f"{'had no answer' if waits else 'is silent'}.", waits or BOX_FIRST)
        return Finding("decode", WARN, f"The newest reading is from {ago(age)}.",
                       "Wait an hour: inverters are silent in the dark, and after a break their readings take some "
                       "minutes. If it lasts by day, look whether their breaker is on.")
    if wrong := [notice for notice in history.notices if notice.kind in INVERTER_TROUBLES]:
        return _inverters(wrong)
    there = {**history.devices, "inverter": history.devices.get("inverter", 0) - history.replaced}
    known = " and ".join(_count(there[kind], kind) for kind in ("inverter", "meter") if there.get(kind))
    return Finding("decode", OK, f"{known} known; the newest reading is from {ago(age)}.")


def _inverters(wrong: list[Notice]) -> Finding:
    """Inverters that need a look; `device` is the first of them, whose notice says more."""
    said = [f"inverter {one.device} {INVERTER_TROUBLES[one.kind]}" for one in wrong[:NAMED]]
    more = [f"{_count(len(wrong) - NAMED, 'more inverter')} need a look"] if len(wrong) > NAMED else []
    same = len({one.kind for one in wrong}) == 1
    return Finding("decode", WARN, f"{_sentence('; '.join(said + more))}.", wrong[0].check if same else
                   "The notices on the Diagnostics page say what to do about each.", device=wrong[0].device)


def upload(process: ProcessFacts, history: HistoryFacts | Unreadable, settings: Settings,
           room: disks.Room | None = None, online: bool = False) -> Finding:
    """`online`: SunPower's server answers, so the router does reach the internet."""
    if not settings.pvoutput.enabled:
        return Finding("upload", UNKNOWN, "Posting to PVOutput is off: everything is kept here.",
                       "Switch it on under Settings › PVOutput if you want it.")
    if not process.alive and disks.is_full(room):
        return Finding("upload", UNKNOWN, "Whether anything is posted cannot be told while the card is full.",
                       SEE_STORAGE)
    if isinstance(history, Unreadable) or not process.alive:
        return Finding("upload", BAD, "Nothing is posted while the recorder does not work.", "See Inverters.")
    outbox, pause = history.outbox, history.pause
    waiting = outbox.get("waiting", 0)
    if history.trouble:
        until = (f" PVOutput takes the oldest that waits only until {day_name(history.expires)}."
                 if history.expires else "")
        return Finding("upload", BAD, f"PVOutput refuses to take anything: “{history.trouble}”.", ACCOUNT + until)
    if history.held:
        return Finding("upload", WARN, f"PVOutput says these times are in the future: {history.held}",
                       "Is the time zone at PVOutput the one under Settings › Site, and is the clock right?")
    if history.expires and not history.posting:
        return Finding("upload", WARN, f"{_count(waiting, 'reading')} waiting; PVOutput takes the oldest only until "
                       f"{day_name(history.expires)}.",
                       "Is this box online? The PVOutput page says what holds them up.")
    if waiting and outbox.get("sent") and not process.clock_is_set:
        return Finding("upload", UNKNOWN, f"{_count(waiting, 'reading')} {_verb(waiting)}: suntap posts nothing until "
                       "it knows the time.", "See Clock.")
    if pause and pause.kind == "network":
        return Finding("upload", WARN, f"PVOutput cannot be reached: {pause.text}. The next try is in "
                       f"{duration(pause.left_s)}; {_count(waiting, 'reading')} {_verb(waiting)}.",
                       ONLY_US if online else PAUSES[pause.kind])
    if pause:
        return Finding("upload", WARN, f"Paused for {duration(pause.left_s)}: {pause.text} ({waiting} waiting)",
                       PAUSES[pause.kind])
    if outbox.get("refused"):
        return Finding("upload", WARN, f"PVOutput refused {_count(outbox['refused'], 'reading')}; {waiting} waiting.",
                       "The PVOutput page shows its words, with Retry and Skip.")
    if history.totals_refused:
        return Finding("upload", WARN, f"PVOutput refused the total of {_count(history.totals_refused, 'day')} that it "
                       "takes no single readings of any more.", "The PVOutput page shows its words.")
    if not outbox.get("sent"):
        return _nothing_posted(waiting, process.clock_is_set, online)
    return Finding("upload", OK, f"{_count(outbox['sent'], 'reading')} posted, {waiting} waiting.")


def _nothing_posted(waiting: int, clock_is_set: bool, online: bool) -> Finding:
    """What the first post waits for."""
    if not clock_is_set:
        return Finding("upload", UNKNOWN, f"Nothing posted yet: suntap waits for the right time, and "
                       f"{_count(waiting, 'reading')} {_verb(waiting)}.", _get_time(online))
    if waiting:
        return Finding("upload", UNKNOWN, f"Nothing posted yet: {_count(waiting, 'reading')} {_verb(waiting)}.",
                       "Nothing to do: suntap posts within a few minutes.")
    return Finding("upload", UNKNOWN, "Nothing posted yet: suntap waits for the first reading of your roof.",
                   "Nothing to do: readings come with daylight, and suntap posts them by itself.")


def _verb(waiting: int) -> str:
    return "waits" if waiting == 1 else "wait"


OUTPUTS = {"lines": "InfluxDB or VictoriaMetrics", "mqtt": "Home Assistant (MQTT)", "notify": "Messages to you"}


def outputs(process: ProcessFacts) -> list[Finding]:
    """One lamp for all outputs that are switched on; none when none is."""
    if not process.outputs or not process.alive:
        return []
    wrong = [f"{OUTPUTS.get(name, name)}: {status['problem']}" for name, status in process.outputs.items()
             if status.get("problem")]
    if wrong:
        return [Finding("outputs", WARN, _sentence(f"{'; '.join(wrong)}."), "suntap tries again by itself, and what is "
                        "missing there follows. If it lasts, press Test under Settings.")]
    noted = [str(status["note"]) for status in process.outputs.values() if status.get("note")]
    return [Finding("outputs", OK, _sentence(" ".join([
        f"{', '.join(OUTPUTS.get(name, name) for name in process.outputs)}: connected.", *noted])))]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _get_time(online: bool) -> str:
    return ONLY_US if online else ONLINE


def clock(process: ProcessFacts, history: HistoryFacts | Unreadable, now: Clock, online: bool = False) -> Finding:
    """`online`: SunPower's server answers, so the router does reach the internet."""
    waits = process.alive and not process.clock_is_set      # only then posting stops (supervisor.process)
    advice = f"{_get_time(online)} PVOutput waits until the time is known." if waits else ONLINE
    if now.time() < EARLIEST:
        return Finding("clock", BAD, "The clock was never set.", advice)
    if waits:
        return Finding("clock", WARN, "The time is a guess: this box has had no time from the internet since it was "
                       "switched on.", advice)
    ahead = None if isinstance(history, Unreadable) else history.clock_ahead_s
    if ahead is not None and abs(ahead) > CLOCK_OFF_S:
        return Finding("clock", WARN, f"The clock of this box is {duration(abs(ahead))} "
                       f"{'ahead of' if ahead > 0 else 'behind'} PVOutput's.", advice)
    pvs = None if isinstance(history, Unreadable) else history.pvs
    if pvs and pvs.last_seen - now.time() > CLOCK_OFF_S:
        ahead_of_us = duration(pvs.last_seen - now.time())
        return Finding("clock", WARN, f"Your SunPower box's clock is {ahead_of_us} ahead of this box's.",
                       f"{ONLINE} If it is, the SunPower box's own clock is wrong: switch it off and on.")
    return Finding("clock", OK, "The clock is right." if ahead is not None or pvs else "The clock is set.")


def disk(room: disks.Room | None, data_dir: Path) -> Finding:
    if room is None:
        return Finding("disk", BAD, f"The folder for the history, {data_dir}, is not there.",
                       "“Folder of the history” under Settings › History names it.")
    free = f"{room.free / 1e9:.1f} GB free"
    if not room.writable:
        return Finding("disk", BAD, f"Nothing can be kept: {data_dir} can only be read.",
                       "Press “Check the card” on the Diagnostics page. If it happens again, save a backup and replace "
                       "the card." if image_problems.on_image() else "The card may be worn out: replace it.")
    if disks.is_full(room):
        return Finding("disk", BAD, f"The card is full, so new readings are not kept: {free}.", _more_room())
    if room.free < disks.LOW_BYTES:
        return Finding("disk", WARN, f"The card is nearly full: {free}.", _more_room())
    return Finding("disk", OK, f"{free} of {room.total / 1e9:.1f} GB.")


def _more_room() -> str:
    """What gives room. Fewer reports do not: a database that is emptier takes as much of the card as before. A backup
    needs room itself, so it is no way out of a full card."""
    if not image_problems.on_image():
        return "Delete what else is on this disk, or use a larger one."
    return ("Unplug this box (the small one on which suntap runs, not the SunPower box), put its card into a computer "
            "and copy the whole card to a larger one, for instance with “Clone drive” of the program balenaEtcher. "
            "With the larger card in it, this box uses all of that by itself.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")


def duration(seconds: float) -> str:
    """150 → "2 minutes": one unit, for a sentence, and only what is full of it, as in "2 h 32 min"."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or (name == "minute" and seconds >= 60):
            return _count(int(seconds // size), name)
    return _count(int(seconds), "second")


def ago(seconds: float) -> str:
    """How long ago, for a sentence; a time in the future is said as such."""
    return f"{duration(seconds)} ago" if seconds >= 0 else f"{duration(-seconds)} in the future"
