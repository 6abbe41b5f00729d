"""What the capture process makes of frames that want to be a PVS's, of floods, and of a disk that is full."""
import os
import sqlite3
import subprocess
from contextlib import closing
from types import SimpleNamespace

import pytest

from appliance.capture import inbox_writer, process, rate, retention
from appliance.capture.inbox_writer import InboxWriter
from appliance.capture.origin import Origin
from appliance.collector.bounds import Bounds
from appliance.collector.deposit import Deposit
from appliance.store import inbox, trust
from appliance.system import bridge
from appliance.system.clock import Clock
from appliance.system.heartbeat import Heartbeat
from appliance.system.token_buckets import Bucket
from spcore.source import CaptureError
from spcore.uploads import Upload
from tests.attack.support import (
    FORGER_MAC,
    FROM_PVS,
    FROM_ROUTER,
    OURS,
    ROUTER_MAC,
    SOMEWHERE,
    THE_PVS,
    TRUE_MAC,
    day_of,
    heard,
    kernel,
)
from tests.ledger.support import HOUR, NOON, PVS, inverter

PVS_PORT, ROUTER_PORT = 1, 2
LEARNED = {TRUE_MAC: PVS_PORT, ROUTER_MAC: ROUTER_PORT, FORGER_MAC: ROUTER_PORT}


def honest(number: int = 0, size: int = 0, mac: str = TRUE_MAC):
    return heard(day_of(NOON + number * HOUR), NOON + (number + 1) * HOUR, mac, mark=f"{number}" + "x" * size)


@pytest.fixture
def writer(tmp_path):
    """The capture process's writer on a bridge whose tables are in files."""
    (tmp_path / "data").mkdir()
    writer = InboxWriter(tmp_path / "data", Clock())
    writer.origin = Origin("br0", kernel(tmp_path / "root", LEARNED))
    yield writer
    writer.close()


def stored(writer: InboxWriter) -> dict[str, int]:
    """How many uploads of each hardware address the inbox has."""
    with closing(inbox.connect(writer.data_dir, readonly=True)) as conn:
        count = trust.uploads_of(conn)
        return {one.mac: count.get(one.id, 0) for one in trust.senders(conn)}


@pytest.mark.parametrize("to", [OURS, "fe80::1"])
def test_an_upload_to_the_box_itself_is_none(writer, tmp_path, to):
    kernel(tmp_path / "root", LEARNED)
    (tmp_path / "root/proc/net/if_inet6").write_text("fe800000000000000000000000000001 04 40 20 80 br0\n")
    posted = heard(day_of(NOON), NOON + HOUR, TRUE_MAC, to=f"[{to}]" if ":" in to else to)
    writer.take([posted])
    assert stored(writer) == {} and writer.counters["not_to_collector"] == 1


def test_an_upload_to_the_pvs_is_none(writer):
    writer.take([honest()])
    writer._follow_at = 0
    writer.follow()
    writer.take([heard(day_of(NOON), NOON + HOUR, FORGER_MAC, to=THE_PVS)])
    assert stored(writer) == {TRUE_MAC: 1} and writer.counters["not_to_collector"] == 1


def test_on_a_bridge_nothing_from_the_routers_port_is_believed_first(writer):
    writer.take([honest(mac=FORGER_MAC)])
    writer.take([honest(1)])
    with closing(inbox.connect(writer.data_dir)) as conn:
        assert {one.mac: (one.state, one.side) for one in trust.senders(conn)} == {
            FORGER_MAC: ("unknown", "router"), TRUE_MAC: ("trusted", "")}


def test_the_pvs_address_copied_on_the_routers_side_is_another_sender(writer, tmp_path):
    writer.take([honest()])
    kernel(tmp_path / "root", LEARNED | {TRUE_MAC: ROUTER_PORT})
    writer.origin.sides._looked = 0
    writer.take([heard([inverter(NOON, 10**9)], NOON + HOUR, TRUE_MAC)])
    with closing(inbox.connect(writer.data_dir)) as conn:
        assert [(one.state, one.side) for one in trust.senders(conn)] == [("trusted", ""), ("unknown", "router")]


