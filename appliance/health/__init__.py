"""How the box is: what is so, how much it matters, what to do. Each a `Finding` (module finding).

sources gathers the facts, lamps judges them for page and status, notices words what the ledger and others noticed,
doctor looks at the system for `suntap doctor`, log keeps for a year what needed the owner. status puts all together.
One module for each thing that is looked at: card, disk, collector, image_problems, news and system_age.
"""
