"""The settings file: what it may say, what it answers to what it may not, and that it is never half."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tomlkit
from hypothesis import example, given
from hypothesis import strategies as st

from appliance import settings
from appliance.settings import Secret, Settings, SettingsError

KEY = "00000000000000000000000000000000feedbeef"

OWN_VALUES = st.sampled_from(["", "414050000000001 power", "PVS5M000001c frequency"])
VALUES = {
    "site.timezone": st.sampled_from(["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "UTC"]),
    "site.net_sign": st.sampled_from(["auto", "+", "-"]),
    "site.production": st.sampled_from(["auto", "inverters", "meter"]),
    "site.size_w": st.integers(0, 1_000_000),
    "site.meter": st.sampled_from(["auto", "net", "consumption"]),
    "site.panel": st.lists(st.fixed_dictionaries({"serial": st.from_regex(r"[0-9A-Z]{1,20}", fullmatch=True)},
                                                 optional={"name": st.sampled_from(["South 1", "ü"])}),
                           max_size=3, unique_by=lambda panel: panel["serial"]),
    "site.buy": st.sampled_from(["", "0.31", "0.28, 2026-01-01 0.31"]),
    "site.sell": st.sampled_from(["", "2026-01-01: 0.08"]),
    "site.name": st.sampled_from(["home", "roof_7", "a.b-c"]),
    "capture.interface": st.from_regex(r"[a-z0-9.:-]{1,15}", fullmatch=True),
    "capture.ports": st.lists(st.integers(1, 65535), min_size=1, max_size=8, unique=True),
    "capture.buffer_mib": st.integers(1, 1024),
    "capture.pvs_mac": st.sampled_from(["", "02:00:5e:00:53:01"]),
    "collector.stand_in": st.sampled_from(["off", "auto", "on"]),
    "store.data_dir": st.sampled_from(["/var/lib/suntap", "/data/ü b\"c"]),
    "store.keep_inbox_days": st.integers(1, 36500),
    "pvoutput.enabled": st.booleans(),
    "pvoutput.url": st.sampled_from(["https://pvoutput.org/service/r2/", "http://127.0.0.1:8081/service/r2/"]),
    "pvoutput.api_key": st.from_regex(r"[\x21-\x7e]{0,128}", fullmatch=True),
    "pvoutput.system_id": st.from_regex(r"[0-9]{0,12}", fullmatch=True),
    "pvoutput.energy": st.sampled_from(["daily", "lifetime"]),
    "pvoutput.consumption": st.booleans(),
    "pvoutput.reserve": st.integers(0, 250),
    "pvoutput.voltage": st.booleans(),
    "pvoutput.temperature": st.booleans(),
    "pvoutput.v7": OWN_VALUES,
    "pvoutput.v8": OWN_VALUES,
    "pvoutput.v9": OWN_VALUES,
    "pvoutput.v10": OWN_VALUES,
    "pvoutput.v11": OWN_VALUES,
    "pvoutput.v12": OWN_VALUES,
    "pvoutput.system": st.lists(st.fixed_dictionaries({
        "id": st.from_regex(r"[0-9]{1,12}", fullmatch=True),
        "devices": st.lists(st.from_regex(r"[0-9A-Z]{1,20}", fullmatch=True), min_size=1, max_size=3, unique=True)}),
        max_size=3, unique_by=lambda system: system["id"]),
    "mqtt.url": st.sampled_from(["", "mqtt://broker.lan", "mqtts://192.0.2.1:8883", "mqtt://[2001:db8::1]:1883"]),
    "mqtt.username": st.sampled_from(["", "sun tap", "ü"]),
    "mqtt.password": st.sampled_from(["", "with blank", "ü#"]),
    "mqtt.topic": st.sampled_from(["suntap", "a/b-c"]),
    "mqtt.discovery": st.sampled_from(["", "homeassistant", "ha/x"]),
    "lines.url": st.sampled_from(["", "http://host:8428", "https://h.example.org/api/v2/write?org=o&bucket=b"]),
    "lines.token": st.sampled_from(["", "user:pass word", "x" * 1024]),
    "notify.url": st.sampled_from(["", "https://ntfy.sh/topic",
                                   "mailto:you@example.org?smtp=smtp://user@mail.example.org:587"]),
    "update.url": st.sampled_from(["", "https://example.org/suntap/", "http://192.0.2.7:8080/"]),
    "notify.token": st.sampled_from(["", "tk_1"]),
    "web.names": st.sampled_from([[], ["suntap.fritz.box"], ["a", "b.ts.net"]]),
    "web.tokens": st.sampled_from([[], ["ha:" + "0a" * 32]]),
    "web.proxies": st.sampled_from([[], ["127.0.0.1/32"], ["192.0.2.0/24", "2001:db8::/64"]]),
    "web.host": st.sampled_from(["0.0.0.0", "127.0.0.1", "::", "localhost"]),
    "web.port": st.integers(1, 65535),
    "web.public_dashboard": st.booleans(),
}
CHANGES = st.fixed_dictionaries({}, optional=VALUES)


def value_of(loaded: Settings, name: str):
    section, key = name.split(".")
    value = getattr(getattr(loaded, section), key)
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Path):
        return str(value)
    if name == "pvoutput.system":
        return [{"id": system.id, "devices": list(system.devices)} for system in value]
    if name == "site.panel":
        return [{name: item for name, item in panel._asdict().items() if item} for panel in value]
    return list(value) if isinstance(value, tuple) else value


def test_every_key_has_values_to_test():
    assert set(VALUES) == set(settings.keys())


@given(first=CHANGES, second=CHANGES)
def test_what_is_saved_is_what_is_loaded_whatever_was_there_before(tmp_path_factory, first, second):
    path = tmp_path_factory.mktemp("settings") / "suntap.toml"
    settings.update(path, first)
    saved = settings.update(path, second)
    loaded = settings.load(path)
    assert loaded == saved
    for name in VALUES:
        expected = {**first, **second}.get(name, value_of(Settings(), name))
        assert value_of(loaded, name) == expected


def test_an_update_keeps_the_owners_comments_and_order(tmp_path):
    path = tmp_path / "suntap.toml"
    path.write_text('# my roof\n[web]\nport = 8080  # the old one\n\n# the sun\n[site]\nsize_w = 100 # small\n')
    settings.update(path, {"site.size_w": 200, "web.public_dashboard": False})
    text = path.read_text()
    assert "# my roof" in text and "port = 8080  # the old one" in text and "size_w = 200 # small" in text
    assert text.index("[web]") < text.index("[site]")


def test_the_file_can_be_read_by_its_owner_alone(tmp_path):
    path = tmp_path / "suntap.toml"
    path.write_text("")
    path.chmod(0o644)
    settings.update(path, {"site.size_w": 1})
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_to_the_data_partition_stays_a_link(tmp_path):
    (tmp_path / "data").mkdir()
    link = tmp_path / "suntap.toml"
    link.symlink_to(tmp_path / "data" / "real.toml")
    settings.update(link, {"site.size_w": 1})
    assert link.is_symlink() and settings.load(tmp_path / "data" / "real.toml").site.size_w == 1


@pytest.mark.parametrize(("text", "words"), [
    ("site = 1\n", ["site", "[site]"]),
    ('[site]\ntimezone = "Mars/Olympus"\n', ["site.timezone", "IANA", "Mars/Olympus"]),
    ('[site]\ntimezone = "../../etc/passwd"\n', ["site.timezone"]),
    ("[site]\nsize_w = 1.5\n", ["site.size_w", "1.5"]),
    ("[site]\nsize_w = true\n", ["site.size_w"]),
    ("[capture]\nports = []\n", ["capture.ports"]),
    ("[capture]\nports = [80, 0]\n", ["capture.ports"]),
    ("[capture]\nports = 80\n", ["capture.ports", "[80]"]),
    ('[capture]\ninterface = "../x"\n', ["capture.interface"]),
    ('[store]\ndata_dir = "here"\n', ["store.data_dir", "absolute"]),
    ('[pvoutput]\nurl = "http://pvoutput.org/"\n', ["pvoutput.url", "https://"]),
    ('[pvoutput]\nurl = "https://me:secret@pvoutput.org/"\n', ["pvoutput.url"]),
    ("[pvoutput]\nsystem_id = 12345\n", ["pvoutput.system_id", "in quotes"]),
    ('[pvoutput]\nv7 = "414050000000001"\n', ["pvoutput.v7", "dc_voltage"]),
    ('[pvoutput]\nv7 = "414050000000001 colour"\n', ["pvoutput.v7", "power"]),
    ('[[pvoutput.system]]\nid = "1"\ndevices = []\n', ["pvoutput.system", "id", "devices"]),
    ('[[pvoutput.system]]\nid = "x"\ndevices = ["1"]\n', ["pvoutput.system"]),
    ('[[pvoutput.system]]\nid = "1"\ndevices = ["1"]\n' * 2, ["pvoutput.system"]),
    ("[web]\nport = 65536\n", ["web.port", "65535"]),
    ("[web]\nport\n", ["not valid TOML", "line 2"]),
    ("[web]\nport = 1\nport = 2\n", ["not valid TOML"]),
    ("a" * 70000, ["larger than"]),
])
def test_a_wrong_file_is_answered_with_one_line_that_names_key_and_choice(tmp_path, text, words):
    path = tmp_path / "suntap.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings.load(path)
    message = str(caught.value)
    assert "\n" not in message and message.startswith(str(path))
    for word in words:
        assert word in message


@pytest.mark.parametrize(("key", "text"), [
    ("mqtt.url", "http://x"), ("mqtt.url", "mqtt://"), ("mqtt.url", "mqtt://me:pw@host"), ("mqtt.url", "mqtt://h:port"),
    ("mqtt.url", "mqtt://h/topic"), ("mqtt.topic", ""), ("mqtt.topic", "a/#"), ("mqtt.topic", "a//b"),
    ("mqtt.discovery", "+"), ("mqtt.password", "a\nb"), ("lines.url", "ftp://x"), ("lines.url", "http://u:p@x"),
    ("lines.url", "http://x y"), ("notify.url", "mailto:me"), ("update.url", "ftp://x/"),
    ("update.url", "https://x/?a=1"), ("update.url", "https://u:p@x/"), ("notify.url", "mailto:a@b?smtp=http://x"),
    ("notify.url", "mailto:a@b,c@d?smtp=smtp://x"), ("notify.url", "mailto:a@b?smtp=smtp://u:p@x"), ("notify.url", "x"),
    ("site.name", ""), ("site.name", "a b"), ("web.names", ["a b"]), ("web.names", ["http://x"]), ("web.names", "x"),
    ("web.proxies", ["host"]), ("web.proxies", [1]), ("web.tokens", ["secret"]), ("web.tokens", ["a:" + "0" * 63]),
])
def test_what_an_output_cannot_use_is_refused_and_a_password_is_not_shown(tmp_path, key, text):
    with pytest.raises(SettingsError, match=key.replace(".", r"\.")) as caught:
        settings.update(tmp_path / "suntap.toml", {key: text})
    assert "pw@" not in str(caught.value) or "password" not in key


NEWER = """[site]
size_w = 7
orbit = "high"      # a later version's
[teleport]
speed = 3
[mqtt]
url = "mqtt://host"
qos = 2
"""


def test_what_a_newer_version_wrote_is_named_and_kept_and_the_rest_holds(tmp_path):
    path = tmp_path / "suntap.toml"
    path.write_text(NEWER)
    loaded = settings.load(path)
    assert (loaded.site.size_w, loaded.mqtt.url) == (7, "mqtt://host")
    assert set(loaded.unknown) == {"site.orbit", "teleport", "mqtt.qos"}
    lines = " ".join(settings.unknown_keys(loaded))
    assert "key orbit in [site]" in lines and "timezone" in lines and "section teleport" in lines and "capture" in lines
    settings.update(path, {"site.size_w": 8})
    text = path.read_text()
    assert 'orbit = "high"      # a later version\'s' in text and "[teleport]\nspeed = 3" in text and "qos = 2" in text
    assert settings.load(path).site.size_w == 8


def test_a_change_of_an_unknown_key_is_refused(tmp_path):
    for name in ("site.zone", "sight.x"):
        with pytest.raises(SettingsError, match="unknown"):
            settings.update(tmp_path / "suntap.toml", {name: 1})
    assert not (tmp_path / "suntap.toml").exists()


def test_thousands_of_unknown_keys_are_not_all_named(tmp_path):
    text = "".join(f"k{number} = 1\n" for number in range(3000))
    assert len(settings.parse(f"[site]\n{text}".encode(), "x").unknown) == settings.file.MAX_UNKNOWN
    long = settings.parse(b'"' + b"n" * 500 + b'\xc3\xbc" = 1\n', "x")
    assert len(long.unknown[0]) <= 60 and long.unknown[0].isascii()


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"[" * 2000)
def test_any_bytes_give_settings_or_one_line(data):
    try:
        settings.parse(data, "suntap.toml")
    except SettingsError as error:
        assert str(error).count("\n") == 0


@given(st.dictionaries(st.sampled_from(sorted(VALUES)), st.one_of(
    st.none(), st.floats(), st.integers(), st.text(max_size=20), st.lists(st.integers(), max_size=3), st.booleans())))
def test_a_refused_change_changes_nothing(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("settings") / "suntap.toml"
    settings.update(path, {"site.size_w": 7, "pvoutput.api_key": Secret(KEY)})
    before = path.read_bytes()
    try:
        settings.update(path, changes)
    except SettingsError:
        assert path.read_bytes() == before
    else:
        settings.load(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["suntap.toml"]


def test_a_file_that_is_wrong_already_is_not_written_over(tmp_path):
    path = tmp_path / "suntap.toml"
    path.write_text("[site]\nsize_w = 'big'\n")
    with pytest.raises(SettingsError, match=r"site\.size_w"):
        settings.update(path, {"web.port": 8080})
    assert "big" in path.read_text()


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        settings.update(tmp_path / "file" / "suntap.toml", {"web.port": 8080})


@pytest.mark.parametrize("line", ["api_key = [\"" + KEY + "\"]", f'api_key = "{KEY} x"', f'api_key = "{KEY}" x'])
def test_the_key_is_masked_in_the_message_that_refuses_it(line):
    with pytest.raises(SettingsError) as caught:
        settings.parse(f"[pvoutput]\n{line}\n".encode(), "x")
    assert KEY not in str(caught.value)


WRITER = """
import sys, itertools
from appliance import settings
for number in itertools.count():
    settings.update(sys.argv[1], {"site.size_w": number % 1000, "web.port": 1 + number % 1000})
    if number == 3: print("writing", flush=True)
"""


@pytest.mark.parametrize("round_", range(12))
def test_kill_9_in_the_middle_of_updates_leaves_a_whole_file(tmp_path, round_):
    path = tmp_path / "suntap.toml"
    path.write_text("# mine\n")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None and writer.stdout.readline() == b"writing\n"
    time.sleep(0.003 * round_)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    loaded = settings.load(path)
    assert loaded.web.port == loaded.site.size_w + 1
    assert tomlkit.parse(path.read_text()) and path.read_text().startswith("# mine")
    settings.update(path, {"web.port": 9})  # what the killed writer left is no obstacle
    assert settings.load(path).web.port == 9


def test_writers_at_the_same_time_lose_no_change(tmp_path):
    path = tmp_path / "suntap.toml"
    code = ("import sys; from appliance import settings\n"
            "for number in range(20): settings.update(sys.argv[1], {sys.argv[2]: number})")
    names = ("site.size_w", "pvoutput.reserve")
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in names]
    assert [writer.wait() for writer in writers] == [0, 0]
    loaded = settings.load(path)
    assert (loaded.site.size_w, loaded.pvoutput.reserve) == (19, 19)
