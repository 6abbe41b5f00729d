#!/usr/bin/env python3
"""`./run release`: builds all that a release page needs into build/release/, with checksums, signature and notes.

    suntap-VERSION-arm64.img.xz, .spdx.json, .licences.tar.xz    the card image, its packages (SPDX) and their licences
    suntap_VERSION_ARCH.deb                                      amd64, arm64
    suntap_VERSION_ARCH.oci.tar, .oci.spdx.json                  amd64, arm64
    suntap-VERSION+DAY-arm64.suntap-update                       the signed update of cards in use: the whole system
    suntap_VERSION_arm64.suntap-update                           the last one of cards with one slot, suntap alone
    suntap-arm64.index                                           the newest version and Debian's fixes: on a web server
                                                                 this folder is what [update] url may name
    SHA256SUMS, SHA256SUMS.sig, release-key.pem                  ed25519, by the key of the updates ($SUNTAP_UPDATE_KEY)
    NOTES.md                                                     the version's section of CHANGELOG.md, and the files

The card image is made from Debian's security state of this moment, which the index is made from as well.
Nothing is left out silently: --without PART (image, oci, amd64, index) leaves a part out and the notes say so; a part
that cannot be built ends with an error. Uncommitted changes, and a version that CHANGELOG.md has no newest, dated
section for, are refused unless --draft, which the notes say too.
"""
import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "image"))

import system_bundle  # noqa: E402

PARTS = ("image", "oci", "amd64", "index")
INDEX = "suntap-arm64.index"
SYSTEM = "SYSTEM"       # in the place of the system's version, where there is no image to read it from
VERIFY = "openssl pkeyutl -verify -pubin -inkey release-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig"


class ReleaseError(Exception):
    """One line: what is missing, and what to do."""


@dataclass(frozen=True)
class Artefact:
    """A file of the release. `parts`: leaving out one of them leaves it out."""

    name: str
    what: str
    parts: frozenset[str]
    build: tuple[str, ...] = ()


def artefacts(version: str, system: str) -> list[Artefact]:
    """All files of a whole release; `build` makes the file and those without one that follow it. `system`: the version
    of the card's system, which is known once the image is made; until then a word in its place."""
    def of(name: str, what: str, *parts: str, build: tuple[str, ...] = ()) -> Artefact:
        return Artefact(name, what, frozenset(parts), build)
    found = []
    for arch in ("arm64", "amd64"):
        parts = ("amd64",) if arch == "amd64" else ()
        deb = f"suntap_{version}_{arch}.deb"
        found += [of(deb, f"package for Debian 12 and 13, {arch}", *parts, build=("image/deb/build.sh", arch)),
                  of(f"suntap_{version}_{arch}.oci.tar", f"container image, {arch}", "oci", *parts,
                     build=("image/oci/build.sh", arch)),
                  of(f"suntap_{version}_{arch}.oci.spdx.json", "its packages (SPDX)", "oci", *parts)]
    image = f"suntap-{version}-arm64"
    return [of(f"{image}.img.xz", "card image for Raspberry Pi 3, 4 and 5", "image", build=("image/build.sh",)),
            of(f"{image}.spdx.json", "its packages (SPDX)", "image"),
            of(f"{image}.licences.tar.xz", "their licences", "image"), *found,
            of(f"suntap-{system}-arm64.suntap-update", "update for cards in use (Settings › Update): the whole system",
               "image", build=("image/system_bundle.py", "build/image/images/root.ext4",
                               f"build/suntap-{system}-arm64.suntap-update", f"build/{INDEX}")),
            of(f"suntap_{version}_arm64.suntap-update",
               "the last update for cards written before 0.2.0: suntap alone; flash the card image for the rest",
               build=("image/update_bundle.py", f"build/suntap_{version}_arm64.deb",
                      f"build/suntap_{version}_arm64.suntap-update", f"build/{INDEX}")),
            of(INDEX, "for boxes with an update address: newest version, Debian's security fixes", "index")]


def changes(changelog: str, version: str) -> tuple[str, list[str]]:
    """The version's section, and why it is none of a release yet. Raises ReleaseError."""
    sections = re.findall(r"^## (\S+)(.*)\n((?:(?!## ).*\n?)*)", changelog, re.M)
    for place, (name, rest, text) in enumerate(sections):
        if name == version:
            doubts = [f"CHANGELOG.md calls {version} unreleased"] if "unreleased" in rest else []
            if place:
                doubts.append(f"CHANGELOG.md's newest section is {sections[0][0]}, the code's version is {version}")
            return text.strip(), doubts
    raise ReleaseError(f"CHANGELOG.md has no section {version}")


