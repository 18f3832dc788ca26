"""Adapt math-core's MathML to our pages: no inline style, because our policy forbids it, and no menclose, because
Chromium doesn't draw it. static/css/formulas.css has the classes.
"""

from __future__ import annotations

import re

CLASSES = {
    "text-align: left": "left",
    "text-align: right": "right",
    "padding-left: 0": "tight-left",
    "padding-right: 0": "tight-right",
    "padding-left:1em": "apart",
    "padding-top: 0": "flat",
    "padding-top: 0.1667em": "low",
    "border-top: 0.05em solid currentcolor": "line-top",
    "border-left: 0.05em solid currentcolor": "line-left",
    "border-right: 0.05em solid currentcolor": "line-right",
    "border-top: 0.05em dashed currentcolor": "dash-top",
    "border-left: 0.05em dashed currentcolor": "dash-left",
    "border-right: 0.05em dashed currentcolor": "dash-right",
    "margin-left:-0.16666667em": "back-3",
    "margin-left:-0.22222222em": "back-4",
    "margin-left:-0.2777778em": "back-5",
}
"""math-core's declarations and our classes for them. We drop other declarations."""

ATTRIBUTES = {"color": "mathcolor", "font-size": "mathsize"}
"""math-core's properties and the attributes that mean the same."""

ENCLOSURES = {"box", "actuarial", "phasorangle", "updiagonalstrike", "downdiagonalstrike"}

ACCENTS = {
    f'<mo stretchy="true">{sign}</mo></{tag}>': f'<mo stretchy="true">{ours}</mo></{tag}>'
    for tag, sign, ours in (
        ("mover", "\u0302", "\u02c6"),
        ("mover", "~", "\u02dc"),
        ("mover", "\u0332", "\u203e"),
        ("munder", "\u0332", "_"),
    )
}
"""math-core's wide accents, and accents with a width, which Chromium centres and stretches."""

STYLE = re.compile(r'(<m[^<>]*?) style="([^"<>]*)"')
ENCLOSED = re.compile(r'<menclose notation="([a-z ]*)">')
STROKE = re.compile(r'<mrow class="menclose-\w+"></mrow>')
TAG = re.compile(r"<[^>]*>")


def fit(mathml: str) -> str:
    """Replace inline styles and menclose with classes and attributes."""
    styled = STYLE.sub(_restyle, mathml) if " style=" in mathml else mathml
    if "<mo stretchy" in styled:
        for theirs, ours in ACCENTS.items():
            styled = styled.replace(theirs, ours)
    if "<menclose" not in styled:
        return styled
    return ENCLOSED.sub(r'<mrow class="\1">', STROKE.sub("", styled)).replace("</menclose>", "</mrow>")


def _restyle(match: re.Match[str]) -> str:
    declarations = [part.strip() for part in match[2].split(";")]
    classes = " ".join(CLASSES[part] for part in declarations if part in CLASSES)
    pairs = (part.partition(":") for part in declarations)
    attributes = [f' {ATTRIBUTES[name]}="{value.strip()}"' for name, _, value in pairs if name in ATTRIBUTES]
    return match[1] + "".join(attributes) + (f' class="{classes}"' if classes else "")


def text_of(mathml: str) -> str:
    """Return the text of a drawing, still escaped for HTML."""
    return TAG.sub("", mathml)
