"""The hardware address behind an IPv4 or IPv6 address, from a real kernel's table."""
import os
import struct

import pytest

from appliance.system import neighbours
from tests.image.namespaces import Namespace

MAC = "02:00:5e:00:53:66"


@pytest.mark.root
def test_the_kernel_tells_the_hardware_address_behind_addresses_of_both_kinds():
    place = Namespace("suntap-near", "192.0.2.9/24", "2001:db8:1:2::9/64")
    try:
        cable = place.cable()
        addresses = [f"2001:db8:1:2::{number:x}" for number in range(100, 300)] + ["192.0.2.66"]
        for address in addresses:
            place.ip("neighbour", "replace", address, "lladdr", MAC, "dev", "port")
        found = place.inside(lambda: {neighbours.hardware_address(address) for address in addresses})
        assert found == {MAC}
        for stranger in ("192.0.2.67", "2001:db8:1:3::1", "::1", "nonsense", ""):
            assert place.inside(lambda stranger=stranger: neighbours.hardware_address(stranger)) == ""
        assert place.inside(lambda: neighbours.hardware_address("::ffff:192.0.2.66")) == MAC
        os.close(cable)
    finally:
        place.close()


@pytest.mark.parametrize(("shown", "plain"), [
    ("::ffff:192.0.2.7", "192.0.2.7"), ("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::7"), ("x", "x"),
    ("", "")])
def test_an_ipv4_address_is_shown_as_such_by_a_socket_of_both_kinds_too(shown, plain):
    assert neighbours.plain(shown) == plain


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0\0", struct.pack("=HH", 3, 1), struct.pack("=HH", 400, 1) + b"x"])
def test_attributes_that_are_none_end_the_reading(data):
    assert len(list(neighbours._attributes(data))) <= 1
