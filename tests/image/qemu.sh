#!/bin/sh
# Prints the command that starts QEMU for arm64, or with "u-boot" the file of U-Boot for its machine `virt`: Debian 13's, as on the
# card, unpacked once into the cache of image/lib.sh, whatever the host has.
# In turns on one host: the page after 35 s, with Debian 12's QEMU 7.2 after 51 s (medians of 3); and 7.2 was seen to hang.
set -eu
cd "$(dirname "$0")/../.."
. image/lib.sh
packages=qemu-system-arm,u-boot-qemu
root=$(kept qemu "$(echo "trixie $packages" | hash)" quietly nice mmdebstrap --quiet --variant=extract --include="$packages" trixie)
case ${1:-} in
    u-boot) echo "$root/usr/lib/u-boot/qemu_arm64/u-boot.bin" ;;
    *) echo "$root"/usr/lib*/ld-linux-*.so.* --library-path "$root"/usr/lib/*-linux-gnu "$root/usr/bin/qemu-system-aarch64" -L "$root/usr/share/qemu" ;;
esac
