"""Test that the house keeps its own rules, and that each rule can fail."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from tests import house, module_names, safe_html

RULES = [
    house.providers_apart,
    house.request_at_the_door,
    house.sql_in_the_stores,
    house.settings_in_one_place,
    safe_html.safe_by_rendering,
    module_names.modules_are_nouns,
    house.small,
    house.explained,
    house.idle_when_imported,
]

LONG_FUNCTION = "def read():\n" + "    pass\n" * 40

OFFENCES = [
    (house.providers_apart, "chat.providers.new", "from flask import current_app"),
    (house.providers_apart, "chat.providers.new", "from chat.storage.database import Database"),
    (house.providers_apart, "chat.providers.new", "from chat.storage import database"),
    (house.providers_apart, "chat.providers", "from ..database import Database"),
    (house.request_at_the_door, "chat.people", "from flask import session"),
    (house.request_at_the_door, "chat.replies.log", "import flask\n\ndef name():\n    return flask.g.name"),
    (house.sql_in_the_stores, "chat.routes.pages", "from sqlalchemy import select"),
    (house.sql_in_the_stores, "chat.replies.writer", "import sqlite3"),
    (house.sql_in_the_stores, "chat.rendering.links", "QUERY = 'SELECT text FROM messages'"),
    (house.sql_in_the_stores, "chat.rendering.links", "QUERY = f'DELETE FROM {1}'"),
    (house.settings_in_one_place, "chat.config", "import os\n\nHOST = os.environ['HOST']"),
    (house.settings_in_one_place, "chat.providers.local", "from os import getenv"),
    (safe_html.safe_by_rendering, "chat.routes.pages", "HTML = Markup(text)"),
    (safe_html.safe_by_rendering, "chat.routes.pages", "HTML = markupsafe.Markup(f'<b>{name}</b>')"),
    (safe_html.safe_by_rendering, "chat.routes.pages", "HTML = Markup('<b>' + name)"),
    (safe_html.safe_by_rendering, "chat.routes.pages", "HTML = Markup(render_template_string(text))"),
    (safe_html.safe_by_rendering, "chat.routes.pages", "HTML = Markup('', **given)"),
    (safe_html.safe_by_rendering, "chat.routes.pages", "HTML = map(Markup, texts)"),
    (safe_html.safe_by_rendering, "chat.routes.pages", "from markupsafe import Markup as M"),
    (safe_html.safe_by_rendering, "chat.routes.pages", "def mark_safe(html: str) -> Markup:\n    return Markup(html)"),
    (
        safe_html.safe_by_rendering,
        "chat.routes.pages",
        "class Text(str):\n    def __html__(self):\n        return self",
    ),
    (safe_html.safe_by_rendering, "chat.rendering.links", "HTML = Markup(url)"),
    (module_names.modules_are_nouns, "chat.web.watching", ""),
    (module_names.modules_are_nouns, "chat.people.signing_in_and_told", ""),
    (module_names.modules_are_nouns, "chat.replies.shown", ""),
    (module_names.modules_are_nouns, "chat.storage.opened", ""),
    (house.small, "chat.config", LONG_FUNCTION),
    (house.small, "chat.config", "A = 1\n" * 201),
    (house.explained, "chat.config", "A = 1"),
    (house.explained, "chat.config", '"""A module."""\n\nclass Thing:\n    pass'),
    (house.idle_when_imported, "chat.config", "print('hello')"),
    (house.idle_when_imported, "chat.config", "for name in ():\n    pass"),
]


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.Module]:
    """Every module of the app."""
    return house.house()


def test_a_room_imports_from_rooms_below_it_only(modules: dict[str, ast.Module]) -> None:
    assert house.climbing(modules) == []


def test_no_modules_import_in_a_circle(modules: dict[str, ast.Module]) -> None:
    assert house.circles(modules) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_holds_a_rule(rule, modules: dict[str, ast.Module]) -> None:
    complaints = [complaint for name, tree in modules.items() for complaint in rule(name, tree)]

    assert complaints == []


@pytest.mark.parametrize(("rule", "module", "source"), OFFENCES)
def test_a_rule_sees_an_offence(rule, module: str, source: str) -> None:
    complaints = list(rule(module, ast.parse(source)))

    assert len(complaints) >= 1
    assert all(complaint.startswith(module) for complaint in complaints)


@pytest.mark.parametrize(
    "source",
    [
        "HTML = Markup()",
        "HTML = Markup('<b>{}</b>').format(name)",
        "HTML = Markup(render_template('page.html', name=name))",
        "def read(html: Markup) -> list[Markup]:\n    made: Markup = html\n    return [made]",
    ],
)
def test_a_literal_a_template_and_a_type_are_no_offence(source: str) -> None:
    assert list(safe_html.safe_by_rendering("chat.routes.pages", ast.parse(source))) == []


def test_every_noun_that_looks_like_a_participle_is_a_module(modules: dict[str, ast.Module]) -> None:
    assert {name.rpartition(".")[2] for name in modules} >= module_names.NOUNS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_is_shown_to_see_an_offence(rule) -> None:
    assert rule in {offence[0] for offence in OFFENCES}


@pytest.mark.parametrize(
    "source",
    [
        "from chat.replies.log import since",
        "from chat.replies import log",
        "from chat import replies",
        "import chat.replies.log",
        "from ..replies import log",
        "def late():\n    from chat.replies import log",
    ],
)
def test_an_import_from_above_is_seen_however_it_is_written(source: str) -> None:
    modules = {"chat.replies": "", "chat.replies.log": "", "chat.conversations.queries": source}

    complaints = house.climbing({name: ast.parse(text) for name, text in modules.items()})

    assert complaints[0].startswith("chat.conversations.queries imports chat.replies")


def test_a_module_in_no_room_is_seen() -> None:
    assert house.climbing({"chat.attic": ast.parse("")}) == ["chat.attic is in no room"]


def test_a_circle_inside_a_room_is_seen() -> None:
    modules = {"chat.rendering.a": "from . import b", "chat.rendering.b": "from chat.rendering.a import thing"}

    circles = house.circles({name: ast.parse(text) for name, text in modules.items()})

    assert len(circles) == 1
    assert "chat.rendering.a" in circles[0] and "chat.rendering.b" in circles[0]


def test_a_module_that_imports_its_own_package_is_a_circle() -> None:
    modules = {"chat.replies": "from chat.replies.log import since", "chat.replies.log": "from chat import replies"}

    assert house.circles({name: ast.parse(text) for name, text in modules.items()}) != []


def test_the_picture_of_the_house_names_the_rooms_from_top_to_bottom() -> None:
    picture = (house.TOP / "docs" / "architecture.md").read_text().split("```")[1]

    drawn = re.findall(r"│ (\w+)", picture)  # a box begins with its room's name

    assert drawn == [room.removeprefix("chat.") for room in house.ROOMS]


def test_no_template_marks_text_as_safe() -> None:
    marked = [str(path) for path in (house.TOP / "templates").rglob("*.*") if re.search(r"\|\s*safe", path.read_text())]

    assert marked == []


def test_the_servers_config_imports_nothing_of_ours_but_what_imports_nothing(modules: dict[str, ast.Module]) -> None:
    tree = ast.parse((house.TOP / "gunicorn.conf.py").read_text())
    used = [name for name in house.imported("gunicorn", tree, set()) if house.is_in(name, ["chat", "app"])]
    server = ("exits", "request_heads", "shutdown", "sockets", "console")
    ours = ("chat", "chat.server", "chat.server.logs", *(f"chat.server.{name}" for name in server))
    imports = {name for module in ours for name in house.imported(module, modules[module], set())}
    needed = {name for name in imports if not house.is_in(name, ["chat.server"])}

    functions = {"chat.server.logs.Json", "chat.server.console.drop_broken_streams", "chat.server.console.say"}
    assert set(used) == functions | {f"chat.server.{name}" for name in server if name != "console"}
    assert {name.partition(".")[0] for name in needed} <= sys.stdlib_module_names | {"gunicorn"}
