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
