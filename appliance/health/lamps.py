"""The judgement behind the lamps: what is ok, what deserves a warning, what is wrong, and what to check.

Each function looks at facts that health.status has gathered and returns one Finding. Grey (UNKNOWN) is: not yet, not
wanted. BAD makes /healthz answer 503: something of ours does not work, not merely night or an unplugged cable.
"""
from pathlib import Path

from appliance.health import disk as disks
from appliance.health.facts import HistoryFacts, InboxFacts, ProcessFacts, Unreadable
from appliance.health.finding import BAD, OK, UNKNOWN, WARN, Finding
from appliance.ledger.calendar import CLOCK_OFF_S, EARLIEST
from appliance.settings import Settings
from appliance.system.clock import Clock

SILENT_S = 900          # without an upload from the PVS (it sends every two minutes) the lamp warns
OLD_READING_S = 1800    # without a reading (every five minutes, up to ten minutes old) the lamp warns

PAUSES = {              # what to do about each of pvoutput.pauses' kinds
    "quota": "Nothing to do: it goes on with the next hour. If it happens every hour, other programs use the same key.",
    "busy": "Nothing to do: PVOutput is busy with what it got, it goes on by itself.",
    "network": "It goes on by itself. If it lasts, check this box's network and whether pvoutput.org can be reached.",
    "settings": "Check the PVOutput settings: key, system number, and whether the key may write.",
}


def capture(process: ProcessFacts, captured: InboxFacts | Unreadable, clock: Clock) -> Finding:
    if not process.alive:
        return Finding("capture", BAD, "The capture process is not running.",
                       "Start it: `systemctl start suntap-capture`, or `suntap run`.")
    if process.problem:
        return Finding("capture", BAD, process.problem, "`suntap doctor` says what is missing on this system.")
    if isinstance(captured, Unreadable):
        return Finding("capture", BAD, f"The inbox cannot be read: {captured.error}", "Check the disk.")
    last = captured.last_captured
    if last is None:
        return Finding("capture", UNKNOWN, f"Listening on {process.interface}; nothing from the supervisor yet.",
                       "Is the supervisor's cable in this box and another one in the router? "
                       "It speaks every two minutes.")
    age = clock.time() - last
    if age > SILENT_S:
        return Finding("capture", WARN, f"The last upload of the supervisor was {ago(age)}.",
                       "Check the cable to the supervisor and the supervisor's power.")
    return Finding("capture", OK, f"Listening on {process.interface}; the last upload came {ago(age)}.")


def decode(process: ProcessFacts, history: HistoryFacts | Unreadable, captured: InboxFacts | Unreadable,
           clock: Clock) -> Finding:
    if not process.alive:
        return Finding("decode", BAD, "The supervisor process is not running.",
                       "Start it: `systemctl start suntap-supervisor`, or `suntap run`.")
    if isinstance(history, Unreadable):
        return Finding("decode", BAD, f"The history cannot be read: {history.error}",
                       "Check the disk, then `suntap rebuild`.")
    if process.problem:
        return Finding("decode", BAD, process.problem, "The log has more: `journalctl -u suntap-supervisor`.")
    if not history.last_reading:     # 0: none that the clock allows to count (ledger.intake's horizon)
        if history.last_reading is not None:
            return Finding("decode", WARN,
                           "Readings arrive, but each is of a time that this box's clock has not reached.",
                           "They count once the time is right: see the clock lamp.")
        if isinstance(captured, InboxFacts) and captured.uploads:
            return Finding("decode", WARN, "Uploads arrive, but none held a reading of an inverter or meter yet.",
                           "Inverters are silent at night: wait for daylight.")
        return Finding("decode", UNKNOWN, "No reading yet.", "Readings follow the first upload by daylight.")
    age = clock.time() - history.last_reading
    if age > OLD_READING_S:
        return Finding("decode", WARN, f"The newest reading is from {ago(age)}.",
                       "Inverters are silent at night; by day check the capture lamp and the supervisor.")
    count = sum(number for kind, number in history.devices.items() if kind in ("inverter", "meter"))
    return Finding("decode", OK, f"{count} inverters and meters; the newest reading is from {ago(age)}.")


