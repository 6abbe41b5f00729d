"""Record lines → typed readings (protocol.md lists the fields).

parse() takes the fields of one line and never raises. A line that is too short, or whose time or serial is no time or
serial, is Malformed and costs only itself; a field that does not parse is None and costs only itself; a number nobody
knows is Unknown and kept as it came. Numbers are read exactly, as integers in the unit of their name (dwh = 0.1 Wh,
dw = 0.1 W, mv, ma, mhz, ...), never through binary floats. Texts are as sent, control characters and surrogate
escapes (bytes that were not UTF-8) included; storable() is the form in which SQLite takes them. A serial number is
spelled in one way (settings.serials); `fields` has it as it was sent.
"""
from appliance.records.no_readings import Header, Malformed, Record, Trailer, Unknown
from appliance.records.parse import parse
from appliance.records.readings import Inverter, InverterExtra, Meter, MeterExtra, Reading, Status, Supervisor
from appliance.records.texts import storable
from appliance.records.values import parse_decimal

__all__ = ["Header", "Inverter", "InverterExtra", "Malformed", "Meter", "MeterExtra", "Reading", "Record", "Status",
           "Supervisor", "Trailer", "Unknown", "parse", "parse_decimal", "storable"]
