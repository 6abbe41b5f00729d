"""Words of the first visit."""
NOT_STORED = "The password cannot be stored in {folder}: {reason}."
UNREADABLE = ("History", "The history cannot be read: {error}.", "Is suntap running?")
CABLES, BOX, READING = "Cables", "SunPower box", "First reading"
NO_INTERFACE = ("This box has no network socket “{name}”.", "Choose another one under Settings › Capture.")
NO_PORTS = ("The bridge “{name}” joins no sockets yet.", "Plug in the USB network adapter and wait a moment.")
NO_LINK = "One cable goes to the router, one to your SunPower box: push both in until they click."
NOT_HEARD = ("Nothing heard from your SunPower box (PVS) yet.",
             "It reports every two to five minutes. Is its cable in the second socket, and is it powered?")
ADDRESS = ", network address {mac}. Not yours? Diagnostics › Who reports sets it aside."
NO_READING = ("No inverter reading yet.",
              "They come every five minutes in daylight. After dark you can go on: they appear in the morning.")
