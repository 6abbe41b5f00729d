"""Why consumption is counted the way it is, as a sentence for the owner."""
from webui.data import Box


def reason(box: Box) -> str:
    """The sign of the net meter that holds, and where it comes from."""
    if not box.store().execute("SELECT 1 FROM device WHERE kind = 'meter' LIMIT 1").fetchone():
        return "No consumption meter was heard so far. Leave this as it is: it is found out when one speaks."
    chosen = box.settings().site.net_sign
    if chosen != "auto":
        return "You have chosen the sign yourself."
    return "Found out from the readings: consumption must not come out negative."
