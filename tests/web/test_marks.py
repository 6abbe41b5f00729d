"""Every text that a person can read is marked for translation, in the templates, the scripts and the lists of words.

A template is taken apart by Jinja's own lexer: what is left of it without marked texts and without expressions is HTML
in which no text and no labelled attribute may have a word; an expression in such a place may give no constant of its
own.
"""
import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

import webui
from tests.web.test_language import ATTRIBUTES, NO_TEXT, SILENT, UNITS
from webui import fields
from webui.language import N_

ROOT = Path(webui.__file__).parent
TEMPLATES = sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.svg")])
ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n"])
ENVIRONMENT.policies["ext.i18n.trimmed"] = True
NAMES = {"suntap", "PVOutput", "CSV", "SVG", "PNG", *UNITS}
NO_WORDS = ("url_for", "asset", "csrf", "get_flashed_messages")     # their arguments are names


def words(text: str) -> list[str]:
    """What of a text would have to be translated."""
    return [word for word in re.findall(r"[^\W\d_]{2,}", text) if word not in NAMES]


class Html(HTMLParser):
    """The texts and labels of a template, each with the numbers of the expressions in it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attrs if name in ATTRIBUTES]
        self._silent += tag in SILENT and tag not in NO_TEXT

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def taken_apart(source: str) -> tuple[str, list[str]]:
    """A template's HTML, each expression in it as <0>, <1>, and so on between NULs; and the expressions."""
    html, found = "", []
    kind, tokens, marked = "", "", False
    for _, token, value in ENVIRONMENT.lex(source):
        if token in ("block_begin", "variable_begin"):
            kind, tokens = token, ""
        elif token == "block_end":
            name, _, more = tokens.strip().partition(" ")
            marked = name == "trans" or more == "body_class" or (marked and name not in ("endtrans", "endblock"))
        elif token == "variable_end":
            if not marked:
                html += f" \0{len(found)}\0 "
                found.append(tokens)
            kind = ""
        elif token == "data":
            html += "" if marked else value
        elif kind and token not in ("comment_begin", "comment", "comment_end"):
            tokens += value
    return html, found


def given(node: nodes.Node) -> Iterator[str]:
    """The constants that an expression may come out as."""
    if isinstance(node, nodes.Const):
        yield from [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, nodes.CondExpr):
        yield from given(node.expr1)
        yield from given(node.expr2) if node.expr2 else []
    elif isinstance(node, nodes.Getitem):
        yield from given(node.node)
    elif isinstance(node, nodes.Dict):
        for pair in node.items:
            yield from given(pair.value)
    elif isinstance(node, nodes.Concat | nodes.Tuple | nodes.List):
        for part in node.nodes if isinstance(node, nodes.Concat) else node.items:
            yield from given(part)
    elif isinstance(node, nodes.BinExpr):
        yield from given(node.left)
        yield from given(node.right)
    elif isinstance(node, nodes.Filter):
        yield from given(node.node) if node.node else []
        for part in node.args if node.name == "default" else []:
            yield from given(part)
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "get":
        for part in [node.node.node, *node.args[1:]]:
            yield from given(part)


def forgotten(source: str) -> list[str]:
    """The texts of a template that carry no mark."""
    html, expressions = taken_apart(source)
    parser = Html()
    parser.feed(html)
    wrong = [text.strip() for text in parser.texts if words(re.sub(r"\0\d+\0", " ", text))]
    for number in {int(number) for text in parser.texts for number in re.findall(r"\0(\d+)\0", text)}:
        tree = ENVIRONMENT.parse(f"{{{{ {expressions[number]} }}}}")
        wrong += [text for output in tree.find_all(nodes.Output) for node in output.nodes for text in given(node)
                  if words(text)]
    tree = ENVIRONMENT.parse(source)
    apart: list[nodes.Node] = [node.node for node in tree.find_all(nodes.Assign)]
    apart += [node.iter for node in tree.find_all(nodes.For)]
    apart += [argument for node in tree.find_all(nodes.Call) if isinstance(node.node, nodes.Name)
              and node.node.name not in ("_", "gettext", "ngettext", *NO_WORDS) for argument in node.args]
    return wrong + [text for node in apart for text in given(node) if re.search("[A-Z ]", text.strip()) and words(text)]


