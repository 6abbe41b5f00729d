"""The page's lists of words: each is used by the page, an owner understands each, and what other rooms tell of has its
word. One file for the folder, because its modules are nothing but words."""
import ast
import re
from pathlib import Path

import pytest

from appliance.system.heartbeat import PROCESSES
from tests.test_walls import ROOT

FOLDER = ROOT / "webui" / "words"
MODULES = sorted(path for path in FOLDER.glob("*.py") if path.stem != "__init__")
MACHINE = re.compile(r"\b(site|capture|store|pvoutput|web|collector)\.(?!org)[a-z]|supervisor|inbox|outbox|slots?\b|NTP"
                     r"|systemctl|`")
OTHER_WORDS = re.compile(r"\b[Pp]roduc(e|tion|ing)|\b[Cc]onsum|\bcaptured")   # made, used, kept


def names(path: Path) -> list[str]:
    """What a module defines."""
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        for target in node.targets if isinstance(node, ast.Assign) else []:
            found += [one.id for one in ast.walk(target) if isinstance(one, ast.Name)]
    return found


def sentences(path: Path) -> list[str]:
    """Every text of a module that is neither its documentation nor a key."""
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and id(node) not in documentation and " " in node.value]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_word_is_used_by_the_page(path: Path) -> None:
    others = "".join(one.read_text() for one in (ROOT / "webui").rglob("*.py") if one != path)
    others += "".join(one.read_text() for one in (ROOT / "webui" / "templates").glob("*.html"))
    own = path.read_text()
    unused = [name for name in names(path)
              if not re.search(rf"\b{name}\b", others) and len(re.findall(rf"\b{name}\b", own)) < 2]
    assert names(path) and unused == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_an_owner_reads_no_key_of_a_file_no_command_and_no_name_of_a_process(path: Path) -> None:
    for text in sentences(path):
        assert not MACHINE.search(text), text


def test_one_word_for_what_the_roof_makes_and_one_for_what_the_house_uses() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "webui" / "templates").rglob("*.*"))
    told = [text for path in [*MODULES, ROOT / "webui" / "fields.py", ROOT / "appliance" / "health" / "notices.py"]
            for text in sentences(path)] + re.findall(r"%}([^{}<]+)(?={%|{{)|_\(\"([^\"]+)\"", templates)
    for text in map(" ".join, (one if isinstance(one, tuple) else (one,) for one in told)):
        assert not OTHER_WORDS.search(text.replace("production meter", "")), text


def test_a_lamp_says_its_state_in_a_word() -> None:
    from webui.words.lamp_names import state
    for off in (False, True):
        assert [state(found, off) for found in ("ok", "warn", "bad")] == ["OK", "Check", "Fault"]
    assert (state("unknown"), state("unknown", off=True)) == ("Waiting", "Off")


def test_every_process_and_every_lamp_has_the_owners_name() -> None:
    from appliance.health import lamps
    from webui.words.diagnostics import PARTS
    from webui.words.lamp_names import CAUSES, NAMES, rank
    assert set(PROCESSES) <= set(PARTS) and set(CAUSES) == set(NAMES)
    told = set(re.findall(r'Finding\("(\w+)"', Path(lamps.__file__).read_text()))
    assert told <= set(NAMES) and rank("nobody knows") == len(CAUSES)
