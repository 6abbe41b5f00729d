"""The owner's settings.

declaration: the table of settings · file: loading and saving · validators: the checks · live: reloads a changed file
while a process runs · prices: prices a kWh.
"""
from appliance.settings.declaration import (
    DATA_DIR,
    EVERYWHERE,
    Capture,
    Collector,
    Lines,
    Mqtt,
    Notify,
    PVOutput,
    Secret,
    Settings,
    Site,
    Store,
    Update,
    Web,
    declarations,
    keys,
    secrets,
    sections,
    value,
)
from appliance.settings.file import (
    DEFAULT_PATH,
    ENVIRONMENT,
    MAX_FILE_BYTES,
    SettingsError,
    SettingsNotWritten,
    find,
    load,
    parse,
    unknown_keys,
    update,
)
from appliance.settings.validators import Panel, PvSystem

__all__ = [
    "DATA_DIR", "DEFAULT_PATH", "ENVIRONMENT", "EVERYWHERE", "MAX_FILE_BYTES", "Capture", "Collector", "Lines",
    "Mqtt", "Notify", "PVOutput", "Panel", "PvSystem", "Secret", "Settings", "SettingsError", "SettingsNotWritten",
    "Site", "Store", "Update", "Web",
    "declarations", "find", "keys", "load", "parse", "secrets", "sections", "unknown_keys", "update", "value",
]
