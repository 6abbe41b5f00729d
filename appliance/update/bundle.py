"""The update file: a tar of manifest.json, manifest.sig and suntap.deb, in this order; an index may follow.

The signature (ed25519, checked by the openssl program) covers the manifest; the manifest names the package's version,
architecture, size and SHA-256. The package is not opened before its hash is verified. `write` makes such a file.
"""
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.errors import SuntapError
from appliance.system.plain_tar import Member, NoTar, members

MANIFEST, SIGNATURE, PACKAGE = "manifest.json", "manifest.sig", "suntap.deb"
FORMAT = 1
MAX_MANIFEST = 16384
MAX_PACKAGE = 64 << 20
CHUNK = 1 << 20
VERSION = re.compile(r"[0-9][0-9A-Za-z.+~-]{0,63}")


class UpdateError(SuntapError):
    """The bundle is refused or cannot be installed. The text is one line: why, and what to do."""

    http_status = 400


@dataclass(frozen=True)
class Manifest:
    """The signed description of the package."""

    version: str
    architecture: str       # Debian's name: arm64, amd64
    size: int               # bytes of the package
    sha256: str
    format: int = FORMAT


def read(path: Path, public_key: Path, package: Path) -> Manifest:
    """Check the bundle at `path` against `public_key` (PEM), write its package to `package` and return the manifest.

    Raises UpdateError if the file is no bundle, is truncated, is not signed by this key or was changed after signing.
    """
    try:
        with open(path, "rb") as file:
            files = members(file)
            data = _member(files, MANIFEST).read(MAX_MANIFEST + 1)
            signature = _member(files, SIGNATURE).read(MAX_MANIFEST)
            verify(data, signature, public_key)
            manifest = _parse(data)
            _copy(_member(files, PACKAGE), manifest, package)
    except NoTar as error:
        raise UpdateError(f"{path.name}: no update file, or only a part of one: download it again") from error
    except OSError as error:
        raise UpdateError(f"{error.filename or path}: {error.strerror or error}") from error
    return manifest


def announced(path: Path, public_key: Path) -> Manifest:
    """Return the manifest of the bundle at `path`, whose package is not looked at. Raises UpdateError."""
    try:
        with open(path, "rb") as file:
            files = members(file)
            data = _member(files, MANIFEST).read(MAX_MANIFEST + 1)
            verify(data, _member(files, SIGNATURE).read(MAX_MANIFEST), public_key)
    except NoTar as error:
        raise UpdateError(f"{path.name}: no update file, or only a part of one: download it again") from error
    except OSError as error:
        raise UpdateError(f"{error.filename or path}: {error.strerror or error}") from error
    return _parse(data)


def write(path: Path, package: Path, private_key: Path, index: Path | None = None) -> Manifest:
    """Make a bundle of the Debian package at `package`, signed with `private_key` (PEM), and return its manifest.

    The files of `index` (see module index) follow the package; versions that do not know them do not look at them.
    Raises UpdateError.
    """
    fields = _run("dpkg-deb", "--field", str(package), "Version", "Architecture").decode()
    found = dict(line.split(": ", 1) for line in fields.splitlines())
    content = package.read_bytes()
    manifest = Manifest(found["Version"], found["Architecture"], len(content), hashlib.sha256(content).hexdigest())
    data = (json.dumps(asdict(manifest), indent=1) + "\n").encode()
    files = [(MANIFEST, data), (SIGNATURE, sign(data, private_key)), (PACKAGE, content)]
    if index is not None:
        with open(index, "rb") as file:
            files += [(member.name, member.read()) for member in members(file)]
    pack(path, files)
    return manifest


def pack(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a tar of these files, the same for the same files."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


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
    """Parse the manifest. Its signature is verified, so an error here means a newer or broken tool, not an attack."""
    try:
        manifest = Manifest(**json.loads(data))
        sound = (VERSION.fullmatch(manifest.version) and re.fullmatch(r"[a-z0-9]+", manifest.architecture)
                 and re.fullmatch(r"[0-9a-f]{64}", manifest.sha256) and 0 < manifest.size <= MAX_PACKAGE)
    except (ValueError, TypeError):
        manifest, sound = None, False
    if manifest is None or not sound or manifest.format != FORMAT:
        raise UpdateError("the update's description is of a kind this version does not know: flash a new image instead")
    return manifest


def _copy(source: Member, manifest: Manifest, target: Path) -> None:
    digest, left = hashlib.sha256(), manifest.size
    with open(target, "wb") as file:
        while left and (data := source.read(min(CHUNK, left))):
            digest.update(data)
            file.write(data)
            left -= len(data)
    if left or source.read(1) or digest.hexdigest() != manifest.sha256:
        raise UpdateError("the package in the update file was changed or is not whole: download it again")


def _run(*command: str) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise UpdateError(f"{command[0]}: {done.stderr.decode(errors='replace').strip() or 'failed'}")
    return done.stdout
