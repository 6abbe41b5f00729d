"""What the owner and Raspberry Pi Imager write on the boot partition: used where right, reported where not."""
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "image/rootfs-overlay/usr/lib/suntap-image"))
import bootfile

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJc1c3RoaXNpc2FuaW52ZW50ZWRrZXlub3RhcmVhbG9u owner@pc"
CLOUD_KEYS = ["network", "wifis", "wlan0", "access-points", "users", "hostname", "ssh_authorized_keys", "password", "x"]
SHIPPED = Path(__file__).parents[2] / "image/boot/suntap.toml"
FULL = f"""[system]
hostname = "roof"
address = "192.0.2.9/24"
gateway = "192.0.2.1"
dns = ["192.0.2.1", "2001:db8::1"]
ssh_key = "{KEY}"
[wifi]
ssid = "Café \\"5G\\""
password = "a \\"quoted\\" one"
country = "DE"
[site]
timezone = "Europe/Berlin"
[pvoutput]
enabled = true
"""


def wish(folder: Path, **files: str | bytes) -> bootfile.BootFile:
    for name, content in files.items():
        name = {"suntap": "suntap.toml", "custom": "custom.toml", "firstrun": "firstrun.sh", "user": "user-data",
                "network": "network-config"}[name]
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return bootfile.read(folder)


def test_an_empty_boot_partition_asks_for_nothing(tmp_path: Path) -> None:
    assert bootfile.read(tmp_path) == bootfile.BootFile()


def test_the_shipped_file_asks_for_nothing(tmp_path: Path) -> None:
    assert wish(tmp_path, suntap=SHIPPED.read_bytes()) == bootfile.BootFile()


def test_the_shipped_file_with_every_line_uncommented_is_right_but_for_the_example_key(tmp_path: Path) -> None:
    lines = [line.removeprefix("#") for line in SHIPPED.read_text().splitlines()
             if line[:1] == "#" and line[1:2] not in (" ", "")]
    found = wish(tmp_path, suntap="\n".join(lines))
    assert found.problems == ['suntap.toml: ssh_key must be a public key such as "ssh-ed25519 AAAA... name"']
    assert found.address and found.wifi_ssid and found.settings["pvoutput.system_id"] == "12345"


@pytest.mark.parametrize("encode", [
    str.encode, lambda text: text.replace("\n", "\r\n").encode(), lambda text: text.encode("utf-8-sig"),
    lambda text: text.replace("\n", "\r\n").encode("utf-16"),
], ids=["unix", "windows", "byte order mark", "utf-16"])
def test_every_editor_may_have_saved_it(tmp_path: Path, encode) -> None:
    found = wish(tmp_path, suntap=encode(FULL))
    assert found.problems == []
    assert (found.hostname, found.address, found.gateway) == ("roof", "192.0.2.9/24", "192.0.2.1")
    assert found.dns == ["192.0.2.1", "2001:db8::1"] and found.ssh_keys == [KEY]
    assert (found.wifi_ssid, found.wifi_password, found.wifi_country) == ('Café "5G"', 'a "quoted" one', "DE")
    assert found.settings == {"site.timezone": "Europe/Berlin", "pvoutput.enabled": True}


@pytest.mark.parametrize(("line", "said"), [
    ('hostname = "My Box"', "small letters"), ('hostname = "-a"', "small letters"), ("hostname = 5", "text in quotes"),
    ('address = "192.0.2.9"', "prefix length"), ('address = "192.0.2.999/24"', "IP address"),
    ('ssh_key = "AAAA"', "public key"), ('ssh_key = "ssh-ed25519 AAAA\\nevil"', "public key"),
    ('colour = "red"', "unknown key"), ('gateway = "192.0.2.1\\nDHCP=no"', "IP address"),
])
def test_one_wrong_key_costs_that_key_and_is_named(tmp_path: Path, line: str, said: str) -> None:
    found = wish(tmp_path, suntap=f'[system]\n{line}\n[site]\ntimezone = "Europe/Berlin"\n')
    assert len(found.problems) == 1 and said in found.problems[0]
    assert found.settings == {"site.timezone": "Europe/Berlin"}
    assert (found.hostname, found.address, found.gateway, found.ssh_keys) == ("", "", "", [])


def test_a_file_that_is_no_toml_is_one_problem(tmp_path: Path) -> None:
    assert ["not valid TOML" in problem for problem in wish(tmp_path, suntap="hostname = suntap").problems] == [True]


def test_what_imager_1_8_writes_is_honoured(tmp_path: Path) -> None:
    found = wish(tmp_path, custom=f"""config_version = 1
[system]
hostname = "roof"
[user]
name = "pi"
password = "$5$x"
[ssh]
enabled = true
authorized_keys = ["{KEY}"]
[wlan]
ssid = "home"
password = "secret password"
country = "GB"
[locale]
timezone = "Europe/London"
""")
    assert (found.hostname, found.ssh_keys, found.wifi_ssid, found.wifi_country) == ("roof", [KEY], "home", "GB")
    assert found.settings == {"site.timezone": "Europe/London"} and found.problems == []


def test_imagers_first_run_script_is_read_and_never_run(tmp_path: Path) -> None:
    found = wish(tmp_path, firstrun=f"""#!/bin/bash
set +e
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_hostname roof
   /usr/lib/raspberrypi-sys-mods/imager_custom enable_ssh -k '{KEY}'
   /usr/lib/raspberrypi-sys-mods/imager_custom set_wlan 'home' 'secret password' 'US'
   /usr/lib/raspberrypi-sys-mods/imager_custom set_timezone 'America/Denver'
fi
rm -f /boot/firstrun.sh
touch {tmp_path}/ran
""")
    assert (found.hostname, found.ssh_keys, found.wifi_ssid) == ("roof", [KEY], "home")
    assert found.settings == {"site.timezone": "America/Denver"}
    assert not (tmp_path / "ran").exists()


def test_what_imager_2_writes_for_cloud_init_is_honoured(tmp_path: Path) -> None:
    found = wish(tmp_path, user=f"""#cloud-config
hostname: roof
timezone: Europe/Paris
users:
- name: pi
  ssh_authorized_keys:
    - {KEY}
""", network="""network:
  version: 2
  wifis:
    wlan0:
      dhcp4: true
      regulatory-domain: "FR"
      access-points:
        "home":
          password: "secret password"
""")
    assert (found.hostname, found.ssh_keys, found.wifi_ssid, found.wifi_country) == ("roof", [KEY], "home", "FR")
    assert found.settings == {"site.timezone": "Europe/Paris"} and found.problems == []


def test_our_own_file_wins_over_imagers(tmp_path: Path) -> None:
    found = wish(tmp_path, suntap='[system]\nhostname = "mine"\n', custom='[system]\nhostname = "theirs"\n')
    assert found.hostname == "mine"


@given(content=st.binary(max_size=300) | st.text().map(str.encode), name=st.sampled_from(
    ["suntap.toml", "custom.toml", "firstrun.sh", "user-data", "network-config"]))
def test_no_content_whatever_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    folder = tmp_path_factory.mktemp("boot")
    (folder / name).write_bytes(content)
    assert isinstance(bootfile.read(folder), bootfile.BootFile)


@given(document=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(CLOUD_KEYS), inner, max_size=4)))
def test_no_yaml_whatever_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, document) -> None:
    import json
    folder = tmp_path_factory.mktemp("boot")
    for name in ("user-data", "network-config"):
        (folder / name).write_text(json.dumps(document))
    assert isinstance(bootfile.read(folder), bootfile.BootFile)
