"""Two predictors that cost nothing and stand in every table: what is not better than these has learned nothing.

`always_abstain` never calls. `first_offered_tool` always calls the first tool of the list, with no arguments. Both are
scored on the turns that may call (D1 of the test rows, every row of BFCL); the third baseline, the untuned model, needs
the model and comes from the runners.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from toolgemma.conversation import ToolCall
from toolgemma.evaluation.decisions import Decision
from toolgemma.evaluation.score import score
from toolgemma.evaluation.summary import Scored
from toolgemma.format.parse import ParsedTurn


def always_abstain(offered: Sequence[str]) -> ParsedTurn:
    """No call, whatever is offered."""
    return ParsedTurn()


def first_offered_tool(offered: Sequence[str]) -> ParsedTurn:
    """A call of the first offered tool without arguments; no call where none is offered."""
    return ParsedTurn(calls=tuple(ToolCall(name, {}) for name in offered[:1]))


BASELINES: Mapping[str, Callable[[Sequence[str]], ParsedTurn]] = {
    "always_abstain": always_abstain,
    "first_offered_tool": first_offered_tool,
}
"""By name; each takes the names of the offered tools."""


def score_baseline(name: str, decisions: Iterable[Decision]) -> list[Scored]:
    """The scores of one of `BASELINES` on every D1."""
    predict = BASELINES[name]
    return [
        Scored.of(decision, score(decision, predict(decision.offered)))
        for decision in decisions
        if decision.turn == "D1"
    ]