@pytest.mark.parametrize(("learned", "mac", "arrival"), [
    (LEARNED, TRUE_MAC, FROM_PVS), (LEARNED, FORGER_MAC, FROM_ROUTER), (LEARNED, "00:00:5e:00:53:77", SOMEWHERE),
    ({TRUE_MAC: PVS_PORT}, TRUE_MAC, SOMEWHERE)])
def test_the_side_is_what_the_bridge_learned(tmp_path, learned, mac, arrival):
    assert Origin("br0", kernel(tmp_path, learned)).judge(honest(mac=mac)) == arrival


def test_an_interface_that_is_no_bridge_has_no_sides(tmp_path):
    origin = Origin("eth0", kernel(tmp_path, LEARNED))
    assert origin.judge(honest(mac=FORGER_MAC)) == FROM_PVS
    assert origin.judge(heard([], NOON, to=OURS)) is None


def with_ports(root, bridge, cards, others=()):
    """A root whose `bridge` joins network cards and ports without one."""
    for number, name in enumerate((*cards, *others), 1):
        (root / f"sys/class/net/{name}/device" if name in cards else root / f"sys/class/net/{name}").mkdir(parents=True)
        (root / f"sys/class/net/{bridge}/brif/{name}").mkdir(parents=True)
        (root / f"sys/class/net/{bridge}/brif/{name}/port_no").write_text(f"{number:#x}\n")
    (root / f"sys/class/net/{bridge}/brforward").write_bytes(b"")
    return root


def test_every_interface_at_once_is_refused_where_a_bridge_has_sides(tmp_path, monkeypatch):
    root = with_ports(tmp_path / "router", "br0", ("eth0", "eth1"))
    assert bridge.joining_cards(root) == "br0"
    assert bridge.joining_cards(with_ports(tmp_path / "docker", "docker0", (), ("veth1", "veth2"))) == ""
    assert bridge.joining_cards(with_ports(tmp_path / "virtual", "vmbr0", ("eth0",), ("tap1",))) == ""
    assert bridge.joining_cards(tmp_path / "nothing") == ""
    monkeypatch.setattr(process, "joining_cards", lambda: bridge.joining_cards(root))
    monkeypatch.setattr(process, "open_live", lambda name, *_, **__: name)
    with pytest.raises(CaptureError, match=r'set capture\.interface to "br0"'):
        process.open_interface("any", 8, (80,), mac="")
    assert process.open_interface("br0", 8, (80,), mac="") == "br0"


def test_the_kernels_tables_may_be_missing_or_nonsense(tmp_path):
    assert bridge.own_addresses(tmp_path) == frozenset() and bridge.gateways("br0", tmp_path) == set()
    root = kernel(tmp_path, LEARNED)
    for name in ("sys/class/net/br0/brforward", "proc/net/route", "proc/net/arp", "proc/net/fib_trie",
                 "proc/net/if_inet6"):
        (root / name).write_bytes(b"\xff br0 00000000 zz\n" * 7)
    assert Origin("br0", root).judge(honest()) == SOMEWHERE


def test_what_the_owner_decided_reaches_the_inbox_by_the_supervisors_heartbeat(writer):
    writer.take([honest(), heard([inverter(NOON, 1)], NOON + 60, FORGER_MAC)])
    Heartbeat("supervisor", writer.data_dir).beat(senders=[[FORGER_MAC, PVS, "router", "trusted"],
                                                           [TRUE_MAC, PVS, "", "aside"], ["x"], 7])
    writer._follow_at = 0
    writer.follow()
    with closing(inbox.connect(writer.data_dir)) as conn:
        assert {one.mac: one.state for one in trust.senders(conn)} == {FORGER_MAC: "trusted", TRUE_MAC: "aside"}


def test_one_sender_cannot_have_more_stored_than_its_rate(writer):
    writer.rate = rate.Rate(of_bytes=Bucket(20_000, 0))
    writer.take([honest(number) for number in range(40)])
    writer.take([honest(99, mac="00:00:5e:00:53:02")])
    assert 0 < stored(writer)[TRUE_MAC] < 20 and stored(writer)["00:00:5e:00:53:02"] == 1
    assert writer.counters["over_rate"] == 40 - stored(writer)[TRUE_MAC]


