"""`./run cuts`: power cuts at every step of updates of the booted card, from both slots, by the page and from a stick.

    python -m tests.image.cuts [--cuts N] [--seed S]

Four updates, one after the other: one that works and one that does not, each by the page and from a stick, each with
a migration of the history. At instants drawn from its steps (story.py) the card is copied as a cut leaves it. Each copy
is started by U-Boot, one in four is cut again while it starts; then it must come to rest by itself in a system that
works, say truly what became of the update, and have lost nothing (rest.py), and what crosses its bridge must count. The
update itself goes on to its end, and one box that a cut left with the old system is updated once more. Some four
minutes a cut, so no part of the suite; two may run side by side with different seeds. Ends with 1 where something did
not hold.
"""
import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.image import bundles
from tests.image.box import PASSWORD, Box, owner, shows
from tests.image.conftest import Home, built_image, plugged_in
from tests.image.machine import wait_for
from tests.image.rest import Facts, Way
from tests.image.story import Step, Story, steps
from tests.image.visit import Day
from tests.image.vm import Vm

BOOT_FILE = "[site]\r\nsize_w = 4800\r\n"
WAYS = [(False, True), (True, False), (False, False), (True, True)]     # does not work; by the page
CUTS, AGAIN, AGAIN_S = 30, 0.25, (1.0, 60.0)        # again: this part of them, so many seconds after power-on
FIRST_MIGRATION = 900
WORK = "/var/tmp"       # cards of gigabytes
JOURNAL = "journalctl --boot --no-pager --output=short-monotonic --lines=150 -u 'suntap-*' -u test-update"


