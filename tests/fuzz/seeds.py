"""Seeds for the fuzzer's readers: small capture files of every kind, and frames in every wrapping.

    python -m tests.fuzz.seeds      writes those that are missing into tests/fuzz/corpus
"""
import gzip
import hashlib
from pathlib import Path

from tests.spcore.files import CONTAINERS
from tests.spcore.tcp import Talk, post
from tests.spcore.test_tunnels import LAYERS, wrapped

CORPUS = Path(__file__).parent / "corpus"
FILE, IN_BYTES, RAW = b"\0\x20", b"\0\x60", b"\x40\0"


def seeds() -> list[bytes]:
    """Inputs in the harness's form."""
    stream = post(b"130\t1\n131\t2\n")
    frames = Talk().open().whole(stream, 100).frames
    files = [made([(time * 1000, 1, frame) for time, frame in frames]) for made in CONTAINERS.values()]
    found = [FILE + data for data in files]
    found += [IN_BYTES + files[0], FILE + gzip.compress(files[0], mtime=0), FILE + gzip.compress(files[-1], mtime=0)]
    for layer in LAYERS.values():
        packets = [frame for _, frame in wrapped(frames, layer)]
        found.append(RAW + b"".join(b"\1" + len(frame).to_bytes(2, "big") + frame for frame in packets))
    return found


def main() -> None:
    for data in seeds():
        (CORPUS / hashlib.sha1(data).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    main()