def test_short_lines_do_not_make_more_rows_than_the_rate_of_lines(writer):
    writer.rate = rate.Rate(of_lines=Bucket(500, 0))
    writer.take([heard([inverter(NOON + n, n) for n in range(100)], NOON + HOUR, mark=str(k)) for k in range(20)])
    writer.take([honest(99, mac="00:00:5e:00:53:02")])
    assert 0 < stored(writer)[TRUE_MAC] < 5 and stored(writer)["00:00:5e:00:53:02"] == 1
    assert writer.counters["over_lines"] == 20 - stored(writer)[TRUE_MAC] and writer.counters["over_rate"] == 0


def test_who_copies_the_pvs_address_uses_up_another_bucket(writer, tmp_path):
    writer.rate = rate.Rate(of_bytes=Bucket(20_000, 0))
    writer.take([honest()])
    kernel(tmp_path / "root", LEARNED | {TRUE_MAC: ROUTER_PORT})
    writer.take([honest(number, size=900) for number in range(1, 40)])
    assert writer.counters["over_rate"] > 0
    kernel(tmp_path / "root", LEARNED)
    writer.take([honest(50)])
    with closing(inbox.connect(writer.data_dir)) as conn:
        assert {one.state: trust.uploads_of(conn)[one.id] for one in trust.senders(conn)}["trusted"] == 2


def test_a_bucket_fills_again_and_there_are_not_more_buckets_than_that():
    buckets = rate.Rate()
    assert not buckets.take("a", rate.BURST_BYTES, 1, 0.0) and buckets.take("a", 1000, 1, 0.0) == "over_rate"
    assert not buckets.take("a", rate.BYTES_PER_S, 1, 1.0)
    assert not buckets.take("b", 1, rate.BURST_LINES, 0.0) and buckets.take("b", 1, 1, 0.0) == "over_lines"
    assert not buckets.take("b", 1, rate.LINES_PER_S, 1.0)
    for number in range(1000):
        buckets.take(str(number), 1, 1, 1.0)
    assert len(buckets.buckets) == rate.MAX_SENDERS
    assert buckets.take("a", 1000, 1, 1.0) and buckets.take("b", 1, 1, 1.0)     # others' noise does not fill it again


