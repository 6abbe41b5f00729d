"""Words of the dashboard."""
VERDICTS = {"ok": "", "weak": "low", "dead": "no output", "gone": "not heard", "quiet": "", "replaced": "replaced",
            "new": "new"}
FINE, EARLY = "fine", "too early to say"
HOLE = ("No readings for {span}: the counters say how much energy fell into the gap, not when. The hatched part shows "
        "it as an average.")
SUMMARY, PEAK, NOTHING = "Power through {day}: {what}.", "highest {watts} W at {time}", "no readings"
NO_READINGS = "no readings"
REPLACED = "{new} took the place of {old} on this day."


def verdict(judged: int, heard: int, known: int, past: bool) -> str:
    """One line about all inverters of a day: how many need a look, else how many were heard."""
    if judged:
        return f"{judged} of {known} need{'s' * (judged == 1)} a look"
    day = "that day" if past else "today"
    if not heard:
        return f"{known} known, none heard {day}"
    if heard < known:
        return f"{heard} of {known} heard {day}"
    return f"{known} reporting" if not past else f"all {known} reported"
