"""Test that the documentation matches the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from flask import Flask

import app as front_door
from chat import config, rendering
from chat.config import Setting, Settings
from chat.routes.streaming.sse_format import event

TOP = Path(__file__).parent.parent
DOCS = TOP / "docs"
PAGES = sorted([*TOP.glob("*.md"), *DOCS.rglob("*.md")])


def documented() -> dict[str, tuple[str, str]]:
    """Read the table of docs/configuration.md: name to default and meaning."""
    table = (DOCS / "configuration.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\| (.*) \|$", table, re.MULTILINE)
    return {name: (default.strip(), meaning) for name, default, meaning in rows}


def blocks(name: str, language: str) -> list[str]:
    """Read the code blocks in one language from a page of the documentation."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / name).read_text(), re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """List the addresses of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = [re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


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


def test_the_growing_page_shows_what_is_sent() -> None:
    page = (DOCS / "growing-html.md").read_text().replace("\\|", "|").replace("⏎", "\n")
    rows = re.findall(r"^\| (\d\.\d\d) \| `(.+?)` \| (.*?) ?\|$", page, re.MULTILINE | re.DOTALL)
    growing = rendering.IncrementalRenderer("m42")

    begun = "".join(growing.begin([], 0))
    sent = [[event(message) for message in growing.feed(piece, float(second))] for second, piece, _ in rows]

    assert begun == "" and len(rows) >= 10
    assert sent == [[f"{told}\n\n" for told in re.findall("`(.+?)`", events)] for *_, events in rows]
    assert growing.end()[1] == rendering.digest(blocks("growing-html.md", "html")[0].removesuffix("\n"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", page.read_text())
    broken = []
    for link in re.findall(r"\]\((?!https?:)([^)]*)\)|(?:src|srcset)=\"([^\"]*)\"", text):
        name, _, anchor = "".join(link).partition("#")
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append("".join(link))

    assert broken == []


def test_the_index_lists_every_decision() -> None:
    index = (DOCS / "decisions" / "README.md").read_text()
    pages = [page for page in PAGES if page.parent.name == "decisions" and page.name != "README.md"]
    titles = [title for page in pages for title in re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE)]

    assert len(titles) >= 100
    assert [title for title in titles if f"- [{title}](" not in index] == []


@pytest.mark.parametrize("page", [DOCS / "architecture.md", DOCS / "growing-html.md"], ids=lambda page: page.name)
def test_every_file_that_the_pages_on_the_code_name_is_there(page: Path) -> None:
    folders = [TOP / name for name in ("chat", "static", "templates", "tests")]
    files = [
        path.as_posix() for path in (*TOP.glob("*.py"), *(file for folder in folders for file in folder.rglob("*.*")))
    ]
    named = re.findall(r"[\w/.-]+\.(?:py|js|html|css)\b", page.read_text())

    assert len(named) > 5
    assert [name for name in named if not any(file.endswith(f"/{name}") for file in files)] == []
