"""Test that the package has no way for a text to become a program."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests import house

PROGRAMS = {
    "chat.storage.backups.postgres": "pg_dump and psql, with the arguments of whoever runs bin/backup",
    "chat.providers.local.child": "llama.cpp, with arguments that no visitor names",
}
"""The modules that start other programs, and which."""

STARTING = {"subprocess", "multiprocessing", "pty", "os.system", "os.popen", "os.exec", "os.spawn", "os.posix_spawn"}
NEVER = {
    *("pickle", "marshal", "shelve", "dill", "yaml", "code", "codeop", "runpy", "xml", "telnetlib", "ftplib"),
    *("flask.render_template_string", "jinja2.Template", "flask_cors", "markupsafe.Markup.unescape"),
}
BUILT_IN = {"eval", "exec", "compile", "__import__"}


def dangers(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about code that runs, unpickles or compiles a text, or that starts a program that isn't listed."""
    used = {*house.imported(module, tree, set()), *house.dotted(tree)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    yield from (f"{module} calls {name}" for name in called & BUILT_IN)
    yield from (f"{module} uses {name}" for name in used if house.is_in(name, NEVER))
    if module not in PROGRAMS:
        yield from (f"{module} uses {name}" for name in used if name.startswith(tuple(STARTING)))
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "shell":
            yield f"{module} asks for a shell in line {node.value.lineno}"


def test_no_text_becomes_a_program() -> None:
    """OW 26-0765, 26-0766, 26-0767; LC 26-22252; CL 26-45018; ALLM 23-4899, 26-32628; GR 23-6572; LB 25-55182: there
    are no tools, plugins, code runs or agents here, and nothing to make one with.
    """
    modules = house.house()

    assert [danger for name, tree in modules.items() for danger in dangers(name, tree)] == []
    assert modules.keys() >= PROGRAMS.keys()


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "exec(text)",
        "__import__(text)",
        "import pickle",
        "from yaml import load",
        "from flask import render_template_string",
        "import flask\nflask.render_template_string(text)",
        "import subprocess",
        "import os\nos.system(text)",
        "import os\nos.execv(text)",
        "run(text, shell=False)",
    ],
)
def test_a_way_for_a_text_to_become_a_program_is_seen(line: str) -> None:
    assert list(dangers("chat.naming", ast.parse(line)))
