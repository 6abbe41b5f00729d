#!/bin/sh
# Starts suntap.
PYTHONPATH=/usr/lib/suntap PYTHONNOUSERSITE=1 exec /usr/bin/python3 -P -m appliance.cli "$@"
