"""What ARCHITECTURE.md says of the whole: one clock, one room for a table, no large file, a test file for each module.
The arrows between the rooms are import-linter's (pyproject.toml, `./run lint`)."""
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = sorted(path for top in ("spcore", "appliance", "webui") for path in (ROOT / top).rglob("*")
                 if path.suffix in (".py", ".pyx", ".pxd"))
MAX_LINES = 600

WRITERS = {     # table → the room that writes it, and that has all statements that read it
    "upload": "appliance/store", "hour": "appliance/store", "identity": "appliance/store", "state": "appliance/store",
    "device": "appliance/ledger", "reading": "appliance/ledger", "slot": "appliance/ledger",
    "device_day": "appliance/ledger", "site_day": "appliance/ledger", "site_hour": "appliance/ledger",
    "notice": "appliance/ledger",
    "dirty_day": "appliance/ledger", "changed_day": "appliance/ledger", "day_before": "appliance/ledger",
    "roof_day": "appliance/ledger", "late_upload": "appliance/ledger", "right_clock": "appliance/ledger",
    "reading_aside": "appliance/ledger", "upload_aside": "appliance/ledger", "guess": "appliance/store",
    "sender": "appliance/store", "known_sender": "appliance/ledger",
    "outbox": "appliance/pvoutput", "pvoutput_day": "appliance/pvoutput",
    "notice_log": "appliance/health", "command": "appliance/supervisor",
    "handed": "appliance/history", "earlier_day": "appliance/history", "output": "appliance/outputs",
}
QUESTIONS = "appliance/history"     # the room whose work is to ask the ledger's tables
BY_THE_SCHEMA = {"counted_device": "appliance/ledger", "change": "appliance/history"}   # a view, and by triggers
COPIES = {      # whole rows from one database to another of the same kind: no room's rules are at stake
    "appliance/store/integrity.py",     # from a damaged database to a new one
    "appliance/history/backup_check.py",    # from a backup's history to a new one
    "appliance/update/databases.py",    # captured during a trial, back to an inbox of the system before
}
READ = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)")
WRITE = re.compile(r"\b(?:INSERT(?: OR \w+)? INTO|REPLACE INTO|UPDATE|DELETE FROM)\s+([a-z_]+)")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def files_with(statement: re.Pattern[str]) -> dict[str, set[str]]:
    """Table → files with such a statement on it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PRODUCT:
        if path.suffix == ".py" and relative(path) not in COPIES:
            for table in statement.findall(path.read_text()):
                found[table].add(relative(path))
    return found


@pytest.mark.parametrize("table", sorted(WRITERS))
def test_a_table_is_written_by_one_room(table: str) -> None:
    outside = {file for file in files_with(WRITE)[table] if not file.startswith(WRITERS[table] + "/")}
    assert not outside, f"{table} belongs to {WRITERS[table]}"


@pytest.mark.parametrize("table", sorted(WRITERS | BY_THE_SCHEMA))
def test_a_table_is_read_by_the_room_that_writes_it_and_the_ledgers_by_history_too(table: str) -> None:
    owner = (WRITERS | BY_THE_SCHEMA)[table]
    rooms = (owner + "/", QUESTIONS + "/") if owner == "appliance/ledger" else (owner + "/",)
    outside = {file for file in files_with(READ)[table] if not file.startswith(rooms)}
    assert not outside, f"{table} belongs to {owner}: ask it for what you need"


def test_every_table_that_is_written_has_its_room() -> None:
    assert set(files_with(WRITE)) <= set(WRITERS)


def test_nothing_but_the_clock_module_asks_what_time_it_is() -> None:
    asking = re.compile(r"\btime\.time\(\)|datetime\.now\(|date\.today\(|utcnow\(|gmtime\(\)|localtime\(\)")
    found = [relative(path) for path in PRODUCT
             if relative(path) != "appliance/system/clock.py" and asking.search(path.read_text())]
    assert not found


def test_no_file_is_too_large_to_read() -> None:
    sizes = {relative(path): path.read_text().count("\n") for path in PRODUCT}
    assert {name: size for name, size in sizes.items() if size > MAX_LINES} == {}


MIRRORS = {"appliance": "tests", "webui": "tests/web", "spcore": "tests/spcore"}
TOGETHER = {"webui/words": "tests/web/test_words.py"}   # folders whose modules are nothing but words, tried together


def where_tried(module: str) -> str:
    """Where the tests of a product module are: the same path in tests/ (appliance/x → tests/x, webui/x → tests/web/x),
    its name behind `test_`, without the underscores that keep it from being Python's own word (import_, __main__)."""
    top, _, rest = module.partition("/")
    folder, _, name = f"{MIRRORS[top]}/{rest}".rpartition("/")
    return TOGETHER.get(module.rpartition("/")[0], f"{folder}/test_{name.rpartition('.')[0].strip('_')}.py")


def test_each_module_has_a_test_file_of_its_name() -> None:
    modules = [relative(path) for path in PRODUCT if path.suffix in (".py", ".pyx") and path.stem != "__init__"]
    missing = {module: where_tried(module) for module in modules if not (ROOT / where_tried(module)).exists()}
    assert missing == {} and len(modules) > 200