def assemble(built: Path, out: Path, version: str, system: str, key: Path, changelog: str, without: set[str],
             doubts: list[str]) -> None:
    """Everything from `built` into `out`. Raises ReleaseError where a file is missing."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    wanted = [artefact for artefact in artefacts(version, system) if not artefact.parts & without]
    left = [artefact for artefact in artefacts(version, system) if artefact.parts & without]
    for artefact in wanted:
        if not (built / artefact.name).is_file():
            raise ReleaseError(f"{artefact.name} was not built")
        shutil.copy2(built / artefact.name, out / artefact.name)
    (out / "NOTES.md").write_text(notes(version, changes(changelog, version)[0], wanted, left, doubts))
    _openssl("pkey", "-in", key, "-pubout", "-out", out / "release-key.pem")
    names = sorted(path.name for path in out.iterdir())
    (out / "SHA256SUMS").write_text("".join(f"{_sha256(out / name)}  {name}\n" for name in names))
    _openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", out / "SHA256SUMS", "-out", out / "SHA256SUMS.sig")


def notes(version: str, text: str, wanted: list[Artefact], left: list[Artefact], doubts: list[str]) -> str:
    """NOTES.md."""
    lines = [f"# suntap {version}", ""]
    lines += [f"**A draft:** {doubt}." for doubt in doubts] + [""] * bool(doubts)
    lines += [text, "", "| file | |", "|---|---|", *(f"| `{one.name}` | {one.what} |" for one in wanted), ""]
    if left:
        lines += ["Left out of this build: " + ", ".join(f"`{one.name}`" for one in left) + ".", ""]
    return "\n".join([*lines, "Checked with `sha256sum --check --ignore-missing SHA256SUMS`, and who made it with", "",
                      f"    {VERIFY}", ""])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _openssl(*words: object) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"openssl: {done.stderr.strip()}")


def key_of_updates() -> Path:
    """The pair that signs updates; image/deb/build.sh makes it where there is none."""
    return Path(os.environ.get("SUNTAP_UPDATE_KEY") or TOP / "build" / "update-key.pem")


def doubts_of(changelog: str, version: str) -> list[str]:
    """Why this is a draft."""
    status = subprocess.run(["git", "-C", TOP, "status", "--porcelain"], capture_output=True, text=True, check=False)
    dirty = ["it was not built from a commit"] if status.returncode or status.stdout.strip() else []
    return changes(changelog, version)[1] + dirty


def index_first(without: set[str]) -> None:
    """Make the index, unless left out; the image is then made from the state of Debian that it tells of."""
    (TOP / "build" / INDEX).unlink(missing_ok=True)
    if "index" not in without:
        print(f"building: {INDEX}", flush=True)
        subprocess.run([TOP / "image" / "deb" / "build.sh", "arm64"], cwd=TOP, check=True)     # makes the key
        done = subprocess.run([TOP / "image" / "index.py"], cwd=TOP, check=True, stdout=subprocess.PIPE, text=True)
        os.environ["SUNTAP_DEBIAN_STATE"] = done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run release", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without", action="append", choices=PARTS, default=[], metavar="PART",
                        help=f"leave a part out ({', '.join(PARTS)}); may be repeated")
    parser.add_argument("--draft", action="store_true", help="build in spite of doubts, and say them in the notes")
    chosen = parser.parse_args()
    without = set(chosen.without)
    found = re.search(r'^__version__ = "(.*)"', (TOP / "appliance" / "__init__.py").read_text(), re.M)
    assert found
    version, changelog = found[1], (TOP / "CHANGELOG.md").read_text()
    try:
        doubts = doubts_of(changelog, version)
        if doubts and not chosen.draft:
            raise ReleaseError(f"no release: {'; '.join(doubts)} (--draft builds all the same)")
        index_first(without)
        system = SYSTEM
        for place in range(len(artefacts(version, system))):
            artefact = artefacts(version, system)[place]
            if artefact.parts & without:
                print(f"left out: {artefact.name}", flush=True)
            elif artefact.build:
                print(f"building: {artefact.name}", flush=True)
                subprocess.run([TOP / artefact.build[0], *artefact.build[1:]], cwd=TOP, check=True)
            if "image" not in without and system == SYSTEM:
                system = system_bundle.version(system_bundle.ROOT)      # the image is made first
        out = TOP / "build" / "release"
        assemble(TOP / "build", out, version, system, key_of_updates(), changelog, without, doubts)
    except (ReleaseError, subprocess.CalledProcessError) as error:
        sys.exit(f"release: {error}")
    print(f"{out.relative_to(TOP)}:")
    for path in sorted(out.iterdir()):
        print(f"  {path.stat().st_size:>12,}  {path.name}")


if __name__ == "__main__":
    main()
