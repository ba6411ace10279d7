"""Rules about the calls of one row: offered, labelled, well formed, true to the schema, in the right order."""

from collections.abc import Iterator, Mapping

from toolgemma.conversation import Conversation, Message, Tool
from toolgemma.schema import argument_faults


def call_faults(conversation: Conversation, catalogue: Mapping[str, Tool]) -> Iterator[tuple[str, str]]:
    """(rule, message) of each fault. A tool that isn't offered is checked against its definition elsewhere."""
    for entry in conversation.meta.get("malformed") or ():
        yield "malformed-call", f"{entry['reason']}: {entry['raw'][:80]!r}"
    offered = {tool.name: tool for tool in conversation.tools}
    for name in dict.fromkeys(call.name for call in conversation.calls):
        if name not in offered:
            count = conversation.meta.get("num_tools_available", len(offered))
            other = (
                "" if count == len(offered) else f"; by its column the row has {count}, so the list is another row's"
            )
            yield "tool-not-offered", f"calls {name}, which is not among the {len(offered)} offered tools{other}"
    for call in conversation.calls:
        tool = offered.get(call.name) or catalogue.get(call.name)
        for fault in argument_faults(call.arguments, tool.parameters) if tool else ():
            rule = "wrong-type" if fault.kind == "wrong-value" else fault.kind
            yield rule, f"{call.name}: {fault.message}"
    yield from _label_faults(conversation)
    if misplaced := order_fault(conversation):
        yield "role-order", misplaced


def _label_faults(conversation: Conversation) -> Iterator[tuple[str, str]]:
    meta, called = conversation.meta, [call.name for call in conversation.calls]
    label, needed = meta.get("tool_name"), meta.get("tool_needed")
    if not meta.get("malformed"):
        if label and label not in called:
            yield "label-mismatch", f"tool_name is {label}, the trace calls {', '.join(called) or 'nothing'}"
        elif called and (needed is False or ("tool_name" in meta and not label)):
            yield "label-mismatch", f"labelled as needing no tool, the trace calls {', '.join(called)}"
        elif needed and not called:
            yield "label-mismatch", "labelled as needing a tool, the trace calls none"
    if label and len(called) > 1:
        yield "multiple-calls", f"tool_name is {label}, the trace calls {', '.join(called)}"
    published = meta.get("num_tools_available")
    if isinstance(published, int) and published != len(conversation.tools):
        yield "offered-count-mismatch", f"num_tools_available is {published}, the list has {len(conversation.tools)}"


def order_fault(conversation: Conversation) -> str | None:
    """The first place where the messages leave system?, (user, assistant (tool+ assistant)?)+, or None."""
    broken = {entry["message"] for entry in conversation.meta.get("malformed") or ()}
    before: Message | None = None
    open_calls = 0
    for index, message in enumerate(conversation.messages):
        role, previous = message.role, before.role if before else None
        if role == "system" and before:
            return f"message {index} is a system message; it can only be the first"
        if role == "user" and (previous == "user" or (previous == "assistant" and open_calls)):
            return f"message {index} is from the user, {'after an unanswered call' if open_calls else 'twice in a row'}"
        if role == "tool" and open_calls < 1:
            return f"message {index} is a tool result that no call asked for"
        if role == "assistant" and previous not in ("user", "tool"):
            return f"message {index} is from the assistant, after {previous or 'nothing'}"
        if role == "assistant" and not message.content.strip() and not message.tool_calls and index not in broken:
            return f"message {index} is an empty assistant turn"
        if role == "tool":
            open_calls -= 1
        elif role == "assistant":
            open_calls = len(message.tool_calls) + (index in broken)
        before = message
    if before is None or before.role != "assistant":
        return f"ends with {before.role if before else 'nothing'}, not with the assistant"
    return None
