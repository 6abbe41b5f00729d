"""Which way the net meter counts: + is import, or + is export (owners of the older kit describe it). Pure.

Theory: consumption cannot be negative. A slot in which production + net is negative by more than the meter's
resolution speaks against "+", one in which production - net is speaks against "-"; both sums are kept per day. "+"
holds until there is clear evidence against it and little against "-".
"""

RESOLUTION_DWH = 100        # net meters count in 10 Wh
CLEAR_DWH = 10_000          # evidence below 1 kWh decides nothing
TIMES = 4                   # and so many times the evidence against the other


def against(production_dwh: int, net_dwh: int) -> tuple[int, int]:
    """What a slot says against "+" and against "-", in 0.1 Wh."""
    return (max(0, -(production_dwh + net_dwh) - RESOLUTION_DWH), max(0, -(production_dwh - net_dwh) - RESOLUTION_DWH))


def choose(setting: str, against_plus: int, against_minus: int) -> str:
    """The sign, "+" or "-", by the owner's setting or by the evidence."""
    if setting != "auto":
        return setting
    return "-" if against_plus > CLEAR_DWH and against_plus > TIMES * against_minus else "+"


def reason(setting: str, against_plus: int, against_minus: int) -> str:
    """One sentence for the owner."""
    if setting != "auto":
        way = "bought" if setting == "+" else "sold"
        return f"The grid meter counts up what is {way}: you set that."
    chosen = choose(setting, against_plus, against_minus)
    way = "bought" if chosen == "+" else "sold"
    if chosen == "-" or against_minus > CLEAR_DWH:
        return f"suntap checked which way your grid meter counts: up what is {way} fits."
    return f"The grid meter counts up what is {way}, as usual; nothing measured so far speaks against it."
