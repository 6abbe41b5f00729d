"""Scratch folders: gone after use, after a kill with the next one, and never while somebody uses them."""
import subprocess
import sys
from pathlib import Path

from appliance.system.scratch import temporary_folder

HOLDER = """
import sys, time
from pathlib import Path
from appliance.system.scratch import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "large").write_bytes(b"x" * 1000)
    print(folder, flush=True)
    time.sleep(600)
"""


def test_a_scratch_folder_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        assert folder.parent == tmp_path and folder.stat().st_mode & 0o077 == 0
        with temporary_folder(folder) as inner:
            (inner / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_and_what_is_in_use_stays(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True,
                              cwd=Path(__file__).parents[2])
    try:
        assert holder.stdout is not None
        theirs = Path(holder.stdout.readline().strip())
        with temporary_folder(tmp_path):
            assert (theirs / "large").exists()
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert (theirs / "large").exists()
    with temporary_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_link_with_such_a_name_is_not_followed(tmp_path: Path) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "kept").write_text("x")
    (tmp_path / ".suntap-scratch-link").symlink_to(elsewhere)
    with temporary_folder(tmp_path):
        assert (elsewhere / "kept").exists()
