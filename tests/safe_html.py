"""Check the house rule about safe HTML: only `mark_safe` marks text as safe."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from tests.house import is_in


def safe_by_rendering(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about text that is marked as safe HTML anywhere except in rendering's `mark_safe`.

    Markup may receive a literal, a rendered template or nothing, and stand in annotations. It then escapes every value
    it is joined or formatted with.
    """
    allowed = {id(part) for node in ast.walk(tree) for part in harmless_markup(module, node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "__html__":
            yield f"{module} marks text as safe by __html__ in line {node.lineno}"
        elif isinstance(node, ast.alias) and node.name == "Markup" and node.asname:
            yield f"{module} calls Markup {node.asname}"
        elif is_markup(node) and id(node) not in allowed:
            yield f"{module} marks text as safe in line {node.lineno}"


def is_markup(node: ast.AST) -> TypeGuard[ast.Name | ast.Attribute]:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name == "Markup"


def harmless_markup(module: str, node: ast.AST) -> Iterator[ast.AST]:
    """List the uses of Markup that mark no user's text as safe."""
    if isinstance(node, ast.Call) and is_markup(node.func) and all(map(is_ours, [*node.args, *node.keywords])):
        yield node.func
    elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
        yield from ast.walk(node.annotation)
    elif isinstance(node, ast.FunctionDef):
        yield from ast.walk(node.returns or ast.Pass())
        if node.name == "mark_safe" and is_in(module, ["chat.rendering"]):
            yield from ast.walk(node)


def is_ours(argument: ast.AST) -> bool:
    """Tell whether an argument is our own text: a literal, or a template, which escapes."""
    called = argument.func if isinstance(argument, ast.Call) else None
    is_template = isinstance(called, ast.Name) and called.id == "render_template"
    return is_template or (isinstance(argument, ast.Constant) and isinstance(argument.value, str))
