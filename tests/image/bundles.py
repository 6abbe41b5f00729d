"""Update files for the box under test: the system just built with another version, whole or broken."""
import importlib.util
import re
import subprocess
from pathlib import Path, PurePosixPath
from types import ModuleType

from tests.image.conftest import TOP

FAST = "-comp zstd -Xcompression-level 1"
MAIN, INIT = "/usr/lib/suntap/appliance/cli/__main__.py", "/usr/lib/suntap/appliance/__init__.py"
PAGE = "/usr/lib/suntap/webui/__init__.py"
MIGRATION = "/usr/lib/suntap/appliance/store/sql/store/{number:04}_test.sql"


def builder() -> ModuleType:
    """image/system_bundle.py."""
    spec = importlib.util.spec_from_file_location("system_bundle", TOP / "image/system_bundle.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.COMPRESSED = FAST
    return module


def make(work: Path, version: str, broken: str = "", migration: int = 0) -> Path:
    """A bundle of suntap `version`, signed with the keys of this build. `broken`: a file of its own that ends the
    process, MAIN every one, PAGE the page's. `migration`: the number of one more that its history has."""
    build, root = builder(), work / f"root-{version}.ext4"
    subprocess.run(["cp", "--sparse=always", build.ROOT, root], check=True)
    init = build.inside(root, f"cat {INIT}")
    image = build.inside(root, "cat /etc/suntap-image")
    replace(root, INIT, re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', init))
    replace(root, "/etc/suntap-image", re.sub(r"(?m)^version=[^+]*", f"version={version}", image))
    if broken:
        replace(root, broken, "raise SystemExit('broken on purpose')\n")
    if migration:
        replace(root, MIGRATION.format(number=migration), f"CREATE TABLE test_{migration} (x);\n")
    target = work / f"{version}.suntap-update"
    build.main(root, target)
    root.unlink()
    return target


def names(root: Path, folder: PurePosixPath) -> list[str]:
    """What is in a folder of the file system in `root`; nothing where there is no such folder."""
    listed = builder().inside(root, f"ls -p {folder}").splitlines()     # /inode/mode/user/group/name/size/
    return [line.split("/")[5] for line in listed if line.count("/") == 7]


def replace(root: Path, path: str, text: str) -> None:
    """A file with this content, new or in the place of one, of the file system in `root`: of root, mode 0644. Byte code
    of a module that it replaces goes: Python does not hold the card's against its source (image/hooks/customize)."""
    part, module = root.with_suffix(".part"), PurePosixPath(path)
    part.write_text(text)
    code = module.parent / "__pycache__"
    for command in (*(f"rm {code}/{name}" for name in names(root, code) if name.startswith(f"{module.stem}.")),
                    f"rm {path}", f"write {part} {path}", f"set_inode_field {path} mode 0100644",
                    f"set_inode_field {path} uid 0", f"set_inode_field {path} gid 0"):
        subprocess.run(["debugfs", "-w", "-R", command, root], check=True, capture_output=True)
    part.unlink()
