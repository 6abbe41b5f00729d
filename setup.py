"""Builds the Cython core. Everything declarative is in pyproject.toml.

SUNTAP_DEBUG=1      invariants checked (spcore/invariants.pxd), AddressSanitizer and UndefinedBehaviorSanitizer on; with
                    CC=clang also what libFuzzer needs (tests/tree.sh)
SUNTAP_COVERAGE=1   line tracing for the coverage report
SUNTAP_ANNOTATE=1   also writes the annotated HTML beside each .pyx
"""
import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("SUNTAP_DEBUG") == "1"
COVERAGE = os.environ.get("SUNTAP_COVERAGE") == "1"

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,       # every index stands behind a length check; SUNTAP_DEBUG=1 verifies
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "embedsignature": True,
    "linetrace": COVERAGE,
}
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g1", "-O0"]
if os.environ.get("CC") == "clang":     # Cython calls functions by other types, and adds 0 to a null pointer
    SANITIZE += ["-fsanitize=fuzzer-no-link", "-fno-sanitize=function,pointer-overflow", "-w"]

extensions = [
    Extension(
        f"spcore.{source.stem}",
        [str(source)],
        extra_compile_args=SANITIZE if DEBUG else ["-O2"],
        extra_link_args=SANITIZE[:1] if DEBUG else [],
        define_macros=[("CYTHON_TRACE_NOGIL", "1")] * COVERAGE + [("SUNTAP_DEBUG", "1")] * DEBUG,
    )
    for source in sorted(Path("spcore").glob("*.pyx"))
]

setup(
    ext_modules=cythonize(
        extensions,
        compiler_directives=DIRECTIVES,
        annotate=os.environ.get("SUNTAP_ANNOTATE") == "1",
    )
)
