"""Whether an answer uses the tool's result (D2), decided from texts alone.

    history   "Price of MSFT?"    result  {'price': 310.45, 'change': 5.3}    gold  "MSFT stands at $310.45."
    facts     310.45              "It is about 310.5 dollars" uses it, "It went well." doesn't

The *facts* are what the gold answer takes from the result: words and numbers that stand in both, and not yet in the
history. An answer uses the result iff it gives at least half of them; a number may be rounded to fewer decimals. Where
the gold answer takes nothing (a bare `{"status": "ok"}`), there is nothing to check: None, left out of `result_used`.

This is a floor, not a judgement: quoting the facts in a false sentence passes, a paraphrase without them fails. It
costs one scan of the texts; results are never parsed or executed.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?")
_WORD = re.compile(r"[^\W\d_]{2,}")


def uses_result(answer: str, gold: str, results: Sequence[str], history: Iterable[str]) -> bool | None:
    """Whether `answer` gives at least half of the facts that `gold` takes from `results`; None without facts."""
    told = "\n".join(history)
    result = "\n".join(results)
    words = (_words(result) - _words(told)) & _words(gold)
    numbers = {number for number in _numbers(result) - _numbers(told) if _states(gold, number)}
    if not words and not numbers:
        return None
    given = len(words & _words(answer)) + sum(_states(answer, number) for number in numbers)
    return 2 * given >= len(words) + len(numbers)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _numbers(text: str) -> set[Decimal]:
    return {Decimal(found.replace(",", "")) for found in _NUMBER.findall(text)}


def _states(text: str, number: Decimal) -> bool:
    """Whether `text` holds `number`, or a number of two digits or more that it rounds to."""
    for found in _numbers(text):
        if found == number:
            return True
        _, digits, exponent = found.as_tuple()
        if len(digits) >= 2 and isinstance(exponent, int) and 2 * abs(found - number) <= Decimal(1).scaleb(exponent):
            return True
    return False
