"""Words of the history."""
NO_FILE = "Choose a file first."
NOT_TAKEN = "Nothing was imported: {reason}."
