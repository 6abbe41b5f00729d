"""Files of an untrusted tar: read as the standard library reads them, and nothing but plain files."""
import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.system.plain_tar import MAX_MEMBERS, NoTar, members

FILES = st.lists(st.tuples(st.text("abcdefgh/.-", min_size=1, max_size=60), st.binary(max_size=2000)), max_size=6)


def packed(files: list[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT, kind: bytes = tarfile.REGTYPE) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.type = len(data), 1.5, kind     # a fraction needs an extended header
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def read(data: bytes) -> list[bytes]:
    return [member.read() for member in members(io.BytesIO(data))]


@given(FILES)
def test_files_come_in_order_with_their_content(files: list[tuple[str, bytes]]) -> None:
    assert read(packed(files)) == [data for _, data in files]


@given(FILES)
def test_a_file_that_is_not_read_does_not_shift_the_next(files: list[tuple[str, bytes]]) -> None:
    found = [member.size for member in members(io.BytesIO(packed(files, tarfile.USTAR_FORMAT)))]
    assert found == [len(data) for _, data in files]


@given(st.binary(min_size=1, max_size=1500), st.data())
def test_a_tar_cut_anywhere_before_its_end_is_refused(content: bytes, data: st.DataObject) -> None:
    whole = packed([("one", content)])
    at = data.draw(st.integers(0, 512 + len(content) - 1))
    with pytest.raises(NoTar):
        read(whole[:at])


@given(st.binary(max_size=3000))
def test_any_bytes_are_files_or_no_tar(data: bytes) -> None:
    with suppress(NoTar):
        read(data)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_plain_file_is_refused(kind: bytes) -> None:
    with pytest.raises(NoTar, match="no plain file"):
        read(packed([("x", b"")], tarfile.USTAR_FORMAT, kind))


def test_more_files_than_a_backup_has_are_refused() -> None:
    fits = [(str(number), b"") for number in range(MAX_MEMBERS - 1)]
    assert len(read(packed(fits, tarfile.USTAR_FORMAT))) == MAX_MEMBERS - 1
    with pytest.raises(NoTar, match="more than"):
        read(packed([*fits, ("a", b""), ("b", b"")], tarfile.USTAR_FORMAT))
