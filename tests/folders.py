"""Folders that another user may enter: pytest's own are their maker's alone."""
from pathlib import Path
from tempfile import gettempdir


def open_to_all(folder: Path) -> None:
    """Let every user into `folder` and those above it, as far as pytest made them."""
    top = Path(gettempdir()).resolve()
    for each in (folder, *folder.resolve().parents):
        if each in (top, *top.parents):
            return
        each.chmod(0o755)
