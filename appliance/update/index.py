"""The index: what the maker says of the newest version and of Debian's security fixes, signed as an update is.

A tar of index.json, index.sig and security.list, in this order. It lies beside the update files on a web server, as
suntap-ARCHITECTURE.index; an update file has the same three behind its system. security.list has one line a package,
"NAME VERSION": the version that fixes all that Debian knows of. index.json names its size and its SHA-256, so one
signature covers both.
"""
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from appliance.system.plain_tar import Member, NoTar, Readable, members
from appliance.update import bundle
from appliance.update.bundle import VERSION, UpdateError

INDEX, SIGNATURE, LIST = "index.json", "index.sig", "security.list"
FORMAT = 1
MAX_DESCRIPTION = 16384
MAX_LIST = 4 << 20          # bytes; Debian 13 has less than a tenth of it
MAX_INDEX = MAX_LIST + (1 << 16)
LINE = re.compile(r"([a-z0-9][a-z0-9+.-]{1,127}) ([0-9][0-9A-Za-z.+:~-]{0,127})")
BUNDLE = re.compile(r"suntap-[0-9A-Za-z.+~-]{1,64}-[a-z0-9]{1,16}\.suntap-update")
NAME = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True)
class Index:
    """The signed description."""

    version: str            # of the newest system: suntap's, "+", and the day that it is of
    bundle: str             # the name of its update file, beside the index
    architecture: str       # Debian's name
    suite: str              # Debian's name of the system that the list is for: trixie
    debian: str             # YYYY-MM-DD: Debian's security state that the list tells of
    made: int               # UTC seconds
    size: int               # bytes of the list
    sha256: str
    format: int = FORMAT


def name(architecture: str) -> str:
    """The name of the index on a web server."""
    return f"suntap-{architecture}.index"


def read(source: Readable, public_key: Path) -> tuple[Index, dict[str, str]]:
    """Read an index, or the one in an update file; return it and package → version.

    Raises UpdateError if there is none, if it is truncated, not signed by this key or was changed after signing.
    """
    try:
        files = members(source)
        found = next((file for file in files if file.name == INDEX), None)
        if found is None:
            raise UpdateError("no list of security fixes is in it")
        data = found.read(MAX_DESCRIPTION + 1)
        bundle.verify(data, _next(next(files, None), SIGNATURE).read(MAX_DESCRIPTION), public_key)
        index = _parse(data)
        content = _next(next(files, None), LIST).read_all(MAX_LIST + 1)
    except NoTar as error:
        raise UpdateError("no list of security fixes, or only a part of one") from error
    if len(content) != index.size or hashlib.sha256(content).hexdigest() != index.sha256:
        raise UpdateError("the list was changed, or only a part of it is there")
    return index, _lines(content)


def write(path: Path, listed: dict[str, str], index: Index, private_key: Path) -> None:
    """Write an index with the list `listed`; size and hash of `index` are filled in. Raises UpdateError."""
    content = "".join(f"{package} {version}\n" for package, version in sorted(listed.items())).encode()
    _lines(content)
    whole = Index(**{**asdict(index), "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    data = (json.dumps(asdict(whole), indent=1) + "\n").encode()
    _parse(data)
    bundle.pack(path, [(INDEX, data), (SIGNATURE, bundle.sign(data, private_key)), (LIST, content)])


def _next(found: Member | None, wanted: str) -> Member:
    if found is None or found.name != wanted:
        raise UpdateError("no list of security fixes, or only a part of one")
    return found


def _parse(data: bytes) -> Index:
    """Parse the description. Its signature is verified, so an error here means another version's tool, or another file
    that is signed with the same key."""
    try:
        index = Index(**json.loads(data))
        date.fromisoformat(index.debian)
        sound = (VERSION.fullmatch(index.version) and BUNDLE.fullmatch(index.bundle)
                 and NAME.fullmatch(index.architecture) and NAME.fullmatch(index.suite) and index.made > 0
                 and 0 <= index.size <= MAX_LIST and index.format == FORMAT)
    except (ValueError, TypeError):
        sound = None
    if not sound:
        raise UpdateError("the list is of a kind that this version does not know: update suntap first")
    return index


def _lines(content: bytes) -> dict[str, str]:
    found = {}
    for line in content.decode("ascii", "replace").splitlines():
        parts = LINE.fullmatch(line)
        if parts is None:
            raise UpdateError("the list has a line that is none")
        found[parts[1]] = parts[2]
    return found
