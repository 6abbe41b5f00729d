"""What is not signed, not whole or not ours is refused, with the reason, before anything of it is used."""
import io
import json
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.update import bundle
from appliance.update.bundle import Manifest, UpdateError
from tests.update.conftest import make_key

Make = Callable[..., Path]
Keys = tuple[Path, Path]


def taken(path: Path, key: Path, target: Path) -> Manifest:
    """Read the whole update file; the system in it is in `target` then."""
    with open(path, "rb") as source:
        manifest, system = bundle.read(source, key)
        bundle.take(system, manifest, target)
    return manifest


def test_a_bundle_gives_back_the_system_it_was_made_of(make_bundle: Make, keys: Keys, tmp_path: Path) -> None:
    manifest = taken(make_bundle("0.2.0", migrations=7), keys[1], tmp_path / "out")
    assert (manifest.version, manifest.architecture, manifest.schemas) == ("0.2.0", "arm64", {"store": 7, "inbox": 0})
    assert (tmp_path / "out").read_bytes() == (tmp_path / "0.2.0-arm64.raucb").read_bytes()
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    assert bundle.announced(tmp_path / "0.2.0-arm64.bundle", keys[1]) == manifest


def test_a_bundle_signed_by_another_key_is_refused(make_bundle: Make, keys: tuple[Path, Path], tmp_path: Path) -> None:
    other = make_key(tmp_path, "other")
    with pytest.raises(UpdateError, match="signature"):
        taken(make_bundle("0.2.0", key=other[0]), keys[1], tmp_path / "out")


def test_no_changed_byte_of_a_bundle_is_accepted(make_bundle: Make, keys: tuple[Path, Path], tmp_path: Path) -> None:
    """Every member's content is attacked at several places; the padding of the tar is nobody's."""
    content = make_bundle("0.2.0").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        places = [(info.offset_data + info.size * part // 5) for info in archive for part in range(5)]
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1
        path = tmp_path / "changed.bundle"
        path.write_bytes(changed)
        with pytest.raises(UpdateError):
            taken(path, keys[1], tmp_path / "out")


def test_a_truncated_bundle_is_refused_wherever_it_ends(make_bundle: Make, keys: Keys, tmp_path: Path) -> None:
    content = make_bundle("0.2.0").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        end = max(info.offset_data + info.size for info in archive)
    path = tmp_path / "short.bundle"
    for length in range(0, end, max(1, end // 40)):
        path.write_bytes(content[:length])
        with pytest.raises(UpdateError):
            taken(path, keys[1], tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"\0" * 20480, b"PK\x03\x04" + b"x" * 5000, b"not a bundle\n" * 1000])
def test_a_file_that_is_no_bundle_is_refused_in_one_line(content: bytes, keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UpdateError) as refusal:
        taken(tmp_path / "file", keys[1], tmp_path / "out")
    assert "\n" not in str(refusal.value)


def test_a_bundle_whose_members_are_links_or_out_of_order_is_refused(
        make_bundle: Make, keys: tuple[Path, Path], tmp_path: Path) -> None:
    evil = tmp_path / "evil.bundle"
    with tarfile.open(evil, "w") as archive:
        link = tarfile.TarInfo(bundle.MANIFEST)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        archive.addfile(link)
    with pytest.raises(UpdateError, match="no update file") as refused:
        taken(evil, keys[1], tmp_path / "out")
    assert "manifest.json" in str(refused.value.__cause__)


def test_the_earlier_format_with_a_package_is_refused_with_the_way_on(keys: Keys, tmp_path: Path) -> None:
    data = json.dumps({"version": "0.2.0", "architecture": "arm64", "size": 7, "sha256": "0" * 64,
                       "format": 1}).encode()
    bundle.pack(tmp_path / "earlier", [(bundle.MANIFEST, data), (bundle.SIGNATURE, bundle.sign(data, keys[0])),
                                       ("suntap.deb", b"package")])
    with pytest.raises(UpdateError, match="flash a new image instead"):
        bundle.announced(tmp_path / "earlier", keys[1])


@pytest.mark.parametrize("wrong", [{"size": bundle.MAX_SYSTEM + 1}, {"size": 0}, {"version": "../x"}, {"sha256": "x"},
                                   {"schemas": []}, {"schemas": {"store": "7"}}, {"more": 1}, {"architecture": "a/b"}])
def test_a_signed_description_of_another_kind_is_refused(keys: Keys, tmp_path: Path, wrong: dict[str, object]) -> None:
    data = json.dumps({"version": "0.2.0", "architecture": "arm64", "size": 7, "sha256": "0" * 64, "schemas": {},
                       "format": 2, **wrong}).encode()
    bundle.pack(tmp_path / "odd", [(bundle.MANIFEST, data), (bundle.SIGNATURE, bundle.sign(data, keys[0])),
                                   (bundle.SYSTEM, b"content")])
    with pytest.raises(UpdateError, match="of a kind this version does not know"):
        bundle.announced(tmp_path / "odd", keys[1])


def test_a_large_system_passes_in_pieces(keys: Keys, tmp_path: Path) -> None:
    """It is not read into memory, in neither direction."""
    with open(tmp_path / "large", "wb") as large:
        large.truncate(96 << 20)
    tracemalloc.start()
    bundle.write(tmp_path / "bundle", tmp_path / "large", Manifest("1", "arm64", 0, "0" * 64), keys[0])
    taken(tmp_path / "bundle", keys[1], tmp_path / "out")
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    assert (tmp_path / "out").stat().st_size == 96 << 20


def test_a_disk_without_room_is_said_in_mebibytes(tmp_path: Path) -> None:
    bundle.need_room(tmp_path, 1)
    with pytest.raises(UpdateError, match=r"not enough room .*: 1099511627776 MiB are needed"):
        bundle.need_room(tmp_path, 1 << 60)
