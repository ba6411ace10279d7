"""predictions.jsonl: one line per generated turn, written as it comes, so that a killed evaluation goes on; at the end
in the order of the rows.

    {"kind": "toolgemma predictions", "version": 1, "identity": {...}}        the model, decoding and number format
    {"row": "test/0", "turn": "D1", "prompt_sha256": ..., "completion": ..., "views": {"repaired": {..., "score": ...}}}

A line holds the messages before the turn, the completion as it was generated and, per view, the gold turn, the offered
tools and the score, so that every figure can be recomputed, and two runs compared, from this file alone. Turns whose
prompt is the same in several views stand once. A completion is taken up again iff the file's identity is that of the
present run and the prompt's SHA-256 is the same; everything derived from it (calls, scores) is computed anew.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

from toolgemma.conversation import ToolCall, to_openai
from toolgemma.errors import CheckpointError
from toolgemma.evaluation.decisions import Decision
from toolgemma.evaluation.score import Score, score
from toolgemma.evaluation.summary import Scored
from toolgemma.format.parse import ParsedTurn
from toolgemma.inference.completion import Completion
from toolgemma.rundir import write_text

KIND = "toolgemma predictions"
VERSION = 1
Complete = Callable[[Sequence[Sequence[int]]], Iterator[tuple[int, Completion]]]
"""Takes prompts as token ids, yields (index, completion) in any order, as `inference.generate.generate` does."""


@dataclass(frozen=True, slots=True)
class Task:
    """One turn to generate, with the decisions of all views that prompt for it with the same tokens."""

    prompt: tuple[int, ...]
    sha256: str
    decisions: tuple[Decision, ...]
    cluster: str
    """The row's group of near-duplicates."""


def tasks(
    decisions: Iterable[Decision],
    encode: Callable[[Decision], Sequence[int]],
    clusters: Mapping[str, str] | None = None,
) -> list[Task]:
    """Group decisions of the same row, turn and prompt; `encode` gives a decision's prompt as token ids.

    `clusters` names the group of near-duplicates of a row, where it isn't alone.
    """
    groups = clusters or {}
    grouped: dict[tuple[str, int, str], list[Decision]] = {}
    prompts: dict[str, tuple[int, ...]] = {}
    for decision in decisions:
        prompt = tuple(encode(decision))
        sha256 = hash_prompt(prompt)
        prompts[sha256] = prompt
        grouped.setdefault((decision.row, decision.position, sha256), []).append(decision)
    return [
        Task(prompts[sha256], sha256, tuple(found), groups.get(row, row)) for (row, _, sha256), found in grouped.items()
    ]


def hash_prompt(prompt: Sequence[int]) -> str:
    """SHA-256 of a prompt's token ids: the same in every run and process."""
    return hashlib.sha256(json.dumps(list(prompt)).encode("ascii")).hexdigest()


def scored(task: Task, completion: Completion, parsed: ParsedTurn) -> list[Scored]:
    """The task's decisions with the scores that `completion`, parsed as `parsed`, earns."""
    truncated = completion.ended == "length"
    return [Scored.of(decision, score(decision, parsed, truncated)) for decision in task.decisions]


def record(task: Task, completion: Completion, parsed: ParsedTurn) -> dict[str, Any]:
    """The line of one generated turn."""
    first = task.decisions[0]
    return {
        "row": first.row,
        "turn": first.turn,
        "position": first.position,
        "query_type": first.query_type,
        "cluster": task.cluster,
        "prompt_sha256": task.sha256,
        "prompt_tokens": len(task.prompt),
        "messages": to_openai(first.history)["messages"],
        "completion": completion.text,
        "tokens": completion.tokens,
        "ended": completion.ended,
        "content": parsed.content,
        "calls": call_records(parsed.calls),
        "malformed": [asdict(entry) for entry in parsed.malformed],
        "views": {
            decision.view: _view(decision, entry.score)
            for decision, entry in zip(task.decisions, scored(task, completion, parsed), strict=True)
        },
    }


def predict(
    tasks: Sequence[Task],
    *,
    parse: Callable[[str], ParsedTurn],
    complete: Complete,
    path: Path,
    identity: Mapping[str, Any],
    progress: Progress,
) -> list[Scored]:
    """Complete each distinct prompt that `path` doesn't hold yet, append every line as it comes; all scores."""
    by_prompt: dict[str, list[Task]] = {}
    for task in tasks:
        by_prompt.setdefault(task.sha256, []).append(task)

    def records(sha256: str, completion: Completion) -> list[dict[str, Any]]:
        parsed = parse(completion.text)
        return [record(task, completion, parsed) for task in by_prompt[sha256]]

    prompts = {sha256: found[0].prompt for sha256, found in by_prompt.items()}
    done = collect(prompts, records=records, complete=complete, path=path, identity=identity, progress=progress)
    return [entry for task in tasks for entry in scored(task, done[task.sha256], parse(done[task.sha256].text))]


