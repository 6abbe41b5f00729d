"""Keys, packages and a box for the update tests: real openssl, real dpkg-deb, real SQLite, invented services."""
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.health import news
from appliance.system.clock import Clock
from appliance.update import bundle, fixes, index
from appliance.update.releases import Releases


def make_key(folder: Path, name: str) -> tuple[Path, Path]:
    """An ed25519 key pair: (private, public) PEM files."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(private)], check=True)
    subprocess.run(["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)], check=True)
    return private, public


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_key(tmp_path_factory.mktemp("keys"), "maker")


@pytest.fixture
def make_bundle(tmp_path: Path, keys: tuple[Path, Path]) -> Callable[..., Path]:
    """make_bundle("0.2.0", architecture="arm64", key=..., migrations=1): a bundle with a package of that version.

    `migrations`, `inbox_migrations`: how many its history and its inbox have in all.
    """
    def make(version: str, architecture: str = "arm64", key: Path | None = None, migrations: int = 1,
             inbox_migrations: int = 0) -> Path:
        tree = tmp_path / f"package-{version}-{architecture}"
        for path, text in {
            "DEBIAN/control": f"Package: suntap\nVersion: {version}\nArchitecture: {architecture}\n"
                              "Maintainer: a <a@localhost.invalid>\nDescription: test\n",
            "usr/lib/suntap/appliance/cli/__main__.py": f"print({version!r})\n",
            **{f"usr/lib/suntap/appliance/store/sql/{schema}/000{number + 1}_x.sql": ""
               for schema, count in (("store", migrations), ("inbox", inbox_migrations)) for number in range(count)},
        }.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
        package = tmp_path / f"{version}-{architecture}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(package)], check=True,
                       capture_output=True)
        bundle.write(target := tmp_path / f"{version}-{architecture}.bundle", package, key or keys[0])
        return target
    return make


NOON = 1_778_342_400.0      # 2026-05-09 16:00 UTC
MADE = int(NOON) - 86400
STATUS = """Package: openssl
Status: install ok installed
Version: 3.5.4-1
Architecture: arm64

Package: libssl3t64
Status: install ok installed
Source: openssl
Version: 3.5.4-1
Conffiles:
 /etc/x 1

Package: base-files
Status: install ok installed
Version: 13.8

Package: gone
Status: deinstall ok config-files
Version: 1.0
"""
LISTED = {"openssl": "3.5.4-1+deb13u1", "libssl3t64": "3.5.4-1+deb13u1", "gone": "2.0", "absent": "1.0"}


@pytest.fixture
def clock() -> Clock:
    """Stands still."""
    return Clock(0.0, NOON, 0.0)


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This system is a box with Debian 13 that lacks one fix; returns its dpkg status."""
    status = tmp_path / "dpkg-status"
    status.write_text(STATUS)
    monkeypatch.setattr(fixes, "suite", lambda: "trixie")
    monkeypatch.setattr(fixes, "architecture", lambda: "arm64")
    monkeypatch.setattr(news, "STATUS", status)
    return status


@pytest.fixture
def make_index(tmp_path: Path, keys: tuple[Path, Path]) -> Callable[..., Path]:
    """make_index(version="0.9.0", made=..., key=...): a signed index with LISTED, or with `listed`."""
    def make(version: str = "0.9.0", listed: dict[str, str] | None = None, key: Path | None = None,
             **more: object) -> Path:
        facts: dict[str, object] = {"version": version, "bundle": f"suntap_{version}_arm64.suntap-update",
                                    "architecture": "arm64", "suite": "trixie", "debian": "2026-05-08", "made": MADE,
                                    "size": 0, "sha256": ""}
        target = tmp_path / "suntap-arm64.index"
        index.write(target, LISTED if listed is None else listed, index.Index(**{**facts, **more}), key or keys[0])
        return target
    return make


class Processes:
    """Services that are as healthy as `sick` (versions that do not work) says, and migrate like the real ones."""

    def __init__(self, box: "Box") -> None:
        self.box, self.sick, self.log = box, set(), []

    def stop(self) -> None:
        self.log.append("stop")

    def start(self) -> None:
        self.log.append("start")
        steps = list((self.box.root / "current/usr/lib/suntap/appliance/store/sql/store").glob("*.sql"))
        if steps:
            with closing(sqlite3.connect(self.box.data / "suntap.sqlite3")) as store:
                store.execute(f"PRAGMA user_version = {len(steps)}")
                store.execute("INSERT INTO t VALUES ('migrated')")
                store.commit()

    def healthy(self) -> bool:
        return self.box.releases().current not in self.sick


class Box:
    """A releases folder and a data folder with a history at migration 1."""

    def __init__(self, folder: Path) -> None:
        self.root, self.data = folder / "releases", folder / "data"
        self.root.mkdir()
        self.data.mkdir()
        self.processes = Processes(self)
        with closing(sqlite3.connect(self.data / "suntap.sqlite3")) as store:
            store.executescript("PRAGMA user_version = 1; CREATE TABLE t (x); INSERT INTO t VALUES ('old')")

    def releases(self) -> Releases:
        return Releases(self.root, self.data, self.processes)

    def history(self) -> list[str]:
        with closing(sqlite3.connect(self.data / "suntap.sqlite3")) as store:
            return [row[0] for row in store.execute("SELECT x FROM t")]

    def starts(self) -> str:
        """What the current version prints when started, like /usr/bin/suntap does; "packaged" without one."""
        main = self.root / "current/usr/lib/suntap/appliance/cli/__main__.py"
        return subprocess.run(["python3", str(main)], capture_output=True, text=True,
                              check=True).stdout.strip() if main.exists() else "packaged"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)
