#!/bin/sh
# image/deb/build.sh ARCH: builds build/suntap_VERSION_ARCH.deb (ARCH: amd64 or arm64) on Debian, without emulation.
#
# Theory: Cython's C files do not depend on the architecture, so they are made once here; a sysroot (Debian packages
# unpacked, never configured) gives headers and libraries of the target; its compiler makes one extension module per
# Python that Debian 12 and 13 have (3.11, 3.13). Both lie side by side in one package, which therefore installs on
# both. pcapy-ng is compiled the same way from its source distribution, against Debian's libpcap.
# Reproducible: SOURCE_DATE_EPOCH (default: the last commit), no build paths in the objects, sorted and clamped by dpkg-deb.
set -eu
arch=${1:?usage: image/deb/build.sh amd64|arm64}
case $arch in amd64) triplet=x86_64-linux-gnu ;; arm64) triplet=aarch64-linux-gnu ;; *) echo "unknown architecture $arch: amd64 or arm64" >&2; exit 2 ;; esac
top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/image/deb
work=$top/build/deb/$arch
inputs="spcore appliance webui setup.py pyproject.toml LICENSE image/deb"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(cd "$top" && git log -1 --format=%ct -- $inputs 2>/dev/null || stat -c %Y pyproject.toml)}"
export LC_ALL=C.UTF-8 TZ=UTC
umask 022
. "$top/image/lib.sh"
cross=
[ "$(dpkg --print-architecture)" = "$arch" ] || cross=g++-$(echo "$triplet" | tr _ -)
need_packages mmdebstrap debhelper dpkg-dev fakeroot python3-venv python3-dev openssl xz-utils g++ $cross
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$top/appliance/__init__.py")

# Who builds the image is who may update it: the key pair is made once and kept beside the build (never committed).
key=${SUNTAP_UPDATE_KEY:-$top/build/update-key.pem}
mkdir -p "$top/build/deb"
[ -e "$key" ] || (umask 077; openssl genpkey -algorithm ed25519 -out "$key")

files() { (cd "$top" && find $inputs -type f ! -path '*/__pycache__/*' ! -name '*.so' ! -name '*.c' ! -path 'spcore/*.html' -print0 | sort -z); }
digest=$({ echo "$SOURCE_DATE_EPOCH"; files | (cd "$top" && xargs -0 sha256sum); sha256sum "$key"; } | sha256sum)
deb=$top/build/suntap_${version}_$arch.deb
if [ -e "$deb" ] && [ "$(cat "$top/build/deb/made-$arch" 2>/dev/null)" = "$digest" ]; then
    step "build/suntap_${version}_$arch.deb is up to date"
    exit 0
fi

sysroot() {  # SUITE PACKAGES: the packages unpacked in a folder of the cache; prints where
    kept "sysroot-$1-$arch" "$(echo "$2" | hash)" quietly nice mmdebstrap --quiet --arch="$arch" --variant=extract --include="$2" "$1"
}

step "sysroot with Python 3.11 (Debian 12) and the headers of 3.13 (Debian 13), $arch"
root=$(sysroot bookworm libpython3.11-dev,libpcap0.8-dev,libc6-dev,libstdc++-12-dev)
root13=$(sysroot trixie libpython3.13-dev)

step "Cython and pcapy-ng's source"
cython_tools() {  # TARGET: an environment with Cython, pcapy-ng's source distribution beside it
    /usr/bin/python3 -m venv "$1"
    quietly "$1/bin/python" -m pip install --quiet "cython==$cython" setuptools wheel
    quietly "$1/bin/python" -m pip download --quiet --no-deps --no-build-isolation --no-binary :all: --require-hashes \
        --dest "$1" -r "$here/build-requirements.txt"
}
cython=3.3.1
tools=$(kept tools "$({ echo "$cython"; /usr/bin/python3 --version; cat "$here/build-requirements.txt"; } | hash)" cython_tools)

step "source tree, C files"
rm -rf "$work"
mkdir -p "$work/source/lib" "$work/headers13/$triplet"
# Of Debian 13 Python's headers only: the C library stays Debian 12's, so that the modules run on both.
headers13=$work/headers13
cp -r "$root13/usr/include/python3.13" "$headers13/"
cp -r "$root13/usr/include/$triplet/python3.13" "$headers13/$triplet/"
src=$work/source
# Only what the package is made of; whatever an editor or a build left behind stays out.
files | (cd "$top" && grep -zv '^image/' | tar --null -T - -cf -) | tar -xf - -C "$src"
touch "$src/README.md"
(cd "$src" && quietly "$tools/bin/python" setup.py egg_info --egg-base "$work")
tar -xzf "$tools"/pcapy_ng-*.tar.gz -C "$work"
pcapy=$(echo "$work"/pcapy_ng-*)

step "extension modules"
flags="-O2 -g -fPIC -DNDEBUG -fwrapv -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wformat -Werror=format-security"
flags="$flags -fno-strict-aliasing -ffile-prefix-map=$work=/usr/src/suntap -ffile-prefix-map=$cache=/usr/src/sysroot --sysroot=$root"
link="-shared -Wl,-z,relro -Wl,-z,now -Wl,--build-id=sha1 -L$root/usr/lib/$triplet --sysroot=$root"
[ $arch = arm64 ] && flags="$flags -mbranch-protection=standard" || flags="$flags -fcf-protection"
modules() {  # PYTHON: suntap's and pcapy-ng's for one version of Python
    [ "$1" = 3.11 ] && headers=$root/usr/include || headers=$headers13
    include="-I$headers/python$1 -I$headers -I$root/usr/include/$triplet"
    suffix=cpython-$(echo "$1" | tr -d .)-$triplet.so
    mkdir "$work/$1"
    for c in "$src"/spcore/*.c; do
        module=$(basename "$c" .c)
        cd "$work/$1"
        $triplet-gcc $flags $include -c "$c" -o "$module.o" -w
        $triplet-gcc $link "$module.o" -o "$src/spcore/$module.$suffix"
    done
    cd "$pcapy"
    $triplet-g++ $flags $include -w pcapdumper.cc bpfobj.cc pcapobj.cc pcap_pkthdr.cc pcapy.cc $link -lpcap -o "$src/lib/pcapy.$suffix"
}
(modules 3.11) &
(modules 3.13)
wait $!     # `set -e` ends here where the one in the background failed
# importlib.metadata knows both distributions by these
for package in suntap pcapy_ng; do
    info=$src/lib/$package-$([ $package = suntap ] && echo "$version" || basename "$pcapy" | cut -d- -f2).dist-info
    mkdir -p "$info"
    cp "$([ $package = suntap ] && echo "$work/suntap.egg-info" || echo "$pcapy")/PKG-INFO" "$info/METADATA"
    echo debian > "$info/INSTALLER"
done
rm -f "$src"/spcore/*.c


openssl pkey -in "$key" -pubout -out "$src/lib/update-key.pem"

step "package"
cp -r "$here/debian" "$src/debian"
{ echo; echo "License: pcapy"; sed "s/^\$/./; s/^/ /" "$pcapy/LICENSE"; } >> "$src/debian/copyright"
printf 'suntap (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md of the project.\n\n -- suntap developers <suntap@localhost.invalid>  %s\n' \
    "$version" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" > "$src/debian/changelog"
(cd "$src" && quietly env DEB_BUILD_OPTIONS="nocheck noautodbgsym" dpkg-buildpackage -us -uc -b -d "-a$arch" --no-sign)
cp "$work/suntap_${version}_$arch.deb" "$deb"
echo "$digest" > "$top/build/deb/made-$arch"
echo "build/suntap_${version}_$arch.deb"
