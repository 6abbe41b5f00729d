"""Updates of the card: a signed file with a whole system is written to the other slot, tried, and kept or given up.

Theory: the card has two slots, A and B, each a read-only Debian with suntap in it. U-Boot keeps on the card which slot
is `kept`, and which one is on trial with how many tries left; it counts a try down before it starts the slot, so a
trial that never gets as far as this package ends by itself at the kept slot. RAUC writes the other slot and changes the
choice (slots); all the rest is here. trial.json, on the data partition, is written durably before the other slot is
made the one to try, and is removed after the trial has ended. So at every start one look tells what happened:

    no trial.json                       nothing was under way, or it never came to a trial
    trial.json of the slot that runs    it is on trial: it is kept if it works, else given up, and the box restarts
    trial.json of the other slot        the trial is over, and this slot is back: databases that it migrated go back too

A power cut at any point therefore ends in one of two: the new system with its databases, or the old one with its own.
No news without being asked: `look` holds an index (the newest version, Debian's security fixes) against this system,
from a file or once a day at the owner's address; `fetch` brings an update from there to the same button's way.
Modules: index and fixes (the list, and what is missing), look, watch (its thread), fetch; bundle (the file and its
signature), install (from the file to the restart), slots (RAUC), trial (what a start finds), databases (copies of
them), requested (root's side of the button), services (systemd, health).
"""
