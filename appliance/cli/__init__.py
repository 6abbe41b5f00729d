"""The command line: `suntap COMMAND`. One module per command, imported only when the command runs.

Contract of a command module: its docstring is the help text, `arguments(parser)` declares its options, `run(args)`
does the work and returns the exit code. Exit codes: 0 done, 1 failed, 2 usage or unreadable input, 3 something still
waits (push). An error is one line on stderr (what, where, what to do), never a traceback; with SUNTAP_TRACEBACK=1 a
developer gets the traceback. This module imports almost nothing, because every import slows down `suntap records`.
"""
import gc
import os
import sys

from appliance.errors import DONE, FAILED, USAGE, CommandError

TYPE_CHECKING = False  # typing itself costs milliseconds
if TYPE_CHECKING:
    from typing import NoReturn

COMMANDS = {
    "records": "print the record lines of a capture file or a live interface, as sent",
    "streams": "list every TCP direction of a capture file with its length, hash and gaps",
    "bench": "measure the capture core on a capture file",
    "import": "add the uploads of capture files to the history",
    "import-days": "take days of before suntap from PVOutput or a CSV",
    "senders": "show who sends uploads, and decide whose count",
    "push": "post to PVOutput what waits, within its quota",
    "run": "run everything: the listener, the recorder, the page and the stand-in",
    "demo": "show everything on simulated hardware",
    "export": "write readings, slots or days as CSV or JSON",
    "status": "show lamps, counters and processes, like the diagnostics page",
    "rebuild": "work the history out again from the captured uploads",
    "backup": "save captured uploads, history and settings to one file",
    "restore": "check a backup and put it back",
    "update": "install a signed update file on the appliance, try it, keep it or go back",
    "doctor": "say what is missing on this system",
    "reset-password": "forget the page's password, so that a new one can be chosen",
}
MODULES = {     # commands whose name cannot be a module's
    "import": "import_", "import-days": "import_days", "reset-password": "reset_password",
}
PROGRAM = "suntap"
WIDTH = 100  # of help texts, unless $COLUMNS says otherwise


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` defaults to the process's arguments."""
    _open_missing_streams()
    arguments = sys.argv[1:] if argv is None else argv
    name = arguments[0] if arguments else ""
    try:
        code = _command(name, arguments[1:]) if name in COMMANDS else _overview(name)
        sys.stdout.flush()  # here, so that a full disk behind stdout is an error and not a traceback at exit
        return code
    except SystemExit as end:  # argparse: 0 after --help, 2 for wrong usage
        return end.code if isinstance(end.code, int) else FAILED
    except KeyboardInterrupt:
        return _quiet(130)
    except BrokenPipeError:  # the reader (`| head`) has closed the pipe
        return _quiet(141)
    except Exception as error:
        return _report(error)


def _open_missing_streams() -> None:
    """Open /dev/null for a closed standard stream, so that no file opened later (a database!) gets its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r"))  # noqa: SIM115


def _command(name: str, arguments: list[str]) -> int:
    from argparse import ArgumentParser, HelpFormatter, RawDescriptionHelpFormatter
    from importlib import import_module

    class Parser(ArgumentParser):
        def error(self, message: str) -> "NoReturn":
            raise CommandError(f"{name}: {message} (`{PROGRAM} {name} --help` explains)", USAGE)

    def formatter(prog: str) -> HelpFormatter:  # with a given width, argparse does not import shutil for the terminal's
        return RawDescriptionHelpFormatter(prog, width=int(os.environ.get("COLUMNS") or WIDTH))

    gc.disable()  # what is imported is no garbage: looking for cycles in it costs
    try:
        module = import_module(f"{__name__}.{MODULES.get(name, name)}")
        parser = Parser(prog=f"{PROGRAM} {name}", description=module.__doc__, allow_abbrev=False,
                        formatter_class=formatter)
        module.arguments(parser)
        parser.add_argument("--config", metavar="FILE",
                            help="settings file (default: $SUNTAP_CONFIG, then /etc/suntap/suntap.toml)")
        parser.add_argument("--data-dir", metavar="DIR",
                            help="data directory (default: the settings' store.data_dir)")
        options = parser.parse_args(arguments)
    finally:
        gc.enable()
    code: int = module.run(options)
    return code


def _overview(name: str) -> int:
    """Print the answer to `suntap` alone, help, --help, -V or --version. Raises CommandError for a wrong command."""
    if name in ("-V", "--version"):
        from appliance import __version__
        print(PROGRAM, __version__)
        return DONE
    lines = [f"  {command:<16}{purpose}" for command, purpose in COMMANDS.items()]
    text = "\n".join([
        f"usage: {PROGRAM} COMMAND [options]", "", *lines, "",
        f"`{PROGRAM} COMMAND --help` explains a command. Every command takes --config FILE and --data-dir DIR.",
    ])
    if name in ("-h", "--help", "help"):
        print(text)
        return DONE
    if not name:
        print(text, file=sys.stderr)
        return USAGE
    raise CommandError(f"unknown command {name!r}: `{PROGRAM} --help` lists the commands", USAGE)


def _report(error: Exception) -> int:
    """Print an error as one line on stderr and return its exit code."""
    code = complain(error)
    _discard_stdout()
    return code


def complain(error: Exception) -> int:
    """Print an error that ends only a part of the work, such as one file of several, and return its exit code."""
    if os.environ.get("SUNTAP_TRACEBACK") == "1":
        raise error
    message, code = _explain(error)
    say(message)
    return code


def say(message: str) -> None:
    """Print one line on stderr, after flushing stdout."""
    text = " ".join(message.split())
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    from contextlib import suppress
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError):
        print(f"{PROGRAM}: {printable}", file=sys.stderr)


def _explain(error: Exception) -> tuple[str, int]:
    """Return the line and the exit code for an error that reached main()."""
    code: int | None = getattr(error, "exit_code", None)
    if code is not None:  # a SuntapError, or an error of spcore
        return str(error), code
    if type(error).__module__.split(".")[0] == "sqlite3":  # by name: importing sqlite3 costs
        return f"database: {error}: check the data directory's permissions and free space (`suntap doctor`)", FAILED
    if isinstance(error, OSError):
        return f"{error.filename or 'output'}: {error.strerror or error}", FAILED
    return f"unexpected {type(error).__name__}: {error} (please report it; SUNTAP_TRACEBACK=1 shows where)", FAILED


def _quiet(code: int) -> int:
    """Discard the buffered output and return `code`."""
    _discard_stdout()
    return code


def _discard_stdout() -> None:
    """Redirect stdout to /dev/null, so that the interpreter's last flush succeeds."""
    from contextlib import suppress
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
