"""A hand-made dataset of OpenAI rows: few, short and clean, enough to run every command on."""

import json
from pathlib import Path

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": {argument: {"type": kind, "description": meaning}},
                "required": [argument],
            },
        },
    }
    for name, description, argument, kind, meaning in (
        ("get_weather", "Weather of a city.", "city", "string", "Name of the city."),
        ("set_timer", "Start a timer.", "minutes", "integer", "Minutes until it rings."),
        ("square_root", "Square root of a number.", "x", "number", "The number."),
    )
]
CITIES = ["Paris", "Rome", "Oslo", "Bern", "Cairo", "Lima", "Delhi", "Seoul", "Quito", "Accra"]


def tool_row(index: int, split: str) -> dict[str, object]:
    city = f"{CITIES[index % len(CITIES)]} {split} {index}"
    call = {"type": "function", "function": {"name": "get_weather", "arguments": {"city": city}}}
    return {
        "query_type": "easy",
        "tools": TOOLS,
        "messages": [
            {"role": "user", "content": f"What is the weather in {city}?"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "name": "get_weather", "content": f"{index} degrees"},
            {"role": "assistant", "content": f"It is {index} degrees in {city}."},
        ],
    }


def plain_row(index: int, split: str) -> dict[str, object]:
    return {
        "query_type": "no_tool",
        "tools": TOOLS[1:],
        "messages": [
            {"role": "user", "content": f"Tell me joke number {index} of the {split} book."},
            {"role": "assistant", "content": f"Joke {index}: nothing rhymes with {split}."},
        ],
    }


def rows(split: str, count: int) -> list[dict[str, object]]:
    return [tool_row(index, split) if index % 3 else plain_row(index, split) for index in range(count)]


def write(folder: Path, train: int = 8, validation: int = 3, test: int = 4) -> Path:
    """train.jsonl, validation.jsonl and test.jsonl in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", train), ("validation", validation), ("test", test)):
        lines = "".join(json.dumps(row) + "\n" for row in rows(split, count))
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return folder
