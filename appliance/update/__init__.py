"""Updates of the appliance: a signed bundle is installed beside the running version, tried, and kept or taken back.

Theory: the releases folder on the data partition holds the versions side by side. The link `current` names the version
that /usr/bin/suntap starts; without it, the packaged version starts, which is read-only and always there. trial.json
is written durably before the link changes. While it exists the version is on trial; a trial found at boot is finished.
So a power cut at any point leaves a whole version, and the trial ends: by commit (trial.json removed) or by going back.
No news without being asked: `look` holds an index (the newest version, Debian's security fixes) against this system,
from a file or once a day at the owner's address; `fetch` brings an update from there to the same button's way.
Modules: index and fixes (the list, and what is missing), look, watch (its thread), fetch; bundle (the file and its
signature), releases (folders, link, trial), requested (root's side of the button), services (systemd, health).
"""
