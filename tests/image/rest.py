"""What a box says of itself when nothing happens by itself any more, and what of it must hold after a cut."""
import json
from dataclasses import dataclass
from pathlib import Path

from tests.image.box import Box
from tests.image.story import PAGE, steps

UNCHANGED, BACK, KEPT = "nothing was changed", "did not work: back to", "works and is kept"
SAYS = f"""sed -n 's/.*rauc.slot=\\([AB]\\).*/\\1/p' /proc/cmdline
sed -n 's/^version=//p' /etc/suntap-image
ls -A {PAGE} 2> /dev/null | grep -v result.json | tr '\\n' ' '; echo
cat {PAGE}/result.json 2> /dev/null; echo
python3 -IS -c 'import sys
sys.path.insert(0, "/usr/lib/suntap")
from appliance.update import boot_choice
choice = boot_choice.read(boot_choice.disk())
print(choice.kept, choice.trial)'
systemctl --failed --no-legend --plain | tr '\\n' ' '; echo
python3 -IS -c 'import sqlite3
print(*(sqlite3.connect(f"/var/lib/suntap/{{name}}.sqlite3").execute("PRAGMA integrity_check").fetchone()[0]
        for name in ("inbox", "suntap")))'"""
ENERGY = ("SELECT CAST(1000 * count(*) + total(production_dwh) + total(net_dwh) AS INTEGER) FROM slot "
          "WHERE time <= {until}")
LAST = "SELECT max(time) - 3600 FROM slot"      # what comes later may still change the hour before it


@dataclass(frozen=True)
class Facts:
    """A box at rest."""

    slot: str
    version: str
    left: str           # files of the page's side of an update
    told: str           # result.json: what the page tells of the last update
    choice: str         # U-Boot's: kept and trial
    failed: str         # units
    whole: str          # databases
    schema: int
    uploads: int
    readings: int
    until: int          # UTC, of the slots in
    energy: int

    @classmethod
    def of(cls, box: Box, until: int = 0) -> "Facts":
        """Ask a box that runs."""
        until = until or box.query("suntap.sqlite3", LAST)
        return cls(*(line.strip() for line in box.vm.run(SAYS).splitlines()),
                   box.query("suntap.sqlite3", "PRAGMA user_version"), box.uploads(), box.readings(), until,
                   box.query("suntap.sqlite3", ENERGY.format(until=until)))

    @property
    def text(self) -> str:
        """What the page tells of the last update."""
        return json.loads(self.told)["text"] if self.told else ""


@dataclass(frozen=True)
class Way:
    """An update from the system of `before` to `version`, which brings the history to `schema`."""

    version: str
    schema: int
    sick: bool
    by_page: bool
    bundle: Path
    before: Facts

    def is_new(self, now: Facts) -> bool:
        return now.version.startswith(f"{self.version}+")

    def wrong(self, step: str, now: Facts) -> list[str]:
        """What is not as it must be at rest after a cut in this step."""
        new, before = self.is_new(now), self.before
        names = [one.name for one in steps(self.version, self.by_page, self.sick)]
        late = names.index(step) > names.index("the choice is made")
        slot = before.slot if not new else "B" if before.slot == "A" else "A"
        holds = {
            "one of the two systems": new or now.version == before.version,
            "one that works": not (new and self.sick),
            "the new one once it was chosen": new or self.sick or not late,
            "the old one before it was sent": not new or step != "the file comes to the page",
            "its slot": now.slot == slot, "no further choice": now.choice == f"{slot} None",
            "no file left with the page": not now.left, "no failed unit": not now.failed,
            "whole databases": now.whole == "ok ok",
            "its own schema": now.schema == (self.schema if new else before.schema),
            "every upload": now.uploads >= before.uploads, "every reading": now.readings >= before.readings,
            "the history of before": now.energy == before.energy, "the truth": self._true(now, new, late)}
        return [name for name, found in holds.items() if not found]

    def _true(self, now: Facts, new: bool, late: bool) -> bool:
        """Whether what the page tells is so. Of what comes on a stick it hears from the trial on."""
        if new:
            return f"version {self.version}+" in now.text and KEPT in now.text
        if f"version {self.version}+" in now.text and f"{BACK} {self.before.version}" in now.text:
            return '"ok": false' in now.told
        return not late and (now.told == self.before.told or (
            self.by_page and (not now.told or ('"ok": false' in now.told and UNCHANGED in now.text))))
