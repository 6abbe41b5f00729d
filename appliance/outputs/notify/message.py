"""The words of a message: one matter by itself, several as a digest. Pure."""
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.outputs.notify.matters import Matter

MAX_MATTERS = 20            # written out; the others are counted
WHERE = "suntap's page has more: see Diagnostics there."


@dataclass(frozen=True)
class Message:
    """`title` is one line of ASCII, `text` a few lines; `urgent`: something is out of order."""

    title: str
    text: str
    urgent: bool = False
    over: bool = False


def compose(site: str, begun: Sequence[Matter], over: Sequence[Matter]) -> Message:
    """One message for all that is to be told now."""
    name = f"suntap {site.encode('ascii', 'replace').decode()}"
    if len(begun) + len(over) == 1:
        matter = (*begun, *over)[0]
        state = "needs a look" if begun else "over"
        text = _where(_lines(matter, bool(over)), begun)
        return Message(f"{name}: {state}", text, any(item.bad for item in begun), bool(over))
    parts = [f"{len(begun)} need a look" if begun else "", f"{len(over)} over" if over else ""]
    shown = [_lines(matter, False) for matter in begun] + [_lines(matter, True) for matter in over]
    more = [f"and {len(shown) - MAX_MATTERS} more"] if len(shown) > MAX_MATTERS else []
    title = f"{name}: {', '.join(part for part in parts if part)}"
    return Message(title, _where("\n\n".join(shown[:MAX_MATTERS] + more), begun),
                   any(item.bad for item in begun), not begun)


def _where(text: str, begun: Sequence[Matter]) -> str:
    """Where the owner finds the lamps and pages that the advice names; nothing where all is over."""
    return f"{text}\n{WHERE}" if begun else text


def _lines(matter: Matter, over: bool) -> str:
    if over:
        return f"This is over: {matter.text}"
    return f"{matter.text}\n{matter.advice}".rstrip()


def trial(site: str) -> Message:
    """The message of the Test button."""
    return Message(f"suntap {site.encode('ascii', 'replace').decode()}: test",
                   "This is a test. Messages from suntap arrive here when something needs you, and when it is over.")
