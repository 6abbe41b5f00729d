#!/bin/sh
# image/oci/build.sh ARCH: builds build/suntap_VERSION_ARCH.oci.tar, an OCI image with the package in Debian 12 (amd64, arm64),
# and the list of what is in it (.oci.spdx.json, .oci.licences.tar.xz).
#
# Theory: mmdebstrap makes the file system from Debian's archive with our package in it, buildah makes one layer of it; no
# registry is asked for a base image. What the container keeps is in /var/lib/suntap. `podman load -i` or `docker load -i`
# takes the file; docs/nas.md says how to run it.
set -eu
arch=${1:?usage: image/oci/build.sh amd64|arm64}
case $arch in amd64 | arm64) ;; *) echo "unknown architecture $arch: amd64 or arm64" >&2; exit 2 ;; esac
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/image/lib.sh"
[ "$(id -u)" = 0 ] || { echo "image/oci/build.sh needs root: it makes a Debian's files with their owners" >&2; exit 1; }
need_packages mmdebstrap buildah
[ "$(dpkg --print-architecture)" = "$arch" ] || need_packages qemu-user-static binfmt-support
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$top/appliance/__init__.py")
"$top/image/deb/build.sh" "$arch"
deb=suntap_${version}_$arch.deb
work=$top/build/oci/$arch
out=$top/build/suntap_${version}_$arch.oci.tar
made=$(cat "$top/build/$deb" "$0" "$top/image/hooks/manifest" | sha256sum)
if [ -e "$out" ] && [ "$(cat "$top/build/deb/made-oci-$arch" 2>/dev/null)" = "$made" ]; then
    step "build/${out##*/} is up to date"
    echo "build/${out##*/}"
    exit 0
fi
rm -rf "$work"
mkdir -p "$work"

step "file system of Debian 12 with suntap, $arch"
settings='[store]\ndata_dir = "/var/lib/suntap"\n\n[web]\nport = 8080\n'
quietly nice mmdebstrap --quiet --arch="$arch" --variant=minbase --include=ca-certificates \
    --customize-hook="copy-in $top/build/$deb /tmp" \
    --customize-hook="chroot \"\$1\" apt-get install -y -qq --no-install-recommends /tmp/$deb" \
    --customize-hook="printf '$settings' > \"\$1/var/lib/suntap/suntap.toml\"; chmod 600 \"\$1/var/lib/suntap/suntap.toml\"; rm -f \"\$1/tmp/$deb\"" \
    bookworm "$work/root.tar"

step "package list (SPDX)"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(stat -c %Y "$top/build/$deb")}"
mkdir "$work/root"
tar -xf "$work/root.tar" -C "$work/root" --wildcards './var/lib/dpkg/status' './usr/share/doc/*' './usr/share/common-licenses/*'
quietly "$top/image/hooks/manifest" "$work/root" "$top/build/suntap_${version}_$arch.oci"

step "OCI image"
container=$(buildah from --arch "$arch" scratch)
trap 'buildah rm "$container" >/dev/null' EXIT
quietly buildah add "$container" "$work/root.tar" /
buildah config --cmd '["suntap", "run"]' --env SUNTAP_CONFIG=/var/lib/suntap/suntap.toml --volume /var/lib/suntap \
    --port 8080 --stop-signal SIGTERM "$container"
rm -f "$out"
quietly buildah commit "$container" "oci-archive:$out:suntap"
rm -rf "$work"
echo "$made" > "$top/build/deb/made-oci-$arch"
echo "build/${out##*/}"
