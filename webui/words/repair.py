"""Words of the check of the card: why it cannot be asked for."""
from webui.language import N_

NO_CARD = N_("This system has no card that suntap could check.")
NOT_ASKED = N_("The check could not be asked for: {reason}. Unplug this box and plug it in again.")
