"""The owner's settings.

declaration: what may be set · file: where it is kept · validators: the checks · live: a file that changes while a
process runs.
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
    find,
    load,
    parse,
    unknown_keys,
    update,
)
from appliance.settings.validators import PvSystem

__all__ = [
    "DATA_DIR", "DEFAULT_PATH", "ENVIRONMENT", "EVERYWHERE", "MAX_FILE_BYTES", "Capture", "Collector", "Lines",
    "Mqtt", "Notify", "PVOutput", "PvSystem", "Secret", "Settings", "SettingsError", "Site", "Store", "Web",
    "declarations", "find", "keys", "load", "parse", "secrets", "sections", "unknown_keys", "update", "value",
]
