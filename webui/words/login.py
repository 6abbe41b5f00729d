"""Words of the login and of the change of the password."""
from webui.language import N_

TOO_MANY = N_("Too many attempts. Try again in {seconds} seconds.")
BUSY = N_("Too many attempts at the same time. Try again in a few seconds.")
WRONG = N_("That is not the password.")
DIFFER = N_("The two passwords are not the same.")
NOT_STORED = N_("The password could not be stored: {reason}. Look at Storage on the Diagnostics page.")
