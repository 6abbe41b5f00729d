"""Say what is missing on this system for suntap to do its work, and what to do about it.

Changes nothing. Exit code 1 when something is missing.
"""
import argparse
from pathlib import Path

from appliance import settings
from appliance.cli import PROGRAM
from appliance.errors import DONE, FAILED
from appliance.health import doctor
from appliance.system.clock import from_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace) -> int:
    path = Path(settings.find(args.config))
    missing = 0
    for finding in doctor.examine(path, args.data_dir, from_environment()):
        print(f"{'ok' if finding.ok else 'MISSING':<9}{finding.name:<18}{finding.text}")
        if not finding.ok:
            missing += 1
            print(f"{'':<27}→ {finding.advice}")
    print("nothing is missing" if not missing else f"{missing} missing; `{PROGRAM} status` shows how the services are")
    return FAILED if missing else DONE
