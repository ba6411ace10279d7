"""Write the report: read what was saved, say it in sections, write both documents.

Costs seconds: bootstrap intervals and the marking of differences. Loads no model and no torch.
"""

from pathlib import Path
from typing import Any

from toolgemma import rundir
from toolgemma.config import EMBEDDED
from toolgemma.evaluation.report import headline, mistakes, saved, training
from toolgemma.evaluation.report.document import markdown
from toolgemma.evaluation.report.page import Page, html
from toolgemma.evaluation.report.rows import browser
from toolgemma.evaluation.report.text import one_line
from toolgemma.evaluation.runner import METRICS_FILE

REPORT = "report.html"


def write_report(path: Path) -> Path:
    """Write the report of the evaluation that `path` names (a run, a checkpoint, an evaluation or its metrics.json).

    Returns the HTML file, which lies beside metrics.json; the Markdown file has the same name with the suffix .md.

    Raises:
        DataError: there is no evaluation, or its files can't be read or don't belong together.
        CheckpointError: the folder can't be written.
    """
    found = saved.read(path)
    page = make_page(found)
    target = report_file(found.metrics_file)
    rundir.write_text(target, html(page))
    rundir.write_text(target.with_suffix(".md"), markdown(page))
    return target


def report_file(metrics_file: Path) -> Path:
    """Where the report of an evaluation lies: report.html, or NAME.report.html for figures in NAME.json."""
    return metrics_file.with_name(REPORT if metrics_file.name == METRICS_FILE else f"{metrics_file.stem}.{REPORT}")


def make_page(found: saved.Saved) -> Page:
    """Everything that the report says."""
    first = headline.headline(found)
    return Page(
        title=f"Tool calling: {_named(found, 'base', 'model')} on {_named(found, 'dataset', 'rows')}",
        subtitle=f"{found.metrics.get('rows')} rows of {_short(found.metrics.get('split'))}, headline view "
        f"{found.metrics.get('headline_view')}, toolgemma {found.metrics.get('toolgemma')}",
        cards=headline.cards(first),
        sections=(
            headline.before_after(first),
            headline.groups(first),
            mistakes.taxonomy(found),
            mistakes.tools(found),
            mistakes.length(found),
            training.learning(found),
        ),
        browser=browser(found),
        settings=(training.data(found), training.settings(found)),
    )


def _named(found: saved.Saved, key: str, what: str) -> str:
    name = _short(found.metrics.get(key))
    return f"the embedded {what}" if name == EMBEDDED else name


def _short(name: Any) -> str:
    """A Hub id as it is; of a folder its last part."""
    whole = str(name)
    return one_line(Path(whole).name if Path(whole).is_absolute() else whole, 120)
