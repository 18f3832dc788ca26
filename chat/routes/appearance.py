"""How pages look in this browser: theme, text size, sidebar. A cookie keeps each choice for a year."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, render_template, request

from chat.config.durations import YEAR
from chat.routes import pages
from chat.web import access, cookies, urls

CHOICES = {
    "theme": ("system", "light", "dark"),
    "size": ("normal", "small", "large", "larger"),
    "sidebar": ("open", "folded"),
}
"""The values of each choice, the default first."""

bp = Blueprint("appearance", __name__)


def register(app: Flask) -> None:
    """Give templates `appearance()`, the choices of the browser."""
    app.jinja_env.globals["appearance"] = read_choices


@bp.post("/appearance")
def change() -> Response:
    """Keep what the form chose. htmx gets the colours of the browser's bars, a plain form its page."""
    chosen = {name: request.form[name] for name, values in CHOICES.items() if request.form.get(name) in values}
    if pages.wants_fragment():
        response = Response(render_template("appearance/_changed.html", choices=read_choices() | chosen))
    else:
        response = urls.lead_to(access.local_path(request.form.get("next", "")))
    for name, value in chosen.items():  # a cookie for each, so that two forms at once don't undo each other
        cookies.set_cookie(response, cookies.APPEARANCE[name], value, YEAR)
    return response


def read_choices() -> dict[str, str]:
    """Return the choices; an unknown value counts as the default."""
    kept = {name: cookies.read(cookies.APPEARANCE[name]) for name in CHOICES}
    return {name: kept[name] if kept[name] in values else values[0] for name, values in CHOICES.items()}
