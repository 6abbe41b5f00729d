"""Who may know whom inside the core. Import-linter does not see cimports, so the arrows are read from the sources."""
import re
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "spcore"
CIMPORT = re.compile(r"^\s*from spcore\.(\w+) cimport", re.MULTILINE)


def arrows() -> dict[str, set[str]]:
    """Module → the modules of the core that its .pyx and .pxd cimport."""
    found: dict[str, set[str]] = {}
    for path in [*CORE.glob("*.pyx"), *CORE.glob("*.pxd")]:
        found.setdefault(path.stem, set()).update(set(CIMPORT.findall(path.read_text())) - {path.stem})
    return found


def reached(name: str, graph: dict[str, set[str]]) -> set[str]:
    """Everything that `name` knows, directly or through others."""
    todo, seen = [name], set()
    while todo:
        for other in graph[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return seen


def test_no_module_knows_itself_through_others():
    graph = arrows()
    assert len(graph) > 15
    assert [name for name in graph if name in reached(name, graph)] == []


@pytest.mark.parametrize("name, knows", [
    ("buffer", {"invariants"}),
    ("assembler", {"buffer", "invariants"}),
    ("http_syntax", set()),
    ("escape", {"buffer", "invariants"}),
])
def test_the_lowest_modules_know_only_what_they_stand_on(name, knows):
    assert reached(name, arrows()) == knows


@pytest.mark.parametrize("name, unknown", [
    ("flows", {"assembler", "http", "uploads", "reassembly", "delivery"}),      # what a connection carries
    ("http", {"flows", "reassembly", "assembler", "streams"}),                  # whose stream it reads
    ("defrag", {"flows", "http", "uploads", "streams"}),
    ("uploads", {"http", "streams", "flows", "lines"}),
    ("pcapng", {"pcapfile", "filereader", "engine"}),                           # who asks for the packets
    ("tunnels", {"defrag", "engine", "streams"}),
    ("reassembly", {"delivery", "holes", "connections", "streams", "engine"}),  # only data
])
def test_no_module_knows_what_is_not_its_business(name, unknown):
    assert reached(name, arrows()) & unknown == set()
