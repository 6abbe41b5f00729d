#!/bin/sh
# image/update-bundle.sh DEB [OUT [INDEX]]: signs build/suntap_VERSION_arm64.deb as an update file for boxes whose image was built here
# (key pair build/update-key.pem, or $SUNTAP_UPDATE_KEY), with the list of INDEX (image/index.py) in it if that is there. Back up the key: without it boxes must be flashed again.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
deb=$1
out=${2:-${deb%.deb}.suntap-update}
exec env PYTHONPATH="$top" python3 -P -c 'import sys
from pathlib import Path
from appliance.update import bundle
index = Path(sys.argv[4])
print(bundle.write(*map(Path, sys.argv[1:4]), index if index.is_file() else None))' "$out" "$deb" "${SUNTAP_UPDATE_KEY:-$top/build/update-key.pem}" "${3:-}"