def test_beyond_its_room_the_inbox_drops_strangers_then_the_oldest_that_was_taken_in_and_then_refuses(
        writer, monkeypatch):
    random = os.urandom
    many = [heard([["999", random(3000).hex()]], NOON + n, TRUE_MAC) for n in range(40)]
    strange = [heard([["999", random(3000).hex()]], NOON + n, FORGER_MAC) for n in range(20)]
    writer.take(many + strange)
    assert stored(writer) == {TRUE_MAC: 40, FORGER_MAC: 20}
    monkeypatch.setattr(inbox_writer, "TIDY_S", 0.0)
    monkeypatch.setattr(retention, "STEP", 10)
    with closing(inbox.connect(writer.data_dir)) as conn:
        used, _ = inbox.sizes(conn)
        monkeypatch.setattr(retention, "MAX_INBOX_BYTES", used - 70_000)
        writer._tidy_at = 0
        writer.take([honest(50)])
        assert stored(writer)[TRUE_MAC] == 41 and stored(writer)[FORGER_MAC] < 20
        monkeypatch.setattr(retention, "MAX_INBOX_BYTES", used // 2)
        writer.take([honest(51)])
        assert "bound" in writer.problem and writer.pending() == 1     # nothing was taken in yet: nothing may go
        assert stored(writer) == {TRUE_MAC: 41, FORGER_MAC: 0}
        Heartbeat("supervisor", writer.data_dir).beat(ingested=[inbox.identity(conn)[0], 30])
        writer._retry_at = 0
        writer.flush()
    assert writer.pending() == 0 and writer.problem == "" and stored(writer)[TRUE_MAC] < 41
    assert writer.counters["inbox_dropped"] > 20


def test_the_bound_adapts_to_the_card(tmp_path, monkeypatch):
    with closing(inbox.connect(tmp_path)) as conn:
        used, slack = inbox.sizes(conn)
        for free, limit in ((1 << 40, retention.MAX_INBOX_BYTES), (1 << 30, (used + slack + (1 << 30)) // 2),
                            (retention.MIN_FREE, used + slack), (retention.MIN_FREE // 2, 0)):
            disk = SimpleNamespace(free=free, total=1 << 41)
            monkeypatch.setattr(retention.shutil, "disk_usage", lambda _, disk=disk: disk)
            one = retention.Room(tmp_path)
            one.measure(conn)
            assert one.limit == limit


@pytest.mark.root
def test_on_a_disk_that_is_full_deleting_works_because_room_was_kept_aside(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(disk)], check=True)
    try:
        with closing(inbox.connect(disk)) as conn:
            place = retention.Room(disk)
            assert place.tidy(conn, 0) == (0, True) and (disk / retention.RESERVE).exists()
            inbox.append(conn, [heard([["999", os.urandom(3000).hex()]], NOON + n) for n in range(500)])
            with open(disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
                while True:
                    filler.write(bytes(4096))
            with pytest.raises(sqlite3.Error, match="full"):
                inbox.drop(conn, 1 << 40, 500)
            gone, _ = place.tidy(conn, 1 << 40)
            assert gone > 0 and not (disk / retention.RESERVE).exists()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_what_comes_through_the_stand_in_is_believed_by_the_same_rule(tmp_path):
    deposit = Deposit(tmp_path, bridge.Sides("br0", kernel(tmp_path / "root", LEARNED)))
    deposit.store(honest(mac=FORGER_MAC))
    deposit.store(honest(1))
    deposit.close()
    with closing(inbox.connect(tmp_path)) as conn:
        assert {one.mac: one.state for one in trust.senders(conn)} == {FORGER_MAC: "unknown", TRUE_MAC: "trusted"}
        assert {via for (via,) in conn.execute("SELECT via FROM upload")} == {"stand-in"}


def test_a_device_with_many_addresses_keeps_no_pvs_from_the_stand_in():
    """It has one bucket, by its hardware address; and whoever is new gets in, however many there were."""
    limits = Bounds()
    for _ in range(5000):
        limits.admit(FORGER_MAC, 1 << 20, 0.0)
    for number in range(1000):
        limits.admit(f"192.0.2.{number}", 1 << 20, 1.0)
    assert limits.admit(TRUE_MAC, 3000, 1.0) and not limits.admit(FORGER_MAC, 1 << 20, 1.0)


def test_an_upload_to_a_group_is_none(writer):
    one = honest()
    writer.take([Upload(one.captured_us, one.source, one.destination, one.path, one.body, True, TRUE_MAC,
                        "01:00:5e:00:00:01")])
    assert stored(writer) == {} and writer.counters["not_to_collector"] == 1


def test_a_gateway_whose_address_somebody_gives_out_as_the_pvs_own_moves_no_side(tmp_path):
    """The kernel's table of neighbours believes whoever answers; what enters the bridge from outside does not lie."""
    root = kernel(tmp_path, LEARNED)
    uplink = SimpleNamespace(look=lambda ports: None, router=lambda: ROUTER_PORT)
    sides = bridge.Sides("br0", root, uplink)
    assert sides.of(TRUE_MAC) is bridge.Side.PVS
    for number in range(2 * bridge.MAX_ROUTERS):
        mac = TRUE_MAC if number == 0 else f"00:00:5e:00:53:{0x80 + number:02x}"
        (root / "proc/net/arp").write_text(f"head\n192.0.2.1 0x1 0x2 {mac} * br0\n")
        sides._looked = 0
        assert sides.of(TRUE_MAC) is bridge.Side.PVS and sides.of(FORGER_MAC) is bridge.Side.ROUTERS
    assert len(sides._routers) == bridge.MAX_ROUTERS


def test_where_an_address_was_learned_is_read_for_each_upload(writer, tmp_path):
    writer.take([honest()])
    kernel(tmp_path / "root", LEARNED | {TRUE_MAC: ROUTER_PORT})
    writer.take([honest(1)])
    with closing(inbox.connect(writer.data_dir)) as conn:
        assert [(one.state, one.side) for one in trust.senders(conn)] == [("trusted", ""), ("unknown", "router")]
