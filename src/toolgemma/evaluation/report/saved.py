"""The files that a report is made from, read and checked; nothing else is looked at, and no model is loaded.

    RUN/evaluation/metrics.json                 figures of every system            needed
    RUN/evaluation/[untuned.]predictions.jsonl  one line a generated turn          needed
    RUN/metrics.jsonl                           learning curves                    else its section says so
    RUN/data_report.json  config.yaml           data, settings                     likewise
    RUN/checkpoint-*/manifest.json              versions, machine, best step       likewise

Figures and predictions must be of the same evaluation: a report of mixed files would be a lie.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgemma import rundir
from toolgemma.errors import DataError
from toolgemma.evaluation.decisions import HEADLINE_VIEW
from toolgemma.evaluation.metrics import PRIMARY
from toolgemma.evaluation.runner import METRICS_FILE, run_folder
from toolgemma.evaluation.score import CallScore, Score, score_from_record

Call = Mapping[str, Any]
"""{"name": ..., "arguments": {...}}"""
SYSTEMS = ("untuned", "tuned")


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn as one view asks for it: what is right, what is offered, and what the completion earned."""

    content: str
    calls: Sequence[Call]
    offered: Sequence[str]
    unanswerable: bool
    score: Score


@dataclass(frozen=True, slots=True)
class Line:
    """One generated turn of predictions.jsonl."""

    row: str
    turn: str
    position: int
    query_type: str
    prompt_sha256: str
    prompt_tokens: int
    messages: Sequence[Mapping[str, Any]] | None
    """What the model was told, as OpenAI messages; None in files of an evaluation that didn't save them."""
    completion: str
    tokens: int
    ended: str
    content: str
    calls: Sequence[Call]
    malformed: Sequence[Mapping[str, str]]
    views: Mapping[str, Asked]

    @property
    def key(self) -> tuple[str, int, str]:
        """The same question has the same key in the predictions of every system."""
        return self.row, self.position, self.prompt_sha256


@dataclass(frozen=True, slots=True)
class Saved:
    """An evaluation and the run it belongs to, as they lie on disk."""

    metrics_file: Path
    metrics: Mapping[str, Any]
    predictions: Mapping[str, Path]
    """By system, in the order of `SYSTEMS`; `lines` likewise."""
    lines: Mapping[str, Sequence[Line]]
    curve: Sequence[Mapping[str, Any]]
    data_report: Mapping[str, Any] | None
    config: str | None
    manifest: Mapping[str, Any] | None
    missing: Sequence[str]
    """Files that weren't found, by name."""

    def decisions(self, system: str, view: str = HEADLINE_VIEW) -> Iterator[tuple[Line, Asked, CallScore]]:
        """Every tool-call decision (D1) of a system in a view."""
        for line in self.lines[system]:
            asked = line.views.get(view)
            if asked is not None and isinstance(asked.score, CallScore):
                yield line, asked, asked.score


def metrics_file(path: Path) -> Path:
    """The metrics.json that a path means: the file itself, or that of an evaluation's, run's or checkpoint's folder.

    Raises:
        DataError: there is none.
    """
    if path.is_file():
        return path
    for folder in (path, path / rundir.EVALUATION, run_folder(path) / rundir.EVALUATION):
        if (folder / METRICS_FILE).is_file():
            return folder / METRICS_FILE
    raise DataError(
        f"{path} holds no {METRICS_FILE}: name a run or an evaluation's folder, and before that run "
        "`toolgemma evaluate --model_path RUN`"
    )