def collect(
    prompts: Mapping[str, Sequence[int]],
    *,
    records: Callable[[str, Completion], Iterable[Mapping[str, Any]]],
    complete: Complete,
    path: Path,
    identity: Mapping[str, Any],
    progress: Progress,
) -> dict[str, Completion]:
    """Completions of `prompts` (by SHA-256): those that `path` holds, else made now; `records` gives a prompt's lines.

    Lines are appended in the order in which completions come; at the end the file is put in the order of `prompts`.

    Raises:
        CheckpointError: `path` can't be read or written.
    """
    done, note = read_completions(path, identity)
    if note:
        progress.console.print(note, soft_wrap=True)
    done = {sha256: completion for sha256, completion in done.items() if sha256 in prompts}
    missing = [sha256 for sha256 in prompts if sha256 not in done]
    if done:
        progress.console.print(f"{path}: {len(done)} of {len(prompts)} prompts are answered already", soft_wrap=True)
    bar = progress.add_task("turns", total=len(prompts), completed=len(done))
    lines = {sha256: list(records(sha256, completion)) for sha256, completion in done.items()}
    with writing(path, identity, (line for found in lines.values() for line in found)) as append:
        for index, completion in complete([prompts[sha256] for sha256 in missing]):
            sha256 = missing[index]
            done[sha256], lines[sha256] = completion, list(records(sha256, completion))
            for line in lines[sha256]:
                append(line)
            progress.advance(bar)
    _write(path, identity, (line for sha256 in prompts for line in lines[sha256]))
    return done


def read_completions(path: Path, identity: Mapping[str, Any]) -> tuple[dict[str, Completion], str | None]:
    """Completions by prompt SHA-256 of an earlier, perhaps killed, run; and a sentence for people if they don't count.

    A file of another identity is kept beside as `previous.NAME`. A half-written line is left out.

    Raises:
        CheckpointError: something is there that can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        raise CheckpointError(f"can't read {path}: {error}; remove it, or choose another output file") from error
    header = _json_object(lines[0])
    if header != _header(identity):
        kept = path.with_name(f"previous.{path.name}")
        path.replace(kept)
        return {}, f"{path} is not of this run ({_difference(header, identity)}): starting anew; it is kept as {kept}"
    found = {}
    for line in lines[1:-1]:  # what follows the last line end is empty or half-written
        entry = _json_object(line)
        if entry and {"prompt_sha256", "completion", "tokens", "ended"} <= entry.keys():
            found[entry["prompt_sha256"]] = Completion(entry["completion"], entry["tokens"], entry["ended"])
    return found, None


@contextmanager
def writing(
    path: Path, identity: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Begin the file anew with a header and `records`; the function it gives appends one and flushes it.

    Raises:
        CheckpointError: the folder can't be written.
    """
    _write(path, identity, records)
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:

            def append(entry: Mapping[str, Any]) -> None:
                file.write(_line(entry))
                file.flush()

            yield append
    except OSError as error:
        raise CheckpointError(f"can't write {path}: {error}; free some space and run this again: it goes on") from error


def _write(path: Path, identity: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> None:
    write_text(path, "".join(_line(entry) for entry in (_header(identity), *records)))


def _view(decision: Decision, found: Score) -> dict[str, Any]:
    return {
        "gold": {"content": decision.gold.content, "calls": call_records(decision.calls)},
        "offered": list(decision.offered),
        "gold_unanswerable": decision.gold_unanswerable,
        "label": found.label,
        "sublabel": found.sublabel,
        "score": asdict(found),
    }


def call_records(calls: Iterable[ToolCall]) -> list[dict[str, Any]]:
    """Calls as JSON."""
    return [{"name": call.name, "arguments": dict(call.arguments)} for call in calls]


def _header(identity: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": KIND, "version": VERSION, "identity": dict(identity)}


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False) + "\n"


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _difference(header: Mapping[str, Any] | None, identity: Mapping[str, Any]) -> str:
    """Names of what differs between a file's header and the present run."""
    before = (header or {}).get("identity")
    if not isinstance(before, Mapping):
        return "no header"
    differing = [key for key in sorted({*before, *identity}) if before.get(key) != identity.get(key)]
    return ", ".join(differing) + " differ" if differing else "another file version"
