"""The owners' texts: links lead somewhere, pictures are there and small, settings are called as the page calls them,
configurations are taken by whom they are for."""
import re
import tomllib
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from appliance import settings
from tests.docs.texts import LINK, ROOT, TEXTS, anchors, blocks
from tests.outputs.support import House
from tests.pictures import LIMIT_BYTES
from webui import create_app
from webui.fields import SECTIONS

TEMPLATES = ROOT / "webui" / "templates"
NAMED = re.compile(r"Settings › \*?(.{1,40})")
THEIRS = ["Dashboards"]             # Home Assistant has Settings too


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_links_and_pictures_lead_somewhere(text: Path) -> None:
    for path, anchor in LINK.findall(text.read_text()):
        target = (text.parent / path).resolve() if path else text
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), anchor


def test_every_picture_is_shown_and_small() -> None:
    shown = {(text.parent / path).resolve() for text in TEXTS for path, _ in LINK.findall(text.read_text())}
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert pictures and set(pictures) <= shown
    assert all(picture.stat().st_size <= LIMIT_BYTES for picture in pictures)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_a_text_names_settings_as_the_page_does(text: Path) -> None:
    headings = [unescape(found) for path in TEMPLATES.glob("*.html")
                for found in re.findall(r"<h2[^>]*>(?:{% trans %})?([^<{]+)", path.read_text())]
    titles = tuple(title.replace("’", "'") for title in [*(title for _, title in SECTIONS), *headings, *THEIRS])
    for named in NAMED.findall(text.read_text().replace("\n", " ")):
        assert named.startswith(titles), named


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_a_text_s_settings_file_is_one(text: Path, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(text, "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(block)
        assert tomllib.loads(block) and settings.unknown_keys(settings.load(path)) == []


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_yaml_is_yaml(text: Path) -> None:
    for block in blocks(text, "yaml"):
        assert isinstance(yaml.safe_load(block), dict)


def test_without_mqtt_home_assistant_asks_for_what_the_api_answers(tmp_path: Path) -> None:
    (rest,) = [block for text in blocks(ROOT / "docs" / "home-assistant.md", "yaml")
               for block in yaml.safe_load(text)["rest"]]
    house = House(tmp_path)
    house.fill(1)
    app = create_app(tmp_path / "suntap.toml", tmp_path, house.clock)
    app.extensions["suntap-auth"].set_password("correct horse battery")
    answer = app.test_client().get(urlsplit(rest["resource"]).path).json
    fields = [field for sensor in rest["sensor"] for part in ("value_template", "availability")
              for field in re.findall(r"value_json\.(\w+)", sensor.get(part, ""))]
    assert len(fields) > 4 and set(fields) <= set(answer)
