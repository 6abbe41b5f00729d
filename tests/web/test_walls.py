"""The rooms of the page: who may import whom, held by what the files say."""
import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import webui

ROOT = Path(webui.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("[!_]*.py"))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, also within a function; `from a import b` as "a.b"."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def from_room(path: Path, *rooms: str) -> list[str]:
    """What a file imports of these rooms."""
    return [name for name in imported(path) if any(f"{name}.".startswith(f"{room}.") for room in rooms)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_import_no_pages(path: Path) -> None:
    assert from_room(path, "webui.pages") == []


def test_only_the_table_of_contents_imports_pages() -> None:
    assert [path.name for path in FILES if from_room(path, "webui.pages") and path.parent.name != "pages"] == [
        "__init__.py"]


def test_only_data_opens_databases_and_reads_or_writes_the_settings_file() -> None:
    for path in FILES:
        if path.name != "data.py":
            assert from_room(path, "appliance.store.connect", "appliance.store.inbox", "appliance.settings.live",
                             "appliance.settings.update", "appliance.settings.load") == [], path
    calls = {path.name for path in FILES for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
             and (node.value.id, node.attr) in {("store", "connect"), ("inbox", "connect"), ("sqlite3", "connect"),
                                                ("settings", "update"), ("settings", "load")}}
    assert calls == {"data.py", "__main__.py"}      # the process reads the file before there is an application


def test_what_people_read_knows_nothing_of_pages_and_passwords() -> None:
    for path in (ROOT / "present").glob("*.py"):
        assert from_room(path, "webui.pages", "webui.security") == [], path


def test_nothing_of_suntap_imports_the_page() -> None:
    for room in ("appliance", "spcore"):
        for path in (ROOT.parent / room).rglob("*.py"):
            assert from_room(path, "webui") == [], path


def test_the_page_imports_no_command() -> None:
    assert [path for path in FILES if from_room(path, "appliance.cli", "appliance.simulate", "appliance.demo")] == []
