"""Windows without a Windows machine: the .bat files read line by line and run under Wine, other locales, spawn."""

import ast
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolgemma.config import load_config

ROOT = Path(__file__).parents[1]
BATCHES = sorted((ROOT / "scripts").glob("*.bat"))
SOURCES = sorted(path for part in ("src", "scripts", "tests", "benchmarks") for path in (ROOT / part).rglob("*.py"))
GUIDES = [ROOT / "WINDOWS_SETUP.md", ROOT / "WINDOWS_SETUP.zh-CN.md"]
BUILTINS = {"@echo", "echo", "echo.", "rem", "setlocal", "set", "if", "for", "goto", "call", "exit", "pushd", "popd"}
PROGRAMS = {"chcp", "where", "py", "python", "nvidia-smi", "uv", "%UV%", "%PYTHON%"}


def lines(path: Path) -> list[str]:
    """A batch file's lines without comments and empty ones."""
    found = [line.strip() for line in path.read_text(encoding="ascii").splitlines()]
    return [line for line in found if line and not line.startswith("rem ")]


def commands(line: str) -> list[str]:
    """The commands of one line: `if` and `for` opened, `set` and labels left out."""
    if line.startswith(":") or line.startswith("set "):
        return []
    condition = r'(?:"[^"]*"=="[^"]*"|errorlevel \d+|defined \w+|exist "[^"]*"|%\d LSS \d+)'
    if match := re.match(f"if (?:not )?{condition} (.*)", line):
        return commands(match[1])
    if match := re.match(r"for (?:/f \"[^\"]*\" )?%%\w in \((.*?)\) do (.*)", line):
        inner = [match[1].strip("'")] if match[1].startswith("'") else []
        return [*inner, *commands(match[2])]
    return [line]


def flags_of(*arguments: str) -> set[str]:
    """The flags that `uv ARGUMENTS --help` names."""
    shown = subprocess.run(["uv", *arguments, "--help"], capture_output=True, text=True, encoding="utf-8", timeout=60)
    return set(re.findall(r"--[\w-]+", shown.stdout))


def check_toolgemma(arguments: list[str], variables: dict[str, str]) -> None:
    """A call of our command line names a command, flags that it has and configs that load."""
    from typer.main import get_command

    from toolgemma.cli import app

    command = get_command(app).commands[arguments[0]]
    known = {flag for parameter in command.params for flag in parameter.opts}
    for word in arguments[1:]:
        word = variables.get(word.strip("%"), word)
        assert not word.startswith("--") or word in known, f"{arguments[0]} has no flag {word}"
        if word.endswith(".yaml"):
            load_config(ROOT / word)


def check_command(line: str, variables: dict[str, str], folder: Path) -> None:
    """Everything that a command of a batch file names exists."""
    words = shlex.split(re.sub(r"[12]?\^?>\s*(&1|nul)|1>&2", "", line), posix=False)
    words = [word.strip('"') for word in words]
    assert words[0].partition("(")[0] in BUILTINS | PROGRAMS, line
    if words[0] == "call" and not words[1].startswith(":"):
        assert words[1].startswith("%~dp0") and (folder / words[1].removeprefix("%~dp0")).is_file(), line
    if words[0] not in ("%UV%", "uv"):
        return
    arguments = [word for word in words[1:] if word != "%*"]
    if arguments[0] == "run":
        assert arguments[1] == "--no-sync", f"{line}: without --no-sync uv puts the CPU build of torch back"
        call = arguments[2:]
        if call[0] == "python":
            script = (ROOT / call[1]).read_text(encoding="utf-8")
            call = ["toolgemma", re.search(r'main\("(\w+)"\)', script)[1], *call[2:]]
        assert call[0] in ("toolgemma", "hf"), line
        if call[0] == "toolgemma":
            check_toolgemma(call[1:], variables)
        return
    verb = arguments[:2] if arguments[0] == "pip" else arguments[:1]
    flags = {word.partition("=")[0] for word in arguments if word.startswith("--")} - {"--version"}
    assert verb in (["sync"], ["pip", "install"], ["--version"]), line
    if flags and shutil.which("uv"):
        assert flags <= flags_of(*verb), line


