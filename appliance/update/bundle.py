"""The update file: a tar of manifest.json, manifest.sig and system.raucb, in this order; an index may follow.

The signature (ed25519, checked by the openssl program) covers the manifest; the manifest names the system's version,
architecture, size and SHA-256. system.raucb is RAUC's own bundle, which has a signature of its own; RAUC does not see
it before its hash is verified. `write` makes such a file. Format 1 had a Debian package in the place of the system, for
cards with one slot: it is still made (image/update_bundle.py), and no longer read.
"""
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from appliance.errors import SuntapError
from appliance.system.plain_tar import Member, NoTar, Readable, members

MANIFEST, SIGNATURE, SYSTEM = "manifest.json", "manifest.sig", "system.raucb"
FORMAT = 2
MAX_MANIFEST = 16384
MAX_SYSTEM = 600 << 20
CHUNK = 1 << 20
VERSION = re.compile(r"[0-9][0-9A-Za-z.+~-]{0,63}")
NO_FILE = "no update file, or only a part of one: download it again"


class UpdateError(SuntapError):
    """The update is refused or cannot be installed. The text is one line: why, and what to do."""

    http_status = 400


@dataclass(frozen=True)
class Manifest:
    """The signed description of the system."""

    version: str
    architecture: str       # Debian's name: arm64, amd64
    size: int               # bytes of RAUC's bundle
    sha256: str
    schemas: Mapping[str, int] = field(default_factory=dict)    # schema → its newest migration in that system
    format: int = FORMAT


def read(source: Readable, public_key: Path) -> tuple[Manifest, Member]:
    """Read the bundle `source` as far as its system; return the verified manifest and the system, which is not.

    Raises UpdateError if the source is no bundle, ends too early, is not signed by `public_key` (PEM) or was changed.
    """
    try:
        files = members(source)
        data = _member(files, MANIFEST).read_all(MAX_MANIFEST + 1)
        verify(data, _member(files, SIGNATURE).read_all(MAX_MANIFEST), public_key)
        return _parse(data), _member(files, SYSTEM)
    except NoTar as error:
        raise UpdateError(NO_FILE) from error


def take(system: Member, manifest: Manifest, target: Path) -> None:
    """Copy the system to `target`, durably. Raises UpdateError if it is not what the manifest says, OSError."""
    digest, left = hashlib.sha256(), manifest.size
    try:
        with open(target, "wb", opener=_private) as file:
            while left and (data := system.read(min(CHUNK, left))):
                digest.update(data)
                file.write(data)
                left -= len(data)
            file.flush()
            os.fsync(file.fileno())
        rest = system.read(1)
    except NoTar as error:
        raise UpdateError(NO_FILE) from error
    if left or rest or digest.hexdigest() != manifest.sha256:
        raise UpdateError("the system in the update file was changed or is not whole: download it again")


def need_room(folder: Path, size: int) -> None:
    """Raises UpdateError unless the file system of `folder` has `size` bytes left, OSError."""
    if (free := shutil.disk_usage(folder).free) < size:
        raise UpdateError(f"not enough room on the data partition: {size >> 20} MiB are needed, {free >> 20} MiB are "
                          "free. Keep uploads for fewer days, or use a larger card")


def announced(path: Path, public_key: Path) -> Manifest:
    """Return the manifest of the bundle at `path`, whose system is not looked at. Raises UpdateError."""
    try:
        with open(path, "rb") as file:
            return read(file, public_key)[0]
    except OSError as error:
        raise UpdateError(f"{error.filename or path}: {error.strerror or error}") from error


def write(path: Path, system: Path, manifest: Manifest, private_key: Path, index: Path | None = None) -> Manifest:
    """Make a bundle of RAUC's bundle at `system`, signed with `private_key` (PEM), and return its manifest.

    Size and hash of `manifest` are filled in. The files of `index` (see module index) follow the system. Raises
    UpdateError, OSError.
    """
    with open(system, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    whole = Manifest(**{**asdict(manifest), "size": system.stat().st_size, "sha256": digest})
    data = (json.dumps(asdict(whole), indent=1) + "\n").encode()
    _parse(data)
    files: list[tuple[str, bytes | Path]] = [(MANIFEST, data), (SIGNATURE, sign(data, private_key)), (SYSTEM, system)]
    if index is not None:
        with open(index, "rb") as file:
            files += [(member.name, member.read()) for member in members(file)]
    pack(path, files)
    return whole


def pack(path: Path, files: Iterable[tuple[str, bytes | Path]]) -> None:
    """Write a tar of these files, given by content or path, the same for the same files. Raises OSError."""
    import tarfile  # a megabyte of memory, and few ever pack anything
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            with io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb") as file:
                info.size = file.seek(0, os.SEEK_END)
                file.seek(0)
                archive.addfile(info, file)


def sign(data: bytes, private_key: Path) -> bytes:
    """Return the signature of `data` by `private_key` (PEM, ed25519). Raises UpdateError."""
    with tempfile.TemporaryDirectory() as folder:
        source, signature = Path(folder, "data"), Path(folder, "signature")
        source.write_bytes(data)
        _run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(private_key), "-in", str(source),
             "-out", str(signature))
        return signature.read_bytes()


def _member(files: Iterator[Member], name: str) -> Member:
    found = next(files, None)
    if found is None or found.name != name:
        raise UpdateError(f"no update file of suntap: {name} is not where it belongs")
    return found


def verify(data: bytes, signature: bytes, public_key: Path) -> None:
    """Check that `signature` is that of `data` by the key whose public half is `public_key`. Raises UpdateError."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, MANIFEST).write_bytes(data)
        Path(folder, SIGNATURE).write_bytes(signature)
        if not public_key.exists():
            raise UpdateError(f"{public_key}: no key to check updates with: flash a new image instead")
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public_key),
                               "-in", f"{folder}/{MANIFEST}", "-sigfile", f"{folder}/{SIGNATURE}"],
                              capture_output=True, check=False)
    if done.returncode:
        raise UpdateError("the signature is not this box's maker's: the file was changed, or made for other boxes")


def _parse(data: bytes) -> Manifest:
    """Parse the manifest. Its signature is verified, so an error here means another version's tool, not an attack."""
    try:
        manifest = Manifest(**json.loads(data))
        sound = (VERSION.fullmatch(manifest.version) and re.fullmatch(r"[a-z0-9]+", manifest.architecture)
                 and re.fullmatch(r"[0-9a-f]{64}", manifest.sha256) and 0 < manifest.size <= MAX_SYSTEM
                 and all(type(newest) is int for newest in manifest.schemas.values()))
    except (ValueError, TypeError, AttributeError):
        manifest, sound = None, False
    if manifest is None or not sound or manifest.format != FORMAT:
        raise UpdateError("the update's description is of a kind this version does not know: flash a new image instead")
    return manifest


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _run(*command: str) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise UpdateError(f"{command[0]}: {done.stderr.decode(errors='replace').strip() or 'failed'}")
    return done.stdout
