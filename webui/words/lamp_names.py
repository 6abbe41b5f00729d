"""Words of the lamps: what owners call them, and the order in which a cause stands before its effects."""
from webui.language import N_

NAMES = {"capture": N_("SunPower box"), "collector": N_("SunPower’s server"), "decode": N_("Inverters"),
         "upload": "PVOutput", "clock": N_("Clock"), "disk": N_("Storage"), "box": N_("This box"),
         "outputs": N_("Other programs")}
STATES = {"ok": N_("OK"), "warn": N_("Check"), "bad": N_("Fault"), "unknown": N_("Waiting")}
OFF = N_("Off")         # instead of "Waiting", where the owner did not switch it on
FULL, MAKE_ROOM = N_("{name}: nothing can be kept while the card is full."), N_("See Storage first.")
CAUSES = ("disk", "box", "clock", "capture", "collector", "decode", "upload", "outputs")


def name(lamp: str) -> str:
    """What owners call a lamp."""
    return NAMES.get(lamp, lamp.capitalize())


def state(found: str, off: bool = False) -> str:
    """Its state in a word, which stands beside its shape and color; `off`: the owner did not switch it on."""
    return str(OFF if off and found == "unknown" else STATES[found])


def rank(lamp: str) -> int:
    """Its place among the causes; the lamps that are not in the list come last."""
    return CAUSES.index(lamp) if lamp in CAUSES else len(CAUSES)
