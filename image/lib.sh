# Shell functions of image/build.sh and image/deb/build.sh: progress, the build host's packages, and what is kept between builds.

step() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*" >&2; }

# Runs a command; its output is shown only when it fails.
quietly() {
    log=$(mktemp)
    if ! "$@" > "$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        echo "failed: $*" >&2
        return 1
    fi
    rm -f "$log"
}

# Installs what is missing on the build host, and says so.
need_packages() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    step "installing build tools with apt:$missing"
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    quietly $sudo apt-get update
    quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $missing
}

# What takes long to make is kept outside the checkout, so that a fresh clone finds it.
cache=${SUNTAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/suntap}
KEPT_DAYS=7     # what no build has used for so long is removed

# epoch: the moment that the image is dated with: $SOURCE_DATE_EPOCH, else the last commit of what it is made from.
epoch() {
    echo "${SOURCE_DATE_EPOCH:-$(cd "$top" && git log -1 --format=%ct -- spcore appliance webui setup.py pyproject.toml LICENSE image 2>/dev/null || stat -c %Y "$top/pyproject.toml")}"
}

# hash: of standard input, short enough for a name.
hash() { sha256sum | cut -c1-16; }

# kept KIND NAME COMMAND...: prints the path of KIND-NAME in the cache, where NAME holds a hash of all it is made from. If it
# is missing, COMMAND gets a path of that name in a folder beside it and makes it there; one rename puts it in place, so
# what is there is whole. Of two builds at once the second waits. Removed is only what is not in use: a use renews the date.
kept() {
    kind=$1 target=$cache/$1-$2
    shift 2
    mkdir -p "$cache"
    (
        set -e
        flock 9
        if [ ! -e "$target" ]; then
            part=$cache/part.$kind
            rm -rf "$part"
            mkdir "$part"
            "$@" "$part/${target##*/}" >&2
            mv "$part/${target##*/}" "$target"
            rm -rf "$part"
        fi
        touch "$target"
        find "$cache" -maxdepth 1 -name "$kind-*" -mtime +$KEPT_DAYS -exec rm -rf {} +
    ) 9> "$cache/lock.$kind"
    echo "$target"
}

# bundle_certificate: prints the path of the certificate that cards ask of a system bundle (RAUC); its key is beside it in
# update-cert-key.pem. Both are made once, beside the key of the updates, which RAUC cannot sign with (CMS knows no ed25519
# in OpenSSL 3.0). Valid from before any card on: a board without a clock starts with some old date.
bundle_certificate() (
    set -eu
    beside=$(dirname "${SUNTAP_UPDATE_KEY:-$top/build/update-key.pem}")
    certificate=$beside/update-cert.pem key=$beside/update-cert-key.pem
    if [ ! -e "$certificate" ]; then
        mkdir -p "$beside"
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        [ -e "$key" ] || (umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key")
        touch "$work/index"
        cat > "$work/ca.cnf" <<CONF
[ca]
default_ca = own
[own]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = signs
[any]
commonName = supplied
[signs]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
CONF
        openssl req -new -key "$key" -subj "/CN=suntap system bundles" -config /dev/null -out "$work/request.pem"
        quietly openssl ca -batch -notext -selfsign -config "$work/ca.cnf" -keyfile "$key" -in "$work/request.pem" \
            -startdate 20200101000000Z -enddate 21200101000000Z -out "$work/certificate.pem"
        cp "$work/certificate.pem" "$certificate"
    fi
    echo "$certificate"
)
