"""Twenty kill -9, each followed by a resume: is a torn checkpoint ever chosen, and is the end the same bit for bit?

    uv run python benchmarks/kill_resume.py [--kills 20] [--in-a-save 8] [--dtype float32]

A small Gemma 3 trains on random rows, in a process of its own that is killed again and again: at random instants, and
(for `--in-a-save` of them) when a checkpoint's folder has appeared but its manifest has not. Before each resume this
script hashes every checkpoint against its manifest, by code of its own, to know which one is the newest whole one; the
resumed process must say that it goes on from there. Whenever a run gets to its end, its final adapter and the last
step's adapter and optimizer are compared with those of a run that was never killed. Writes results/kill_resume.json.
POSIX only; about a minute.
"""

import argparse
import hashlib
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import training_runs  # noqa: E402
from tiny import make_model_folder  # noqa: E402
from toolgemma.model.system import system_info  # noqa: E402

SETTINGS = ["training.num_train_epochs=6", "training.save_total_limit=3"]
ROWS = 40


def whole(folder: Path) -> bool:
    """Whether every file that the manifest names is there with its hash; written without toolgemma on purpose."""
    try:
        files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == facts["sha256"] for name, facts in files.items()
        )
    except (OSError, ValueError, KeyError):
        return False


def steps(run: Path) -> list[Path]:
    found = [path for path in run.glob("checkpoint-*") if path.name != "checkpoint-final"]
    return sorted(found, key=lambda path: int(path.name.partition("-")[2]))


def same(left: Path, right: Path) -> bool:
    """Final adapter, and adapter and optimizer of the last step, byte for byte."""
    last = steps(left)[-1].name
    names = ["checkpoint-final/adapter_model.safetensors"]
    names += [
        f"{last}/{name}" for name in ("adapter_model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth")
    ]
    return all((left / name).read_bytes() == (right / name).read_bytes() for name in names)


def torn(run: Path) -> list[str]:
    return [path.name for path in [*steps(run), *run.glob(".saving-*")] if not whole(path)]


def wait_and_kill(process, run: Path, in_a_save: bool, generator: random.Random) -> bool:
    """Kill `process`; False if it ended before. Random instants are counted from the first new checkpoint on."""
    present = {path.name for path in steps(run)}
    skip, delay = generator.randint(0, 4), generator.uniform(0, 0.6)
    began = None
    seen: set[str] = set()
    while process.is_alive():
        new = [path for path in steps(run) if path.name not in present]
        seen |= {path.name for path in new}
        if in_a_save:
            open_ones = [path for path in new if not (path / "manifest.json").exists()]
            if len(seen) > skip and open_ones:
                time.sleep(generator.uniform(0, 0.004))
                break
        else:
            began = time.monotonic() if began is None and seen else began
            if began is not None and time.monotonic() - began > delay:
                break
        time.sleep(0.0002)
    process.kill()
    process.join()
    return bool(process.exitcode == -signal.SIGKILL)


def measure(folder: Path, kills: int, in_a_save: int, dtype: str, seed: int) -> dict:
    generator = random.Random(seed)
    model = make_model_folder(folder / "model")

    def config(name: str):
        return training_runs.make_config(model, folder / name, f"model.dtype={dtype}", *SETTINGS)

    def begin(name: str, resume: bool):
        return training_runs.start(config(name), resume=resume, log=folder / f"{name}.log", rows=ROWS)

    process = begin("straight", False)
    process.join()
    assert process.exitcode == 0, (folder / "straight.log").read_text(encoding="utf-8")

    log, finished, resumes, run_number = [], [], [], 0
    while len(log) < kills or not finished or finished[-1]["run"] != f"run-{run_number}":
        run = folder / f"run-{run_number}"
        newest = next((path for path in reversed(steps(run)) if whole(path)), None)
        before = len((folder / f"{run.name}.log").read_text(encoding="utf-8")) if run.exists() else 0
        process = begin(run.name, run.exists())
        killed = False
        if len(log) < kills:
            aim = sum(kill["aimed_at_a_save"] for kill in log) < in_a_save and len(log) % 2 == 0
            killed = wait_and_kill(process, run, aim, generator)
        process.join()
        said = (folder / f"{run.name}.log").read_text(encoding="utf-8")[before:]
        if newest is not None:
            resumes.append(f"resuming from {newest}\n" in said)
        if killed:
            log.append(
                {"run": run.name, "aimed_at_a_save": aim, "torn": torn(run), "resumed_from": newest and newest.name}
            )
        else:
            assert process.exitcode == 0, said
            equal = same(folder / "straight", run)
            finished.append({"run": run.name, "bit_for_bit": equal, "left_torn": torn(run)})
            if len(log) < kills:
                run_number += 1
    return {
        "kills": len(log),
        "kills_that_left_a_torn_checkpoint": sum(bool(kill["torn"]) for kill in log),
        "resumes": len(resumes),
        "resumes_from_the_newest_whole_checkpoint": sum(resumes),
        "runs_finished": len(finished),
        "runs_equal_bit_for_bit": sum(run["bit_for_bit"] for run in finished),
        "steps": int(steps(folder / "straight")[-1].name.partition("-")[2]),
        "dtype": dtype,
        "seed": seed,
        "log": log,
        "finished": finished,
        "cpu": system_info()["cpu"],
        "versions": system_info()["versions"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--in-a-save", type=int, default=8)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "kill_resume.json")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kill-resume-"))
    try:
        result = measure(folder, options.kills, options.in_a_save, options.dtype, options.seed)
    finally:
        shutil.rmtree(folder)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in result.items() if key not in ("log", "finished")}, indent=2))
    if result["runs_equal_bit_for_bit"] != result["runs_finished"]:
        sys.exit("a resumed run differs from the straight one")
    if result["resumes_from_the_newest_whole_checkpoint"] != result["resumes"]:
        sys.exit("a run was resumed from another checkpoint than the newest whole one")


if __name__ == "__main__":
    main()
