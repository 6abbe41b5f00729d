"""Words of the restore: what is wrong with a file, and what to do. They name no part of suntap."""
REFUSED = "Nothing was replaced. {reason}"
REASONS = {
    "foreign": "This file is not a suntap backup. Choose one that you downloaded under Settings › Backup.",
    "damaged": "This backup is damaged. Choose another one, or download it again where it came from.",
    "newer": "This backup was made by a newer suntap. Update this box first, then restore it.",
    "settings": "The settings in this backup are not valid. Choose another one.",
    "room": "The card has not enough free space for it. Use a larger card.",
    "large": "This file is too large.",
    "unreadable": "The file could not be stored on this box. Look at Storage on the Diagnostics page.",
}
NO_FILE = "Choose a backup file first."
BUSY = "Another restore is under way. Wait for it to end."
GONE = "The backup is no longer here. Choose it again."
