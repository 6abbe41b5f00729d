"""The vendored chart is the package's, byte by byte, and nothing else of others is served."""
import hashlib
import re
from pathlib import Path

import webui

STATIC = Path(webui.__file__).parent / "static"


def test_every_vendored_file_has_the_checksum_that_its_readme_names() -> None:
    for folder in (STATIC / "vendor").iterdir():
        text = (folder / "README.md").read_text()
        named = dict(re.findall(r"^\| ([\w.]+) \| ([0-9a-f]{64}) \|$", text, re.MULTILINE))
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
                 if path.name != "README.md"}
        assert found == named and "LICENSE" in found


def test_uplot_is_all_there_is() -> None:
    assert [folder.name for folder in (STATIC / "vendor").iterdir()] == ["uplot"]


def test_no_file_of_the_page_names_another_host() -> None:
    for path in [*STATIC.glob("*"), *(STATIC.parent / "templates").rglob("*.html")]:
        if path.is_file() and path.suffix in (".js", ".css", ".html", ".svg"):
            text = path.read_text().replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://", text), path


def test_no_template_has_inline_script_or_style_or_unescaped_text() -> None:
    for path in (STATIC.parent / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*(?:\ssrc=|type=\"application/json\"))", text), path
        assert not re.search(r"\sstyle=|\son\w+=|<style|\|\s*safe|autoescape false", text), path