@pytest.mark.parametrize("path", BATCHES, ids=lambda path: path.name)
def test_every_line_of_a_batch_file_resolves(path):
    found, text = lines(path), path.read_text(encoding="ascii")
    variables = dict(re.findall(r'set "(\w+)=([^"%]+)"', text))
    labels = {line[1:] for line in found if line.startswith(":")}
    for target in re.findall(r"(?:goto|call) :(\w+)", text):
        assert target in labels, f"no label {target}"
    for value in variables.values():
        if value.endswith(".yaml"):
            load_config(ROOT / value)
    for line in found:
        for command in commands(line):
            check_command(command, variables, path.parent)


@pytest.mark.parametrize("path", BATCHES, ids=lambda path: path.name)
def test_batch_files_keep_paths_and_exit_codes(path):
    raw = path.read_bytes()
    assert raw.isascii() and raw.count(b"\n") == raw.count(b"\r\n") > 0, "ASCII with CRLF"
    found = lines(path)
    assert found[0] == "@echo off"
    for line, following in itertools.pairwise(found):
        assert "http" not in line
        assert not re.search(r'(?<!")%~dp0', line), f"{line}: not quoted"
        if line.startswith(("%UV% ", 'call "')) and not re.search("mirrors|doctor|--version", line):
            # A negative code (a crash) is not `errorlevel 1`.
            assert following in (":end", "exit /b %ERRORLEVEL%") or following.startswith('if not "%ERRORLEVEL%"=="0"')
    if any("%UV% run" in line for line in found):
        assert {"setlocal", "chcp 65001 >nul", 'set "PYTHONUTF8=1"'} <= set(found)
    if 'pushd "%~dp0.."' in found:
        assert found[-1].startswith("exit /b") and found.index('pushd "%~dp0.."') < found.index("popd")


def test_the_scripts_that_the_guide_promises_are_there():
    assert {path.name for path in BATCHES} == {
        *("find_uv.bat", "setup_windows.bat", "train_windows.bat", "train_china.bat", "train_rtx4090.bat")
    }
    attributes = (ROOT / ".gitattributes").read_text(encoding="utf-8")
    assert "*.bat text eol=crlf" in attributes


