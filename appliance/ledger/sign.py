"""Which way the net meter counts: + is import, or + is export (owners of the older kit describe it). Pure.

Theory: consumption cannot be negative, so what production + net sums to never falls if "+" is right, nor what
production - net does if "-" is, but for the meter's resolution. What they fall by speaks against the sign; both are
kept per day. "+" holds until there is clear evidence against it and little against "-".

Production is summed from one reading of all inverters to the next, whatever time that is: of a night in which they say
nothing, their counters tell in the morning that nothing was made, and the meter what the house bought.

Somebody may turn the meter's coil: then one sign is wrong before that day or since. The days are split into stretches
of one sign where that takes away much more of what speaks against the signs than one sign for all would leave.
"""
from collections.abc import Iterable, Sequence

RESOLUTION_DWH = 100        # most net meters count in 10 Wh; one that counts in larger steps shows it
CLEAR_DWH = 10_000          # evidence below 1 kWh decides nothing
DAY_DWH = 20_000            # more of one day says no more: a counter may have stood still for hours of it
TIMES = 4                   # and so many times the evidence against the other
TURN_DWH = 100_000          # a meter was turned if each turn takes away so much: five days at least on either side
_WAYS = {"+": "buy", "-": "sell"}   # what makes the meter count up, in the owner's words
SUNNY_DAYS = 21             # so many days of sun in which the meter never ran down show that it is no net meter


def is_gross(setting: str, falls: int, sunny: int) -> bool:
    """Whether the meter counts what the house uses: by site.meter, or because it never ran down on SUNNY_DAYS days
    on which a net meter would have."""
    return setting == "consumption" or (setting == "auto" and not falls and sunny >= SUNNY_DAYS)


def against(stretches: Iterable[tuple[int, int] | None], resolution_dwh: int) -> tuple[int, int]:
    """What stretches of a day, in order of time, say against "+" and against "-", in 0.1 Wh. A stretch is (made, net
    meter's difference); None: what follows does not go on from what was before. `resolution_dwh`: the net meter's; what
    a sum may fall by and rise again tells nothing."""
    plus = minus = 0
    below_plus = below_minus = 0        # by how much each sum is below the highest that counts
    for stretch in stretches:
        if stretch is None:
            below_plus = below_minus = 0
            continue
        made, net = stretch
        below_plus -= made + net
        if below_plus > resolution_dwh:
            plus, below_plus = plus + below_plus - resolution_dwh, resolution_dwh
        elif below_plus < 0:
            below_plus = 0
        below_minus -= made - net
        if below_minus > resolution_dwh:
            minus, below_minus = minus + below_minus - resolution_dwh, resolution_dwh
        elif below_minus < 0:
            below_minus = 0
    return plus, minus


def choose(setting: str, against_plus: int, against_minus: int) -> str:
    """The sign, "+" or "-", by the owner's setting or by the evidence."""
    if setting != "auto":
        return setting
    return "-" if against_plus > CLEAR_DWH and against_plus > TIMES * against_minus else "+"


def stretches(days: Sequence[tuple[str, int, int]]) -> tuple[str, list[str]]:
    """(sign of the first days, days from which it is the other one) by (day, against "+", against "-"), ascending and
    of DAY_DWH at most. No such day: nothing shows that the meter was ever turned, and the sign is that of choose()."""
    best: dict[str, tuple[int, list[str]]] = {"+": (0, []), "-": (0, [])}      # sum against it, days of turns
    firsts = {"+": "+", "-": "-"}
    for day, plus, minus in days:
        before, first = dict(best), dict(firsts)
        for sign, other, energy in (("+", "-", plus), ("-", "+", minus)):
            if before[other][0] + TURN_DWH < before[sign][0]:
                best[sign] = before[other][0] + TURN_DWH, [*before[other][1], day]
                firsts[sign] = first[other]
            best[sign] = best[sign][0] + energy, best[sign][1]
    last = "-" if best["-"][0] < best["+"][0] else "+"
    turns, sign = best[last][1], firsts[last]
    if all(TIMES * chosen < other for chosen, other in _evidence(days, sign, turns)):
        return sign, turns
    return choose("auto", sum(plus for _, plus, _ in days), sum(minus for _, _, minus in days)), []


def _evidence(days: Sequence[tuple[str, int, int]], sign: str, turns: Sequence[str]) -> list[tuple[int, int]]:
    """What speaks against the sign of each stretch, and against the other one."""
    found = [[0, 0] for _ in range(len(turns) + 1)]
    for day, plus, minus in days:
        which = sum(turn <= day for turn in turns)
        chosen = plus if (sign == "+") == (which % 2 == 0) else minus
        found[which][0] += chosen
        found[which][1] += plus + minus - chosen
    return [(chosen, other) for chosen, other in found]


def sign_of(day: str, sign: str, turns: Sequence[str]) -> int:
    """1 when the meter rises with import on that day, else -1, from the newest sign and the days of turns."""
    return 1 if (sign == "+") == (sum(turn > day for turn in turns) % 2 == 0) else -1


def is_doubted(setting: str, against_plus: int, against_minus: int) -> bool:
    """Whether the sign that the owner chose makes use negative on days, and the other one would not."""
    chosen, other = (against_minus, against_plus) if setting == "-" else (against_plus, against_minus)
    return setting != "auto" and chosen > CLEAR_DWH and chosen > TIMES * other


def kind_reason(setting: str, gross: bool) -> str:
    """One sentence for the owner: what the meter counts and why that is believed."""
    what = "what the house uses" if gross else "what you buy less what you sell"
    if setting != "auto":
        return f"The meter at the main panel counts {what}, as you chose under Settings › Site."
    why = f": it never ran backwards on {SUNNY_DAYS} sunny days" if gross else ", as most do"
    return f"The meter at the main panel counts {what}{why}."


def turned_reason(sign: str, turns: Sequence[str]) -> str:
    """One sentence for the owner, of a meter that was turned; `sign`: the newest."""
    now, before = ("buy", "sold") if sign == "+" else ("sell", "bought")
    if len(turns) > 1:
        return f"The grid meter was turned round on {', '.join(turns)}. It now counts up when you {now}."
    return f"The grid meter was turned round on {turns[0]}: it counted up when you {before}, and now when you {now}."


def reason(setting: str, against_plus: int, against_minus: int) -> str:
    """One sentence for the owner."""
    if setting != "auto":
        return f"The grid meter counts up when you {_WAYS[setting]}, as you chose under Settings › Site."
    chosen = choose(setting, against_plus, against_minus)
    if chosen == "-" or against_minus > CLEAR_DWH:
        return f"suntap checked which way your grid meter counts: up when you {_WAYS[chosen]}."
    return f"The grid meter counts up when you {_WAYS[chosen]}, as most do."
