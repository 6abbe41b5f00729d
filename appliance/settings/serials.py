"""How a serial number is spelled: one device whatever the case of letters. The inbox keeps it as sent."""


def spelled(serial: str) -> str:
    """`serial` in capital letters; the last letter of a PVS's meter is small, as its meters are named (…c and …p)."""
    if serial.isdigit() or not serial.isascii():
        return serial
    capitals = serial.upper()
    return capitals[:-1] + capitals[-1].lower() if capitals.startswith("PVS") and capitals[-1] in "CP" else capitals
