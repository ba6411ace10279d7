"""Rules about repeated queries: the same (case and white space aside) or nearly the same, within and across splits.

Near means: Jaccard similarity of character 4-grams (letters and digits only, NFKC, case folded) of at least 0.7, and
the numbers of one query are among those of the other; "choose 3 items from 10" and "choose 4 items from 10" are
different tasks in one wording. Pairs are found with a prefix filter (Bayardo et al., WWW 2007), which loses none:
sets as alike as that share one of their rarest grams. 600 queries take about 0.1 s.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from toolgemma.conversation import Conversation

NEAR = 0.7
_GRAM = 4


def query_faults(splits: Mapping[str, Sequence[Conversation]]) -> Iterator[tuple[str, str, int, str]]:
    """(rule, split, row, message) of each repeated query. Across splits the row of the earlier split is named."""
    rows = [conversation for conversations in splits.values() for conversation in conversations]
    place = {name: index for index, name in enumerate(splits)}
    exact, near = _repeated([_query(conversation) for conversation in rows])
    done: set[tuple[int, str]] = set()
    for pairs, leakage in ((exact, "leakage-exact"), (sorted(near, key=lambda pair: -pair[2]), "leakage-near")):
        for a, b, similarity in pairs:
            first, second = sorted((rows[a], rows[b]), key=lambda row: (place[row.split], row.row))
            rule, row, other = ("duplicate-query", second, first) if first.split == second.split else (
                leakage, first, second)  # fmt: skip
            if (id(row), rule) not in done and (id(row), "leakage-exact") not in done:
                done.add((id(row), rule))
                alike = "the same query as" if similarity == 1 and pairs is exact else f"{similarity:.2f} alike to"
                yield rule, row.split, row.row, f"{alike} {other.id}: {_query(row)[:80]!r}"


def asked_in(train: Sequence[Conversation], rows: Sequence[Conversation]) -> set[str]:
    """Ids of the `rows` whose query, or nearly the same, stands in `train`."""
    exact, near = _repeated([_query(conversation) for conversation in (*train, *rows)])
    return {rows[b - len(train)].id for a, b, _ in (*exact, *near) if a < len(train) <= b}


def clusters(rows: Sequence[Conversation]) -> dict[str, str]:
    """Each row's group of repeated or nearly repeated queries, named by its first row; a lone row is its own group."""
    exact, near = _repeated([_query(conversation) for conversation in rows])
    first = list(range(len(rows)))

    def leader(index: int) -> int:
        while first[index] != index:
            index = first[index]
        return index

    for a, b, _ in (*exact, *near):
        one, other = sorted((leader(a), leader(b)))
        first[other] = one
    return {row.id: rows[leader(index)].id for index, row in enumerate(rows)}


def _repeated(queries: Sequence[str]) -> tuple[list[tuple[int, int, float]], list[tuple[int, int, float]]]:
    """(i, j, similarity) with i < j of the queries that are the same, and of those that are nearly the same."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for index, query in enumerate(queries):
        by_text[" ".join(unicodedata.normalize("NFC", query).casefold().split())].append(index)
    exact = [(a, b, 1.0) for group in by_text.values() for k, b in enumerate(group) for a in group[:k]]
    same = {(a, b) for a, b, _ in exact}
    near = [pair for pair in near_pairs(queries, NEAR) if pair[:2] not in same and _same_numbers(queries, pair)]
    return exact, near


def near_pairs(texts: Sequence[str], threshold: float) -> list[tuple[int, int, float]]:
    """All (i, j, similarity) with i < j and a Jaccard similarity of 4-grams of at least `threshold`."""
    grams = [_grams(text) for text in texts]
    frequency = Counter(gram for found in grams for gram in found)
    index: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for i in sorted(range(len(grams)), key=lambda i: len(grams[i])):
        size = len(grams[i])
        rarest = sorted(grams[i], key=lambda gram: (frequency[gram], gram))
        prefix = rarest[: size - math.ceil(threshold * size) + 1]
        for j in {j for gram in prefix for j in index[gram] if len(grams[j]) >= threshold * size}:
            shared = len(grams[i] & grams[j])
            similarity = shared / (size + len(grams[j]) - shared)
            if similarity >= threshold:
                pairs.append((min(i, j), max(i, j), similarity))
        for gram in prefix:
            index[gram].append(i)
    return sorted(pairs)


def _query(conversation: Conversation) -> str:
    return "\n".join(message.content for message in conversation.messages if message.role == "user")


def _grams(text: str) -> frozenset[str]:
    text = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return frozenset(text[i : i + _GRAM] for i in range(max(1, len(text) - _GRAM + 1))) if text else frozenset()


def _same_numbers(texts: Sequence[str], pair: tuple[int, int, float]) -> bool:
    one, other = (set(re.findall(r"\d+", texts[index])) for index in pair[:2])
    return one <= other or other <= one
