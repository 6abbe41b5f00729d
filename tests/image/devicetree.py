"""Reads a device tree blob, and walks from a device to all that must work before it: buses above it and its suppliers.

The format: Devicetree Specification 0.4, chapter 5. The suppliers: the bindings of the Linux kernel.
"""
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

BEGIN, END, PROPERTY, NOP = 1, 2, 3, 4
# Properties that name suppliers by phandle, and the supplier's property with the number of cells that follow each.
WITH_CELLS = {"clocks": "#clock-cells", "resets": "#reset-cells", "power-domains": "#power-domain-cells",
              "mboxes": "#mbox-cells", "phys": "#phy-cells", "dmas": "#dma-cells",
              "interrupts-extended": "#interrupt-cells", "msi-parent": "#msi-cells"}
PLAIN = ("pinctrl-0", "phy-handle", "usb-phy", "firmware", "interrupt-parent", "raspberrypi,firmware", "nvmem-cells")


@dataclass(eq=False)
class Node:
    """One node; `properties` as they are in the blob."""

    name: str
    parent: "Node | None" = None
    properties: dict[str, bytes] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)

    def strings(self, name: str) -> list[str]:
        return [text.decode() for text in self.properties.get(name, b"").rstrip(b"\0").split(b"\0") if text]

    def cells(self, name: str) -> list[int]:
        value = self.properties.get(name, b"")
        return [number for (number,) in struct.iter_unpack(">I", value[:len(value) // 4 * 4])]

    @property
    def compatible(self) -> list[str]:
        return self.strings("compatible")

    @property
    def enabled(self) -> bool:
        """Whether this node and all above it are in use."""
        on = self.strings("status") in ([], ["okay"], ["ok"])
        return on and (self.parent is None or self.parent.enabled)

    @property
    def path(self) -> str:
        return f"{self.parent.path.rstrip('/')}/{self.name}" if self.parent else "/"

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()


def read(path: Path) -> Node:
    """The root of the tree in a blob."""
    data = path.read_bytes()
    magic, _, structure, strings = struct.unpack_from(">4I", data)
    assert magic == 0xD00DFEED, path
    at, above = structure, Node("")
    node = above
    while at < len(data):
        (token,), at = struct.unpack_from(">I", data, at), at + 4
        if token == BEGIN:
            end = data.index(b"\0", at)
            child = Node(data[at:end].decode(), node if node is not above else None)
            node.children.append(child)
            node, at = child, end + 1
        elif token == PROPERTY:
            length, name = struct.unpack_from(">2I", data, at)
            label = data[strings + name:data.index(b"\0", strings + name)].decode()
            node.properties[label], at = data[at + 8:at + 8 + length], at + 8 + length
        elif token == END:
            node = node.parent or above
        elif token != NOP:
            break
        at = (at + 3) // 4 * 4
    return above.children[0]


def needed(root: Node, devices: list[Node]) -> list[Node]:
    """`devices`, the buses that they are on, and the suppliers of all these, without what has no driver (no
    `compatible`)."""
    handles = {node.cells("phandle")[0]: node for node in root.walk() if "phandle" in node.properties}
    found: list[Node] = []
    waiting = list(devices)
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.append(node)
        waiting += [node.parent] if node.parent else []
        waiting += _suppliers(node, handles)
    return [node for node in found if node.compatible and node is not root]


def _suppliers(node: Node, handles: dict[int, Node]) -> Iterator[Node]:
    for name in node.properties:
        size = WITH_CELLS.get(name) or ("#gpio-cells" if name.endswith(("gpios", "gpio")) else "")
        if size:
            cells = node.cells(name)
            while cells and cells[0] in handles:
                yield handles[cells[0]]
                cells = cells[1 + (handles[cells[0]].cells(size) or [0])[0]:]
        elif name in PLAIN or name.endswith("-supply"):
            yield from (handles[cell] for cell in node.cells(name) if cell in handles)
