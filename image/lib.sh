# Shell functions of image/build.sh and image/deb/build.sh: progress, and the build host's packages.

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
