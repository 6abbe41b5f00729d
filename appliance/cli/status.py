"""Show the state of the box: lamps, processes and counters, as the diagnostics page does.

Exit code 1: a lamp is BAD, so that something of suntap does not work (/healthz answers 503 then).
"""
import argparse
import json
from typing import Any

from appliance.cli.common import settings_of
from appliance.errors import DONE, FAILED
from appliance.health import status
from appliance.system.clock import from_environment

SIGNS = {"ok": "ok", "warn": "WARN", "bad": "BAD", "unknown": "-"}
LAMPS = {"capture": "SunPower box", "collector": "SunPower’s server", "decode": "Inverters", "upload": "PVOutput",
         "clock": "Clock", "disk": "Storage", "box": "This box", "outputs": "Other programs"}
PARTS = {"capture": "listener", "supervisor": "recorder", "web": "page", "collector": "stand-in"}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="everything, as one JSON object")


def run(args: argparse.Namespace) -> int:
    settings, _ = settings_of(args)
    facts = status.collect(settings, from_environment()).to_json()
    print(json.dumps(facts, indent=1) if args.json else table(facts))
    return FAILED if any(lamp["state"] == "bad" for lamp in facts["lamps"]) else DONE


def table(facts: dict[str, Any]) -> str:
    """Return the facts as text for a terminal."""
    lines = []
    for lamp in facts["lamps"]:
        lines.append(f"{LAMPS.get(lamp['name'], lamp['name']):<18}{SIGNS[lamp['state']]:<6}{lamp['text']}")
        if lamp["check"] and lamp["state"] != "ok":
            lines.append(f"{'':<24}{lamp['check']}")
    if system := facts["system"]:
        lines.append(f"{'System':<18}{'':<6}built on {system['built']}, Debian as of {system['debian'] or 'then'}: "
                     f"{system['age_days']} days")
    notices = facts["store"].get("notices", [])
    if notices:
        lines.append("")
    for notice in notices:
        lines.append(f"{'Notice':<18}{SIGNS[notice['state']]:<6}{notice['text']}")
        lines.append(f"{'':<24}{notice['check']}")
    lines.append("")
    for entry in facts["processes"]:
        detail = f"pid {entry['pid']}, {entry['restarts']} restarts, heard of {entry['age_s']:.0f} s ago" \
            if "pid" in entry else ""
        lines.append(f"{PARTS.get(entry['name'], entry['name']):<18}{entry['text']:<12}{detail}")
    for name, counters in facts["counters"].items():
        shown = {key: value for key, value in counters.items() if value}
        if shown:
            lines += ["", f"counters of the {PARTS.get(name, name)}",
                      *(f"  {key:<28}{value:>14,}" for key, value in shown.items())]
    return "\n".join(lines)
