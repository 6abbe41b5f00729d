"""Who attacks and who is attacked: uploads as the capture sees them, with the hardware address that sent them."""
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from appliance import ledger, store
from appliance.store import inbox
from appliance.store.trust import CAPTURE, ROUTER, Arrival
from spcore.uploads import Upload
from tests.ledger.support import DATA, PVS, Box, Line, inverter, upload

TRUE_MAC, FORGER_MAC, ROUTER_MAC = "00:00:5e:00:53:01", "00:00:5e:00:53:66", "00:00:5e:00:53:fe"
OURS, THE_PVS, COLLECTOR = "192.0.2.9", "192.0.2.20", "198.51.100.7"

FROM_PVS = Arrival(CAPTURE)
FROM_ROUTER = Arrival(CAPTURE, ROUTER)
SOMEWHERE = Arrival(CAPTURE, certain=False)


def heard(lines: Iterable[Line], captured: int, mac: str = TRUE_MAC, pvs: str = PVS, to: str = COLLECTOR,
          mark: str = "", by: str = THE_PVS) -> Upload:
    """An upload that `mac` sent to `to`."""
    plain = upload(lines, captured, mark, DATA, pvs)
    return Upload(plain.captured_us, f"{by}:49152", f"{to}:80", plain.path, plain.body, True, mac)


def day_of(start: int, step: int = 100, serial: str = "414050000000001", count: int = 12,
           counter: int = 10_000) -> list[Line]:
    """An hour of an inverter whose counter makes `step` x 0.1 Wh in five minutes."""
    return [inverter(start + 300 * number, counter + step * number, serial) for number in range(count)]


def capture(box: Box, *uploads: Upload, arrival: Arrival = FROM_PVS) -> ledger.Ingested:
    """What the capture process and the supervisor process do with uploads."""
    inbox.append(box.inbox, uploads, arrival)
    return ledger.ingest(box.inbox, box.store, box.site)


def listed(box: Box) -> list[Any]:
    """The senders as page and command list them."""
    from appliance.history import senders
    return senders.listing(box.inbox, box.store)


def kernel(folder: Path, ports: dict[str, int], own: Iterable[str] = (OURS,), gateway: str = "192.0.2.1") -> Path:
    """A root with the kernel's tables of a bridge br0 that learned `ports` (hardware address → port number)."""
    bridge, net = folder / "sys/class/net/br0", folder / "proc/net"
    bridge.mkdir(parents=True, exist_ok=True)
    net.mkdir(parents=True, exist_ok=True)
    (bridge / "brforward").write_bytes(b"".join(
        struct.pack("=6sBBIBxH", bytes.fromhex(mac.replace(":", "")), port, 0, 100, 0, 0)
        for mac, port in ports.items()))
    packed = bytes(int(part) for part in reversed(gateway.split("."))).hex().upper()
    (net / "route").write_text("Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
                               f"br0 00000000 {packed} 0003 0 0 0 00000000 0 0 0\n")
    (net / "arp").write_text("IP address HW type Flags HW address Mask Device\n"
                             f"{gateway} 0x1 0x2 {ROUTER_MAC} * br0\n")
    (net / "fib_trie").write_text("".join(f"  |-- {address}\n     /32 host LOCAL\n" for address in own))
    (net / "if_inet6").write_text("")
    return folder


def rows(box: Box, query: str) -> list[tuple[Any, ...]]:
    return box.store.execute(query).fetchall()


def reopened(box: Box) -> Box:
    """The same data directory in another process."""
    box.close()
    box.inbox, box.store = inbox.connect(box.data_dir), store.connect(box.data_dir)
    return box
