"""The kernel's rules, as text for nft: they act only through sets whose elements time out.

Theory: a frame of the PVS's port that is IPv4, untagged, unfragmented, and either TCP to port 80 of an address in
the set `collector` or a DNS question for exactly the one name, is lifted out of the bridge: its receiver becomes
this machine, and it gets a mark. The mark (nobody else's traffic has it, bridged or routed) redirects it to the
stand-in or to our name server; connection tracking puts the collector's address back into the answers. Without
elements no rule matches, and without renewal there are no elements after TIMEOUT_S. So whoever dies, hangs or is
stopped, the PVS's frames go where they always went.

The bridge hook acts before br_netfilter's, so what other programs filter on the bridge is as before. Needs nftables
1.0 and Linux 5.10 (`meta broute` would need more than Debian 12 has).
"""
from collections.abc import Iterable

from appliance.collector.dns import COLLECTOR as QUESTION

TABLE = "suntap_collector"
TIMEOUT_S = 30
MARK = 0x53554E54
PIECE = 16              # bytes that nft compares at once
UDP_AND_DNS_HEAD = 20   # bytes before the question's name


def install(mac: str, port: int, names_port: int) -> str:
    """The rules for a bridge of hardware address `mac`; a former version of them goes in the same step."""
    return f"""{remove()}
table bridge {TABLE} {{
    set pvs {{ type ifname; flags timeout; }}
    set asking {{ type ifname; flags timeout; }}
    set collector {{ type ipv4_addr; flags timeout; }}
    chain lift {{
        meta pkttype set host ether daddr set {mac} meta mark set {MARK:#x} counter
    }}
    chain prerouting {{
        type filter hook prerouting priority -300; policy accept;
        iifname != @pvs accept
        ether type != ip accept
        ip frag-off & 0x3fff != 0 accept
        ip daddr @collector tcp dport 80 jump lift
        iifname @asking udp dport 53 {_question()} jump lift
    }}
}}
table ip {TABLE} {{
    chain prerouting {{
        type nat hook prerouting priority -100; policy accept;
        meta mark {MARK:#x} tcp dport 80 counter redirect to :{port}
        meta mark {MARK:#x} udp dport 53 counter redirect to :{names_port}
    }}
    chain input {{
        type filter hook input priority 0; policy accept;
        iifname != lo tcp dport {port} ct status & dnat == 0 counter drop
        iifname != lo udp dport {names_port} ct status & dnat == 0 counter drop
    }}
}}
"""


def renew(pvs: str, addresses: Iterable[str], names: bool) -> str:
    """The elements for the next TIMEOUT_S: the PVS's port, the collector's addresses, whether names are answered."""
    listed = ", ".join(f"{address} timeout {TIMEOUT_S}s" for address in addresses)
    asking = f'add element bridge {TABLE} asking {{ "{pvs}" timeout {TIMEOUT_S}s }}\n' if names else ""
    return (f'{let_go()}add element bridge {TABLE} pvs {{ "{pvs}" timeout {TIMEOUT_S}s }}\n{asking}'
            f"add element bridge {TABLE} collector {{ {listed} }}\n")


def let_go() -> str:
    """No element any more, at once."""
    return "".join(f"flush set bridge {TABLE} {name}\n" for name in ("pvs", "asking", "collector"))


def remove() -> str:
    """Nothing of ours any more; no error where there is nothing."""
    return "".join(f"table {family} {TABLE}\ndelete table {family} {TABLE}\n" for family in ("bridge", "ip"))


def _question() -> str:
    """Matches of the name in a DNS question, in whatever case: bit 5 of letters is masked out."""
    mask = bytes(0xDF if ord("a") <= byte <= ord("z") else 0xFF for byte in QUESTION)
    value = bytes(a & b for a, b in zip(QUESTION, mask, strict=True))
    return " ".join(
        f"@th,{8 * (UDP_AND_DNS_HEAD + at)},{8 * len(value[at:at + PIECE])} & 0x{mask[at:at + PIECE].hex()}"
        f" == 0x{value[at:at + PIECE].hex()}" for at in range(0, len(value), PIECE))