@pytest.mark.parametrize(("source", "wrong"), [
    ("<p>{% trans %}Good{% endtrans %} 5 kWh {{ n }}</p>", []),
    ('<p class="x y" title="{{ _("Good") }}" aria-label="Bad {{ n }}">Worse</p>', ["Bad  \0" + "1\0", "Worse"]),
    ("{{ 'Bad' if x else _('Good') }}<i class=\"{{ 'fine' }}\"></i>", ["Bad"]),
    ("{{ {'a': _('Good'), 'b': 'Bad'}[x] }}{{ x or 'worse' }}{{ _('Good') ~ ' and bad' }}",
     ["Bad", "worse", " and bad"]),
    ("{% set x = {'one': 'Bad one', 'two': _('Good')} %}{% set y = 'name' %}", ["Bad one"]),
    ("{{ draw(x, 'Bad title') }}{{ draw(x, _('Good')) }}{{ url_for('a b') }}", ["Bad title"]),
    ("{% for x in ('Bad', _('Good')) %}{{ x }}{% endfor %}<code>make it</code><script>let x</script>", ["Bad"]),
    ("{% trans count=n %}One{% pluralize %}Many {{ count }}{% endtrans %}<p>Bad</p>", ["Bad"]),
])
def test_what_carries_no_mark_is_found(source: str, wrong: list[str]) -> None:
    assert sorted(forgotten(source)) == sorted(wrong)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_text_of_a_template_is_marked(path: Path) -> None:
    assert forgotten(path.read_text()) == []


def test_no_script_has_words_of_its_own() -> None:
    """They come with the page, in attributes."""
    for path in (ROOT / "static").glob("*.js"):
        code = re.sub(r"/\*.*?\*/|//.*", "", path.read_text(), flags=re.DOTALL)
        for said in re.findall(r"(?:textContent\s*=|say\().*", code):
            literals = re.findall(r'"([^"]*)"|`([^`]*)`', said)
            assert not [text for pair in literals for text in pair if re.search(r"[a-z]{2,} [a-z]{2,}", text)], said


def unmarked(tree: ast.Module) -> list[str]:
    """The strings of a module of words that are in no mark: no keys, no docstrings, no names of states."""
    kept: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            kept |= {id(key) for key in node.keys}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("N_", "_", "ngettext"):
            kept |= {id(part) for argument in node.args for part in ast.walk(argument)}
        elif isinstance(node, ast.Expr):
            kept.add(id(node.value))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and id(node) not in kept and re.search("[A-Z ]", node.value) and words(node.value)]


FOR_PROGRAMS = {"errors.py": ("API_", "HOST")}      # constants whose readers are programs, or no browser of the owner's


@pytest.mark.parametrize("path", sorted((ROOT / "words").glob("*.py")), ids=lambda path: path.name)
def test_every_word_of_a_page_is_marked(path: Path) -> None:
    tree = ast.parse(path.read_text())
    tree.body = [node for node in tree.body if not (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.startswith(FOR_PROGRAMS.get(path.name, ("\0",))))]
    assert unmarked(tree) == []


def test_every_field_of_the_settings_is_marked() -> None:
    for key, field in fields.FIELDS.items():
        texts = [field.label, field.hint, *(said for _, said in field.choices)]
        assert [text for text in texts if words(text) and not isinstance(text, N_)] == [], key
    assert [title for _, title in fields.SECTIONS if words(title) and not isinstance(title, N_)] == [
        "Home Assistant (MQTT)"]        # names


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.name)
def test_no_message_after_a_form_is_made_of_a_bare_text(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("flash", "Outcome", "PasswordError"):
            assert not [part for part in node.args[:2] if isinstance(part, ast.JoinedStr) or (
                isinstance(part, ast.Constant) and words(str(part.value)) and part.value not in ("bad", True, False))]
