#!/bin/sh
# Prints the command that starts QEMU for arm64: Debian 13's, unpacked once into the cache of image/lib.sh, whatever the host has.
# In turns on one host: the page after 35 s, with Debian 12's QEMU 7.2 after 51 s (medians of 3); and 7.2 was seen to hang.
set -eu
cd "$(dirname "$0")/../.."
. image/lib.sh
packages=qemu-system-arm
root=$(kept qemu "$(echo "trixie $packages" | hash)" quietly nice mmdebstrap --quiet --variant=extract --include="$packages" trixie)
echo "$root"/usr/lib*/ld-linux-*.so.* --library-path "$root"/usr/lib/*-linux-gnu "$root/usr/bin/qemu-system-aarch64" -L "$root/usr/share/qemu"
