#!/bin/sh
# image/build.sh [--raw]: builds build/suntap-VERSION-arm64.img.xz, its checksum, the package list (SPDX) and the licences.
#
# Steps: 1. suntap's .deb (cross-compiled)  2. base root file system with kernel and initramfs (emulated; kept, see kept()
# in image/lib.sh, under a hash of all it depends on)  3. .deb, overlay and hooks on top  4. genimage  5. xz.
set -eu
raw=
case ${1:-}:$# in
    :0) ;;
    --raw:1) raw=yes ;;
    *) echo "usage: image/build.sh [--raw]" >&2; exit 2 ;;
esac
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
. image/lib.sh
export SOURCE_DATE_EPOCH="$(epoch)"
if [ "$(id -u)" != 0 ]; then
    exec sudo "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" "SUNTAP_CACHE=${SUNTAP_CACHE:-}" "SUNTAP_DEBIAN_STATE=${SUNTAP_DEBIAN_STATE:-}" sh image/build.sh ${raw:+--raw}
fi
export LC_ALL=C.UTF-8 TZ=UTC
umask 022
need_packages mmdebstrap bdebstrap genimage u-boot-tools openssl qemu-user-static binfmt-support arch-test dosfstools mtools e2fsprogs fdisk xz-utils
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' appliance/__init__.py)
work=build/image
mkdir -p "$work"

# arm64 programs run through qemu; the registration does not survive a reboot of the build host.
if ! arch-test arm64 > /dev/null 2>&1; then
    mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    quietly update-binfmts --enable qemu-aarch64
    arch-test arm64 > /dev/null || { echo "arm64 programs do not run here: check binfmt_misc and qemu-user-static" >&2; exit 1; }
fi

sh image/deb/build.sh arm64 > /dev/null
deb=build/suntap_${version}_arm64.deb
certificate=$(bundle_certificate)

base_root() {  # TARGET.tar
    step "base root file system, Debian 13 arm64, in emulation (5 to 15 minutes)"
    quietly bdebstrap -f -c image/debian/base.yaml -c image/debian/packages.yaml -c image/debian/boot.yaml \
        --customize-hook 'sed -n "s/^Date: //p" "$1"/var/lib/apt/lists/*-security_InRelease > "$1/var/lib/debian-state"' \
        -b "$work" -n bdebstrap --target "$1"
}
# SUNTAP_DEBIAN_STATE (image/index.py): a base of just this state of Debian. Without it a kept one is taken, of any.
key=$({ cat image/debian/base.yaml image/debian/packages.yaml image/debian/boot.yaml image/debian/preferences image/debian/hooks/* \
    image/debian/initramfs/* image/rootfs-overlay/etc/overlayroot.local.conf; printf %s "${SUNTAP_DEBIAN_STATE:-}"; } | hash)
base=$(kept base "$key.tar" base_root)

python=$(kept python "$(echo "trixie python3" | hash)" quietly nice mmdebstrap --quiet --variant=extract --include=python3 trixie)

made=$({ sha256sum "$deb" "$certificate" && echo "$key $SOURCE_DATE_EPOCH" && find image -type f | sort | xargs sha256sum; } | sha256sum)
if [ -e "$work/images/suntap.img" ] && [ "$(cat "$work/made" 2>/dev/null)" = "$made" ]; then
    step "the image is up to date"
else
    rm -f "$work/made"
    step "suntap on top"
    root=$work/root
    ! mountpoint -q "$root/proc" || umount "$root/proc"     # a build that was killed left it
    rm -rf "$root"
    mkdir "$root"
    tar -xpf "$base" -C "$root" --numeric-owner --xattrs --xattrs-include='*'
    cp image/debian/fstab "$root/etc/fstab"
    quietly image/hooks/customize "$root" "$deb" "$python"
    quietly image/hooks/slots "$root" "$deb" "$certificate"
    quietly image/hooks/manifest "$root" "build/suntap-$version-arm64"
    find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

    step "image"
    rm -rf "$work/genimage" "$work/images"
    mkdir -p "$work/genimage"
    quietly env E2FSPROGS_FAKE_TIME="$SOURCE_DATE_EPOCH" E2FSCK_TIME="$SOURCE_DATE_EPOCH" genimage --rootpath "$root" --tmppath "$work/genimage" --inputpath "$work/images" \
        --outputpath "$work/images" --config image/debian/genimage.cfg
    rm -rf "$work/genimage" "$root"
    echo "$made" > "$work/made"
fi

# --raw: for the boot test, which reads build/image/images/suntap.img
[ -z "$raw" ] || exit 0

step "compressing"
out=build/suntap-$version-arm64.img
xz -T2 -3 -c "$work/images/suntap.img" > "$out.xz"
(cd build && sha256sum "suntap-$version-arm64.img.xz" > "suntap-$version-arm64.img.xz.sha256")
step "done: $out.xz ($(du -h "$out.xz" | cut -f1))"
