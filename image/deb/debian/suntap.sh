#!/bin/sh
# Starts suntap: the version that `suntap update` put on the data partition where there is one, else the packaged one.
home=/var/lib/suntap-releases/current/usr/lib/suntap
[ -e "$home/appliance/cli/__main__.py" ] || home=/usr/lib/suntap
PYTHONPATH=$home PYTHONNOUSERSITE=1 exec /usr/bin/python3 -P -m appliance.cli "$@"
