"""`suntap import-days`: days from a file, kept apart and forgotten again; each mistake is one line."""
from pathlib import Path

import pytest

from tests.cli.command import refused
from tests.cli.inside import Shell


def test_the_command_takes_a_file_and_forgets(shell: Shell, tmp_path: Path) -> None:
    days, data = tmp_path / "old.csv", tmp_path / "data"
    days.write_text("Date,Produced\n2019-05-09,1.5\n2019-05-10,2\n")
    done = shell("import-days", days, "--data-dir", data)
    assert (done.code, done.out.strip()) == (0, "2 days from 2019-05-09 to 2019-05-10, 2 imported days in all")
    days.write_text("Date,Produced\n2019-05-10,3\n2019-05-11,2\n")
    assert "3 imported days in all" in shell("import-days", days, "--source", "pvoutput", "--data-dir", data).out
    assert shell("import-days", "--forget", "--data-dir", data).out.strip() == "3 imported days removed"


@pytest.mark.parametrize("content", ["nothing", "", "Date,Produced\n2019-05-09,much\n"])
def test_a_file_that_is_none_is_named_and_nothing_is_kept(shell: Shell, tmp_path: Path, content: str) -> None:
    (tmp_path / "old.csv").write_text(content)
    refused(shell("import-days", tmp_path / "old.csv", "--data-dir", tmp_path / "data"), 2, "old.csv")
    assert not (tmp_path / "data").exists()


def test_a_file_or_forget_and_not_both(shell: Shell, tmp_path: Path) -> None:
    for arguments in ([], ["x", "--forget"]):
        refused(shell("import-days", *arguments, "--data-dir", tmp_path), 2, "a FILE, or --forget")
    refused(shell("import-days", tmp_path / "none", "--data-dir", tmp_path), 1, "none")
