"""Errors: each of ours says on its class what it means to a shell and to a browser, and its text is what is printed."""
import importlib
import pkgutil
from pathlib import Path

import pytest

import appliance
from appliance.cli import main
from appliance.errors import DONE, FAILED, USAGE, WAITING, CommandError, SuntapError


def every_error(kind: type[SuntapError] = SuntapError) -> list[type[SuntapError]]:
    """All classes of the family, as they are after every module of the appliance is loaded."""
    for module in pkgutil.walk_packages(appliance.__path__, "appliance."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in every_error(below))]


def test_every_error_has_an_exit_code_and_a_status_that_exist() -> None:
    found = every_error()
    assert len(found) >= 6
    for kind in found:
        assert kind.exit_code in (FAILED, USAGE), kind
        assert 400 <= kind.http_status <= 599, kind


def test_the_four_exit_codes_are_the_documented_ones() -> None:
    assert (DONE, FAILED, USAGE, WAITING) == (0, 1, 2, 3)


def test_a_command_chooses_its_exit_code() -> None:
    assert CommandError("no", USAGE).exit_code == USAGE and CommandError("no").exit_code == FAILED


@pytest.mark.parametrize(("content", "code"), [("[site]\ntimezone = 7\n", USAGE), ("[site", USAGE)])
def test_the_shell_gets_the_code_of_the_class_and_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                           content: str, code: int) -> None:
    config = tmp_path / "suntap.toml"
    config.write_text(content)
    assert main(["export", "days", "--config", str(config)]) == code
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and str(config) in said
