"""An index is read whole and signed by the maker, alone or in an update file, or refused with one line."""
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.system.plain_tar import members
from appliance.update import bundle, index
from appliance.update.bundle import UpdateError
from tests.update.conftest import LISTED, make_key

Maker = Callable[..., Path]


def refusal(content: bytes, key: Path) -> str:
    with pytest.raises(UpdateError) as raised:
        index.read(io.BytesIO(content), key)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def parts(path: Path) -> dict[str, bytes]:
    return {member.name: member.read() for member in members(io.BytesIO(path.read_bytes()))}


def packed(folder: Path, files: dict[str, bytes]) -> bytes:
    bundle.pack(folder / "packed", files.items())
    return (folder / "packed").read_bytes()


def test_what_was_written_is_read(make_index: Maker, keys: tuple[Path, Path]) -> None:
    with open(make_index("0.9.0"), "rb") as file:
        found, listed = index.read(file, keys[1])
    assert (found.version, found.bundle, found.debian) == ("0.9.0", "suntap-0.9.0-arm64.suntap-update", "2026-05-08")
    assert listed == LISTED


def test_an_update_file_carries_it_and_is_still_installed_by_what_does_not_know_it(
        make_index: Maker, make_bundle: Maker, keys: tuple[Path, Path], tmp_path: Path) -> None:
    make_bundle("0.9.0")
    made = bundle.announced(tmp_path / "0.9.0-arm64.bundle", keys[1])
    bundle.write(tmp_path / "whole", tmp_path / "0.9.0-arm64.raucb", made, keys[0], make_index("0.9.0"))
    with open(tmp_path / "whole", "rb") as file:
        assert index.read(file, keys[1])[1] == LISTED
        file.seek(0)
        manifest, system = bundle.read(file, keys[1])
        bundle.take(system, manifest, tmp_path / "out")
    assert manifest == made and (tmp_path / "out").read_bytes() == (tmp_path / "0.9.0-arm64.raucb").read_bytes()
    assert "no list of security fixes is in it" in refusal((tmp_path / "0.9.0-arm64.bundle").read_bytes(), keys[1])


def test_every_shortened_index_is_refused(make_index: Maker, keys: tuple[Path, Path]) -> None:
    content = make_index().read_bytes()
    whole = len(content.rstrip(b"\0"))
    for size in [*range(0, whole, 256), whole - 1]:
        refusal(content[:size], keys[1])


def test_a_changed_list_and_a_changed_description_are_refused(make_index: Maker, keys: tuple[Path, Path],
                                                              tmp_path: Path) -> None:
    files = parts(make_index())
    changed = files[index.LIST].replace(b"deb13u1", b"deb13u0")
    assert "was changed" in refusal(packed(tmp_path, {**files, index.LIST: changed}), keys[1])
    newer = files[index.INDEX].replace(b"0.9.0", b"0.9.9")
    assert "signature" in refusal(packed(tmp_path, {**files, index.INDEX: newer}), keys[1])
    swapped = {index.INDEX: files[index.INDEX], index.LIST: files[index.LIST], index.SIGNATURE: b""}
    assert "only a part of one" in refusal(packed(tmp_path, swapped), keys[1])


def test_another_makers_index_is_refused(make_index: Maker, keys: tuple[Path, Path], tmp_path: Path) -> None:
    other, _ = make_key(tmp_path, "other")
    assert "signature" in refusal(make_index(key=other).read_bytes(), keys[1])


def test_an_update_s_signed_description_is_no_index_and_the_other_way_round(
        make_index: Maker, make_bundle: Maker, keys: tuple[Path, Path], tmp_path: Path) -> None:
    update, own = parts(make_bundle("0.9.0")), parts(make_index())
    posing = {index.INDEX: update[bundle.MANIFEST], index.SIGNATURE: update[bundle.SIGNATURE], index.LIST: b""}
    assert "kind that this version does not know" in refusal(packed(tmp_path, posing), keys[1])
    packed(tmp_path, {bundle.MANIFEST: own[index.INDEX], bundle.SIGNATURE: own[index.SIGNATURE],
                      bundle.SYSTEM: update[bundle.SYSTEM]})
    with pytest.raises(UpdateError, match="does not know"):
        bundle.announced(tmp_path / "packed", keys[1])


@pytest.mark.parametrize("facts", [
    {"bundle": "../../etc/x.suntap-update"}, {"bundle": "http://evil/x.suntap-update"}, {"made": 0}, {"debian": "May"},
    {"suite": "a b"}, {"architecture": "ARM/64"}, {"version": "new"}, {"format": 2}])
def test_what_cannot_be_right_is_not_even_written(make_index: Maker, facts: dict[str, object]) -> None:
    with pytest.raises(UpdateError, match="does not know"):
        make_index(**facts)


@pytest.mark.parametrize("listed", [{"Open SSL": "1"}, {"openssl": "one"}, {"openssl": "1\n2"}])
def test_a_line_that_is_none_is_refused(make_index: Maker, listed: dict[str, str]) -> None:
    with pytest.raises(UpdateError, match="a line that is none"):
        make_index(listed=listed)
