"""The report as one HTML file: no network, no other file, and nothing in it that a model or a dataset could run.

- Every value is escaped by jinja2, and passes `visible` first (the environment's `finalize`): no bidi control stays.
- The rows are JSON in a block that is data, not script, with `<`, `>` and `&` escaped; the script writes only text.
- The Content-Security-Policy allows the one script and the one style sheet of this page, by hash, and no request.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jinja2

from toolgemma.evaluation.report.blocks import Code, Matrix, Plots, Section, Table, Text
from toolgemma.evaluation.report.headline import Card
from toolgemma.evaluation.report.rows import Browser
from toolgemma.evaluation.report.text import visible

_ASSETS = resources.files("toolgemma.evaluation.report") / "assets"


@dataclass(frozen=True, slots=True)
class Page:
    """All that a report says, in the order in which it is read."""

    title: str
    subtitle: str
    cards: Sequence[Card]
    sections: Sequence[Section]
    browser: Browser
    settings: Sequence[Section]
    """Sections that stand after the rows."""


def html(page: Page) -> str:
    """The page as a whole HTML document."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    style, script = _asset("report.css"), _asset("report.js")
    rows = {"rows": page.browser.rows, "views": page.browser.views, "systems": page.browser.systems}
    return environment.from_string(_asset("report.html.jinja")).render(
        page=page,
        policy=_policy(style, script),
        style=style,
        script=script,
        rows=rows,
        kind=_kind,
    )


def _finalize(value: Any) -> Any:
    """Markup (our own style, script and drawings, and escaped JSON) as it is; any other text made visible."""
    return value if hasattr(value, "__html__") or not isinstance(value, str) else visible(value)


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _kind(block: object) -> str:
    kinds = {Text: "text", Table: "table", Matrix: "matrix", Plots: "plots", Code: "code"}
    return kinds[type(block)]


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8").replace("\r\n", "\n")