def blocks(path: Path) -> list[str]:
    text = "".join(re.findall(r"^```bat\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    return [line for line in text.splitlines() if line.strip() and not line.startswith("rem ")]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_every_command_of_the_guide_resolves(path):
    found = blocks(path)
    assert len(found) > 10
    for line in found:
        words = line.split()
        if words[0].endswith(".bat"):
            assert (ROOT / words[0].replace("\\", "/")).is_file(), line
            name = words[0].rpartition("\\")[2]
            if name.startswith("train"):
                check_toolgemma(["train", *words[1:]], {})
        elif words[0] == "uv" and words[1] == "run":
            check_command(line, {}, ROOT)
        elif words[0] == "uv" and shutil.which("uv"):
            verb = words[1:3] if words[1] == "python" else words[1:2]
            known = flags_of(*verb)
            assert known and {word for word in words if word.startswith("--")} <= known, line
        else:
            assert words[0] in ("uv", "set", "setx", "git", "cd", "py", "nvidia-smi", "reg"), line


def test_the_guides_are_twins():
    def shape(path: Path) -> tuple[list[str], int]:
        return blocks(path), len(re.findall(r"^#+ ", path.read_text(encoding="utf-8"), re.MULTILINE))

    assert shape(GUIDES[0]) == shape(GUIDES[1])


TEXT = {"read_text": 0, "write_text": 1, "open": 1}


def faults(path: Path) -> list[str]:
    """Calls that depend on the locale's encoding or don't exist on Windows."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = getattr(getattr(node.func, "value", None), "id", "")
        keys = {keyword.arg: keyword.value for keyword in node.keywords}
        words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        binary = any(isinstance(word, str) and re.fullmatch(r"[rwax]b\+?", word) for word in words)
        ours = isinstance(node.func, ast.Name) and name != "open"  # rundir.write_text
        is_text = (
            name in TEXT and owner not in ("os", "tarfile", "zipfile", "gzip", "rundir") and not binary and not ours
        )
        if is_text and "encoding" not in keys:
            found.append(f"{path.name}:{node.lineno} {name} without encoding")
        if name in ("run", "Popen", "check_output") and "text" in keys and "encoding" not in keys:
            found.append(f"{path.name}:{node.lineno} text of a process without encoding")
        if owner == "os" and name in ("rename", "fork", "symlink", "getuid", "mkfifo"):
            found.append(f"{path.name}:{node.lineno} os.{name}: use replace, spawn, copies")
    return found


def test_no_call_depends_on_the_locale_or_on_posix():
    assert [fault for path in SOURCES for fault in faults(path)] == []


def test_the_scan_sees_what_it_looks_for(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("open('x')\np.read_text()\np.open('w')\nrun([], text=True)\nos.rename(a, b)\n", encoding="utf-8")
    assert len(faults(bad)) == 5
    bad.write_text("open('x', 'rb')\np.open('wb')\np.write_text('', encoding='utf-8')\nos.open(p)\n", encoding="utf-8")
    assert faults(bad) == []


# The locales of a Chinese and a Western Windows, made for real by localedef.


@pytest.fixture(scope="module")
def locales(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("locales")
    for charmap, source, name in (("GBK", "zh_CN", "zh_CN.GBK"), ("CP1252", "en_US", "en_US.CP1252")):
        made = shutil.which("localedef") and subprocess.run(
            ["localedef", "-f", charmap, "-i", source, str(place / name)], capture_output=True
        )
        if not made or not (place / name).is_dir():
            pytest.skip(f"needs localedef with the charmap {charmap}: on Debian the package locales")
    return place


ROW = {
    "messages": [
        {"role": "user", "content": "奥斯陆的天气 – naïve 🌦?"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "奥斯陆"}}}]},
        {"role": "tool", "content": "4 °C"},
        {"role": "assistant", "content": "四度 🌦"},
    ],
    "tools": [{"type": "function", "function": {"name": "get_weather", "description": "天气", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}}}}],
}  # fmt: skip


@pytest.mark.parametrize("name", ["zh_CN.GBK", "en_US.CP1252"])
def test_another_locale_changes_no_byte(locales, tmp_path, name):
    """prepare under cp936 and cp1252: files are UTF-8, and what the terminal lacks is escaped, not fatal."""
    folder = tmp_path / "data"
    folder.mkdir()
    for split in ("train", "validation", "test"):
        (folder / f"{split}.jsonl").write_text(json.dumps(ROW, ensure_ascii=False) + "\n", encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"# 配置 🌦\nmodel: {{name: {json.dumps(str(tmp_path))}}}\ndataset: {{path: {json.dumps(str(folder))}, "
        f"repair: none, prepared_dir: {json.dumps(str(tmp_path / 'prepared'))}}}\n",
        encoding="utf-8",
    )
    script = tmp_path / "script.py"
    script.write_text(
        "import locale, sys\n"
        "from toolgemma.cli import main, options\n"
        "sys.argv = ['toolgemma', 'prepare', '--config', sys.argv[1]]\n"
        "try: main()\n"
        "finally: options.console.print(locale.getencoding(), '奥斯陆 🌦 naïve')",
        encoding="utf-8",
    )
    environ = {key: value for key, value in os.environ.items() if key not in ("PYTHONUTF8", "PYTHONIOENCODING")}
    environ |= {"LOCPATH": str(locales), "LC_ALL": name}
    done = subprocess.run([sys.executable, str(script), str(config)], env=environ, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    encoding = name.partition(".")[2]
    last = done.stdout.splitlines()[-1].decode(encoding)
    expected = {"GBK": "GBK 奥斯陆 \\U0001f326 na\\xefve", "CP1252": "CP1252 \\u5965\\u65af\\u9646 \\U0001f326 naïve"}
    assert last == expected[encoding]
    prepared = (tmp_path / "prepared" / "test.jsonl").read_text(encoding="utf-8")
    assert "奥斯陆的天气 – naïve 🌦?" in prepared


def test_data_workers_start_by_spawn():
    """Windows has no fork: what a worker gets must be picklable, and its module importable in a fresh process."""
    from torch.utils.data import DataLoader

    from toolgemma.tokens.collate import Collator
    from toolgemma.tokens.encode import Encoded

    rows = [Encoded((5, 6, 7), (-100, 6, 7), (-1, 0, 0), "a"), Encoded((9,), (-100,), (-1,), "b")]
    loader = DataLoader(rows, batch_size=2, collate_fn=Collator(0), num_workers=1, multiprocessing_context="spawn")
    (batch,) = loader
    assert batch["input_ids"].tolist() == [[5, 6, 7], [9, 0, 0]]


# The batch files under Wine, in a folder whose name has a space, brackets and Chinese characters. Wine 8 turns every
# exit code of a `call`ed batch file into 1, so codes are looked at where a program is the last link.

FIND = '@echo off\r\nset "PYTHON=python"\r\nset "UV=cmd /c call "%~dp0fake_uv.bat""\r\nexit /b 0\r\n'
SEES = "%PYTHONUTF8% %UV_PYTHON_PREFERENCE% %UV_DEFAULT_INDEX%"
FAKE = f"@echo off\r\necho UV %*\r\necho SEES {SEES}\r\nexit %FAKE_CODE%\r\n"


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """Run a batch file of a copy of scripts/ whose uv only says how it was called: (exit code, lines)."""
    if shutil.which("wine") is None:
        pytest.skip("needs Wine: on Debian `apt-get install wine wine64`")
    folder = tmp_path_factory.mktemp("wine") / "中文 dir (x86)"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    (folder / ".venv" / "Scripts").mkdir(parents=True)
    (folder / ".venv" / "Scripts" / "python.exe").touch()
    (folder / "pyproject.toml").touch()
    for name, text in {"find_uv.bat": FIND, "fake_uv.bat": FAKE}.items():
        (folder / "scripts" / name).write_text(text, encoding="ascii", newline="")
    prefix = tmp_path_factory.mktemp("prefix")
    base = os.environ | {"WINEPREFIX": str(prefix), "WINEDEBUG": "-all", "LC_ALL": "C.UTF-8", "DISPLAY": ""}

    def run(*arguments: str, code: int = 0, **environ: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            ["wine", "cmd", "/c", *arguments],
            cwd=folder,
            env=base | {"FAKE_CODE": str(code)} | environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=240,
        )
        return done.returncode, [line.strip() for line in done.stdout.splitlines() if line.strip()]

    yield run
    subprocess.run(["wineserver", "-k"], env=base, capture_output=True, timeout=60)


TRAIN = "UV run --no-sync python scripts/train.py --config"


def test_training_under_wine(wine):
    code, said = wine(r"scripts\train_windows.bat", "--dry-run", "--set", "training.run_name=a b")
    assert code == 0
    assert said == [
        f'{TRAIN} "configs/training_config_windows.yaml" --dry-run --set "training.run_name=a b"',
        "SEES 1",
    ]
    assert wine(r"scripts\train_windows.bat", code=130)[0] == 130
    assert wine(r"scripts\train_windows.bat", TOOLGEMMA_CONFIG="my own.yaml")[1][0] == f'{TRAIN} "my own.yaml"'


def test_the_other_trainings_under_wine(wine):
    code, said = wine(r"scripts\train_rtx4090.bat", "--resume", code=3)
    assert code != 0 and said[0] == f'{TRAIN} "configs/training_config_rtx4090.yaml" --resume'
    code, said = wine(r"scripts\train_china.bat", UV_DEFAULT_INDEX="https://packages.example/simple")
    assert code == 0
    assert [line for line in said if line.startswith("UV ")] == [
        'UV run --no-sync toolgemma mirrors --config "configs/training_config_china.yaml"',
        f'{TRAIN} "configs/training_config_china.yaml"',
    ]
    assert said.count("SEES 1 system https://packages.example/simple") == 2


def test_the_set_up_under_wine(wine):
    code, said = wine(r"scripts\setup_windows.bat", "cu126")
    assert code == 0, said
    assert [line for line in said if line.startswith("UV ")] == [
        "UV sync",
        "UV pip install --reinstall-package torch torch --torch-backend=cu126",
        "UV run --no-sync toolgemma doctor --config configs/training_config_windows.yaml",
    ]
    code, said = wine(r"scripts\setup_windows.bat", code=7)
    assert code == 7
    assert [line for line in said if line.startswith("UV ")] == ["UV sync"]