def upload(process: ProcessFacts, history: HistoryFacts | Unreadable, settings: Settings) -> Finding:
    if not settings.pvoutput.enabled:
        return Finding("upload", UNKNOWN, "Posting to PVOutput is off: the history is kept here.",
                       "Switch it on in the settings when you want it.")
    if isinstance(history, Unreadable) or not process.alive:
        return Finding("upload", BAD, "Nothing is posted while the supervisor process does not work.",
                       "See the decode lamp.")
    outbox, pause = history.outbox, history.pause
    waiting = outbox.get("waiting", 0)
    if history.trouble:
        return Finding("upload", BAD, f"Nothing is sent: {history.trouble}", "Check the PVOutput settings.")
    if history.held:
        return Finding("upload", WARN, f"PVOutput takes slots for future ones: {history.held}",
                       "Check the clock here and the time zone at PVOutput.")
    if history.expires:
        return Finding("upload", WARN, f"{waiting} slots wait; PVOutput takes the oldest only until {history.expires}.",
                       "Check the network and the PVOutput page.")
    if pause:
        return Finding("upload", WARN, f"Paused for {duration(pause.left_s)}: {pause.text} ({waiting} slots wait)",
                       PAUSES[pause.kind])
    if outbox.get("refused"):
        return Finding("upload", WARN, f"PVOutput refused {_count(outbox['refused'], 'slot')}; {waiting} wait.",
                       "The PVOutput page shows its words, with retry and skip.")
    if history.totals_refused:
        return Finding("upload", WARN, f"PVOutput refused the total of {_count(history.totals_refused, 'day')} that it "
                       "takes no slots of any more.", "The PVOutput page shows its words.")
    sent = f"{outbox.get('sent', 0)} slots sent" if outbox.get("sent") else "nothing sent yet"
    return Finding("upload", OK, f"{sent}, {waiting} wait.")


OUTPUTS = {"lines": "the time-series engine", "mqtt": "the MQTT broker", "notify": "the messages"}


def outputs(process: ProcessFacts) -> list[Finding]:
    """One lamp for all outputs that are switched on; none when none is."""
    if not process.outputs or not process.alive:
        return []
    wrong = [f"{OUTPUTS.get(name, name)}: {status['problem']}" for name, status in process.outputs.items()
             if status.get("problem")]
    if wrong:
        return [Finding("outputs", WARN, _sentence(f"{'; '.join(wrong)}."), "It is tried again by itself, and what is "
                        "missing there follows. If it lasts, use Test under Settings.")]
    noted = [str(status["note"]) for status in process.outputs.values() if status.get("note")]
    return [Finding("outputs", OK, _sentence(" ".join([
        f"{', '.join(OUTPUTS.get(name, name) for name in process.outputs)}: connected.", *noted])))]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def clock(process: ProcessFacts, history: HistoryFacts | Unreadable, now: Clock) -> Finding:
    check = "Check the network: the time comes by NTP. Nothing is posted until it is right."
    if now.time() < EARLIEST:
        return Finding("clock", BAD, "The clock was never set.", check)
    if process.alive and not process.clock_is_set:
        return Finding("clock", WARN, "The time is the last one known, a guess: no time server has answered since this "
                       "box was switched on.", check)
    ahead = None if isinstance(history, Unreadable) else history.clock_ahead_s
    if ahead is not None and abs(ahead) > CLOCK_OFF_S:
        return Finding("clock", WARN, f"The clock is {duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} "
                       "PVOutput's.", check)
    pvs = None if isinstance(history, Unreadable) else history.pvs
    if pvs and pvs.last_seen - now.time() > CLOCK_OFF_S:
        ahead_of_us = duration(pvs.last_seen - now.time())
        return Finding("clock", WARN, f"The supervisor's clock is {ahead_of_us} ahead of ours.", check)
    return Finding("clock", OK, "The clock agrees with what it can be compared with." if ahead is not None or pvs
                   else "The clock is set.")


def disk(room: disks.Room | None, data_dir: Path) -> Finding:
    if room is None:
        return Finding("disk", BAD, f"There is no data directory {data_dir}.", "Check store.data_dir in the settings.")
    free = f"{room.free / 1e9:.1f} GB free"
    if not room.writable:
        return Finding("disk", BAD, f"{data_dir} can only be read.", "The card may be worn out: replace it.")
    if room.free < disks.FULL_BYTES:
        return Finding("disk", BAD, f"The disk is full: {free}.", "Lower store.keep_inbox_days, or use a larger card.")
    if room.free < disks.LOW_BYTES:
        return Finding("disk", WARN, f"The disk is nearly full: {free}.",
                       "Lower store.keep_inbox_days, or use a larger card.")
    return Finding("disk", OK, f"{free} of {room.total / 1e9:.1f} GB.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")


def duration(seconds: float) -> str:
    """90 → "2 minutes": one unit, for a sentence."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size or (name == "minute" and seconds >= 60):
            return _count(round(seconds / size), name)
    return _count(round(seconds), "second")


def ago(seconds: float) -> str:
    """How long ago, for a sentence; a time in the future is said as such."""
    return f"{duration(seconds)} ago" if seconds >= 0 else f"{duration(-seconds)} in the future"
