"""Updates of the appliance: a signed bundle is installed beside the running version, tried, and kept or taken back.

Theory: versions lie side by side in the releases folder on the data partition; the link `current` names the one that
/usr/bin/suntap starts (none: the packaged one, which is read-only and always there). Whoever changes the link writes
trial.json first, durably; while it is there the version is on trial, and whoever finds it at boot finishes the trial.
So a power cut at any point leaves a version that is whole, and the trial ends: by commit (trial.json removed) or by
going back. Modules: bundle (the file and its signature), releases (folders, link, trial), services (systemd, health).
"""
