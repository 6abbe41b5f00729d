#!/bin/sh
# image/rpi-image-gen/build.sh SUITE, called by image/build.sh: the raspios profile, with a checkout of
# raspberrypi/rpi-image-gen named by $RPI_IMAGE_GEN. What of it was tried: image/README.md.
set -eu
suite=${1:-trixie}
top=$(cd "$(dirname "$0")/../.." && pwd)
tool=${RPI_IMAGE_GEN:-$top/build/rpi-image-gen}
if [ ! -x "$tool/rpi-image-gen" ]; then
    echo "profile raspios needs rpi-image-gen: git clone https://github.com/raspberrypi/rpi-image-gen $tool, then its install_deps.sh" >&2
    exit 1
fi
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$top/appliance/__init__.py")
sh "$top/image/deb/build.sh" arm64
exec "$tool/rpi-image-gen" build -S "$top/image/rpi-image-gen" -c "suntap-$suite.yaml" -- \
    SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" IGconf_suntap_deb="$top/build/suntap_${version}_arm64.deb" \
    IGconf_suntap_hooks="$top/image/hooks"