class Cuts:
    """The home, the card in it, and what was found."""

    def __init__(self, image: Path, work: Path, home: Home, seed: int) -> None:
        self.image, self.work, self.home, self.day = image, work, home, Day(home)
        self.rng, self.repeated, self.number, self.failures = random.Random(seed), False, 0, 0
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.decks: dict[bool, list[str]] = {False: [], True: []}

    def box(self, card: Path | None = None) -> Box:
        """A box that is off, with a new card or this one."""
        vm = Vm(self.image, Path(tempfile.mkdtemp(dir=self.work)))
        if card is None:
            vm.put("suntap.toml", BOOT_FILE)
        else:
            card.replace(vm.disk)
        return Box(vm, self.home, self.home.pvs)

    def first(self) -> Box:
        """A new box after the first visit, with some hours of history."""
        box = self.box()
        box.boot(firmware=True)
        box.wait_running()
        browser = box.browser()
        browser.submit("/welcome/", password=PASSWORD, again=PASSWORD)
        browser.submit("/welcome/site", **{"site.timezone": "America/Los_Angeles", "site.size_w": "4800",
                                           "site.net_sign": "auto"})
        self.send(box, 4)
        return box

    def send(self, box: Box, hours: float) -> None:
        """Let the PVS send so many hours, and the box take them in. Raises TimeoutError."""
        sent, known = self.day.sent(), box.readings()
        self.day.send(hours)
        if self.day.sent() <= sent:
            raise TimeoutError("nothing crossed the bridge")
        wait_for("new readings", lambda: box.readings() > known, 240, 3)
        before = -1
        while (now := box.readings()) != before or box.query("suntap.sqlite3", "SELECT count(*) FROM dirty_day"):
            before = now
            time.sleep(5)

    def dealt(self, every: list[Step], sick: bool, number: int) -> list[Step]:
        """So many of these steps, in their order: each comes once before one comes again."""
        deck, chosen = self.decks[sick], []
        while len(chosen) < number:
            name = next((one for one in deck if one in [step.name for step in every]), None)
            if name is None:
                deck += self.rng.sample([step.name for step in every], len(every))
            else:
                deck.remove(name)
                chosen.append(name)
        return sorted((step for name in chosen for step in every if step.name == name), key=every.index)

    def update(self, box: Box, number: int, sick: bool, by_page: bool, cuts: int) -> None:
        """One update of the box, which is off then, and the cuts of it."""
        version, schema = f"9.0.{number}", FIRST_MIGRATION + number
        bundle = bundles.make(self.work, version, bundles.PAGE if sick else "", schema)
        way = Way(version, schema, sick, by_page, bundle, Facts.of(box))
        every = steps(version, by_page, sick)
        print(f"update {number}: from slot {way.before.slot}, {'by the page' if by_page else 'from a stick'}, "
              f"{'does not work' if sick else 'works'}", flush=True)
        story, began = Story(box, self.rng), time.monotonic()
        story.begin(bundle, by_page)
        made = list(story.cuts(self.dealt(every, sick, cuts)))
        story.end(2 if sick else 1)
        self.judge(f"update {number} without a cut", way, every[-1], box, began, story.boots)
        box.vm.cut_power()
        for step, after, card in made:
            self.number += 1
            self.cut(f"cut {self.number}: {step.name} +{after:.1f} s", way, step, card)
        bundle.unlink()

    def cut(self, name: str, way: Way, step: Step, card: Path) -> None:
        """Start the card as the cut left it, and look at what becomes of it."""
        box = self.box(card)
        try:
            if self.rng.random() < AGAIN:
                seconds = self.rng.uniform(*AGAIN_S)
                self.cut_start(box.vm, seconds)
                name += f", again {seconds:.0f} s after power-on"
            began = time.monotonic()
            self.home.leases.write_text("")
            box.vm.start(self.home.cables, firmware=True)
            story = Story(box, self.rng)
            story.end()
            now = self.judge(name, way, step, box, began, story.boots)
            self.outcomes[step.name, "new" if way.is_new(now) else "old"] += 1
            if not (self.repeated or way.sick or way.is_new(now)):
                self.repeated, began, story = True, time.monotonic(), Story(box, self.rng)
                story.begin(way.bundle, way.by_page)
                story.end(1)
                last = steps(way.version, way.by_page, way.sick)[-1]
                self.judge(f"once more after cut {self.number}", way, last, box, began, story.boots)
        except (TimeoutError, RuntimeError, OSError, AssertionError, ValueError, IndexError) as error:
            self.fail(name, f"{type(error).__name__}: {error}")
        finally:
            box.vm.close()
            box.vm.disk.unlink()

    def cut_start(self, vm: Vm, seconds: float) -> None:
        """Power on for so long."""
        def start() -> None:
            with suppress(OSError, ValueError):     # TimeoutError is one: the machine ends, and its console
                vm.start(self.home.cables, firmware=True)

        thread = threading.Thread(target=start)
        thread.start()
        wait_for("QEMU", lambda: vm.process, 60, 0.05)
        time.sleep(seconds)
        vm.cut_power()
        thread.join()

    def judge(self, name: str, way: Way, step: Step, box: Box, began: float, boots: int) -> Facts:
        """Look at the box at rest and say it."""
        box.wait_running()
        seconds, now = time.monotonic() - began, Facts.of(box, way.before.until)
        wrong = way.wrong(step.name, now)
        if not shows(owner(box), now.text):
            wrong.append("on the page what is told")
        print(f"{name}: slot {now.slot}, {now.version}, {boots} restarts, at rest after {seconds:.0f} s; {now.text}",
              flush=True)
        try:
            self.send(box, 0.25)
        except TimeoutError as error:
            wrong.append(f"working: {error}")
        if wrong:
            self.fail(name, f"not {', '.join(wrong)}: {now}, before {way.before}\n"
                      + box.vm.run(JOURNAL, check=False))
        return now

    def fail(self, name: str, text: str) -> None:
        self.failures += 1
        print(f"FAILED: {name}: {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run cuts", description="Power cuts at every step of updates.")
    parser.add_argument("--cuts", type=int, default=CUTS, metavar="N", help=f"so many in all ({CUTS})")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the instants, and which update is the first")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)   # machines and namespaces end too
    image, started = built_image(), time.monotonic()
    with tempfile.TemporaryDirectory(dir=WORK) as folder, plugged_in(Path(folder)) as home:
        cuts = Cuts(image, Path(folder), home, chosen.seed)
        box = cuts.first()
        try:
            for place in range(len(WAYS)):
                if place:
                    box = cuts.box(box.vm.disk)
                    box.boot(firmware=True)
                    cuts.send(box, 0.25)
                share = chosen.cuts // len(WAYS) + (place < chosen.cuts % len(WAYS))
                cuts.update(box, place + 1, *WAYS[(place + chosen.seed) % len(WAYS)], share)
        finally:
            box.vm.close()
    for (step, came), number in sorted(cuts.outcomes.items()):
        print(f"{number:3} in “{step}”: the {came} system")
    print(f"{cuts.number} cuts, {cuts.failures} failures, {(time.monotonic() - started) / 60:.0f} minutes")
    return bool(cuts.failures)


if __name__ == "__main__":
    sys.exit(main())
