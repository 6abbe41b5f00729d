"""Hardware addresses from the kernel's ARP table."""
from appliance.collector.neighbours import MAX_BYTES, hardware_address


def test_hardware_addresses_come_from_the_kernels_table(tmp_path):
    table = tmp_path / "arp"
    table.write_text("IP address       HW type     Flags       HW address            Mask     Device\n"
                     "192.0.2.50       0x1         0x2         02:00:5E:00:53:01     *        br0\n"
                     "192.0.2.51       0x1         0x0         00:00:00:00:00:00     *        br0\n")
    assert hardware_address("192.0.2.50", table) == "02:00:5e:00:53:01"
    assert hardware_address("192.0.2.51", table) == hardware_address("192.0.2.5", table) == ""
    assert hardware_address("192.0.2.50", tmp_path / "none") == ""


def test_any_bytes_are_a_table_or_none(tmp_path):
    for content in (b"", b"\n", b"\xff" * 99, b"IP\n192.0.2.50\n", b"head\n" + b"192.0.2.51 a b c\n" * 40_000):
        (tmp_path / "arp").write_bytes(content)
        assert hardware_address("192.0.2.50", tmp_path / "arp") == ""


def test_a_table_is_read_up_to_its_bound(tmp_path):
    line = "192.0.2.50 0x1 0x2 02:00:5e:00:53:01 * br0\n"
    (tmp_path / "arp").write_text("head\n" + "#" * MAX_BYTES + "\n" + line)
    assert hardware_address("192.0.2.50", tmp_path / "arp") == ""
