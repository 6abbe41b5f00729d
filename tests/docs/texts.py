"""The owners' texts (README.md, docs/*.md) as the tests read them: fenced blocks, commands, links."""
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<body>.*?)^(?P=indent)```$", re.M | re.S)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")


@dataclass(frozen=True)
class Command:
    """One command line of a text, without `sudo`."""

    text: Path
    line: str

    @property
    def words(self) -> list[str]:
        words = shlex.split(self.line, comments=True)
        return words[1:] if words[0] == "sudo" else words


def blocks(text: Path, language: str) -> list[str]:
    """The fenced blocks of that language."""
    return [match["body"] for match in FENCE.finditer(text.read_text()) if match["language"] == language]


def commands(text: Path) -> list[Command]:
    """Every line of its `sh` blocks that is not a comment alone."""
    lines = (line for block in blocks(text, "sh") for line in block.replace("\\\n", " ").splitlines())
    return [Command(text, line.strip()) for line in lines if line.strip() and not line.strip().startswith("#")]


def anchors(text: Path) -> set[str]:
    """What a link may name after #, as GitHub makes it of headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
