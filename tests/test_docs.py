"""Test that the documentation matches the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from flask import Flask

import app as front_door
from chat import config
from chat.config import Setting, Settings

DOCS = Path(__file__).parent.parent / "docs"


def documented() -> dict[str, tuple[str, str]]:
    """Read the table of docs/configuration.md: name to default and meaning."""
    table = (DOCS / "configuration.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\| (.*) \|$", table, re.MULTILINE)
    return {name: (default.strip(), meaning) for name, default, meaning in rows}


def blocks(name: str, language: str) -> list[str]:
    """Read the code blocks in one language from a page of the documentation."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL)


def written(setting: Setting) -> str:
    """Format a default as the documentation does."""
    if isinstance(setting.default, Path):
        return "instance/, beside app.py"
    number = isinstance(setting.default, float)
    return f"`{setting.default:g}`" if number else f"`{setting.default}`" if setting.default not in ("", ()) else ""


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_documented_with_its_default_and_its_meaning(setting: Setting) -> None:
    assert documented()[setting.name] == (written(setting), setting.meaning)


def test_nothing_is_documented_that_is_no_setting() -> None:
    assert list(documented()) == [setting.name for setting in config.SETTINGS]


@pytest.mark.parametrize("example", blocks("configuration.md", "sh"))
def test_an_example_of_settings_can_be_used(example: str, tmp_path: Path) -> None:
    words = shlex.split(re.sub(r"\$\(.*?\)", "x" * 64, example))
    environ = dict(word.split("=", 1) for word in words if "=" in word)

    settings = config.load(environ | {"INSTANCE": str(tmp_path)})

    assert environ
    assert set(environ) <= {setting.name for setting in config.SETTINGS}
    assert settings.access in {"local", "open", "team"}


def test_the_commands_of_the_documentation_can_be_typed_one_after_the_other(app: Flask) -> None:
    lines = [line for block in blocks("operating.md", "sh") for line in block.splitlines()]

    done = [app.test_cli_runner().invoke(args=shlex.split(line)[1:]) for line in lines]

    assert {line.split()[0] for line in lines} == {"bin/flask"} and len(lines) >= 7
    assert [(result.exit_code, result.output) for result in done if result.exit_code] == []


def test_the_provider_of_the_documentation_answers(settings: Settings) -> None:
    names: dict = {}
    exec(compile(blocks("providers.md", "python")[0], "docs/providers.md", "exec"), names)
    app = front_door.build(settings, {"echo": names["Echo"]()})

    response = app.test_client().post("/conversations", data={"text": "Is it you?"}, headers={"Accept": "text/plain"})

    assert response.status_code == 200
    assert "Is it you?" in response.text
    app.extensions["rivulet"].database.dispose()
