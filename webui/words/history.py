"""Words of the history."""
from webui.language import N_

NO_FILE = N_("Choose a file first.")
NOT_TAKEN = N_("Nothing was imported: {reason}.")