def read(path: Path) -> Saved:
    """Everything that a report shows of the evaluation that `path` names.

    Raises:
        DataError: no evaluation is there, a file can't be read, or the files don't belong together.
    """
    file = metrics_file(path)
    metrics = _json(file)
    if metrics.get("suite") == "bfcl":
        raise DataError(f"{file} holds figures of --suite bfcl, which has no report; its tables lie beside, as .md")
    systems = metrics.get("systems")
    if not isinstance(systems, Mapping) or not {"views", "intervals", "predictions"} <= systems.get("tuned", {}).keys():
        raise DataError(f"{file} holds no figures of `toolgemma evaluate`: name its metrics.json, or evaluate again")
    predictions = {
        name: file.with_name(str(systems[name]["predictions"]))
        for name in SYSTEMS
        if name in systems and "predictions" in systems[name]
    }
    lines = {name: _lines(predictions[name]) for name in predictions}
    for name in lines:
        _check_same_evaluation(file, predictions[name], lines[name], systems[name])
    run = _run(file, metrics)
    checkpoint = run / Path(str(metrics.get("checkpoint", rundir.FINAL))).name
    found = {
        rundir.METRICS: run / rundir.METRICS,
        rundir.DATA_REPORT: run / rundir.DATA_REPORT,
        rundir.CONFIG: run / rundir.CONFIG,
        rundir.MANIFEST: checkpoint / rundir.MANIFEST,
    }
    missing = [name for name, place in found.items() if not place.is_file()]
    return Saved(
        metrics_file=file,
        metrics=metrics,
        predictions=predictions,
        lines=lines,
        curve=[] if rundir.METRICS in missing else _curve(found[rundir.METRICS]),
        data_report=None if rundir.DATA_REPORT in missing else _json(found[rundir.DATA_REPORT]),
        config=None if rundir.CONFIG in missing else _text(found[rundir.CONFIG]),
        manifest=None if rundir.MANIFEST in missing else _json(found[rundir.MANIFEST]),
        missing=missing,
    )


def _run(file: Path, metrics: Mapping[str, Any]) -> Path:
    """The run's folder: around the evaluation's where that is one, else where the evaluated checkpoint was."""
    around = file.resolve().parent.parent
    if (around / rundir.CONFIG).is_file() or (around / rundir.METRICS).is_file():
        return around
    return run_folder(Path(str(metrics.get("checkpoint", around))))


def _check_same_evaluation(file: Path, path: Path, lines: Sequence[Line], system: Mapping[str, Any]) -> None:
    scores = [asked.score for line in lines for view, asked in line.views.items() if view == HEADLINE_VIEW]
    calls = [score for score in scores if isinstance(score, CallScore)]
    recorded = system["views"].get(HEADLINE_VIEW, {}).get("D1", {}).get(PRIMARY, {"numerator": 0, "denominator": 0})
    found = (sum(score.correct for score in calls), len(calls))
    if found != (recorded["numerator"], recorded["denominator"]):
        raise DataError(
            f"{path} and {file} are not of the same evaluation: {PRIMARY} is {found[0]}/{found[1]} in one, "
            f"{recorded['numerator']}/{recorded['denominator']} in the other; run `toolgemma evaluate` again"
        )


def _lines(path: Path) -> list[Line]:
    found = []
    for number, text in enumerate(_text(path).split("\n"), start=1):
        if number == 1 or not text:
            continue
        try:
            found.append(_line(json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} line {number} is not of an evaluation ({error!r}): evaluate again") from error
    return sorted(found, key=lambda line: (_order(line.row), line.position))


def _line(record: Mapping[str, Any]) -> Line:
    return Line(
        **{name: record[name] for name in Line.__slots__ if name not in ("messages", "views")},
        messages=record.get("messages"),
        views={
            view: Asked(
                content=entry["gold"]["content"],
                calls=entry["gold"]["calls"],
                offered=entry["offered"],
                unanswerable=entry["gold_unanswerable"],
                score=score_from_record(entry["score"]),
            )
            for view, entry in record["views"].items()
        },
    )


def _order(row: str) -> tuple[str, int, str]:
    """Sorts "test/9" before "test/10"."""
    split, _, number = row.rpartition("/")
    return split, int(number) if number.isdecimal() else 0, number


def _curve(path: Path) -> list[Mapping[str, Any]]:
    """The lines of metrics.jsonl; one torn by a kill is left out, as training itself does."""
    found: list[Mapping[str, Any]] = []
    for text in _text(path).split("\n"):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("step"), int):
            found.append(value)
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_text(path))
    except ValueError as error:
        raise DataError(f"{path} is no JSON ({error}): it was damaged; run the command that writes it again") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} holds no JSON object: it was damaged; run the command that writes it again")
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"can't read {path} ({error}); run `toolgemma evaluate` again") from error
