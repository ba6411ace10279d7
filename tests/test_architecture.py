"""The floors of docs/architecture.md: who may import whom, and which floors start without torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "toolgemma"
FLOORS = {
    "errors": 0, "config": 0, "hub": 0, "rundir": 0,
    "conversation": 1, "schema": 1,
    "data": 2, "format": 2,
    "tokens": 3, "sample": 3,
    "model": 4,
    "training": 5, "inference": 5,
    "evaluation": 6, "doctor": 6,
    "cli": 7,
}  # fmt: skip
MAY_SHARE_A_FLOOR = {0, 1}  # single modules on the ground may use each other; folders on one floor may not
NO_NAMES = {"utils", "util", "common", "core", "base", "registry", "factory", "manager", "helpers", "misc"}
HEAVY = ("torch", "transformers", "datasets", "peft", "accelerate", "pandas")


def room(module: str) -> str:
    """The floor's room that a dotted module name below toolgemma belongs to."""
    return module.split(".")[1] if "." in module else "__init__"


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(absolute module name, at module level) of each import of a file; TYPE_CHECKING blocks count as module level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(child) for function in functions for child in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) not in inside
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            if module == "toolgemma":
                for alias in node.names:
                    yield f"toolgemma.{alias.name}", id(node) not in inside
            else:
                yield module, id(node) not in inside


def source_files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def test_every_module_has_a_floor():
    rooms = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in source_files()} - {"__init__"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize("path", source_files(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_only_from_lower_floors(path):
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for module, _ in imports(path):
        if not module.startswith("toolgemma."):
            continue
        other = room(module)
        if other in (own, "__version__"):
            continue
        assert other in FLOORS, f"{path.name} imports {module}, which has no floor"
        if FLOORS[other] == FLOORS[own]:
            assert FLOORS[own] in MAY_SHARE_A_FLOOR, f"{path.name} imports its sibling {module}"
        assert FLOORS[other] <= FLOORS[own], f"{path.name} (floor {FLOORS[own]}) imports {module} from above"


def test_no_import_circles():
    graph: dict[str, set[str]] = {}
    names = {
        "toolgemma."
        + path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path
        for path in source_files()
    }
    for name, path in names.items():
        graph[name] = {module for module, _ in imports(path) if module in names and module != name}
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        assert name not in trail, "import circle: " + " -> ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for other in graph[name]:
                visit(other, [*trail, name])
            done.add(name)

    for name in graph:
        visit(name, [])


def test_no_module_is_named_after_nothing():
    names = {part.removesuffix(".py") for path in source_files() for part in path.relative_to(SOURCE).parts}
    assert not names & NO_NAMES


def test_ground_floors_start_without_heavy_libraries():
    """A fresh interpreter imports floors 0-2, tokens, scoring and the command line; nothing heavy may come along."""
    light = [
        name
        for path in source_files()
        for name in ["toolgemma." + path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")]
        if room(name) not in {"model", "training", "inference"}
        and not name.endswith(("tokens.collate", "evaluation.runner"))
    ]
    code = (
        f"import importlib, sys\nfor name in {light!r}: importlib.import_module(name.removesuffix('.__init__'))\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert result.stdout.strip() == "[]", result.stdout + result.stderr
