"""Words of the first visit."""
from webui.language import N_

NOT_STORED = N_("The password cannot be stored in {folder}: {reason}.")
CHOOSE = N_("Press one of the two buttons below: yes, or no.")
UNREADABLE = (N_("History"), N_("The history cannot be read: {error}."), N_("Is suntap running?"))
CABLES, BOX, READING = N_("Cables"), N_("SunPower box"), N_("First reading")
NO_INTERFACE = (N_("This box has no network socket “{name}”."),
                N_("Choose another one under Settings › Capture."))
NO_PORTS = (N_("The bridge “{name}” joins no sockets yet."),
            N_("Plug in the USB network adapter and wait a moment."))
NO_LINK = N_("One cable goes to the router, one to your SunPower box: push both in until they click.")
NOT_HEARD = (N_("Nothing heard from your SunPower box (PVS) yet."),
             N_("It reports every two to five minutes. Is its cable in the second socket, and is it powered?"))
HEARD = N_("Serial {name}.")
HEARD_AT = N_("Serial {name}, network address {mac}. Not yours? Diagnostics › Who reports sets it aside.")
AND = N_(" and ")
NO_READING = (N_("No inverter reading yet."),
              N_("They come every five minutes in daylight. After dark you can go on: they appear in the morning."))
