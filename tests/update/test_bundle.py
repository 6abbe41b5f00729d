"""What is not signed, not whole or not ours is refused, with the reason, before anything of it is used."""
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.update import bundle
from appliance.update.bundle import UpdateError
from tests.update.conftest import make_key

Make = Callable[..., Path]
Keys = tuple[Path, Path]


def test_a_bundle_gives_back_the_package_it_was_made_of(make_bundle: Make, keys: Keys, tmp_path: Path) -> None:
    path = make_bundle("0.2.0")
    manifest = bundle.read(path, keys[1], tmp_path / "out.deb")
    assert (manifest.version, manifest.architecture) == ("0.2.0", "arm64")
    assert (tmp_path / "out.deb").read_bytes() == (tmp_path / "0.2.0-arm64.deb").read_bytes()


def test_a_bundle_signed_by_another_key_is_refused(make_bundle: Make, keys: tuple[Path, Path], tmp_path: Path) -> None:
    other = make_key(tmp_path, "other")
    with pytest.raises(UpdateError, match="signature"):
        bundle.read(make_bundle("0.2.0", key=other[0]), keys[1], tmp_path / "out.deb")


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
            bundle.read(path, keys[1], tmp_path / "out.deb")


def test_a_truncated_bundle_is_refused_wherever_it_ends(make_bundle: Make, keys: Keys, tmp_path: Path) -> None:
    content = make_bundle("0.2.0").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        end = max(info.offset_data + info.size for info in archive)
    path = tmp_path / "short.bundle"
    for length in range(0, end, max(1, end // 40)):
        path.write_bytes(content[:length])
        with pytest.raises(UpdateError):
            bundle.read(path, keys[1], tmp_path / "out.deb")


@pytest.mark.parametrize("content", [b"", b"\0" * 20480, b"PK\x03\x04" + b"x" * 5000, b"not a bundle\n" * 1000])
def test_a_file_that_is_no_bundle_is_refused_in_one_line(content: bytes, keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UpdateError) as refusal:
        bundle.read(tmp_path / "file", keys[1], tmp_path / "out.deb")
    assert "\n" not in str(refusal.value)


def test_a_bundle_whose_members_are_links_or_out_of_order_is_refused(
        make_bundle: Make, keys: tuple[Path, Path], tmp_path: Path) -> None:
    evil = tmp_path / "evil.bundle"
    with tarfile.open(evil, "w") as archive:
        link = tarfile.TarInfo(bundle.MANIFEST)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        archive.addfile(link)
    with pytest.raises(UpdateError, match="no update file") as refused:
        bundle.read(evil, keys[1], tmp_path / "out.deb")
    assert "manifest.json" in str(refused.value.__cause__)
