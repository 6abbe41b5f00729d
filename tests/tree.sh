# Sourced by the scripts that build the core in another way: copies what they need to a tree of its own below build/,
# so that the build that everybody uses stays as it is. Times are kept: a second build compiles only what changed.
#   suntap_tree DIR     sets $python; run from the repository's root
suntap_tree() {
    python=${PYTHON:-$([ -x .venv/bin/python ] && echo "$PWD/.venv/bin/python" || command -v python3)}
    mkdir -p "$1"
    rm -f "$1"/spcore/*.pyx "$1"/spcore/*.pxd     # of modules that are gone
    tar c --exclude='spcore/*.so' --exclude='spcore/*.c' --exclude=__pycache__ --exclude=tests/fuzz/corpus \
        spcore appliance tests setup.py pyproject.toml | tar x -C "$1"
}
