"""A house whose lamps a test sets, and whose notices go out."""
import threading

from appliance.outputs.contract import Context, Fact, Facts
from appliance.outputs.notify import NotifyOutput
from appliance.settings import Notify, Secret, Settings
from tests.outputs.support import House

SECRET = "pass word-of-the-owner"
FULL = Fact("disk", "bad", "The disk is full.", "Use a larger card.")


class Box:
    """A house whose lamps a test sets."""

    def __init__(self, house: House, url: str, token: str = "") -> None:
        self.house, self.facts = house, Facts()
        self.settings = Settings(site=house.site, notify=Notify(url, Secret(token)))
        self.start()

    def start(self) -> None:
        self.context = Context(self.house.store, self.settings, self.house.clock, lambda: self.facts, threading.Event())
        self.output = NotifyOutput(self.context)

    def look(self, *lamps: Fact, after_s: float = 60) -> None:
        self.house.clock.pass_(after_s)
        self.facts = Facts(lamps)
        self.output.step()
