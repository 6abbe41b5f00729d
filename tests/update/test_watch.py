"""The daily look: nobody is asked without an address, and what is found is kept for the page."""
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance import settings
from appliance.health import news
from appliance.settings.live import LiveSettings
from appliance.system.clock import Clock
from appliance.update import look, watch
from appliance.update.watch import Watch
from tests.pvoutput.odd import odd_server
from tests.update.conftest import NOON
from tests.update.test_look import ok


@pytest.fixture
def config(tmp_path: Path) -> Path:
    settings.update(tmp_path / "suntap.toml", {"store.data_dir": tmp_path})
    return tmp_path / "suntap.toml"


def moved(clock: Clock, seconds: float) -> Clock:
    return Clock(0.0, clock.time() + seconds, 0.0)


def test_nobody_is_asked_without_an_address(config: Path, keys: tuple[Path, Path], clock: Clock,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "at", lambda *_: pytest.fail("asked"))
    assert not Watch(LiveSettings(config), keys[1], clock).step()
    assert not (config.parent / news.FILE).exists()


def test_an_address_is_asked_at_once_and_then_once_a_day(
        config: Path, debian: Path, make_index: Callable[..., Path], keys: tuple[Path, Path], clock: Clock) -> None:
    made = Watch(LiveSettings(config), keys[1], clock)
    with odd_server(ok(make_index("99.0.0").read_bytes())) as (url, asked):
        settings.update(config, {"update.url": url})
        assert made.step() and not made.step()
        found = news.read(config.parent)
        assert found.offered == "99.0.0" and found.count == 1
        live = LiveSettings(config)
        assert not Watch(live, keys[1], moved(clock, 0.7 * look.DAY_S)).step()
        assert Watch(live, keys[1], moved(clock, 1.3 * look.DAY_S)).step()
        assert len(asked) == 2 and asked[0].startswith(b"GET /service/r2/suntap-arm64.index HTTP")
        assert not {b"cookie", b"authorization", b"referer"} & {
            line.split(b":")[0].lower() for line in asked[0].split(b"\r\n")}


def test_a_clock_that_is_a_guess_asks_nobody(config: Path, keys: tuple[Path, Path], clock: Clock,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    settings.update(config, {"update.url": "http://127.0.0.1:1/"})
    monkeypatch.setattr(watch, "is_set", lambda: False)
    assert not Watch(LiveSettings(config), keys[1], clock).step()


def test_a_failure_is_kept_and_the_thread_goes_on(config: Path, keys: tuple[Path, Path], clock: Clock,
                                                  debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.update(config, {"update.url": "http://127.0.0.1:1/"})
    monkeypatch.setattr(watch, "STEP_S", 0.01)
    waited = [0]
    with Watch(LiveSettings(config), keys[1], clock) as running:
        while not news.read(config.parent).problem and waited[0] < 3000:
            waited[0] += 1
            running._stop.wait(0.01)
        assert running._thread.is_alive()
    assert "refused" in news.read(config.parent).problem and news.read(config.parent).tried == NOON
    assert not running._thread.is_alive()
