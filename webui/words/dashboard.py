"""Words of the dashboard."""
from webui.language import N_, _, ngettext

VERDICTS = {"ok": "", "weak": N_("low"), "dead": N_("no output"), "gone": N_("not heard"), "quiet": "",
            "replaced": N_("replaced"), "new": N_("new")}
HOLE = N_("No readings for {span}: the meters know how much energy fell into this gap, but not when. The hatched "
          "part shows it as if it came evenly.")
LONG_HOLE = N_("{kwh} kWh were made between {begin} and {end}, while nothing was read; they count on the day on which "
               "they were read. The hatched part shows it as if it came evenly.")
LONG_HOLE_GRID = N_("Of that time only the difference of bought and sold is known: this day’s shares are rough.")
TODAY_AT = N_("{time} today")
SUMMARY, PEAK, NOTHING = N_("Solar power through {day}: {what}."), N_("highest {watts} W at {time}"), N_("no readings")
TO_COME = N_("this day has not come yet")
REPLACED = N_("{new} took the place of {old} on this day.")


def verdict(judged: int, heard: int, known: int, past: bool) -> str:
    """One line about all inverters of a day: how many need a look, else how many were heard."""
    if judged:
        text = ngettext("{count} of {known} needs a look", "{count} of {known} need a look", judged)
    elif not heard:
        text = _("{known} known, none heard that day") if past else _("{known} known, none heard today")
    elif heard < known:
        text = _("{heard} of {known} heard that day") if past else _("{heard} of {known} heard today")
    else:
        text = _("all {known} heard that day") if past else _("all {known} heard today")
    return text.format(count=judged, heard=heard, known=known)
