"""Words of the restore: what is wrong with a file, and what to do. They name no part of suntap."""
from webui.language import N_

REFUSED = N_("Nothing was replaced. {reason}")
REASONS = {
    "foreign": N_("This file is not a suntap backup. Choose one that you downloaded under Settings › Backup."),
    "damaged": N_("This backup is damaged. Choose another one, or download it again where it came from."),
    "newer": N_("This backup was made by a newer suntap. Update this box first, then restore it."),
    "settings": N_("The settings in this backup are not valid. Choose another one."),
    "room": N_("The card has not enough free space for it. Use a larger card."),
    "large": N_("This file is too large."),
    "unreadable": N_("The file could not be stored on this box. Look at Storage on the Diagnostics page."),
}
NO_FILE = N_("Choose a backup file first.")
BUSY = N_("Another restore is under way. Wait for it to end.")
GONE = N_("The backup is no longer here. Choose it again.")
