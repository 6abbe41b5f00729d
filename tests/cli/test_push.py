"""What `suntap push` makes of its options and settings; that it posts is held in tests/end_to_end."""
import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.cli import push
from appliance.settings import Settings
from tests.cli.command import refused, suntap


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("90", 90.0), ("007", 7.0)])
def test_a_time_to_wait_is_whole_seconds(text: str, value: float) -> None:
    assert push.seconds(text) == value


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", "inf", "٣", " 1", "1_0"])
def test_what_is_no_time_to_wait_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="seconds"):
        push.seconds(text)


def test_push_posts_where_posting_is_off_and_changes_nothing_else() -> None:
    plain = Settings()
    on = push.enabled(plain)
    assert on.pvoutput.enabled and not plain.pvoutput.enabled
    assert replace(on, pvoutput=replace(on.pvoutput, enabled=False)) == plain


def test_without_an_account_it_says_what_is_missing_and_where(tmp_path: Path) -> None:
    config = tmp_path / "suntap.toml"
    config.touch()
    refused(suntap("push", "--config", config, "--data-dir", tmp_path / "data"), 1, "api_key", "system_id", str(config))
    assert not (tmp_path / "data").exists()
