#!/bin/sh
# Called by rpi-image-gen with the root file system and the folder for genimage.cfg. The layout is the Debian profile's; only
# the sizes, the name and the last touches differ (Raspberry Pi OS's kernel package writes cmdline.txt on its own).
set -eu
root=$1
target=$2
here=$(cd "$(dirname "$0")" && pwd)
profile=$(cd "$here/../../../debian" && pwd)
cp "$profile/fstab" "$root/etc/fstab"
sed -i -e 's|root=[^ ]*|root=LABEL=SUNTAPROOT|' -e 's/ rw\( \|$\)/\1/' -e 's/ ro\( \|$\)/\1/' -e 's| init=[^ ]*||' \
    "$root/boot/firmware/cmdline.txt"
sed -e "s|^image suntap.img|image $IGconf_image_name.$IGconf_image_suffix|" -e "s|size = 256M|size = $IGconf_image_boot_part_size|" \
    -e "s|size = 1300M|size = $IGconf_image_root_part_size|" -e "s|image/debian/mke2fs|$profile/mke2fs|" \
    "$profile/genimage.cfg" > "$target/genimage.cfg"
