"""Every limit of the web process on what comes from outside, in one place. A test holds each."""
from appliance.update.requested import MAX_BUNDLE

# requests (security.headers, server)
MAX_BODY = 1024 * 1024              # bytes of a form
MAX_PARTS = 100                     # fields of a form
MAX_RESTORE = 2 * 1024**3           # bytes of a backup with years of inbox
RESTORE_PATH, UPDATE_PATH, CHECK_PATH = "/settings/restore", "/settings/update", "/settings/update/check"
LARGE = {RESTORE_PATH: MAX_RESTORE, UPDATE_PATH: MAX_BUNDLE + MAX_BODY,     # bytes of a body, for the owner only
         CHECK_PATH: MAX_BUNDLE + MAX_BODY}
UPLOAD_COPIES = 3                   # of a large body on the data partition: waitress's, the form's, the one that stays
THREADS = 6                         # a slow download must not stop the polling of the others
CONNECTIONS = 100                   # open at once; for one more, the one that is silent for longest goes
MAX_AHEAD = 2                       # requests of one connection that wait behind the one that is answered
MAX_HEAD = 16 * 1024                # bytes of a request's headers
IN_MEMORY = 64 * 1024               # bytes of one body, or of one answer that waits to be read; the rest is on disk
READER_S = 30                       # grace for a client that does not read its answer,
SEND_BUFFER = 64 * 1024             # bytes that the kernel takes from us for one client
READER_BYTES_S = 4096               # and what it must read of it a second after that
DOWNLOADS = 2                       # of THREADS: slow readers of long files leave the others free
LOG_BURST, LOG_SECONDS = 20, 60     # lines of one kind in the journal: so many at once, then one every so many seconds
CHANNEL_TIMEOUT_S = 60              # an idle connection may stay so long

# uploads of a PVS to this box as its collector (collector)
MAX_UPLOAD = 4 << 20                # bytes of a body, as the stand-in takes it (appliance.collector.listener.MAX_BODY)
HANDED_OVER_AT_ONCE = 3             # half of THREADS: a stand-in that hangs does not take the page with it
HANDOVER_TIMEOUT_S = 20

# passwords and sessions (security.auth)
MIN_LENGTH = 8                      # characters of a password
MAX_LENGTH = 256                    # scrypt's cost does not depend on it; a form field's sane end
SESSION_S = 30 * 86400              # a session ends by itself after this time
COOKIE_S = 3650 * 86400             # its cookie outlasts it, dated by a clock that may be months behind
MAX_SESSIONS = 32                   # the oldest is ended for a new one

# the first visit (security.claim)
CLAIM_S = 1800                      # after power-on in which it may choose the password

# guesses at the password (security.throttle)
ADDRESS_BURST = 5                   # tries at once from one address
ADDRESS_SECONDS = 30.0              # then one every so many seconds
DEVICE_BURST = 10                   # of one device of the own network, whatever addresses it takes
DEVICE_SECONDS = 15.0
TOTAL_BURST = 30                    # tries at once from everywhere
TOTAL_SECONDS = 5.0
MAX_ADDRESSES = 1024                # remembered buckets; the oldest is forgotten, the common bucket bounds the rest
MAX_KNOWN = 64                      # addresses and browsers of earlier logins
KNOWN_S = 400 * 86400               # a browser that logged in is known so long
CHECKED_AT_ONCE, CHECKS_WAITING = 1, 2      # passwords: each check takes 32 MiB and half a second of a Pi 3

# questions (query, pages)
MAX_DIGITS = 18                     # of a number in a form
MAX_DAYS = 3700                     # days of one API answer or CSV file
KEEP_RESTORE_S = 3600               # a checked backup waits so long for the owner's word

# the journal (logs)
LOG_LINES = 200
LOG_TIMEOUT_S = 10
MAX_LOG_LINE = 2000                 # characters
