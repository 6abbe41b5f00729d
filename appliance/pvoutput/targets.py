"""The systems at PVOutput that are posted to: the site's, and further ones that have some of its devices.

All have one key and one quota. What belongs to one of them (rows, days, what getsystem told, what refusals taught)
is kept under its `key`: "" for the site's own system, else the system's id.
"""
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from appliance.settings import PVOutput, Settings


@dataclass(frozen=True)
class Target:
    """One system: `settings` are the site's with this system's account; `devices` (serials) count, none: all do."""

    key: str
    devices: tuple[str, ...]
    settings: Settings

    @property
    def account(self) -> PVOutput:
        return self.settings.pvoutput

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.site.timezone)

    @property
    def is_lifetime(self) -> bool:
        return self.account.energy == "lifetime"

    @property
    def title(self) -> str:
        """"" for the site's own system, else what an owner reads."""
        return f"system {self.key}" if self.key else ""


def main_target(settings: Settings) -> Target:
    """The site's own system, whether or not it is set."""
    return Target("", (), settings)


def targets(settings: Settings) -> list[Target]:
    """All systems that are posted to, the site's own first. Further ones have production, no consumption."""
    account = settings.pvoutput
    found = [main_target(settings)] if account.system_id else []
    for system in account.system:
        theirs = replace(account, system_id=system.id, consumption=False, v7="", v8="", v9="", v10="", v11="", v12="")
        found.append(Target(system.id, system.devices, replace(settings, pvoutput=theirs)))
    return found
