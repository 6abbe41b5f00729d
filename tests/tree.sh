# Sourced by the scripts that build the core in another way: copies what they need to a tree of its own below build/,
# so that the build that everybody uses stays as it is. Times are kept: a second build compiles only what changed.
#   suntap_tree DIR          sets $python; run from the repository's root
#   suntap_sanitized DIR     the same, and builds it for the sanitizers and the fuzzer; sets $python and $runtime
suntap_tree() {
    python=${PYTHON:-$([ -x .venv/bin/python ] && echo "$PWD/.venv/bin/python" || command -v python3)}
    mkdir -p "$1"
    rm -f "$1"/spcore/*.pyx "$1"/spcore/*.pxd     # of modules that are gone
    tar c --exclude='spcore/*.so' --exclude='spcore/*.c' --exclude=__pycache__ --exclude=tests/fuzz/corpus \
        spcore appliance tests setup.py pyproject.toml | tar x -C "$1"
}

# One build for the tests under the sanitizers and for the fuzzer: compiling takes longer than either of them does.
# One process builds at a time.
suntap_sanitized() {
    command -v clang >/dev/null || { echo "clang is missing: apt install clang libclang-rt-dev" >&2; exit 2; }
    mkdir -p "$1"
    exec 8>"$1/lock"
    flock 8
    suntap_tree "$1"
    cp -p tests/fuzz/harness.pyx "$1/spcore/fuzz_harness.pyx"
    (cd "$1" && SUNTAP_DEBUG=1 CC=clang LDSHARED="clang -shared" "$python" setup.py -q build_ext --inplace) \
        >"$1/build.log" 2>&1 || { cat "$1/build.log" >&2; exit 1; }
    flock -u 8
    runtime=$(clang -print-file-name="libclang_rt.asan-$(uname -m).so")
    # detect_leaks: Python frees little at its end. PYTHONMALLOC: each object is an allocation that the sanitizer sees.
    export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc
}
