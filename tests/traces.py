"""Small shawhin rows for the tests, clean and with one fault each; written by hand after the published ones."""

import json
from typing import Any

INSTRUCTIONS = """<instructions>
Wrap calls like this:
<tool_call>
{"tool_name": "exact_tool_name", "args": {"arg_name1": "value1"}}
</tool_call>
and answers in <final_answer> tags.
</instructions>

<tools>
%s
</tools>%s"""
TOOLS = {
    "add": {"a": "number - First number.", "b": "number - Second number."},
    "get_weather": {"city": "string - Name of the city."},
    "set_reminder": {"message": "string - Text.", "datetime_str": "string - When, in ISO format."},
    "check_email": {"email": "string - Address."},
    "count": {"n": "integer - How many."},
    "switch": {"on": "boolean - Whether it is on."},
    "say": {"text": "string - What to say."},
    "find_urls": {"text": "string - Text."},
    "find_pages": {"query": "string - Words."},
}


def trace_row(
    query: str,
    call: dict[str, Any] | str | None = None,
    result: str | None = None,
    answer: str = "It is done.",
    offered: tuple[str, ...] = ("add", "get_weather"),
    before: str = "",
    date: str = "",
    **columns: Any,
) -> dict[str, Any]:
    """A row as published. `call` is {"tool_name", "args"} or the raw text between the tags; None: no tool needed."""
    listed = [{"tool_name": name, "description": f"Does {name}.", "input_args": TOOLS[name]} for name in offered]
    instructions = INSTRUCTIONS % (json.dumps(listed, indent=2), f"\n\n Current date: {date}" if date else "")
    trace = [{"role": "user", "content": instructions}, {"role": "user", "content": query}]
    name = None
    if call is not None:
        name = call["tool_name"] if isinstance(call, dict) else "add"
        body = json.dumps(call, indent=2) if isinstance(call, dict) else call
        opening = before + "\n" if before else ""
        trace.append({"role": "assistant", "content": f"{opening}<tool_call>\n{body}\n</tool_call>"})
        trace.append({"role": "user", "content": f"<tool_result>\n{result}\n</tool_result>"})
    wrapped = answer if "final_answer>" in answer else f"<final_answer>\n{answer}\n</final_answer>"
    trace.append({"role": "assistant", "content": wrapped})
    row = {
        "query": query,
        "query_type": "easy" if call else "no_tool",
        "trace": trace,
        "num_tools_available": len(offered),
        "tool_needed": call is not None,
        "tool_name": name,
    }
    return row | columns


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """A call as the author writes it."""
    return {"tool_name": name, "args": arguments}


CLEAN = [
    trace_row("What is 2 plus 3?", call("add", a=2, b=3), "5", "2 plus 3 is 5."),
    trace_row("How warm is Paris?", call("get_weather", city="Paris"), "{'temperature': 62}", "It is 62 degrees."),
    trace_row("Why is the sky blue?", answer="Because air scatters blue light most."),
]
