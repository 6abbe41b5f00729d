"""One process of suntap: `python -m appliance.cli.process NAME CONFIG DATA_DIR SPOOL`, which `suntap run NAME` becomes.

An empty argument is one that was not given. No parser is loaded here: it would stay in the memory of each process.
"""
import sys
from pathlib import Path

from appliance.cli import complain
from appliance.errors import DONE, CommandError
from appliance.system.clock import from_environment
from appliance.system.service import Stop, begin_log, end_with_parent


def main(name: str, config: str, data_dir: str, spool: str) -> int:
    """Run it until a signal ends it; the exit code."""
    end_with_parent()
    begin_log(name)
    work = {"capture": _capture, "supervisor": _supervisor, "collector": _collector, "redirect": _redirect}
    try:
        work[name](Path(config), data_dir or None, Path(spool) if spool else None)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        return complain(error)
    return DONE


def _capture(path: Path, data_dir: str | None, spool: Path | None) -> None:
    from appliance.capture.process import CaptureProcess
    from appliance.settings.live import LiveSettings
    CaptureProcess(LiveSettings(path, data_dir), from_environment(), Stop(), spool).run()


def _supervisor(path: Path, data_dir: str | None, _: Path | None) -> None:
    from appliance.settings.live import LiveSettings
    from appliance.supervisor import process as supervisor
    from appliance.update.requested import KEY
    from appliance.update.watch import Watch
    live, clock = LiveSettings(path, data_dir), from_environment()
    with Watch(LiveSettings(path, data_dir), KEY, clock):
        works = supervisor.run(live, clock, Stop())
    if not works:
        raise CommandError(f"{live.current.store.data_dir}: another recorder works here already")


def _collector(path: Path, data_dir: str | None, _: Path | None) -> None:
    from appliance.collector.process import CollectorProcess
    from appliance.settings.live import LiveSettings
    CollectorProcess(LiveSettings(path, data_dir), from_environment(), Stop()).run()


def _redirect(path: Path, data_dir: str | None, _: Path | None) -> None:
    from appliance import settings
    from appliance.collector.redirect import RedirectProcess
    RedirectProcess(settings.load(path).with_data_dir(data_dir).store.data_dir, Stop()).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
