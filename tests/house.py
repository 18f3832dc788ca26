"""Check the house rules against source text with `ast`: who may import whom, and what belongs in which room.

A rule is a function from a module's name and its tree to complaints, one line each.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

TOP = Path(__file__).parent.parent

ROOMS = [
    "app",
    "chat.cli",
    "chat.routes",
    "chat.web",
    "chat.replies",
    "chat.conversations",
    "chat.registry",
    "chat.people",
    "chat.providers",
    "chat.rendering",
    "chat.storage",
    "chat.config",
    "chat.metrics",
    "chat.server",
]
"""A room may import only from the rooms below it."""

STORES = {
    "chat.storage",
    "chat.people",
    "chat.registry",
    "chat.conversations",
    "chat.replies.log",
    "chat.replies.notifications",
}
WEB = {"flask", "flask_session", "htmx_flask", "werkzeug", "jinja2", "markupsafe"}
OF_A_REQUEST = {"request", "session", "g"}
HARMLESS = {"sqlalchemy.Row", "sqlalchemy.exc"}
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|PRAGMA)\b")

LONGEST_FUNCTION = 40
LONGEST_FILE = 200


def house() -> dict[str, ast.Module]:
    """Read every module of the app, by name."""
    paths = [TOP / "app.py", *sorted((TOP / "chat").rglob("*.py"))]
    return {name_of(path.relative_to(TOP)): ast.parse(path.read_text()) for path in paths}


def name_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def is_in(module: str, rooms: set[str] | list[str]) -> bool:
    return any(f"{module}.".startswith(f"{room}.") for room in rooms)


def imported(module: str, tree: ast.Module, packages: set[str]) -> Iterator[str]:
    """List all imports of a module, at any place in it, as full dotted names down to the imported name."""
    here = module if module in packages else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here.split(".")[: here.count(".") + 2 - node.level] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def ours(module: str, tree: ast.Module, names: set[str]) -> set[str]:
    """List our own modules that a module imports."""
    packages = {name.rpartition(".")[0] for name in names}
    pairs = ((name, name.rpartition(".")[0]) for name in imported(module, tree, packages))
    return {name if name in names else source for name, source in pairs if {name, source} & (names - {"chat"})}


def climbing(modules: dict[str, ast.Module]) -> list[str]:
    """Complain about imports from a room above, and about modules in no room."""
    complaints = [f"{name} is in no room" for name in modules if name != "chat" and not is_in(name, ROOMS)]
    for name, tree in modules.items():
        for other in ours(name, tree, set(modules)):
            if floor(other) < floor(name):
                complaints.append(f"{name} imports {other} from above")
    return complaints


def floor(module: str) -> int:
    return next((number for number, room in enumerate(ROOMS) if is_in(module, [room])), len(ROOMS))


def circles(modules: dict[str, ast.Module]) -> list[str]:
    """Complain about modules that import one another."""
    try:
        TopologicalSorter({name: ours(name, tree, set(modules)) for name, tree in modules.items()}).prepare()
    except CycleError as error:
        return [" -> ".join(error.args[1])]
    return []


def providers_apart(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about providers that import Flask, or one of our rooms except settings and server."""
    if not is_in(module, ["chat.providers"]):
        return
    own = ["chat.providers", "chat.config", "chat.server"]
    for name in imported(module, tree, {"chat.providers"}):
        if name.split(".")[0] in WEB or (is_in(name, ["chat"]) and not is_in(name, own)):
            yield f"{module} imports {name}"


def request_at_the_door(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about the request, the session or g outside routes/ and web/."""
    if is_in(module, ["chat.routes", "chat.web"]):
        return
    for name in [*imported(module, tree, set()), *dotted(tree)]:
        if name in {f"flask.{thing}" for thing in OF_A_REQUEST}:
            yield f"{module} uses {name}"


def sql_in_the_stores(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about SQL outside the stores."""
    if is_in(module, STORES):
        return
    for name in imported(module, tree, set()):
        if is_in(name, ["sqlalchemy", "sqlite3", "psycopg"]) and not is_in(name, HARMLESS):
            yield f"{module} imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield f"{module} holds {node.value[:40]!r}"


def settings_in_one_place(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about the environment outside app.py, which passes it to config."""
    if module == "app":
        return
    for name in [*imported(module, tree, set()), *dotted(tree)]:
        if name in {"os.environ", "os.environb", "os.getenv"}:
            yield f"{module} uses {name}"


def small(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about functions and files that are too long."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and lines(node) > LONGEST_FUNCTION:
            yield f"{module}.{node.name} has {lines(node)} lines"
    if tree.body and (tree.body[-1].end_lineno or 0) > LONGEST_FILE:
        yield f"{module} has {tree.body[-1].end_lineno} lines"


def lines(node: ast.FunctionDef) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def explained(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about modules and public classes without a docstring; a function's name can be enough."""
    if not ast.get_docstring(tree):
        yield f"{module} has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{module}.{node.name} has no docstring"


def idle_when_imported(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about modules that run code when imported; Alembic runs env.py instead of importing it."""
    quiet = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.If)
    for node in tree.body if module != "chat.storage.migrations.env" else ():
        if not isinstance(node, quiet) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield f"{module} does something in line {node.lineno}"


def dotted(tree: ast.Module) -> Iterator[str]:
    """List all uses of the form `module.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
