"""Words of the lamps: what owners call them, and the order in which a cause stands before its effects."""
NAMES = {"capture": "SunPower box", "collector": "SunPower’s server", "decode": "Inverters", "upload": "PVOutput",
         "clock": "Clock", "disk": "Storage", "box": "This box", "outputs": "Other programs"}
STATES = {"ok": "in order", "warn": "needs a look", "bad": "out of order", "unknown": "not in use or not known yet"}
CAUSES = ("disk", "box", "clock", "capture", "collector", "decode", "upload", "outputs")


def name(lamp: str) -> str:
    """What owners call a lamp."""
    return NAMES.get(lamp, lamp.capitalize())


def rank(lamp: str) -> int:
    """Its place among the causes; the lamps that are not in the list come last."""
    return CAUSES.index(lamp) if lamp in CAUSES else len(CAUSES)
